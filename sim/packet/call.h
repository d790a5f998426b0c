/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of scripts. Each has up to three parts: prepare reads the
 * arguments, execute runs inside the stack and may sleep, check compares what
 * was written to the arguments. */
#ifndef PH_SIM_PACKET_CALL_H
#define PH_SIM_PACKET_CALL_H

#include "sim/packet/run_internal.h"

enum {
  CALL_ARGS = 8,
  CALL_POLLS = 16,
  CALL_IOVECS = 16,
  CALL_VALUE = 512,
  CALL_CONTROL = 128,
  CALL_FILE = 1 << 21, /* and the line of its open(): a file, live */
};

struct call;

struct call_row {
  const char *name;
  unsigned args_least, args_most;
  bool (*prepare)(struct run *run, struct call *call); /* or NULL */
  long (*execute)(struct call *call);
  bool (*check)(struct run *run, struct call *call); /* or NULL */
  /* After it was started, whether it sleeps or not. */
  bool (*started)(struct run *run, struct call *call);
  bool returns_fd;
};

struct call {
  struct call *next; /* of the run */
  struct world_call world;
  const struct call_spec *spec;
  const struct script_event *event;
  const struct call_row *row;
  int64_t end_us;
  struct ph_stack *stack; /* during execute */
  long result;            /* count, or -errno */

  const struct expr *arg[CALL_ARGS];
  unsigned arg_count;
  int fd; /* live */
  int64_t number[4];
  uint8_t addr[32];
  ph_socklen_t addr_len;
  bool has_addr;
  uint8_t *buffer;
  size_t len;
  uint8_t value[CALL_VALUE];
  ph_socklen_t value_len;
  struct ph_iovec iov[CALL_IOVECS];
  size_t iov_text[CALL_IOVECS]; /* bytes that the script gave */
  int iov_count;
  struct ph_pollfd polls[CALL_POLLS];
  struct ph_msghdr message;
  _Alignas(8) uint8_t control[CALL_CONTROL]; /* of recvmsg() */
  struct ph_epoll_event events[CALL_POLLS];
};

extern const struct call_row calls_socket[], calls_io[], calls_option[],
    calls_message[], calls_epoll[];

static inline bool call_is_file(int64_t fd) {
  return fd >= CALL_FILE;
}

/* ---- args.c ------------------------------------------------------------- */
/* A number, symbol, or several joined by |. False: run_wrong() was called. */
bool arg_number(struct run *run, const struct expr *expr, int64_t *value);
/* A number, or `otherwise` for an ellipsis. */
bool arg_number_or(struct run *run, const struct expr *expr, int64_t otherwise,
                   int64_t *value);
/* Bytes of a buffer, 0 .. 64 MiB. */
bool arg_size(struct run *run, const struct expr *expr, size_t *size);
/* A script's descriptor: the live one, or one that is never open. */
bool arg_fd(struct run *run, const struct expr *expr, int *fd);
/* The value of `name` in {name = value, ...}, or NULL. */
const struct expr *arg_field(const struct expr *expr, const char *name);
/* A socket address into call->addr: the script's port, and the given address in
 * place of the script's; an ellipsis takes `port`. */
bool arg_address(struct run *run, struct call *call, const struct expr *expr,
                 uint32_t ip, uint16_t port);
/* [n], n, "text", {onoff = 1, linger = 0}, {tv_sec = 1, tv_usec = 0} as bytes
 * in call->value. */
bool arg_value(struct run *run, struct call *call, const struct expr *expr);

/* ---- calls_io.c --------------------------------------------------------- */
/* [{buffer, length}, ...] into call->iov. */
bool call_iov(struct run *run, struct call *call, const struct expr *list);
/* The peer must get what call->iov held. */
bool check_gathered(struct run *run, struct call *call);

/* ---- syscalls.c --------------------------------------------------------- */
void fd_map(struct run *run, int script, int live);
void fd_forget(struct run *run, int live);
int fd_script(const struct run *run, int live);
/* "line: call(): WHAT: expected E, came A". */
bool call_differs(struct run *run, const struct call *call, const char *what,
                  int64_t expected, int64_t came);

#endif
