/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that run a script. A function that returns false has put
 * its sentence into run->result, and the run is over. */
#ifndef PH_SIM_PACKET_RUN_INTERNAL_H
#define PH_SIM_PACKET_RUN_INTERNAL_H

#include "sim/packet/flow.h"
#include "sim/packet/run.h"
#include "sim/packet/world.h"
#include "stack/socket/socket.h"

enum {
  FDS_MAX = 256,
  HISTORY_MAX = 4096,
  VARIABLES_MAX = 64,
  VARIABLE_NAME = 40,
};

/* A packet that passed, for the failure's history. */
struct seen_packet {
  int64_t time_ns;
  bool inbound;
  uint32_t len;   /* of `data`: headers, no payload */
  uint32_t whole; /* of the packet */
  uint8_t data[140];
};

struct script_fd {
  int script, live;
};

/* What a script's options and sysctls set. */
struct run_settings {
  uint32_t local_ip, remote_ip, gateway_ip;
  uint8_t prefix_len;
  uint16_t mtu, mss, bind_port, connect_port;
  int64_t tolerance_us, tolerance_permille;
  int64_t ts_tick_us; /* 0: TS val is not checked */
  bool strict_segments;
  bool mapped; /* AF_INET6 sockets with IPv4-mapped addresses */
  bool ipv6;   /* packets and sockets of IPv6 */
  struct ph_addr local6, remote6, gateway6;
  uint32_t sndbuf, rcvbuf;
  struct ph_tcp_config tcp;
};

struct call;

struct run {
  const struct run_options *options;
  struct run_result *result;
  struct script script;
  struct run_settings settings;
  struct world *world;
  struct ph_stack *stack; /* NULL before the first call */

  const struct script_event *event; /* the one that runs */
  int64_t event_us;      /* its time, script time, relative resolved */
  int64_t event_end_us;  /* of a range */
  int64_t last_event_us; /* of the one before */
  bool last_was_inbound;

  struct flows flows;
  struct world_packet *queue; /* left the stack, not yet expected */
  struct seen_packet *history;
  uint64_t history_count;

  struct script_fd fds[FDS_MAX];
  unsigned fd_count;
  int last_tcp_fd;      /* live; whose TCP_INFO assertions see; -1: none */
  struct call *blocked; /* a call that has not returned, or NULL */
  struct call *calls;   /* all that were made; freed with the run */

  struct {
    char name[VARIABLE_NAME];
    double value;
  } variables[VARIABLES_MAX];
  unsigned variable_count;
};

/* ---- run_report.c ------------------------------------------------------- */
/* The stack did something else; with the history. */
bool run_fail(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The script is wrong. */
bool run_wrong(struct run *run, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The script is about `what`, which is not built; false. */
bool run_skip(struct run *run, unsigned line, const char *what);
void run_remember(struct run *run, bool inbound, int64_t time_ns,
                  const uint8_t *packet, uint32_t len);
void run_verbose(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- run.c -------------------------------------------------------------- */
int64_t run_now_us(const struct run *run);
/* How far a time may be off. */
int64_t run_tolerance(const struct run *run, int64_t expected_us);
/* Wait for the event's time, which must not have passed. */
bool run_wait(struct run *run);
/* The stack under test; makes it at the first use. */
struct world *run_world(struct run *run);

/* ---- conditions.c ------------------------------------------------------- */
/* Make lines blank that #ifdef takes out. */
void run_conditions(const struct run_options *options, char *text, size_t len);

/* ---- settings.c --------------------------------------------------------- */
/* What a stack of this profile is set to without options. */
void settings_profile(struct run_settings *settings, enum run_profile profile);
struct world *settings_world(const struct run_settings *settings,
                             enum host_nic nic);
void settings_init(struct run *run);
bool settings_option(struct run *run, const struct script_option *option);
/* ---- sysctl.c, command.c ------------------------------------------------ */
bool run_sysctl(struct run *run, unsigned line, const char *name,
                const char *value);
bool run_command(struct run *run, unsigned line, const char *text);

/* ---- lacks.c ------------------------------------------------------------ */
/* Why something of a script is not built here, or NULL: it is, or it is not
 * known. */
const char *lacks_option(int64_t level, int64_t name);
const char *lacks_send_flag(int64_t flags);
const char *lacks_receive_flag(int64_t flags);
const char *lacks_call(const char *name);
const char *lacks_info(const char *name);
const char *lacks_queue(const char *command);
/* The whole script is about something that is not built; run_skip() was
 * called. */
bool lacks_script(struct run *run);

/* ---- match.c ------------------------------------------------------------ */
bool run_packet_in(struct run *run, const struct packet_spec *spec);
bool run_packet_out(struct run *run, const struct packet_spec *spec);
/* Compare, in script numbers; false: the first difference is in `why`. */
bool match_packet(struct run *run, const struct packet_spec *spec,
                  struct flow *flow, const struct packet_view *view, char *why,
                  size_t why_size);

/* ---- syscalls.c --------------------------------------------------------- */
bool run_call(struct run *run, const struct call_spec *spec);
/* A blocking call whose time has come must have returned, with what was
 * expected; with `wait` it is waited for. */
bool run_blocked(struct run *run, bool wait);
void run_calls_free(struct run *run);
/* Runs `fn` in the stack; it does not sleep. False: it did. */
bool run_in_stack(struct run *run,
                  void (*fn)(struct ph_stack *stack, void *arg), void *arg);

/* ---- assert.c ----------------------------------------------------------- */
bool run_code(struct run *run, const char *text);

#endif
