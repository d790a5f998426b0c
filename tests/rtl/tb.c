/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/tb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

uint64_t tb_rand64(struct tb_rand *r) {
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

uint32_t tb_rand_below(struct tb_rand *r, uint32_t bound) {
  return (uint32_t)((tb_rand64(r) >> 32) * bound >> 32);
}

bool tb_rand_chance(struct tb_rand *r, unsigned of256) {
  return of256 > 0 && tb_rand_below(r, 256) < of256;
}

void tb_rand_fill(struct tb_rand *r, void *data, size_t len) {
  for (size_t i = 0; i < len; i++) ((uint8_t *)data)[i] = (uint8_t)tb_rand64(r);
}

/* --- Clocks ----------------------------------------------------------------
 */

/* What tb_delete frees. */
struct owned {
  struct owned *next;
  void *object;
  void (*destroy)(void *object);
};

static void *own(struct tb *tb, size_t size, void (*destroy)(void *)) {
  struct owned *o = calloc(1, sizeof(*o));
  assert_non_null(o);
  o->object = calloc(1, size);
  assert_non_null(o->object);
  o->destroy = destroy;
  o->next = tb->owned;
  tb->owned = o;
  return o->object;
}

struct tb *tb_new(void *dut, void (*eval)(void *),
                  void (*show_time)(void *, uint64_t)) {
  struct tb *tb = calloc(1, sizeof(*tb));
  assert_non_null(tb);
  tb->dut = dut;
  tb->eval = eval;
  tb->show_time = show_time;
  return tb;
}

void tb_delete(struct tb *tb) {
  for (struct owned *o = tb->owned, *next; o; o = next) {
    next = o->next;
    o->destroy(o->object);
    free(o->object);
    free(o);
  }
  free(tb);
}

unsigned tb_clock(struct tb *tb, uint8_t *clk, uint8_t *rst_n,
                  uint64_t period) {
  assert_true(tb->clocks < TB_MAX_CLOCKS && period > 0);
  unsigned i = tb->clocks++;
  tb->clock[i].clk = clk;
  tb->clock[i].rst_n = rst_n;
  tb->clock[i].period = period;
  tb->clock[i].next = tb->now + period;
  *clk = 0;
  if (rst_n) *rst_n = 1;
  return i;
}

void tb_agent(struct tb *tb, unsigned clock, struct tb_agent *agent) {
  struct tb_agent **end = &tb->agents;
  while (*end) end = &(*end)->next;
  agent->clock = clock;
  agent->next = NULL;
  *end = agent;
}

void tb_step(struct tb *tb) {
  uint64_t now = UINT64_MAX;
  for (unsigned i = 0; i < tb->clocks; i++)
    if (tb->clock[i].next < now) now = tb->clock[i].next;
  tb->now = now;
  for (struct tb_agent *a = tb->agents; a; a = a->next)
    if (a->drive && tb->clock[a->clock].next == now) a->drive(a->self);
  tb->eval(tb->dut);
  for (struct tb_agent *a = tb->agents; a; a = a->next)
    if (a->sample && tb->clock[a->clock].next == now) a->sample(a->self);
  tb->show_time(tb->dut, 2 * now - 1);
  for (unsigned i = 0; i < tb->clocks; i++)
    if (tb->clock[i].next == now) *tb->clock[i].clk = 1;
  tb->eval(tb->dut);
  tb->show_time(tb->dut, 2 * now);
  for (unsigned i = 0; i < tb->clocks; i++) {
    if (tb->clock[i].next != now) continue;
    *tb->clock[i].clk = 0;
    tb->clock[i].next += tb->clock[i].period;
    tb->clock[i].cycles++;
  }
  tb->eval(tb->dut);
}

void tb_run(struct tb *tb, uint64_t cycles) {
  uint64_t end = tb->clock[0].cycles + cycles;
  while (tb->clock[0].cycles < end) tb_step(tb);
}

void tb_reset(struct tb *tb) {
  uint64_t slowest = 0;
  for (unsigned i = 0; i < tb->clocks; i++) {
    if (tb->clock[i].rst_n) *tb->clock[i].rst_n = 0;
    if (tb->clock[i].period > slowest) slowest = tb->clock[i].period;
  }
  /* The agents rest, so that nothing is taken during reset. */
  struct tb_agent *agents = tb->agents;
  tb->agents = NULL;
  for (uint64_t end = tb->now + 3 * slowest; tb->now < end;) tb_step(tb);
  tb->agents = agents;
  for (unsigned i = 0; i < tb->clocks; i++)
    if (tb->clock[i].rst_n) *tb->clock[i].rst_n = 1;
}

/* --- Source ----------------------------------------------------------------
 */

static void source_offer(struct tb_source *s) {
  const struct tb_frame *f = &s->queue[s->sent];
  size_t n = f->len - s->offset;
  bool last = n <= s->port.bytes;
  if (!last) n = s->port.bytes;
  uint8_t beat[64];
  /* Bytes that do not count are noise. */
  tb_rand_fill(&s->rand, beat, s->port.bytes);
  memcpy(beat, f->data + s->offset, n);
  memcpy(s->port.data, beat, s->port.bytes);
  uint64_t keep = n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
  if (s->port.keep) memcpy(s->port.keep, &keep, s->port.bytes / 8);
  if (s->port.last) *s->port.last = last;
  if (s->port.err) *s->port.err = last && f->err;
  if (s->offset == 0 && s->on_first) s->on_first(s->ctx, f);
  if (s->on_beat) s->on_beat(s->ctx, f, s->offset);
}

static void source_drive(void *self) {
  struct tb_source *s = self;
  if (!s->offering && s->sent < s->count &&
      !tb_rand_chance(&s->rand, s->offset ? s->stall_inside : s->stall)) {
    source_offer(s);
    s->offering = true;
  }
  *s->port.valid = s->offering;
}

static void source_sample(void *self) {
  struct tb_source *s = self;
  if (!s->offering || (s->port.ready && !*s->port.ready)) return;
  s->offering = false;
  s->offset += s->port.bytes;
  if (s->offset >= s->queue[s->sent].len) {
    free(s->queue[s->sent].data);
    s->queue[s->sent].data = NULL;
    s->sent++;
    s->offset = 0;
  }
}

static void source_destroy(void *self) {
  struct tb_source *s = self;
  for (size_t i = s->sent; i < s->count; i++) free(s->queue[i].data);
  free(s->queue);
}

struct tb_source *tb_source_new(struct tb *tb, unsigned clock,
                                const struct tb_port *port, unsigned stall,
                                uint64_t seed) {
  assert_true(port->bytes >= 8 && port->bytes <= 64);
  struct tb_source *s = own(tb, sizeof(*s), source_destroy);
  s->port = *port;
  s->stall = s->stall_inside = stall;
  s->rand.state = seed;
  s->tb = tb;
  *port->valid = 0;
  s->agent = (struct tb_agent){.drive = source_drive, .sample = source_sample};
  s->agent.self = s;
  tb_agent(tb, clock, &s->agent);
  return s;
}

static void *grow(void *array, size_t *capacity, size_t size) {
  *capacity = *capacity ? *capacity * 2 : 64;
  array = realloc(array, *capacity * size);
  assert_non_null(array);
  return array;
}

struct tb_frame *tb_source_push(struct tb_source *s, const void *data,
                                size_t len) {
  assert_true(len > 0);
  if (s->count == s->capacity)
    s->queue = grow(s->queue, &s->capacity, sizeof(*s->queue));
  struct tb_frame *f = &s->queue[s->count++];
  *f = (struct tb_frame){.len = len};
  f->data = malloc(len);
  assert_non_null(f->data);
  memcpy(f->data, data, len);
  return f;
}

bool tb_source_idle(const struct tb_source *s) {
  return s->sent == s->count;
}

/* --- Sink ------------------------------------------------------------------
 */

static void sink_drive(void *self) {
  struct tb_sink *s = self;
  if (s->port.ready) *s->port.ready = !tb_rand_chance(&s->rand, s->stall);
}

/* The beat as bytes, to see that it holds. */
static void sink_image(const struct tb_sink *s, uint8_t *image) {
  memcpy(image, s->port.data, s->port.bytes);
  if (s->port.keep) memcpy(image + 64, s->port.keep, s->port.bytes / 8);
  image[72] = s->port.last ? *s->port.last : 0;
  image[73] = s->port.err && image[72] ? *s->port.err : 0;
}

/* Bytes of the beat; asserts the rules of keep. */
static size_t sink_bytes(const struct tb_sink *s, bool last) {
  if (!s->port.keep) return s->port.bytes;
  uint64_t keep = 0;
  memcpy(&keep, s->port.keep, s->port.bytes / 8);
  size_t n = 0;
  while (n < s->port.bytes && keep >> n & 1) n++;
  if (n < 64) assert_int_equal(keep >> n, 0);
  assert_true(n > 0);
  if (!last) assert_int_equal(n, s->port.bytes);
  return n;
}

static void sink_close(struct tb_sink *s) {
  s->open.err = s->port.err && *s->port.err;
  s->open.end = s->tb->clock[s->agent.clock].cycles;
  if (s->on_last) s->on_last(s->ctx, &s->open);
  if (s->count == s->capacity)
    s->frames = grow(s->frames, &s->capacity, sizeof(*s->frames));
  s->frames[s->count++] = s->open;
  s->open = (struct tb_frame){0};
  s->open_capacity = 0;
}

static void sink_sample(void *self) {
  struct tb_sink *s = self;
  uint8_t image[sizeof(s->held)] = {0};
  sink_image(s, image);
  if (s->waiting) {
    assert_true(*s->port.valid);
    assert_memory_equal(image, s->held, sizeof(image));
  }
  s->waiting = *s->port.valid && s->port.ready && !*s->port.ready;
  memcpy(s->held, image, sizeof(image));
  if (!*s->port.valid || s->waiting) return;
  bool last = !s->port.last || *s->port.last;
  size_t n = sink_bytes(s, last);
  if (s->open.len == 0) s->open.first = s->tb->clock[s->agent.clock].cycles;
  while (s->open.len + n > s->open_capacity)
    s->open.data = grow(s->open.data, &s->open_capacity, 1);
  memcpy(s->open.data + s->open.len, s->port.data, n);
  s->open.len += n;
  s->beats++;
  if (last) sink_close(s);
}

static void sink_destroy(void *self) {
  struct tb_sink *s = self;
  for (size_t i = 0; i < s->count; i++) free(s->frames[i].data);
  free(s->frames);
  free(s->open.data);
}

struct tb_sink *tb_sink_new(struct tb *tb, unsigned clock,
                            const struct tb_port *port, unsigned stall,
                            uint64_t seed) {
  assert_true(port->bytes >= 8 && port->bytes <= 64);
  struct tb_sink *s = own(tb, sizeof(*s), sink_destroy);
  s->port = *port;
  s->stall = stall;
  s->rand.state = seed;
  s->tb = tb;
  s->agent = (struct tb_agent){.drive = sink_drive, .sample = sink_sample};
  s->agent.self = s;
  tb_agent(tb, clock, &s->agent);
  return s;
}

const struct tb_frame *tb_sink_pop(struct tb_sink *s) {
  return s->taken < s->count ? &s->frames[s->taken++] : NULL;
}

void tb_run_until(struct tb *tb, const struct tb_sink *s, size_t frames,
                  uint64_t limit) {
  uint64_t end = tb->clock[0].cycles + limit;
  while (s->count < frames) {
    if (tb->clock[0].cycles >= end)
      fail_msg("only %zu of %zu frames after %llu cycles", s->count, frames,
               (unsigned long long)limit);
    tb_step(tb);
  }
}
