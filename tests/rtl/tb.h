/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of an RTL module needs: clocks, a seeded random sequence, and
 * a source and a sink for the streams of docs/terminology.md.
 *
 * One edge of a clock runs in this order: the agents of that clock drive the
 * inputs, the model settles, the agents sample the outputs (a beat moves when
 * valid and ready are both up here), the clock rises. Clocks that rise at the
 * same time rise together.
 *
 *   TB_DUT(stream_fifo)                      defines tb_new_stream_fifo()
 *   struct dut_stream_fifo *d = dut_stream_fifo_new();
 *   struct tb *tb = tb_new_stream_fifo(d);
 *   tb_clock(tb, d->clk_i, d->rst_ni, 64);   clock 0, period 6.4 ns
 *   struct tb_source *in = tb_source_new(tb, 0, &(struct tb_port){...});
 *   tb_reset(tb);
 *   tb_source_push(in, frame, length);
 *   tb_run(tb, 100);
 */
#ifndef PH_TESTS_RTL_TB_H
#define PH_TESTS_RTL_TB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Random numbers (splitmix64): equal seeds, equal sequences ------------ */
struct tb_rand {
  uint64_t state;
};
uint64_t tb_rand64(struct tb_rand *r);
/* 0 <= result < bound, bound > 0. */
uint32_t tb_rand_below(struct tb_rand *r, uint32_t bound);
/* True in `of256` of 256 cases. */
bool tb_rand_chance(struct tb_rand *r, unsigned of256);
void tb_rand_fill(struct tb_rand *r, void *data, size_t len);

/* --- Clocks --------------------------------------------------------------- */
enum { TB_MAX_CLOCKS = 4 };

/* Something that acts at each edge of one clock. The test may embed its own. */
struct tb_agent {
  void (*drive)(void *self);  /* sets inputs; may be NULL */
  void (*sample)(void *self); /* reads settled outputs; may be NULL */
  void *self;
  unsigned clock;
  struct tb_agent *next;
};

struct tb {
  void *dut;
  void (*eval)(void *dut);
  void (*show_time)(void *dut, uint64_t time);
  uint64_t now; /* unit: that of the periods */
  unsigned clocks;
  struct {
    uint8_t *clk, *rst_n;
    uint64_t period, next;
    uint64_t cycles; /* edges so far */
  } clock[TB_MAX_CLOCKS];
  struct tb_agent *agents;
  void *owned; /* sources and sinks, freed by tb_delete */
};

#define TB_DUT(name)                                        \
  static void tb_eval_##name(void *dut) {                   \
    dut_##name##_eval((struct dut_##name *)dut);            \
  }                                                         \
  static void tb_time_##name(void *dut, uint64_t time) {    \
    dut_##name##_time((struct dut_##name *)dut, time);      \
  }                                                         \
  static struct tb *tb_new_##name(struct dut_##name *dut) { \
    return tb_new(dut, tb_eval_##name, tb_time_##name);     \
  }

struct tb *tb_new(void *dut, void (*eval)(void *),
                  void (*show_time)(void *, uint64_t));
/* Frees the bench with its sources and sinks, not the model. */
void tb_delete(struct tb *tb);
/* Adds a clock and its reset (may be NULL); returns its number. */
unsigned tb_clock(struct tb *tb, uint8_t *clk, uint8_t *rst_n, uint64_t period);
void tb_agent(struct tb *tb, unsigned clock, struct tb_agent *agent);
/* Holds every reset low for three cycles of the slowest clock. */
void tb_reset(struct tb *tb);
/* The next edge, of one or several clocks. */
void tb_step(struct tb *tb);
/* `cycles` edges of clock 0. */
void tb_run(struct tb *tb, uint64_t cycles);

/* --- Streams -------------------------------------------------------------- */
/* Pointers to the ports, from dut_<name>.h. `data` has 8 * bytes bits, `keep`
 * `bytes` bits; both may be of any of the generated types. */
struct tb_port {
  uint8_t *valid;
  uint8_t *ready; /* NULL: always taken */
  void *data;
  void *keep;    /* NULL: every byte counts */
  uint8_t *last; /* NULL: each beat is a frame */
  uint8_t *err;  /* NULL: none; driven and read with last */
  unsigned bytes;
};

struct tb_frame {
  uint8_t *data;
  size_t len;
  bool err;
  uint64_t user;       /* the test's own: metadata */
  uint64_t first, end; /* cycle of the first and last beat (sink) */
};

/* Sends the frames that are pushed, in order. Payload holds while it waits. */
struct tb_source {
  struct tb_port port;
  struct tb_rand rand;
  unsigned stall;        /* of 256: chance that a cycle offers nothing new */
  unsigned stall_inside; /* the same inside a frame; follows `stall` at new */
  /* Called when the first beat is put on the ports: set metadata here. */
  void (*on_first)(void *ctx, const struct tb_frame *frame);
  /* Called with each beat that is put on the ports. */
  void (*on_beat)(void *ctx, const struct tb_frame *frame, size_t offset);
  void *ctx;
  struct tb_frame *queue;       /* frames, the sent ones at the front */
  size_t count, capacity, sent; /* sent: whole frames accepted */
  size_t offset;                /* bytes of the current frame accepted */
  bool offering;
  struct tb *tb;
  struct tb_agent agent;
};

/* Collects frames and asserts the rules: valid and payload hold until taken,
 * keep is contiguous, all ones before last, at least one byte. */
struct tb_sink {
  struct tb_port port;
  struct tb_rand rand;
  unsigned stall; /* of 256: chance that ready is low in a cycle */
  /* Called with the last beat still on the ports: read metadata here. */
  void (*on_last)(void *ctx, struct tb_frame *frame);
  void *ctx;
  struct tb_frame *frames; /* all frames so far */
  size_t count, capacity;
  size_t taken; /* for tb_sink_pop */
  struct tb_frame open;
  size_t open_capacity;
  bool waiting; /* a beat was offered and not taken */
  uint8_t held[64 + 8 + 2];
  uint64_t beats;
  struct tb *tb;
  struct tb_agent agent;
};

struct tb_source *tb_source_new(struct tb *tb, unsigned clock,
                                const struct tb_port *port, unsigned stall,
                                uint64_t seed);
struct tb_sink *tb_sink_new(struct tb *tb, unsigned clock,
                            const struct tb_port *port, unsigned stall,
                            uint64_t seed);
/* Copies the frame; len > 0. The result is valid until the next push. */
struct tb_frame *tb_source_push(struct tb_source *s, const void *data,
                                size_t len);
/* True when everything pushed has been taken. */
bool tb_source_idle(const struct tb_source *s);
/* The next frame that was not yet popped, or NULL. Owned by the sink. */
const struct tb_frame *tb_sink_pop(struct tb_sink *s);
/* Runs until the sink has `frames` in all; fails after `limit` cycles. */
void tb_run_until(struct tb *tb, const struct tb_sink *s, size_t frames,
                  uint64_t limit);

#endif
