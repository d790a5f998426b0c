/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: vring_dma -GNumQueues=6 */
/* The rings with six queues at once, more than the device has today: each
 * queue's chains reach its mover whole and in the order of its available ring,
 * each used head goes back to its own ring, and a queue that is stopped and
 * started anew disturbs no other. (The engine's tests look at the rest.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dut_vring_dma.h"
#include "tests/rtl/model/axi_mem.h"
#include "tests/rtl/model/host_ring.h"
#include "tests/rtl/tb.h"

TB_DUT(vring_dma)

enum { QUEUES = 6, SIZE = 64, ELEMS = 5, LINE = 1024 };
#ifdef PH_GATES
enum { CHAINS = 60, STOPS = 4 };
#else
enum { CHAINS = 600, STOPS = 40 };
#endif

struct queue {
  struct host_ring ring;
  uint16_t posted[LINE]; /* heads in the order of the available ring */
  unsigned put, taken, back;
};

struct mover {
  int open;      /* queue of the chain that is coming, or -1 */
  unsigned elem; /* its next element */
  uint8_t queue[LINE];
  uint16_t head[LINE];
  unsigned put, get; /* used elements to hand back */
};

struct rings {
  struct dut_vring_dma *d;
  struct tb *tb;
  struct axi_mem *mem;
  struct tb_rand rand;
  struct tb_agent agent;
  struct queue queue[QUEUES];
  struct mover mover[2];
  unsigned kick, run, most_open;
  unsigned pace; /* of 256: a mover takes an element */
  uint64_t area, errors;
};

static uint32_t used_len(unsigned queue, unsigned head) {
  return 100 * head + queue;
}

static void drive(void *self) {
  struct rings *r = self;
  struct dut_vring_dma *d = r->d;
  *d->kick_i = (uint8_t)r->kick;
  r->kick = 0;
  *d->desc_ready = (uint8_t)(tb_rand_chance(&r->rand, r->pace) |
                             tb_rand_chance(&r->rand, r->pace) << 1);
  *d->used_valid = 0;
  *d->used_queue = 0;
  *d->used_head = 0;
  *d->used_len = 0;
  for (unsigned m = 0; m < 2; m++) {
    const struct mover *v = &r->mover[m];
    if (v->put == v->get) continue;
    unsigned q = v->queue[v->get % LINE], head = v->head[v->get % LINE];
    *d->used_valid |= (uint8_t)(1 << m);
    *d->used_queue |= (uint16_t)(q << 8 * m);
    *d->used_head |= head << 16 * m;
    *d->used_len |= (uint64_t)used_len(q, head) << 32 * m;
  }
}

static void element(struct rings *r, unsigned m) {
  struct dut_vring_dma *d = r->d;
  struct mover *v = &r->mover[m];
  unsigned q = *d->desc_queue >> 8 * m & 255;
  unsigned head = *d->desc_head >> 16 * m & 65535;
  unsigned flags = *d->desc_flags >> 4 * m & 15;
  uint64_t addr = m ? *d->desc_addr1 : *d->desc_addr0;
  uint32_t len = (uint32_t)(*d->desc_len >> 32 * m);
  assert_true(q < QUEUES && q % 2 == m);
  struct queue *k = &r->queue[q];
  if (v->open < 0) {
    assert_true(k->taken < k->put);
    assert_int_equal(head, k->posted[k->taken++ % LINE]);
    v->open = (int)q;
    v->elem = 0;
  }
  assert_int_equal(q, v->open); /* a chain is never interrupted */
  const struct host_chain *c = &k->ring.chain[head];
  bool last = v->elem + 1 == c->count;
  assert_int_equal(flags,
                   (v->elem == 0 ? 8 : 0) | (last ? 4 : 0) | (q % 2 ? 0 : 2));
  assert_true(addr == c->elem[v->elem].addr && len == c->elem[v->elem].len);
  v->elem++;
  if (!last) return;
  v->open = -1;
  v->queue[v->put % LINE] = (uint8_t)q;
  v->head[v->put++ % LINE] = (uint16_t)head;
}

static void sample(void *self) {
  struct rings *r = self;
  struct dut_vring_dma *d = r->d;
  for (unsigned m = 0; m < 2; m++) {
    if (*d->desc_valid & *d->desc_ready & 1 << m) element(r, m);
    if (*d->used_valid & *d->used_ready & 1 << m) r->mover[m].get++;
  }
  unsigned open = 0;
  for (unsigned q = 0; q < QUEUES; q++) open += !(*d->quiet_o >> q & 1);
  if (open > r->most_open) r->most_open = open;
  r->errors += *d->err_o;
}

/* Fresh rings of a queue, then its configuration, then run. */
static void start(struct rings *r, unsigned q) {
  struct dut_vring_dma *d = r->d;
  struct queue *k = &r->queue[q];
  memset(k, 0, sizeof *k);
  host_ring_init(&k->ring, r->mem, SIZE, q % 2 == 0, true, tb_rand64(&r->rand));
  *d->cfg_queue = (uint8_t)q;
  *d->cfg_size = SIZE;
  *d->cfg_desc = k->ring.desc;
  *d->cfg_driver = k->ring.avail;
  *d->cfg_device = k->ring.used;
  *d->cfg_load_i = 1;
  tb_step(r->tb);
  *d->cfg_load_i = 0;
  r->run |= 1u << q;
  *d->run_i = (uint8_t)r->run;
}

/* The driver of one queue: takes back what is used, posts, notifies. */
static void serve(struct rings *r, unsigned q, unsigned chains) {
  struct queue *k = &r->queue[q];
  uint16_t head;
  uint32_t len;
  uint64_t user;
  while (host_ring_get(&k->ring, &head, &len, &user)) {
    assert_int_equal(len, used_len(q, head));
    k->back++;
  }
  while (k->put < chains && k->ring.free_count > ELEMS + 1) {
    struct host_elem e[ELEMS];
    unsigned n = 1 + tb_rand_below(&r->rand, ELEMS);
    for (unsigned i = 0; i < n; i++)
      e[i] = (struct host_elem){r->area + tb_rand_below(&r->rand, 60000),
                                1 + tb_rand_below(&r->rand, 2000)};
    int h = host_ring_add(&k->ring, e, n,
                          (enum host_ring_mode)tb_rand_below(&r->rand, 3), 0);
    assert_true(h >= 0);
    k->posted[k->put++ % LINE] = (uint16_t)h;
    if (tb_rand_chance(&r->rand, 64)) break;
  }
  if (host_ring_publish(&k->ring)) r->kick |= 1u << q;
}

static void step(struct rings *r, unsigned chains) {
  tb_step(r->tb);
  unsigned q = tb_rand_below(&r->rand, 4 * QUEUES);
  if (q < QUEUES && r->run >> q & 1) serve(r, q, chains);
}

/* Stops one queue while the others work, and forgets it. */
static void stop(struct rings *r, unsigned q) {
  struct dut_vring_dma *d = r->d;
  struct queue *k = &r->queue[q];
  r->run &= ~(1u << q);
  *d->run_i = (uint8_t)r->run;
  for (unsigned waited = 0; !(*d->quiet_o >> q & 1); waited++) {
    step(r, UINT32_MAX);
    assert_true(waited < 2000);
  }
  struct mover *v = &r->mover[q % 2];
  unsigned kept = v->get;
  for (unsigned i = v->get; i < v->put; i++) {
    if (v->queue[i % LINE] == q) continue;
    v->queue[kept % LINE] = v->queue[i % LINE];
    v->head[kept++ % LINE] = v->head[i % LINE];
  }
  v->put = kept;
  if (v->open == (int)q) v->open = -1;
  *d->clear_i = (uint8_t)(1u << q);
  step(r, UINT32_MAX);
  *d->clear_i = 0;
  axi_mem_permit(r->mem, k->ring.desc, 16 * SIZE, 0);
  axi_mem_permit(r->mem, k->ring.avail, 6 + 2 * SIZE, 0);
  axi_mem_permit(r->mem, k->ring.used, 6 + 8 * SIZE, 0);
  host_ring_free(&k->ring);
}

static struct rings *rings_new(uint64_t seed) {
  struct rings *r = calloc(1, sizeof *r);
  struct dut_vring_dma *d = r->d = dut_vring_dma_new();
  r->tb = tb_new_vring_dma(d);
  r->rand.state = seed;
  tb_clock(r->tb, d->clk_i, d->rst_ni, 64);
  const struct axi_mem_port axi = AXI_MEM_PORT(d);
  r->mem = axi_mem_new(r->tb, 0, &axi, 0x7fff0000, 64u << 20, seed + 1);
  r->pace = 128;
  r->area = axi_mem_alloc(r->mem, 65536, 4096);
  r->mover[0].open = r->mover[1].open = -1;
  r->agent = (struct tb_agent){drive, sample, r, 0, NULL};
  tb_agent(r->tb, 0, &r->agent);
  tb_reset(r->tb);
  return r;
}

static void rings_delete(struct rings *r) {
  for (unsigned q = 0; q < QUEUES; q++) host_ring_free(&r->queue[q].ring);
  tb_delete(r->tb);
  axi_mem_delete(r->mem);
  dut_vring_dma_delete(r->d);
  free(r);
}

/* Until each queue has had `chains` back, then nothing moves any more. */
static void finish(struct rings *r, unsigned chains) {
  for (unsigned q = 0; q < QUEUES; q++) {
    for (unsigned c = 0; c < 400000 && r->queue[q].back < chains; c++)
      step(r, chains);
    assert_int_equal(r->queue[q].back, chains);
    assert_int_equal(r->queue[q].taken, chains);
  }
  for (unsigned i = 0; i < 1500; i++) tb_step(r->tb);
  assert_int_equal(*r->d->busy_o, 0);
  assert_int_equal(*r->d->empty_o, (1 << QUEUES) - 1);
  assert_int_equal(r->errors, 0);
  assert_int_equal(r->mem->violations, 0);
}

static void six_queues_at_once(void **state) {
  (void)state;
  static const unsigned latencies[] = {0, 30, 100};
  for (unsigned i = 0; i < 3; i++) {
    struct rings *r = rings_new(70 + i);
    r->mem->read_latency = r->mem->write_latency = latencies[i];
    r->mem->stall = 20 * i;
    r->mem->shuffle = true;
    for (unsigned q = 0; q < QUEUES; q++) start(r, q);
    finish(r, CHAINS);
    assert_int_equal(r->most_open, QUEUES); /* all had something in flight */
    rings_delete(r);
  }
}

static void one_queue_starts_anew_while_five_work(void **state) {
  (void)state;
  struct rings *r = rings_new(80);
  r->pace = 40; /* the movers bound the rate, not the bus */
  r->mem->shuffle = true;
  for (unsigned q = 0; q < QUEUES; q++) start(r, q);
  for (unsigned i = 0; i < STOPS; i++) {
    r->mem->read_latency = tb_rand_below(&r->rand, 100);
    r->mem->write_latency = tb_rand_below(&r->rand, 100);
    unsigned cycles = 50 + tb_rand_below(&r->rand, 800);
    while (cycles--) step(r, UINT32_MAX);
    unsigned q = tb_rand_below(&r->rand, QUEUES);
    unsigned before[QUEUES];
    for (unsigned k = 0; k < QUEUES; k++) before[k] = r->queue[k].back;
    stop(r, q);
    for (unsigned k = 0; k < QUEUES; k++) {
      for (cycles = 0; k != q && r->queue[k].back < before[k] + 10; cycles++) {
        step(r, UINT32_MAX);
        assert_true(cycles < 20000);
      }
    }
    start(r, q);
  }
  unsigned most = 0;
  for (unsigned q = 0; q < QUEUES; q++)
    if (r->queue[q].put > most) most = r->queue[q].put;
  finish(r, most);
  rings_delete(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(six_queues_at_once),
      cmocka_unit_test(one_queue_starts_anew_while_five_work),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
