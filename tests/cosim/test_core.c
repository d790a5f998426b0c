/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's foundations: time, order of events, random streams,
 * coroutines, hashes, costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sim/core/coro.h"
#include "sim/core/cost.h"
#include "sim/core/event_hash.h"
#include "sim/core/heap.h"
#include "sim/core/rng.h"
#include "sim/core/sha256.h"
#include "sim/core/time.h"

static void clock_of_a_third_of_a_period_never_drifts(void **state) {
  (void)state;
  /* 1000/3 ps: edge n is floor(n * 1000 / 3), however far away. */
  const struct sim_clock clock = {1000, 3};
  assert_int_equal(sim_clock_edge(&clock, 1), 333);
  assert_int_equal(sim_clock_edge(&clock, 3), 1000);
  assert_int_equal(sim_clock_edge(&clock, UINT64_C(3000000000000)),
                   UINT64_C(1000000000000000));
  for (uint64_t n = 1; n < 1000; n++) {
    sim_time t = sim_clock_edge(&clock, n);
    assert_int_equal(sim_clock_edge_from(&clock, t), n);
    assert_int_equal(sim_clock_edge_from(&clock, t + 1), n + 1);
  }
}

static void heap_orders_by_time_host_source_and_sequence(void **state) {
  (void)state;
  struct sim_heap heap;
  struct sim_rng rng;
  sim_heap_init(&heap);
  sim_rng_init(&rng, 1, "heap");
  for (int i = 0; i < 5000; i++) {
    sim_heap_push(&heap, sim_rng_below(&rng, 50), sim_rng_below(&rng, 2),
                  sim_rng_below(&rng, 3), NULL);
  }
  struct sim_event last = {0}, event;
  int count = 0;
  while (sim_heap_pop(&heap, &event)) {
    if (count++) {
      uint64_t a[4] = {last.time, last.host, last.source, last.sequence};
      uint64_t b[4] = {event.time, event.host, event.source, event.sequence};
      int i = 0;
      while (i < 3 && a[i] == b[i]) {
        i++;
      }
      assert_true(a[i] < b[i]);
    }
    last = event;
  }
  assert_int_equal(count, 5000);
  assert_int_equal(sim_heap_next(&heap), SIM_NEVER);
  sim_heap_destroy(&heap);
}

static void random_streams_depend_on_seed_and_name_only(void **state) {
  (void)state;
  struct sim_rng a, b, c, d;
  sim_rng_init(&a, 7, "wire");
  sim_rng_init(&b, 7, "wire");
  sim_rng_init(&c, 7, "memory");
  sim_rng_init(&d, 8, "wire");
  uint64_t first = sim_rng_next(&a);
  assert_int_equal(first, sim_rng_next(&b));
  assert_int_not_equal(first, sim_rng_next(&c));
  assert_int_not_equal(first, sim_rng_next(&d));
}

static void random_chance_hits_its_threshold(void **state) {
  (void)state;
  struct sim_rng rng;
  sim_rng_init(&rng, 3, "chance");
  unsigned hits = 0;
  for (int i = 0; i < 100000; i++) {
    hits += sim_rng_chance(&rng, UINT64_C(1) << 30); /* a quarter */
    assert_false(sim_rng_chance(&rng, 0));
    assert_true(sim_rng_chance(&rng, UINT64_C(1) << 32));
  }
  assert_in_range(hits, 24400, 25600); /* four standard deviations */
}

/* --- Coroutines ----------------------------------------------------------- */

struct worker {
  struct coro *coro;
  int steps, *log, *logged, name;
};

static int depth(struct worker *worker, int n) {
  volatile char use[512];
  memset((char *)(uintptr_t)use, n, sizeof(use));
  if (n == 0) {
    worker->log[(*worker->logged)++] = worker->name;
    coro_yield(worker->coro);
    return use[0];
  }
  return depth(worker, n - 1) + use[1] - n;
}

static void work(void *arg) {
  struct worker *worker = arg;
  for (int i = 0; i < worker->steps; i++) {
    assert_int_equal(depth(worker, 20 + i), 0);
  }
}

static void coroutines_give_way_in_the_middle_of_calls(void **state) {
  (void)state;
  int log[64], logged = 0;
  struct worker workers[3];
  for (int i = 0; i < 3; i++) {
    workers[i] = (struct worker){NULL, i + 1, log, &logged, i};
    workers[i].coro = coro_create(work, &workers[i], CORO_STACK_SIZE);
  }
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 3; i++) {
      if (!coro_done(workers[i].coro)) {
        coro_resume(workers[i].coro);
      }
    }
  }
  static const int expected[] = {0, 1, 2, 1, 2, 2};
  assert_int_equal(logged, 6);
  assert_memory_equal(log, expected, sizeof(expected));
  for (int i = 0; i < 3; i++) {
    assert_true(coro_done(workers[i].coro));
    coro_destroy(workers[i].coro);
  }
}

static void coroutine_destroyed_in_the_middle_is_gone(void **state) {
  (void)state;
  int log[4], logged = 0;
  struct worker worker = {NULL, 3, log, &logged, 0};
  worker.coro = coro_create(work, &worker, CORO_STACK_SIZE);
  coro_resume(worker.coro);
  assert_false(coro_done(worker.coro));
  coro_destroy(worker.coro);
}

/* --- Hashes --------------------------------------------------------------- */

static uint64_t hash_of(sim_time time, enum event_channel channel,
                        const uint8_t *data, size_t len) {
  struct event_hash hash = {0};
  event_hash_add(&hash, time, channel, data, len);
  return hash.value;
}

static void event_hash_sees_every_bit_and_picosecond(void **state) {
  (void)state;
  uint8_t data[100] = {0};
  uint64_t whole = hash_of(1000, EVENT_CHANNEL_WIRE_TX, data, 100);
  for (unsigned bit = 0; bit < 800; bit++) {
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_not_equal(hash_of(1000, EVENT_CHANNEL_WIRE_TX, data, 100),
                         whole);
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_int_not_equal(hash_of(1001, EVENT_CHANNEL_WIRE_TX, data, 100), whole);
  assert_int_not_equal(hash_of(1000, EVENT_CHANNEL_WIRE_RX, data, 100), whole);
  assert_int_not_equal(hash_of(1000, EVENT_CHANNEL_WIRE_TX, data, 99), whole);
  assert_int_equal(hash_of(1000, EVENT_CHANNEL_WIRE_TX, data, 100), whole);
}

static void event_hash_sees_the_order(void **state) {
  (void)state;
  struct event_hash a = {0}, b = {0};
  event_hash_add_word(&a, 1, EVENT_CHANNEL_SOCKET, 1);
  event_hash_add_word(&a, 1, EVENT_CHANNEL_SOCKET, 2);
  event_hash_add_word(&b, 1, EVENT_CHANNEL_SOCKET, 2);
  event_hash_add_word(&b, 1, EVENT_CHANNEL_SOCKET, 1);
  assert_int_not_equal(a.value, b.value);
}

static void sha256_gives_the_standard_vectors(void **state) {
  /* EVIDENCE: FIPS 180-4 6.2, vectors of NIST's examples */
  (void)state;
  static const struct {
    const char *text, *hex;
  } vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  for (size_t i = 0; i < 3; i++) {
    struct sha256 sha;
    char hex[65];
    sha256_init(&sha);
    for (const char *c = vectors[i].text; *c; c++) {
      sha256_update(&sha, c, 1);
    }
    sha256_hex(&sha, hex);
    assert_string_equal(hex, vectors[i].hex);
  }
  struct sha256 sha;
  char hex[65], block[1000];
  memset(block, 'a', sizeof(block));
  sha256_init(&sha);
  for (int i = 0; i < 1000; i++) {
    sha256_update(&sha, block, sizeof(block));
  }
  sha256_hex(&sha, hex);
  assert_string_equal(
      hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* --- Costs ---------------------------------------------------------------- */

static void costs_of_work_add_up(void **state) {
  (void)state;
  struct cost_table table;
  char error[200];
  assert_true(cost_table_load(&table, "default", error, sizeof(error)));
  struct cost_counts before = {{0}}, after = {{0}};
  after.n[COST_byte_copied] = 1000;
  after.n[COST_socket_call] = 2;
  assert_int_equal(
      cost_of(&table, &before, &after),
      1000 * table.ps[COST_byte_copied] + 2 * table.ps[COST_socket_call]);
  assert_true(cost_table_load(&table, "ideal", error, sizeof(error)));
  assert_int_equal(cost_of(&table, &before, &after), 0);
  assert_int_equal(table.entry_least, SIM_NS);
}

static bool load_text(const char *text, struct cost_table *table, char *error,
                      size_t size) {
  const char *name = "build/test/cost_table.txt";
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  bool good = cost_table_load(table, name, error, size);
  remove(name);
  return good;
}

static void cost_file_overrides_what_it_names(void **state) {
  (void)state;
  struct cost_table table, standard;
  char error[200];
  assert_true(cost_table_load(&standard, "default", error, sizeof(error)));
  assert_true(load_text("# mine\n\nbyte_copied 7 # fast\nentry 1\n", &table,
                        error, sizeof(error)));
  assert_int_equal(table.ps[COST_byte_copied], 7);
  assert_int_equal(table.ps[COST_entry], 1);
  assert_int_equal(table.ps[COST_timer], standard.ps[COST_timer]);
}

static void cost_file_with_an_unknown_name_is_refused(void **state) {
  (void)state;
  struct cost_table table;
  char error[200];
  assert_false(load_text("entry 1\nbytes 7\n", &table, error, sizeof(error)));
  assert_non_null(strstr(error, "line 2"));
  assert_false(load_text("entry much\n", &table, error, sizeof(error)));
  assert_false(cost_table_load(&table, "no/such/file", error, sizeof(error)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clock_of_a_third_of_a_period_never_drifts),
      cmocka_unit_test(heap_orders_by_time_host_source_and_sequence),
      cmocka_unit_test(random_streams_depend_on_seed_and_name_only),
      cmocka_unit_test(random_chance_hits_its_threshold),
      cmocka_unit_test(coroutines_give_way_in_the_middle_of_calls),
      cmocka_unit_test(coroutine_destroyed_in_the_middle_is_gone),
      cmocka_unit_test(event_hash_sees_every_bit_and_picosecond),
      cmocka_unit_test(event_hash_sees_the_order),
      cmocka_unit_test(sha256_gives_the_standard_vectors),
      cmocka_unit_test(costs_of_work_add_up),
      cmocka_unit_test(cost_file_overrides_what_it_names),
      cmocka_unit_test(cost_file_with_an_unknown_name_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
