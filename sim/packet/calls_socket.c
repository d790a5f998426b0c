/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make, name and end sockets. */
#include <arpa/inet.h>
#include <string.h>

#include "sim/packet/call.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17 };

/* ---- What the flows learn ----------------------------------------------- */

struct ends {
  int fd;
  int type, error;
  uint16_t local_port;
};

static void ask_ends(struct ph_stack *stack, void *arg) {
  struct ends *ends = arg;
  struct ph_sockaddr_in name = {0};
  ph_socklen_t len = sizeof(name), type_len = sizeof(ends->type);
  ends->error = ph_getsockname(stack, ends->fd, &name, &len);
  ends->local_port = ntohs(name.sin_port);
  if (ph_getsockopt(stack, ends->fd, PH_SOL_SOCKET, PH_SO_TYPE, &ends->type,
                    &type_len) < 0) {
    ends->error = -PH_EBADF;
  }
}

static bool ends_of(struct run *run, int fd, struct ends *ends) {
  *ends = (struct ends){.fd = fd};
  return run_in_stack(run, ask_ends, ends) && ends->error >= 0;
}

static uint16_t given_port(const struct call *call) {
  struct ph_sockaddr_in addr;
  memcpy(&addr, call->addr, sizeof(addr));
  return call->has_addr ? ntohs(addr.sin_port) : 0;
}

static bool open_flow(struct run *run, struct call *call) {
  struct ends ends;
  if (!ends_of(run, call->fd, &ends) || ends.local_port == 0) {
    return true; /* it failed; its result says so */
  }
  uint8_t protocol = ends.type == PH_SOCK_STREAM ? PROTO_TCP : PROTO_UDP;
  return flows_open(&run->flows, protocol, ends.local_port, given_port(call)) ||
         run_wrong(run, run->event->line, "more than %d flows.", FLOWS_MAX);
}

/* ---- socket, close, shutdown -------------------------------------------- */

static bool prepare_socket(struct run *run, struct call *call) {
  bool six = run->settings.mapped || run->settings.ipv6;
  int64_t domain = six ? PH_AF_INET6 : PH_AF_INET;
  if (!arg_number_or(run, call->arg[0], domain, &call->number[0]) ||
      !arg_number(run, call->arg[1], &call->number[1]) ||
      !arg_number(run, call->arg[2], &call->number[2])) {
    return false;
  }
  if (call->number[0] == PH_AF_INET6 && !six) {
    return run_wrong(run, run->event->line,
                     "a script with AF_INET6 says --ip_version=ipv6 or "
                     "ipv4-mapped-ipv6.");
  }
  return true;
}

static long execute_socket(struct call *call) {
  return ph_socket(call->stack, (int)call->number[0], (int)call->number[1],
                   (int)call->number[2]);
}

static bool prepare_fd(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd);
}

static bool prepare_fd_number(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_number(run, call->arg[1], &call->number[0]);
}

static long execute_close(struct call *call) {
  return call_is_file(call->fd) ? 0 : ph_close(call->stack, call->fd);
}

static bool check_close(struct run *run, struct call *call) {
  fd_forget(run, call->fd);
  return true;
}

static long execute_shutdown(struct call *call) {
  return ph_shutdown(call->stack, call->fd, (int)call->number[0]);
}

/* ---- bind, listen ------------------------------------------------------- */

static bool prepare_bind(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_address(run, call, call->arg[1], run->settings.local_ip,
                     run->settings.bind_port);
}

static long execute_bind(struct call *call) {
  return ph_bind(call->stack, call->fd, call->has_addr ? call->addr : NULL,
                 call->addr_len);
}

/* A UDP socket can be sent to from now on. */
static bool check_bind(struct run *run, struct call *call) {
  struct ends ends;
  if (ends_of(run, call->fd, &ends) && ends.type == PH_SOCK_DGRAM &&
      ends.local_port) {
    flows_open(&run->flows, PROTO_UDP, ends.local_port, 0);
  }
  return true;
}

static long execute_listen(struct call *call) {
  return ph_listen(call->stack, call->fd, (int)call->number[0]);
}

static bool check_listen(struct run *run, struct call *call) {
  struct ends ends;
  if (ends_of(run, call->fd, &ends)) {
    flows_listen(&run->flows, ends.local_port);
  }
  return true;
}

/* ---- accept, connect, names --------------------------------------------- */

static bool prepare_accept(struct run *run, struct call *call) {
  call->addr_len = sizeof(call->addr);
  call->number[0] = 0;
  return arg_fd(run, call->arg[0], &call->fd) &&
         (call->arg_count < 4 ||
          arg_number(run, call->arg[3], &call->number[0]));
}

static long execute_accept(struct call *call) {
  return ph_accept4(call->stack, call->fd, call->addr, &call->addr_len,
                    (int)call->number[0]);
}

static bool check_accept(struct run *run, struct call *call) {
  run->last_tcp_fd = (int)call->result;
  return true;
}

static bool prepare_connect(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_address(run, call, call->arg[1], run->settings.remote_ip,
                     run->settings.connect_port);
}

static long execute_connect(struct call *call) {
  return ph_connect(call->stack, call->fd, call->has_addr ? call->addr : NULL,
                    call->addr_len);
}

static bool started_connect(struct run *run, struct call *call) {
  /* A second connect() asks how the first is doing. */
  bool first =
      !call->world.done || call->result == 0 || call->result == -PH_EINPROGRESS;
  if (first && run->last_tcp_fd != call->fd) {
    run->last_tcp_fd = call->fd;
    return open_flow(run, call);
  }
  return true;
}

static bool prepare_name(struct run *run, struct call *call) {
  call->addr_len = sizeof(call->addr);
  return arg_fd(run, call->arg[0], &call->fd);
}

static long execute_getsockname(struct call *call) {
  return ph_getsockname(call->stack, call->fd, call->addr, &call->addr_len);
}

static long execute_getpeername(struct call *call) {
  return ph_getpeername(call->stack, call->fd, call->addr, &call->addr_len);
}

const struct call_row calls_socket[] = {
    {"socket", 3, 3, prepare_socket, execute_socket, NULL, NULL, true},
    {"bind", 3, 3, prepare_bind, execute_bind, check_bind, NULL, false},
    {"listen", 2, 2, prepare_fd_number, execute_listen, check_listen, NULL,
     false},
    {"accept", 3, 3, prepare_accept, execute_accept, check_accept, NULL, true},
    {"accept4", 4, 4, prepare_accept, execute_accept, check_accept, NULL, true},
    {"connect", 3, 3, prepare_connect, execute_connect, NULL, started_connect,
     false},
    {"shutdown", 2, 2, prepare_fd_number, execute_shutdown, NULL, NULL, false},
    {"close", 1, 1, prepare_fd, execute_close, check_close, NULL, false},
    {"getsockname", 3, 3, prepare_name, execute_getsockname, NULL, NULL, false},
    {"getpeername", 3, 3, prepare_name, execute_getpeername, NULL, NULL, false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
