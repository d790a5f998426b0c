/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection's owner set (tcp_settings.c), and the timers that depend
 * on it (tcp_keepalive.c). */
#ifndef PH_TCP_TCP_SETTINGS_H
#define PH_TCP_TCP_SETTINGS_H

#include "stack/tcp/tcp_internal.h"

void tcp_settings_inherit(struct tcp_conn *to, const struct tcp_conn *from);
uint64_t tcp_keep_idle_ns(const struct tcp_conn *conn);
uint64_t tcp_keep_intvl_ns(const struct tcp_conn *conn);
uint32_t tcp_keep_count(const struct tcp_conn *conn);
uint32_t tcp_syn_retries(const struct tcp_conn *conn);
uint64_t tcp_fin_wait_2_ns(const struct tcp_conn *conn);

/* For a connection with `keepalive`: tcp_stack.keepalive, from the first
 * tcp_set_keepalive() on. Who never asks for it does not carry it along. */
struct tcp_keepalive {
  /* Arm the timer if the state has one. */
  void (*start)(struct ph_stack *stack, struct tcp_conn *conn);
  /* May free the connection. */
  void (*timeout)(struct ph_stack *stack, struct tcp_conn *conn);
};
extern const struct tcp_keepalive tcp_keepalive;
/* What was sent is not answered: called for the first timeout or probe. */
static inline void tcp_silence_begins(const struct ph_stack *stack,
                                      struct tcp_conn *conn) {
  conn->silent_ms = stack->now_ms;
}
/* Has the user timeout (TCP_USER_TIMEOUT) passed since? */
bool tcp_user_timeout(const struct ph_stack *stack,
                      const struct tcp_conn *conn);
/* `ns`, or less if it passes before. */
uint64_t tcp_until_user_timeout(const struct ph_stack *stack,
                                const struct tcp_conn *conn, uint64_t ns);

#endif
