/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: a DHCP client and a server on a software wire. The input is steps:
 * a byte that says what, then its bytes.
 *   0 to 63    so much time passes (doubling)
 *   64 to 127  a message to the client, 128 to 191 one to the server: options
 *              behind a header of good xid and addresses
 *   192 on     the next message on the wire is changed in one byte
 * The bytes of each message are read by dhcp_read() alone as well, from memory
 * of their own length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs these first */
#include <cmocka.h>

#include "stack/dhcp/dhcp.h"
#include "stack/ip/ip.h"
#include "stack/wire/bytes.h"
#include "tests/stack/tcp_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POOL = 2, DATA_AT = 14 + 20 + 8, FIRST = 0x0a000064, STEPS = 64 };

static uint8_t change_at, change_to;
static bool change;

static void require(bool fact) {
  if (!fact) {
    abort();
  }
}

/* The pair's interface believes checksums: the change arrives. */
static uint32_t mangle(struct pair *pair, int from, uint8_t *data,
                       uint32_t len) {
  (void)pair;
  (void)from;
  if (change && len > DATA_AT && data[23] == 17) {
    uint32_t at = DATA_AT + (uint32_t)change_at * 2 % (len - DATA_AT);
    data[at] = change_to;
    change = false;
  }
  return len;
}

/* What was read can be written, and says the same. */
static void check_message(const uint8_t *bytes, uint32_t len) {
  struct dhcp_message m, again;
  uint8_t *alone = malloc(len ? len : 1);
  memcpy(alone, bytes, len);
  if (dhcp_read(alone, len, &m) == 0) {
    uint8_t out[DHCP_MESSAGE_MAX];
    uint32_t n = dhcp_write(out, &m);
    require(n <= sizeof out && dhcp_read(out, n, &again) == 0);
    require(again.type == m.type && again.server == m.server &&
            again.lease_s == m.lease_s && again.mtu == m.mtu &&
            strcmp(again.domain, m.domain) == 0);
  }
  free(alone);
}

static struct netif *ethernet(struct ph_stack *stack) {
  struct netif *netif = netif_first(stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  return netif;
}

struct scene {
  struct pair *pair;
  struct ph_dhcp client;
  struct ph_dhcp_server server;
  struct ph_dhcp_entry entries[POOL];
};

/* Options of `data` in a message to either end. */
static void inject(struct scene *s, bool to_client, const uint8_t *data,
                   uint32_t len) {
  uint8_t msg[DHCP_HEADER_LEN + 256] = {to_client ? 2 : 1, 1, 6};
  struct netif *netif = ethernet(s->client.stack);
  put_be32(msg + 4, s->client.xid);
  put_be32(msg + 16, to_client ? FIRST : 0);
  memcpy(msg + 28, netif->mac, 6);
  memcpy(msg + 236, "\x63\x82\x53\x63", 4);
  memcpy(msg + DHCP_HEADER_LEN, data, len);
  uint32_t size = DHCP_HEADER_LEN + len;
  check_message(msg, size);
  struct ph_addr from = ph_addr_v4(to_client ? 0x0a000001 : 0);
  struct udp_pcb *pcb = to_client ? &s->server.pcb : &s->client.pcb;
  struct netif *out = to_client ? s->server.netif : netif;
  (void)!udp_broadcast(pcb, out, &from, msg, size,
                       to_client ? DHCP_CLIENT_PORT : DHCP_SERVER_PORT);
  pair_pass(s->pair, 2 * PAIR_MS);
}

static void check(const struct scene *s) {
  const struct ph_dhcp *d = &s->client;
  if (d->state >= DHCP_STATE_BOUND) {
    uint32_t ip = d->lease.address;
    require(ip >> 24 != 0 && ip >> 24 != 127 && ip >> 29 != 7);
    require(d->lease.prefix_len >= 1 && d->lease.prefix_len <= 32);
    require(d->lease.t1_ns <= d->lease.t2_ns &&
            d->lease.t2_ns <= d->lease.until_ns);
    require(ph_timer_armed(&d->timer) || d->lease.until_ns == UINT64_MAX);
  } else if (d->state == DHCP_STATE_PROBING) {
    require(d->probe.netif != NULL && !d->no_probe);
  } else {
    require(ph_timer_armed(&d->timer));
  }
}

static void run(struct scene *s, const uint8_t *data, size_t size) {
  for (int i = 0; i < STEPS && size > 0; i++) {
    uint8_t what = *data++;
    size--;
    if (what < 64) {
      pair_pass(s->pair, PAIR_MS << what % 24);
    } else if (what < 192) {
      uint32_t len = size ? *data : 0;
      len = len + 1 > size ? (uint32_t)(size ? size - 1 : 0) : len;
      inject(s, what < 128, data + (size > 0), len);
      data += len + (size > 0);
      size -= len + (size > 0);
    } else if (size >= 2) {
      change = true;
      change_at = data[0];
      change_to = data[1];
      data += 2;
      size -= 2;
    }
    check(s);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct scene s = {.pair = pair_new(NULL)};
  struct ph_stack *stack[2];
  for (int i = 0; i < 2; i++) {
    stack[i] = &s.pair->host[i].stack;
    if (!stack[i]->module[PH_MODULE_UDP]) {
      require(ph_udp_init(stack[i]) == 0);
    }
  }
  s.client.no_probe = size & 1;
  change = false;
  s.pair->mangle = mangle;
  s.server = (struct ph_dhcp_server){.address = 0x0a000001,
                                     .prefix_len = 24,
                                     .lease_s = 600,
                                     .first = FIRST,
                                     .entries = s.entries,
                                     .count = POOL};
  require(ph_ipv4_remove_address(stack[1], ethernet(stack[1]), 0x0a000002) ==
          0);
  require(ph_dhcp_server_start(stack[0], &s.server, ethernet(stack[0])) == 0);
  require(ph_dhcp_start(stack[1], &s.client, ethernet(stack[1])) == 0);
  run(&s, data, size);
  ph_dhcp_stop(&s.client);
  ph_dhcp_server_stop(&s.server);
  pair_pass(s.pair, 30 * PAIR_S);
  pair_free(s.pair);
  return 0;
}
