/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/control.h"

#include <net/if.h>
#include <string.h>

void control_add(struct control *c, int level, int type, const void *data,
                 size_t len) {
  assert_true(c->used + CMSG_SPACE(len) <= sizeof(c->bytes));
  struct cmsghdr header = {
      .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
  memset(c->bytes + c->used, 0, CMSG_SPACE(len));
  memcpy(c->bytes + c->used, &header, sizeof(header));
  memcpy(c->bytes + c->used + sizeof(header), data, len);
  c->used += CMSG_SPACE(len);
}

void control_add_int(struct control *c, int level, int type, int value) {
  control_add(c, level, type, &value, sizeof(value));
}

long control_send(struct api *a, long fd, const struct control *c,
                  const void *data, size_t len, const void *to,
                  unsigned to_len) {
  struct iovec v = {(void *)(uintptr_t)data, len};
  struct msghdr m = {.msg_name = (void *)(uintptr_t)to,
                     .msg_namelen = to_len,
                     .msg_iov = &v,
                     .msg_iovlen = 1,
                     .msg_control = (void *)(uintptr_t)c->bytes,
                     .msg_controllen = c->used};
  return s_sendmsg(a, fd, &m, 0);
}

static void note_message(struct api *a, const struct cmsghdr *c) {
  size_t len = c->cmsg_len - CMSG_LEN(0);
  size_t from = 0, to = len;
  note(a, __LINE__, "cmsg_len", (long)c->cmsg_len);
  note(a, __LINE__, "cmsg_level", c->cmsg_level);
  note(a, __LINE__, "cmsg_type", c->cmsg_type);
  if (c->cmsg_level == SOL_SOCKET) {
    to = 0;
  } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
    from = 4;
  } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
    to = len < 16 ? len : 16;
  }
  for (size_t i = from; i < to; i++) {
    note(a, __LINE__, "a byte of it", CMSG_DATA(c)[i]);
  }
}

void control_note(struct api *a, struct msghdr *m) {
  note(a, __LINE__, "flags", m->msg_flags);
  note(a, __LINE__, "control length", (long)m->msg_controllen);
  struct cmsghdr *c = CMSG_FIRSTHDR(m);
  for (; c; c = CMSG_NXTHDR(m, c)) {
    note_message(a, c);
  }
}

long control_receive(struct api *a, long fd, void *data, size_t len,
                     size_t room, int flags) {
  _Alignas(8) uint8_t control[CONTROL_ROOM] = {0};
  struct iovec v = {data, len};
  struct msghdr m = {.msg_iov = &v,
                     .msg_iovlen = 1,
                     .msg_control = control,
                     .msg_controllen = room};
  assert_true(room <= sizeof(control));
  long n = R(s_recvmsg(a, fd, &m, flags));
  if (n >= 0) {
    control_note(a, &m);
  }
  return n;
}

uint32_t control_loopback(struct api *a) {
  struct netif *netif = a->stack ? netif_first(a->stack) : NULL;
  while (netif && !netif->loopback) {
    netif = netif->next;
  }
  return netif ? netif->index : if_nametoindex("lo");
}
