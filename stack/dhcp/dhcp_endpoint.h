/* SPDX-License-Identifier: Apache-2.0 */
/* What client and server have in common: a UDP port by which messages of one
 * interface come and go. */
#ifndef PH_DHCP_DHCP_ENDPOINT_H
#define PH_DHCP_DHCP_ENDPOINT_H

#include "stack/dhcp/dhcp_wire.h"
#include "stack/udp/udp.h"

/* `event` is told that messages wait; the endpoint is `owner`'s. Result as
 * udp_bind(). */
int dhcp_open(struct ph_stack *stack, struct udp_pcb *pcb, uint16_t port,
              uint32_t rcvbuf, void (*event)(struct udp_pcb *, uint32_t),
              void *owner) PH_MUST_USE;

/* The next message that came by `netif`, is well-formed, and goes this way
 * (`op`); those to clients come from the server's port. What else waits is
 * counted and dropped. False: none waits. */
bool dhcp_receive(struct udp_pcb *pcb, const struct netif *netif, uint8_t op,
                  struct dhcp_message *m);

/* Addresses in host order; `to` 0: to all. Lost is lost. */
void dhcp_send(struct udp_pcb *pcb, struct netif *netif,
               const struct dhcp_message *m, uint32_t from, uint32_t to,
               uint16_t port);

#endif
