/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP (RFC 792, RFC 1122 3.2.2): echo, and errors in both directions. */
#include "stack/base/errno.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"

enum {
  ICMP_HEADROOM = 64,
  QUOTE_INLINE_MAX = 88, /* without a block */
  /* RFC 1812 4.3.2.3: as much as fits into 576 bytes. */
  ICMP_QUOTE_MAX = 576 - IPV4_HDR_LEN - ICMP_HDR_LEN,
};

/* ---- Sending ------------------------------------------------------------- */

int icmp_output(struct ph_stack *stack, struct pkt *pkt,
                const struct ph_addr *src, const struct ph_addr *dst,
                uint8_t tos) {
  csum_put_icmp(pkt, 0);
  struct ip_tx tx = {.protocol = IP_PROTO_ICMP, .tos = tos};
  stack->stats.IcmpOutMsgs++;
  return netif_drop_refused(stack, pkt, ip_send(stack, pkt, src, dst, tx));
}

bool icmp_take_token(struct ph_stack *stack) {
  struct ip_state *ip = ip_of(stack);
  uint64_t earned = (stack->now_ns - ip->icmp_refilled_ns) / ICMP_INTERVAL_NS;
  if (earned > 0) {
    ip->icmp_refilled_ns += earned * ICMP_INTERVAL_NS;
    ip->icmp_tokens = earned >= ICMP_BURST - ip->icmp_tokens
                          ? ICMP_BURST
                          : ip->icmp_tokens + (uint32_t)earned;
  }
  if (ip->icmp_tokens == 0) {
    stack->stats.IcmpOutRateLimited++;
    return false;
  }
  ip->icmp_tokens--;
  return true;
}

/* RFC 1122 3.2.2: never about a broadcast, a later fragment or an ICMP error.
 * That the source is one host was checked on input. */
static bool may_report(const struct pkt *pkt, const struct ip_rx *rx) {
  const uint8_t *h = pkt->l3;
  if (!h || rx->broadcast || (get_be16(h + IPV4_OFF_FRAG) & 0x1fff)) {
    return false;
  }
  const uint8_t *type = h + (h[0] & 15u) * 4;
  return rx->protocol != IP_PROTO_ICMP ||
         (type < pkt->head + pkt->head_len &&
          (*type == ICMP_ECHO || *type == ICMP_ECHO_REPLY ||
           *type >= ICMP_TIMESTAMP));
}

/* Append what of `pkt`, from its IP header on, fits into `most` bytes. */
static void quote(struct ph_stack *stack, struct pkt *out,
                  const struct pkt *pkt, uint32_t most) {
  uint32_t in_front = (uint32_t)(pkt->head - pkt->l3);
  uint32_t linear = in_front + pkt->head_len;
  uint32_t whole = in_front + pkt->len;
  struct ph_block *block =
      whole > QUOTE_INLINE_MAX ? ph_block_get_spare(&stack->blocks) : NULL;
  if (!block) { /* the beginning is better than nothing */
    uint32_t n = ph_min_u32(linear, QUOTE_INLINE_MAX);
    memcpy(out->head + out->head_len, pkt->l3, n);
    out->head_len += n;
    out->len += n;
    return;
  }
  uint32_t n = ph_min_u32(whole, most);
  uint32_t first = ph_min_u32(n, linear);
  memcpy(block->data, pkt->l3, first);
  if (n > first) {
    pkt_copy(pkt, pkt->head_len, block->data + first, n - first);
  }
  (void)pkt_add_frag(out, block, block->data, n);
  ph_block_put(block);
}

struct pkt *icmp_make_error(struct ph_stack *stack, const struct pkt *pkt,
                            uint8_t type, uint8_t code, uint32_t word,
                            uint32_t most) {
  struct pkt *out = icmp_take_token(stack)
                        ? ph_stack_pkt(stack, ICMP_HEADROOM, ICMP_HDR_LEN)
                        : NULL;
  if (out) {
    out->head[0] = type;
    out->head[1] = code;
    put_be32(out->head + 4, word);
    quote(stack, out, pkt, most);
  }
  return out;
}

void icmp_send(struct ph_stack *stack, const struct pkt *pkt,
               const struct ip_rx *rx, uint8_t type, uint8_t code,
               uint32_t word) {
  struct pkt *out =
      may_report(pkt, rx)
          ? icmp_make_error(stack, pkt, type, code, word, ICMP_QUOTE_MAX)
          : NULL;
  if (!out) {
    return;
  }
  /* Of what was for others: an address of the interface that the error leaves
   * by (RFC 1812 4.3.2.4). */
  bool ours = ip_is_local(stack, &rx->dst);
  (void)icmp_output(stack, out, ours ? &rx->dst : NULL, &rx->src, 0);
}

void icmp_send_error(struct ph_stack *stack, const struct pkt *pkt,
                     const struct ip_rx *rx, enum ip_error error) {
  static const uint8_t codes[] = {
      [IP_ERROR_NET_UNREACHABLE] = ICMP_UNREACH_NET,
      [IP_ERROR_HOST_UNREACHABLE] = ICMP_UNREACH_HOST,
      [IP_ERROR_PROTO_UNREACHABLE] = ICMP_UNREACH_PROTO,
      [IP_ERROR_PORT_UNREACHABLE] = ICMP_UNREACH_PORT,
      [IP_ERROR_ADMIN_PROHIBITED] = ICMP_UNREACH_ADMIN_PROHIBITED};
  bool late = error == IP_ERROR_TIME_EXCEEDED || error == IP_ERROR_REASSEMBLY;
  if (error == IP_ERROR_TOO_BIG || error == IP_ERROR_PARAMETER) {
    return; /* these have an MTU or a pointer: icmp_send() */
  }
  icmp_send(stack, pkt, rx, late ? ICMP_TIME_EXCEEDED : ICMP_UNREACHABLE,
            late ? error == IP_ERROR_REASSEMBLY : codes[error], 0);
}

/* Append a copy of at most a block of data. */
static bool append(struct ph_stack *stack, struct pkt *pkt, const uint8_t *data,
                   uint32_t len) {
  struct ph_block *block = ph_block_get_spare(&stack->blocks);
  if (!block) {
    stack->stats.BlockExhausted++;
    return false;
  }
  memcpy(block->data, data, len);
  (void)pkt_add_frag(pkt, block, block->data, len);
  ph_block_put(block);
  return true;
}

int icmp_send_echo(struct ph_stack *stack, const struct ph_addr *to,
                   uint16_t id, uint16_t seq, const uint8_t *data,
                   uint32_t len) {
  const struct ip_family *family = ip_family_of(stack, to);
  if (!family) {
    return -PH_EAFNOSUPPORT;
  }
  int error = ip_path_find(stack, NULL, NULL, to)->error;
  if (error || len > PH_BLOCK_SIZE) {
    return error ? error : -PH_EMSGSIZE;
  }
  struct pkt *pkt = ph_stack_pkt(stack, ICMP_HEADROOM, ICMP_HDR_LEN);
  if (!pkt) {
    return -PH_ENOBUFS;
  }
  pkt->head[0] = family->icmp_echo;
  put_be16(pkt->head + 4, id);
  put_be16(pkt->head + 6, seq);
  if (len > 0 && !append(stack, pkt, data, len)) {
    pkt_put(pkt);
    return -PH_ENOBUFS;
  }
  return family->icmp_output(stack, pkt, NULL, to, 0);
}

/* ---- Receiving ----------------------------------------------------------- */

void icmp_turn_round(struct pkt *pkt, uint8_t type) {
  pkt->head[0] = type;
  pkt->csum = PKT_CSUM_NONE;
  pkt->csum_start = pkt->csum_offset = 0;
  pkt->l3 = NULL;
}

/* Answer in the packet itself (RFC 1122 3.2.2.6: all data come back). */
static void echo_request(struct ph_stack *stack, struct pkt *pkt,
                         const struct ip_rx *rx) {
  stack->stats.IcmpInEchos++;
  if (rx->broadcast) { /* may be ignored, and should (RFC 2644, smurf) */
    pkt_put(pkt);
    return;
  }
  icmp_turn_round(pkt, ICMP_ECHO_REPLY);
  (void)icmp_output(stack, pkt, &rx->dst, &rx->src, rx->tos);
}

void icmp_take_echo(struct ph_stack *stack, const struct pkt *pkt,
                    const struct ip_rx *rx) {
  const struct ip_state *ip = ip_of(stack);
  const uint8_t *h = pkt->head;
  const uint8_t *data = h + ICMP_HDR_LEN;
  uint32_t len = pkt->len - ICMP_HDR_LEN;
  struct ph_block *block = NULL;
  if (pkt->nfrags > 0) { /* by way of loopback, or built of fragments */
    block = ph_block_get_spare(&stack->blocks);
    len = block ? ph_min_u32(len, block->size) : 0;
    if (block) {
      pkt_copy(pkt, ICMP_HDR_LEN, block->data, len);
      data = block->data;
    }
  }
  ip->echo_fn(ip->echo_ctx, &rx->src, get_be16(h + 4), get_be16(h + 6), data,
              len, rx->ttl);
  if (block) {
    ph_block_put(block);
  }
}

static bool error_of(uint8_t type, uint8_t code, enum ip_error *error) {
  static const uint8_t unreachable[16] = {
      IP_ERROR_NET_UNREACHABLE,   IP_ERROR_HOST_UNREACHABLE,
      IP_ERROR_PROTO_UNREACHABLE, IP_ERROR_PORT_UNREACHABLE,
      IP_ERROR_TOO_BIG,           IP_ERROR_HOST_UNREACHABLE,
      IP_ERROR_NET_UNREACHABLE,   IP_ERROR_HOST_UNREACHABLE,
      IP_ERROR_HOST_UNREACHABLE,  IP_ERROR_ADMIN_PROHIBITED,
      IP_ERROR_ADMIN_PROHIBITED,  IP_ERROR_NET_UNREACHABLE,
      IP_ERROR_HOST_UNREACHABLE,  IP_ERROR_ADMIN_PROHIBITED,
      IP_ERROR_ADMIN_PROHIBITED,  IP_ERROR_ADMIN_PROHIBITED};
  switch (type) {
    case ICMP_UNREACHABLE:
      if (code >= PH_ARRAY_LEN(unreachable)) {
        return false;
      }
      *error = (enum ip_error)unreachable[code];
      return true;
    case ICMP_TIME_EXCEEDED:
      *error = IP_ERROR_TIME_EXCEEDED;
      return true;
    case ICMP_PARAMETER:
      *error = IP_ERROR_PARAMETER;
      return true;
    default:
      return false; /* redirects too: a spoofed one would steer traffic */
  }
}

bool ipv4_report_error(struct ph_stack *stack, const uint8_t *header,
                       uint32_t len, struct ip_error_info *info) {
  const struct ip_state *ip = ip_of(stack);
  uint32_t ihl = len >= IPV4_HDR_LEN ? (header[0] & 15u) * 4 : 0;
  if (ihl < IPV4_HDR_LEN || header[0] >> 4 != 4 || len < ihl + 8 ||
      (get_be16(header + IPV4_OFF_FRAG) & 0x1fff) != 0 ||
      !ipv4_is_own(ip, get_be32(header + IPV4_OFF_SRC))) {
    return false;
  }
  info->src = ph_addr_v4(get_be32(header + IPV4_OFF_SRC));
  info->dst = ph_addr_v4(get_be32(header + IPV4_OFF_DST));
  info->transport = header + ihl;
  info->transport_len = len - ihl;
  ip_tell_error(stack, header[IPV4_OFF_PROTO], info);
  return true;
}

/* RFC 1191 5 and 7.1: a router that says 0 is an old one; take the next lower
 * plateau below the packet's length. */
static uint16_t next_hop_mtu(const uint8_t *icmp, const uint8_t *quoted) {
  static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002,
                                      1492,  1006,  508,  296,  IPV4_MIN_MTU};
  uint16_t mtu = get_be16(icmp + 6);
  if (mtu > 0) {
    return mtu < IPV4_MIN_MTU ? (uint16_t)IPV4_MIN_MTU : mtu;
  }
  uint16_t len = get_be16(quoted + IPV4_OFF_LEN);
  for (uint32_t i = 0; i < PH_ARRAY_LEN(plateaus); i++) {
    if (plateaus[i] < len) {
      return plateaus[i];
    }
  }
  return IPV4_MIN_MTU;
}

static bool error_input(struct ph_stack *stack, const struct pkt *pkt,
                        const struct ip_rx *rx) {
  const uint8_t *h = pkt->head;
  const uint8_t *quoted = h + ICMP_HDR_LEN;
  uint32_t len = pkt->head_len - ICMP_HDR_LEN;
  struct ip_error_info info = {.icmp = h, .rx = rx};
  if (!error_of(h[0], h[1], &info.error) || len < IPV4_HDR_LEN) {
    return false;
  }
  if (info.error == IP_ERROR_TOO_BIG) {
    info.mtu = next_hop_mtu(h, quoted);
  }
  return ipv4_report_error(stack, quoted, len, &info);
}

void icmp_input(struct ph_stack *stack, struct pkt *pkt,
                const struct ip_rx *rx) {
  struct ph_stats *stats = &stack->stats;
  stats->IcmpInMsgs++;
  bool whole = pkt->head_len >= ICMP_HDR_LEN;
  if (whole && csum_pkt(pkt, 0, 0) != 0xffff) {
    stats->IcmpInCsumErrors++;
    whole = false;
  }
  if (whole && pkt->head[0] == ICMP_ECHO && pkt->head[1] == 0) {
    echo_request(stack, pkt, rx);
    return;
  }
  if (whole && pkt->head[0] == ICMP_ECHO_REPLY) {
    stats->IcmpInEchoReps++;
    icmp_tell_echo(stack, pkt, rx);
  } else if (!whole || rx->broadcast || !error_input(stack, pkt, rx)) {
    stats->IcmpInErrors++;
  }
  pkt_put(pkt);
}
