/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly (RFC 791 3.2, RFC 1122 3.3.2, RFC 8200 4.5) for both families.
 *
 * Data are copied into blocks of the stack's pool, so that small fragments
 * can't hold large buffers of a device. What is there is known to the unit of
 * fragmentation, 8 bytes, by two bitmaps: which units came, and at which of
 * them a fragment begins. They lie in a block too.
 *
 * 1. A fragment with the offset and length of one that came is a duplicate and
 *    is ignored; any other that shares a unit with one ends the datagram, with
 *    what is still to come of it (RFC 5722 4, which IPv4 gets too).
 * 2. Datagrams and blocks are bounded; when either is used up, the oldest
 *    datagram gives way. Blocks that were promised to sockets are not taken.
 * 3. A datagram has 30 s (IPv4; RFC 1122 3.3.2 says 60 to 120) or 60 s (IPv6)
 *    from its first fragment on; then its sender is told if that was the one
 *    with the beginning. */
#include "stack/ip/ip_reassembly.h"

#include "stack/base/errno.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"

enum {
  UNIT = 8,
  UNITS = 65536 / UNIT,
  WORDS = UNITS / 64,
  HEADER_MAX = 128, /* in front of the data */
  LINEAR_MAX = 96,  /* of data: every header behind; fragments of the answer to
                       it have room for them */
  HEADROOM = 32,    /* of a packet that was built: the driver's header */
  DATAGRAMS = 64,
  POOL_PART = 4, /* of the stack's blocks */
};
#define LIFE_V4_NS UINT64_C(30000000000)
#define LIFE_V6_NS UINT64_C(60000000000)

/* In a block of its own. */
struct content {
  struct ph_block *blocks[65536 / PH_BLOCK_SIZE];
  uint8_t header[HEADER_MAX]; /* of the first fragment */
  uint64_t have[WORDS];       /* units that came */
  uint64_t begins[WORDS];     /* units at which a fragment begins */
};
_Static_assert(sizeof(struct content) <= PH_BLOCK_SIZE, "it lies in a block");

struct datagram {
  struct ip_reassembly *all;
  struct ph_block *block; /* of the content; NULL: a free place, or it ended */
  uint64_t since_ns;
  struct netif *netif;
  uint32_t first_len; /* bytes of the first fragment's data; 0: not there */
  uint32_t total;     /* bytes of data; 0: not known */
  uint32_t reached;   /* the end of what came */
  uint32_t units;     /* that came */
  uint8_t ecn;        /* a bit for each codepoint seen */
  bool used;
  struct ip_fragment first; /* the one with the beginning; before it came:
                               only what all have in common */
  struct ph_timer timer;
};

struct ip_reassembly {
  uint32_t max_datagrams, max_blocks, blocks;
  struct datagram datagrams[];
};

static struct content *content_of(const struct datagram *d) {
  return (struct content *)(void *)d->block->data;
}

static bool is_v6(const struct datagram *d) {
  return d->first.rx.family != &ipv4_family;
}

static PH_APART_IF_SMALL void count(bool v6, uint64_t *four, uint64_t *six) {
  ++*(v6 ? six : four);
}

/* ---- Memory -------------------------------------------------------------- */

static void drop_content(struct datagram *d) {
  struct content *content = d->block ? content_of(d) : NULL;
  if (!content) {
    return;
  }
  for (uint32_t i = 0; i < PH_ARRAY_LEN(content->blocks); i++) {
    if (content->blocks[i]) {
      ph_block_put(content->blocks[i]);
      d->all->blocks--;
    }
  }
  ph_block_put(d->block);
  d->all->blocks--;
  d->block = NULL;
}

static PH_APART_IF_SMALL void forget(struct ph_stack *stack,
                                     struct datagram *d) {
  ph_timer_cancel(&stack->timers, &d->timer);
  drop_content(d);
  d->used = false;
}

/* Nothing of it is wanted any more, until its time is over. */
static void fail(struct ph_stack *stack, struct datagram *d) {
  drop_content(d);
  count(is_v6(d), &stack->stats.IpReasmFails, &stack->stats.Ip6ReasmFails);
}

/* The oldest but `but`; with blocks if `full`. */
static struct datagram *oldest(struct ip_reassembly *all,
                               const struct datagram *but, bool full) {
  struct datagram *found = NULL;
  for (uint32_t i = 0; i < all->max_datagrams; i++) {
    struct datagram *d = &all->datagrams[i];
    if (but && d == but) {
      continue;
    }
    if (d->used && (!full || d->block) &&
        (!found || d->since_ns < found->since_ns)) {
      found = d;
    }
  }
  return found;
}

static struct ph_block *get_block(struct ph_stack *stack,
                                  const struct datagram *d) {
  struct ip_reassembly *all = d->all;
  while (all->blocks >= all->max_blocks ||
         ph_block_spare(&stack->blocks) == 0) {
    struct datagram *victim = oldest(all, d, true);
    if (!victim) {
      return NULL;
    }
    fail(stack, victim);
    forget(stack, victim);
  }
  all->blocks++;
  return ph_block_get(&stack->blocks);
}

/* ---- Datagrams ----------------------------------------------------------- */

/* RFC 791 3.2: source, destination, identification and protocol; in IPv6 the
 * first three (RFC 8200 4.5), and the interface where they mean something. */
static bool same(const struct datagram *d, const struct ip_fragment *f) {
  const struct ip_fragment *g = &d->first;
  return d->used && g->id == f->id && g->rx.protocol == f->rx.protocol &&
         ph_addr_equal(&g->rx.src, &f->rx.src) &&
         ph_addr_equal(&g->rx.dst, &f->rx.dst);
}

static struct datagram *find(struct ip_reassembly *all,
                             const struct ip_fragment *f) {
  for (uint32_t i = 0; i < all->max_datagrams; i++) {
    if (same(&all->datagrams[i], f)) {
      return &all->datagrams[i];
    }
  }
  return NULL;
}

static struct datagram *start(struct ph_stack *stack, struct ip_reassembly *all,
                              const struct ip_fragment *f) {
  struct datagram *d = NULL;
  for (uint32_t i = 0; i < all->max_datagrams && !d; i++) {
    d = all->datagrams[i].used ? NULL : &all->datagrams[i];
  }
  if (!d) {
    d = oldest(all, NULL, false);
    fail(stack, d);
    forget(stack, d);
  }
  d->first = *f;
  d->since_ns = stack->now_ns;
  d->first_len = d->total = d->reached = d->units = 0;
  d->ecn = 0;
  d->used = true;
  d->block = get_block(stack, d);
  if (!d->block) {
    d->used = false;
    return NULL;
  }
  memset(d->block->data, 0, sizeof(struct content));
  ph_stack_timer_in(stack, &d->timer, is_v6(d) ? LIFE_V6_NS : LIFE_V4_NS);
  return d;
}

/* ---- What came ----------------------------------------------------------- */

/* The bits of `word` that belong to units `from` to `to` (exclusive). */
static uint64_t mask_of(uint32_t word, uint32_t from, uint32_t to) {
  uint64_t mask = UINT64_MAX;
  if (word == from / 64) {
    mask &= UINT64_MAX << from % 64;
  }
  if (word == to / 64) {
    mask &= (UINT64_C(1) << to % 64) - 1;
  }
  return mask;
}

static bool any(const uint64_t *bits, uint32_t from, uint32_t to) {
  for (uint32_t word = from / 64; word * 64 < to; word++) {
    if (bits[word] & mask_of(word, from, to)) {
      return true;
    }
  }
  return false;
}

static bool all_of(const uint64_t *bits, uint32_t from, uint32_t to) {
  for (uint32_t word = from / 64; word * 64 < to; word++) {
    if (~bits[word] & mask_of(word, from, to)) {
      return false;
    }
  }
  return true;
}

static bool at(const uint64_t *bits, uint32_t unit) {
  return bits[unit / 64] >> unit % 64 & 1;
}

/* Exactly what one fragment brought. */
static bool is_duplicate(const struct datagram *d, uint32_t from, uint32_t to,
                         uint32_t end, bool more) {
  const struct content *c = content_of(d);
  bool last = to == UNITS || !at(c->have, to) || at(c->begins, to);
  return at(c->begins, from) && all_of(c->have, from, to) &&
         !any(c->begins, from + 1, to) && last && more == (end != d->total);
}

/* True if the end of the data, as far as it is known, is where it was. */
static PH_APART_IF_SMALL bool end_good(struct datagram *d, uint32_t end,
                                       bool more) {
  if (!more) {
    bool good = d->total ? end == d->total : end >= d->reached;
    d->total = end;
    return good;
  }
  return !d->total || end < d->total;
}

static bool copy_data(struct ph_stack *stack, struct datagram *d,
                      const struct pkt *pkt, const struct ip_fragment *f,
                      uint32_t len) {
  struct content *c = content_of(d);
  for (uint32_t done = 0; done < len;) {
    uint32_t to = f->offset + done;
    struct ph_block **block = &c->blocks[to / PH_BLOCK_SIZE];
    if (!*block) {
      *block = get_block(stack, d);
    }
    if (!*block) {
      return false;
    }
    uint32_t n = ph_min_u32(len - done, PH_BLOCK_SIZE - to % PH_BLOCK_SIZE);
    pkt_copy(pkt, f->data_at + done, (*block)->data + to % PH_BLOCK_SIZE, n);
    done += n;
  }
  return true;
}

enum verdict { KEPT, DUPLICATE, WRONG };

static enum verdict add(struct ph_stack *stack, struct datagram *d,
                        const struct pkt *pkt, const struct ip_fragment *f) {
  struct content *c = content_of(d);
  uint32_t len = pkt->len - f->data_at;
  uint32_t end = f->offset + len;
  uint32_t from = f->offset / UNIT, to = (end + UNIT - 1) / UNIT;
  if (any(c->have, from, to)) {
    return is_duplicate(d, from, to, end, f->more) ? DUPLICATE : WRONG;
  }
  if (!end_good(d, end, f->more) || !copy_data(stack, d, pkt, f, len)) {
    return WRONG;
  }
  for (uint32_t word = from / 64; word * 64 < to; word++) {
    c->have[word] |= mask_of(word, from, to);
  }
  c->begins[from / 64] |= UINT64_C(1) << from % 64;
  d->units += to - from;
  d->reached = ph_max_u32(d->reached, end);
  d->ecn |= (uint8_t)(1 << (f->rx.tos & 3));
  if (f->offset == 0) {
    d->first = *f;
    d->first_len = len;
    d->netif = pkt->netif;
    memcpy(c->header, pkt->head, f->data_at);
  }
  return KEPT;
}

/* ---- The whole ----------------------------------------------------------- */

/* A packet of `header_len` bytes of the first fragment's headers and `len`
 * bytes of data; as much as there is room for in its linear part. */
static struct pkt *build(struct ph_stack *stack, const struct datagram *d,
                         uint32_t header_len, uint32_t len) {
  const struct content *c = content_of(d);
  struct pkt *pkt = ph_stack_pkt(stack, HEADROOM, 0);
  if (!pkt) {
    return NULL;
  }
  uint32_t linear =
      ph_min_u32(len, ph_min_u32(LINEAR_MAX, PKT_ROOM - HEADROOM - header_len));
  memcpy(pkt->head, c->header, header_len);
  memcpy(pkt->head + header_len, c->blocks[0]->data, linear);
  pkt->head_len = pkt->len = header_len + linear;
  for (uint32_t from = linear; from < len;) {
    struct ph_block *block = c->blocks[from / PH_BLOCK_SIZE];
    uint32_t inside = from % PH_BLOCK_SIZE;
    uint32_t n = ph_min_u32(len - from, PH_BLOCK_SIZE - inside);
    (void)pkt_add_frag(pkt, block, block->data + inside, n);
    from += n;
  }
  pkt->netif = d->netif;
  return pkt;
}

/* RFC 3168 5.3: congestion that one fragment met is told for all; but those of
 * a packet that takes no part in ECN can't be mixed with others. */
static bool merge_ecn(uint32_t seen, uint8_t *tos) {
  enum { NOT_ECT = 1, CE = 8 };
  if ((seen & NOT_ECT) && seen != NOT_ECT) {
    return false;
  }
  if (seen & CE) {
    *tos |= 3;
  }
  return true;
}

/* IPv6 does not count its header. */
static uint32_t length_max(bool v6) {
  return v6 ? UINT16_MAX + (uint32_t)IPV6_HDR_LEN : UINT16_MAX;
}

static bool finish_v4(const struct datagram *d, uint8_t *h) {
  uint32_t ihl = d->first.header_len;
  if (ihl + d->total > length_max(false) ||
      !merge_ecn(d->ecn, &h[IPV4_OFF_TOS])) {
    return false;
  }
  put_be16(h + IPV4_OFF_LEN, (uint16_t)(ihl + d->total));
  put_be16(h + IPV4_OFF_FRAG, 0);
  put_be16(h + IPV4_OFF_CSUM, 0);
  put_be16(h + IPV4_OFF_CSUM, (uint16_t)~csum_data(h, ihl, 0));
  return true;
}

static bool finish_v6(const struct datagram *d, uint8_t *h) {
  const struct ip_fragment *f = &d->first;
  uint8_t tos = (uint8_t)(get_be16(h) >> 4);
  uint32_t len = f->header_len - IPV6_HDR_LEN + d->total;
  if (len > UINT16_MAX || !merge_ecn(d->ecn, &tos)) {
    return false;
  }
  put_be16(h, (uint16_t)((get_be16(h) & 0xf00f) | (uint32_t)tos << 4));
  put_be16(h + IPV6_OFF_LEN, (uint16_t)len);
  h[f->next_at] = content_of(d)->header[f->header_len];
  return true;
}

static struct pkt *complete(struct ph_stack *stack, struct datagram *d) {
  struct ph_stats *stats = &stack->stats;
  bool v6 = is_v6(d);
  struct pkt *whole = build(stack, d, d->first.header_len, d->total);
  if (whole && !(v6 ? finish_v6(d, whole->head) : finish_v4(d, whole->head))) {
    pkt_put(whole);
    whole = NULL;
  }
  if (whole) {
    count(v6, &stats->IpReasmOKs, &stats->Ip6ReasmOKs);
  } else {
    fail(stack, d);
  }
  forget(stack, d);
  return whole;
}

struct pkt *ip_reassemble(struct ph_stack *stack, struct pkt *pkt,
                          const struct ip_fragment *f) {
  struct ip_reassembly *all = ip_of(stack)->reassembly;
  struct ph_stats *stats = &stack->stats;
  bool v6 = f->rx.family != &ipv4_family;
  uint32_t len = pkt->len - f->data_at;
  struct datagram *d = find(all, f);
  struct pkt *whole = NULL;
  count(v6, &stats->IpReasmReqds, &stats->Ip6ReasmReqds);
  bool good = len > 0 && (!f->more || len % UNIT == 0) &&
              f->header_len + f->offset + len <= length_max(v6) &&
              f->data_at <= ph_min_u32(HEADER_MAX, pkt->head_len);
  if (good && !d) {
    d = start(stack, all, f);
  }
  if (!good || !d) {
    count(v6, &stats->IpReasmFails, &stats->Ip6ReasmFails);
  } else if (d->block) { /* else it ended: RFC 5722 4 */
    if (add(stack, d, pkt, f) == WRONG) {
      fail(stack, d);
    } else if (d->total && d->units == (d->total + UNIT - 1) / UNIT) {
      whole = complete(stack, d);
    }
  }
  pkt_put(pkt);
  return whole;
}

/* ---- Time and start ------------------------------------------------------ */

/* RFC 792, RFC 4443 3.3: with what came of the first fragment. */
static void tell(struct ph_stack *stack, const struct datagram *d) {
  struct pkt *pkt = build(stack, d, d->first.data_at, d->first_len);
  if (pkt) {
    pkt->l3 = pkt->head;
    d->first.rx.family->send_error(stack, pkt, &d->first.rx,
                                   IP_ERROR_REASSEMBLY);
    pkt_put(pkt);
  }
}

static void expire(struct ph_stack *stack, struct ph_timer *timer) {
  struct datagram *d = PH_CONTAINER_OF(timer, struct datagram, timer);
  struct ph_stats *stats = &stack->stats;
  if (d->block) {
    count(is_v6(d), &stats->IpReasmTimeout, &stats->Ip6ReasmTimeout);
    if (d->first_len > 0) {
      tell(stack, d);
    }
    fail(stack, d);
  }
  d->used = false;
}

/* ip_state.reassemble4: the same of an IPv4 fragment as it came. */
static struct pkt *ipv4_reassemble(struct ph_stack *stack, struct pkt *pkt,
                                   bool broadcast) {
  const uint8_t *h = pkt->head;
  uint32_t field = get_be16(h + IPV4_OFF_FRAG);
  uint32_t header_len = (h[0] & 15u) * 4;
  struct ip_fragment fragment = {.rx = ipv4_rx(h, broadcast),
                                 .id = get_be16(h + IPV4_OFF_ID),
                                 .header_len = header_len,
                                 .data_at = header_len,
                                 .offset = (field & 0x1fff) * 8,
                                 .more = field & IPV4_MF};
  /* What it returns is a packet, no part of `fragment`. */
  /* cppcheck-suppress returnDanglingLifetime */
  return ip_reassemble(stack, pkt, &fragment);
}

int ph_ip_reassembly_init(struct ph_stack *stack,
                          const struct ph_reassembly_config *config) {
  int error = ph_ip_init(stack, NULL);
  if (error) {
    return error;
  }
  uint32_t datagrams =
      config && config->max_datagrams ? config->max_datagrams : DATAGRAMS;
  struct ip_reassembly *all = ph_stack_alloc(
      stack, sizeof(*all) + (size_t)datagrams * sizeof(struct datagram));
  if (!all) {
    return -PH_ENOMEM;
  }
  all->max_datagrams = datagrams;
  all->max_blocks = config && config->max_blocks
                        ? config->max_blocks
                        : stack->blocks.count / POOL_PART;
  for (uint32_t i = 0; i < datagrams; i++) {
    all->datagrams[i].all = all;
    all->datagrams[i].timer.fn = expire;
  }
  ip_of(stack)->reassembly = all;
  ip_of(stack)->reassemble = ip_reassemble;
  ip_of(stack)->reassemble4 = ipv4_reassemble;
  return 0;
}
