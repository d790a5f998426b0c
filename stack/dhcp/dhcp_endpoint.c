/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/dhcp/dhcp_endpoint.h"

#include "stack/base/errno.h"

enum { RECEIVE_MAX = 1500 }; /* an Ethernet packet's payload */

int dhcp_open(struct ph_stack *stack, struct udp_pcb *pcb, uint16_t port,
              uint32_t rcvbuf, void (*event)(struct udp_pcb *, uint32_t),
              void *owner) {
  const struct ph_addr any = ph_addr_v4(0);
  udp_open(stack, pcb, rcvbuf);
  int error = udp_bind(pcb, &any, port);
  if (!error) {
    pcb->event = event;
    pcb->owner = owner;
    pcb->tell_info = true;
  }
  return error;
}

bool dhcp_receive(struct udp_pcb *pcb, const struct netif *netif, uint8_t op,
                  struct dhcp_message *m) {
  uint8_t bytes[RECEIVE_MAX];
  uint16_t port;
  for (;;) {
    long n = udp_recvfrom(pcb, bytes, sizeof(bytes), false, NULL, &port);
    if (n == -PH_EAGAIN) {
      return false;
    }
    if (n < 0) {
      continue; /* an ICMP error, which is thereby taken */
    }
    if (n <= (long)sizeof(bytes) && pcb->info.ifindex == netif->index &&
        (op != DHCP_TO_CLIENT || port == DHCP_SERVER_PORT) &&
        dhcp_read(bytes, (uint32_t)n, m) == 0 && m->op == op) {
      return true;
    }
    pcb->stack->stats.DhcpInErrors++;
  }
}

void dhcp_send(struct udp_pcb *pcb, struct netif *netif,
               const struct dhcp_message *m, uint32_t from, uint32_t to,
               uint16_t port) {
  uint8_t bytes[DHCP_MESSAGE_MAX];
  uint32_t len = dhcp_write(bytes, m);
  const struct ph_addr src = ph_addr_v4(from);
  const struct ph_addr dst = ph_addr_v4(to);
  long n = to ? udp_sendto(pcb, bytes, len, &dst, port)
              : udp_broadcast(pcb, netif, &src, bytes, len, port);
  pcb->stack->stats.DhcpOutMessages += n > 0;
}
