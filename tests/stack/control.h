/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages on either API (both.h). */
#ifndef PH_TESTS_STACK_CONTROL_H
#define PH_TESTS_STACK_CONTROL_H

#include "tests/stack/both.h"

enum { CONTROL_ROOM = 512 };

/* Messages to send, one behind the other. */
struct control {
  _Alignas(8) uint8_t bytes[CONTROL_ROOM];
  size_t used;
};
void control_add(struct control *c, int level, int type, const void *data,
                 size_t len);
void control_add_int(struct control *c, int level, int type, int value);

/* Send `len` bytes with it; `to` may be NULL. */
long control_send(struct api *a, long fd, const struct control *c,
                  const void *data, size_t len, const void *to,
                  unsigned to_len);

/* Receive into `data` with `room` bytes for messages, and write down result,
 * flags and each message but an interface's index and the time. */
long control_receive(struct api *a, long fd, void *data, size_t len,
                     size_t room, int flags);

/* Write down the flags' and control messages' part of what was received. */
void control_note(struct api *a, struct msghdr *m);

/* The loopback interface's index. */
uint32_t control_loopback(struct api *a);

#endif
