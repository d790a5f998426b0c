/* SPDX-License-Identifier: Apache-2.0 */
/* sendmsg and recvmsg:
 * {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0} */
#include "sim/packet/call.h"

static bool prepare_message(struct run *run, struct call *call) {
  const struct expr *header = call->arg[1];
  const struct expr *iov = arg_field(header, "msg_iov");
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_number(run, call->arg[2], &call->number[0])) {
    return false;
  }
  if (!iov) {
    return run_wrong(run, header->line, "msg_iov(n)=[...] is wanted here.");
  }
  const struct expr *control = arg_field(header, "msg_control");
  if (control && control->items) {
    return run_skip(run, control->line, "control messages (msg_control)");
  }
  if (!call_iov(run, call, iov)) {
    return false;
  }
  call->message.msg_iov = call->iov;
  call->message.msg_iovlen = (size_t)call->iov_count;
  return true;
}

static bool prepare_sendmsg(struct run *run, struct call *call) {
  const struct expr *name = arg_field(call->arg[1], "msg_name");
  if (!prepare_message(run, call)) {
    return false;
  }
  const char *lacks = lacks_send_flag(call->number[0]);
  if (lacks) {
    return run_skip(run, call->event->line, lacks);
  }
  /* An ellipsis: a connected socket's peer. */
  if (name && name->kind == EXPR_STRUCT &&
      !arg_address(run, call, name, run->settings.remote_ip,
                   run->settings.connect_port)) {
    return false;
  }
  call->message.msg_name = call->has_addr ? call->addr : NULL;
  call->message.msg_namelen = call->addr_len;
  return true;
}

static long execute_sendmsg(struct call *call) {
  return ph_sendmsg(call->stack, call->fd, &call->message,
                    (int)call->number[0]);
}

static bool prepare_recvmsg(struct run *run, struct call *call) {
  if (!prepare_message(run, call)) {
    return false;
  }
  call->message.msg_name = call->addr;
  call->message.msg_namelen = sizeof(call->addr);
  return true;
}

static long execute_recvmsg(struct call *call) {
  return ph_recvmsg(call->stack, call->fd, &call->message,
                    (int)call->number[0]);
}

static bool check_recvmsg(struct run *run, struct call *call) {
  const struct expr *flags = arg_field(call->arg[1], "msg_flags");
  int64_t wanted;
  if (!flags || flags->kind == EXPR_ELLIPSIS) {
    return true;
  }
  if (!arg_number(run, flags, &wanted)) {
    return false;
  }
  return wanted == call->message.msg_flags ||
         call_differs(run, call, "msg_flags", wanted, call->message.msg_flags);
}

const struct call_row calls_message[] = {
    {"sendmsg", 3, 3, prepare_sendmsg, execute_sendmsg, check_gathered, NULL,
     false},
    {"recvmsg", 3, 3, prepare_recvmsg, execute_recvmsg, check_recvmsg, NULL,
     false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
