/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that move bytes. */
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/packet/call.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17 };

/* fd, buffer, length */
static bool prepare_buffer(struct run *run, struct call *call) {
  const struct expr *buffer = call->arg[1];
  if (buffer->kind == EXPR_WORD && strcmp(buffer->text, "NULL") == 0) {
    return run_skip(run, call->event->line, "checks of pointers (EFAULT)");
  }
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_size(run, call->arg[2], &call->len)) {
    return false;
  }
  call->buffer = sim_alloc(call->len + 1);
  return true;
}

/* What is written: the script's bytes, then zero. */
static size_t text_len(const struct expr *from, size_t len) {
  size_t text = from->kind == EXPR_STRING ? from->text_len : 0;
  return text < len ? text : len;
}

static void fill(const struct expr *from, uint8_t *to, size_t len) {
  memcpy(to, from->text, text_len(from, len));
}

struct ports_of {
  int fd, error;
  struct ph_socket_info info;
};

static void ask_ports(struct ph_stack *stack, void *arg) {
  struct ports_of *ports = arg;
  ports->error = ph_socket_info(stack, ports->fd, &ports->info);
}

/* The stream that a socket writes to, or NULL. */
static struct flow *stream_of(struct run *run, int fd) {
  struct ports_of ports = {.fd = fd};
  if (!run_in_stack(run, ask_ports, &ports) || ports.error < 0 ||
      ports.info.type != PH_SOCK_STREAM) {
    return NULL;
  }
  return flows_of_ports(&run->flows, PROTO_TCP, ports.info.local_port,
                        ports.info.remote_port);
}

static bool too_many(struct run *run) {
  return run_wrong(run, run->event->line, "more than %d texts are written.",
                   FLOW_TEXTS);
}

/* The peer must get what was written. */
static bool check_written(struct run *run, struct call *call) {
  struct flow *flow = stream_of(run, call->fd);
  size_t len = (size_t)call->result;
  return !flow ||
         flow_write(flow, call->buffer, text_len(call->arg[1], call->len),
                    len) ||
         too_many(run);
}

bool check_gathered(struct run *run, struct call *call) {
  struct flow *flow = stream_of(run, call->fd);
  size_t left = (size_t)call->result;
  for (int i = 0; flow && i < call->iov_count && left > 0; i++) {
    size_t len = call->iov[i].iov_len < left ? call->iov[i].iov_len : left;
    if (!flow_write(flow, call->iov[i].iov_base, call->iov_text[i], len)) {
      return too_many(run);
    }
    left -= len;
  }
  return true;
}

/* What was read begins with the script's bytes. */
static bool check_bytes(struct run *run, const struct call *call,
                        const struct expr *wanted, const uint8_t *came,
                        size_t len) {
  if (wanted->kind != EXPR_STRING) {
    return true;
  }
  size_t n = wanted->text_len < len ? wanted->text_len : len;
  for (size_t i = 0; i < n; i++) {
    if ((uint8_t)wanted->text[i] != came[i]) {
      return call_differs(run, call, "a byte", (uint8_t)wanted->text[i],
                          came[i]);
    }
  }
  return true;
}

/* ---- read, recv, recvfrom ----------------------------------------------- */

static bool prepare_recv(struct run *run, struct call *call) {
  call->addr_len = sizeof(call->addr);
  if (!prepare_buffer(run, call) ||
      (call->arg_count >= 4 &&
       !arg_number(run, call->arg[3], &call->number[0]))) {
    return false;
  }
  const char *lacks = lacks_receive_flag(call->number[0]);
  return !lacks || run_skip(run, call->event->line, lacks);
}

static long execute_recv(struct call *call) {
  return ph_recv(call->stack, call->fd, call->buffer, call->len,
                 (int)call->number[0]);
}

static long execute_recvfrom(struct call *call) {
  return ph_recvfrom(call->stack, call->fd, call->buffer, call->len,
                     (int)call->number[0], call->addr, &call->addr_len);
}

static bool check_recv(struct run *run, struct call *call) {
  size_t got =
      (size_t)call->result < call->len ? (size_t)call->result : call->len;
  return check_bytes(run, call, call->arg[1], call->buffer, got);
}

/* ---- write, send, sendto ------------------------------------------------ */

static bool prepare_send(struct run *run, struct call *call) {
  if (!prepare_buffer(run, call) ||
      (call->arg_count >= 4 &&
       !arg_number(run, call->arg[3], &call->number[0]))) {
    return false;
  }
  const char *lacks = lacks_send_flag(call->number[0]);
  if (lacks) {
    return run_skip(run, call->event->line, lacks);
  }
  fill(call->arg[1], call->buffer, call->len);
  return call->arg_count < 6 ||
         arg_address(run, call, call->arg[4], run->settings.remote_ip,
                     run->settings.connect_port);
}

static long execute_send(struct call *call) {
  return ph_send(call->stack, call->fd, call->buffer, call->len,
                 (int)call->number[0]);
}

static long execute_sendto(struct call *call) {
  return ph_sendto(call->stack, call->fd, call->buffer, call->len,
                   (int)call->number[0], call->has_addr ? call->addr : NULL,
                   call->addr_len);
}

/* A datagram's socket has a port from now on. */
struct port_of {
  int fd;
  struct ph_sockaddr_in name;
  int type;
};

static void ask_port(struct ph_stack *stack, void *arg) {
  struct port_of *port = arg;
  ph_socklen_t len = sizeof(port->name), type_len = sizeof(port->type);
  if (ph_getsockname(stack, port->fd, &port->name, &len) < 0 ||
      ph_getsockopt(stack, port->fd, PH_SOL_SOCKET, PH_SO_TYPE, &port->type,
                    &type_len) < 0) {
    port->type = 0;
  }
}

static bool check_sendto(struct run *run, struct call *call) {
  struct port_of port = {.fd = call->fd};
  struct ph_sockaddr_in to;
  memcpy(&to, call->addr, sizeof(to));
  if (call->has_addr && run_in_stack(run, ask_port, &port) &&
      port.type == PH_SOCK_DGRAM && port.name.sin_port) {
    const uint8_t *local = (const uint8_t *)&port.name.sin_port;
    const uint8_t *remote = (const uint8_t *)&to.sin_port;
    flows_open(&run->flows, PROTO_UDP, (uint16_t)(local[0] << 8 | local[1]),
               (uint16_t)(remote[0] << 8 | remote[1]));
  }
  return check_written(run, call);
}

/* ---- readv, writev ------------------------------------------------------ */

bool call_iov(struct run *run, struct call *call, const struct expr *list) {
  if (list->kind != EXPR_LIST) {
    return run_wrong(run, list->line, "[{..., length}, ...] is wanted here.");
  }
  for (const struct expr *item = list->items; item; item = item->next) {
    const struct expr *base = item->kind == EXPR_STRUCT ? item->items : NULL;
    size_t len;
    if (!base || !base->next || call->iov_count == CALL_IOVECS) {
      return run_wrong(run, list->line, "up to %d of {..., length}.",
                       CALL_IOVECS);
    }
    if (!arg_size(run, base->next, &len)) {
      return false;
    }
    call->iov_text[call->iov_count] = text_len(base, len);
    struct ph_iovec *iov = &call->iov[call->iov_count++];
    iov->iov_base = sim_alloc(len + 1);
    iov->iov_len = len;
    fill(base, iov->iov_base, len);
  }
  return true;
}

/* fd, [{buffer, length}, ...], count */
static bool prepare_iov(struct run *run, struct call *call) {
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_number(run, call->arg[2], &call->number[0]) ||
      !call_iov(run, call, call->arg[1])) {
    return false;
  }
  return call->number[0] <= call->iov_count ||
         run_wrong(run, call->event->line, "%lld buffers, but %d are given.",
                   (long long)call->number[0], call->iov_count);
}

static long execute_readv(struct call *call) {
  return ph_readv(call->stack, call->fd, call->iov, (int)call->number[0]);
}

static long execute_writev(struct call *call) {
  return ph_writev(call->stack, call->fd, call->iov, (int)call->number[0]);
}

/* ---- open, sendfile ----------------------------------------------------- */

/* A file of a script holds zeros, as many as are asked for. */
static bool prepare_open(struct run *run, struct call *call) {
  call->fd = CALL_FILE + (int)call->event->line;
  return call->arg[0]->kind == EXPR_STRING ||
         run_wrong(run, call->event->line, "open() wants a name.");
}

static long execute_open(struct call *call) {
  return call->fd;
}

/* to, from, [offset], length */
static bool prepare_sendfile(struct run *run, struct call *call) {
  int from;
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_fd(run, call->arg[1], &from) ||
      !arg_size(run, call->arg[3], &call->len)) {
    return false;
  }
  call->number[0] = from;
  call->buffer = sim_alloc(call->len + 1);
  return true;
}

static long execute_sendfile(struct call *call) {
  return call_is_file(call->number[0])
             ? ph_send(call->stack, call->fd, call->buffer, call->len, 0)
             : -PH_EINVAL; /* sockets can't be mapped */
}

const struct call_row calls_io[] = {
    {"read", 3, 3, prepare_recv, execute_recv, check_recv, NULL, false},
    {"recv", 4, 4, prepare_recv, execute_recv, check_recv, NULL, false},
    {"recvfrom", 6, 6, prepare_recv, execute_recvfrom, check_recv, NULL, false},
    {"write", 3, 3, prepare_send, execute_send, check_written, NULL, false},
    {"send", 4, 4, prepare_send, execute_send, check_written, NULL, false},
    {"sendto", 6, 6, prepare_send, execute_sendto, check_sendto, NULL, false},
    {"open", 2, 3, prepare_open, execute_open, NULL, NULL, true},
    {"sendfile", 4, 4, prepare_sendfile, execute_sendfile, check_written, NULL,
     false},
    {"readv", 3, 3, prepare_iov, execute_readv, NULL, NULL, false},
    {"writev", 3, 3, prepare_iov, execute_writev, check_gathered, NULL, false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
