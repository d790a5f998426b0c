/* SPDX-License-Identifier: Apache-2.0 */
/* sendmsg and recvmsg:
 * {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0} */
#include <string.h>
#include <sys/socket.h>

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
  const struct expr *control = arg_field(call->arg[1], "msg_control");
  if (control && control->items) {
    return run_skip(run, control->line, "control messages that are sent");
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

/* A number is all that control messages hold here. */
static bool prepare_control(struct run *run, struct call *call) {
  const struct expr *list = arg_field(call->arg[1], "msg_control");
  if (!list || list->kind == EXPR_ELLIPSIS) {
    return true;
  }
  for (const struct expr *item = list->items; item; item = item->next) {
    const struct expr *data = arg_field(item, "cmsg_data");
    if (!data || data->kind == EXPR_STRUCT) {
      return run_skip(run, item->line, "control messages other than a number");
    }
  }
  call->message.msg_control = call->control;
  call->message.msg_controllen = sizeof(call->control);
  return true;
}

static bool prepare_recvmsg(struct run *run, struct call *call) {
  if (!prepare_message(run, call) || !prepare_control(run, call)) {
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

/* The next of the messages that came, or NULL. */
static const struct cmsghdr *message_at(const struct call *call, size_t at) {
  const struct cmsghdr *m = (const void *)(call->control + at);
  size_t left = (size_t)call->message.msg_controllen - at;
  return left >= CMSG_SPACE(sizeof(int32_t)) &&
                 m->cmsg_len == CMSG_LEN(sizeof(int32_t))
             ? m
             : NULL;
}

/* {cmsg_level=..., cmsg_type=..., cmsg_data=...}, in this order. */
static bool check_control(struct run *run, struct call *call) {
  const struct expr *list = arg_field(call->arg[1], "msg_control");
  if (!list || list->kind == EXPR_ELLIPSIS) {
    return true;
  }
  size_t at = 0;
  for (const struct expr *item = list->items; item; item = item->next) {
    static const char *const fields[] = {"cmsg_level", "cmsg_type",
                                         "cmsg_data"};
    const struct cmsghdr *m = message_at(call, at);
    if (!m) {
      return run_fail(run, "%s(): a control message is missing",
                      call->spec->name);
    }
    int32_t data;
    memcpy(&data, CMSG_DATA(m), sizeof(data));
    const int32_t came[] = {m->cmsg_level, m->cmsg_type, data};
    for (unsigned i = 0; i < sizeof(came) / sizeof(came[0]); i++) {
      const struct expr *field = arg_field(item, fields[i]);
      int64_t wanted;
      if (!field) {
        return run_wrong(run, item->line, "%s is wanted here.", fields[i]);
      }
      if (!arg_number(run, field, &wanted)) {
        return false;
      }
      if (wanted != came[i]) {
        return call_differs(run, call, fields[i], wanted, came[i]);
      }
    }
    at += CMSG_SPACE(sizeof(data));
  }
  return at == (size_t)call->message.msg_controllen ||
         run_fail(run, "%s(): a control message that was not expected",
                  call->spec->name);
}

static bool check_recvmsg(struct run *run, struct call *call) {
  const struct expr *flags = arg_field(call->arg[1], "msg_flags");
  int64_t wanted;
  if (!flags || flags->kind == EXPR_ELLIPSIS) {
    return check_control(run, call);
  }
  if (!arg_number(run, flags, &wanted)) {
    return false;
  }
  return wanted == call->message.msg_flags
             ? check_control(run, call)
             : call_differs(run, call, "msg_flags", wanted,
                            call->message.msg_flags);
}

const struct call_row calls_message[] = {
    {"sendmsg", 3, 3, prepare_sendmsg, execute_sendmsg, check_gathered, NULL,
     false},
    {"recvmsg", 3, 3, prepare_recvmsg, execute_recvmsg, check_recvmsg, NULL,
     false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
