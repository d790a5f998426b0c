/* SPDX-License-Identifier: Apache-2.0 */
/* The example applications at both ends of a software wire, and hostile peers
 * at one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/http_client.h"
#include "sim/apps/http_server.h"
#include "sim/apps/ping.h"
#include "sim/apps/throughput.h"
#include "sim/apps/udp_echo.h"
#include "tests/stack/tasks.h"

enum { BUFFER = 65536, PORT = 80, SERVER_IP = 0x0a000001, RAW_MAX = 20000 };

/* Everything that the two ends use. */
struct scene {
  struct tasks *tasks;
  struct app_env env;
  struct http_server_config server;
  struct http_client_config client;
  struct app_result server_result, client_result;
  struct app_pattern pattern; /* what the server serves */
  uint64_t file_size;
  struct app_sink sink;
  uint64_t got, wrong; /* bytes that the client received */
  struct http_reader server_reader, client_reader;
  uint8_t server_buffer[BUFFER], client_buffer[2 * BUFFER];
  /* A hand-made peer. */
  const char *say;
  size_t say_len;
  bool half_close;
  char heard[RAW_MAX];
  size_t heard_len;
  struct throughput_config flow;
  struct app_source source;
};

static struct scene *S;

static bool open_file(void *ctx, struct http_text path,
                      struct app_source *source) {
  (void)ctx;
  if (!http_text_is(path, "/file")) {
    return false;
  }
  S->pattern = (struct app_pattern){.seed = 3, .size = S->file_size};
  *source = app_pattern_source(&S->pattern);
  return true;
}

static int check(void *ctx, const void *from, size_t len) {
  const uint8_t *bytes = from;
  (void)ctx;
  for (size_t i = 0; i < len; i++) {
    S->wrong += bytes[i] != app_pattern_byte(3, S->got++ % S->file_size);
  }
  return 0;
}

static int setup(void **unused) {
  (void)unused;
  S = calloc(1, sizeof *S);
  assert_non_null(S);
  S->tasks = tasks_new();
  S->env = tasks_env(S->tasks);
  S->file_size = 1500000;
  S->server = (struct http_server_config){.port = PORT,
                                          .backlog = 4,
                                          .connections = 1,
                                          .idle_ms = 2000,
                                          .open = open_file,
                                          .buffer = S->server_buffer,
                                          .buffer_len = BUFFER,
                                          .reader = &S->server_reader};
  S->client = (struct http_client_config){.ip = SERVER_IP,
                                          .port = PORT,
                                          .host = "10.0.0.1",
                                          .path = "/file",
                                          .requests = 1,
                                          .idle_ms = 10000,
                                          .buffer = S->client_buffer,
                                          .buffer_len = BUFFER,
                                          .reader = &S->client_reader};
  S->sink.write = check;
  return 0;
}

static int teardown(void **unused) {
  (void)unused;
  tasks_free(S->tasks);
  free(S);
  return 0;
}

static void run_server(struct ph_stack *stack, void *arg) {
  (void)arg;
  http_server(stack, &S->env, &S->server, &S->server_result);
}

static void run_client(struct ph_stack *stack, void *arg) {
  (void)arg;
  http_client(stack, &S->env, &S->client, &S->sink, &S->client_result);
}

/* --- HTTP ------------------------------------------------------------------
 */

static void download(uint64_t ns) {
  tasks_add(S->tasks, 0, run_server, NULL);
  tasks_add(S->tasks, 1, run_client, NULL);
  tasks_run(S->tasks, ns);
}

static void assert_downloaded(uint64_t times) {
  assert_int_equal(S->client_result.error, 0);
  assert_int_equal(S->client_result.status, 200);
  assert_int_equal(S->client_result.operations, times);
  assert_int_equal(S->client_result.bytes, times * S->file_size);
  assert_int_equal(S->got, times * S->file_size);
  assert_int_equal(S->wrong, 0);
  assert_int_equal(S->server_result.error, 0);
  assert_int_equal(S->server_result.bytes, times * S->file_size);
}

static void http_download_arrives_whole(void **unused) {
  (void)unused;
  download(20 * PAIR_S);
  assert_downloaded(1);
}

static void http_three_requests_use_one_connection(void **unused) {
  (void)unused;
  S->client.requests = 3;
  S->file_size = 70001;
  download(20 * PAIR_S);
  assert_downloaded(3);
  const struct ph_stats *stats = &tasks_pair(S->tasks)->host[1].stack.stats;
  assert_int_equal(stats->TcpActiveOpens, 1);
}

static void http_lossy_wire_download_arrives_whole(void **unused) {
  (void)unused;
  struct pair *pair = tasks_pair(S->tasks);
  pair->loss_ppm = 20000;
  pair->dup_ppm = 10000;
  pair->reorder_ppm = 10000;
  S->client.idle_ms = S->server.idle_ms = 60000;
  download(600 * PAIR_S);
  assert_downloaded(1);
}

/* 100 kB at 50 kB/s last two seconds less the last pause. */
static void http_slow_reader_is_paced(void **unused) {
  (void)unused;
  S->file_size = 100000;
  S->client.rate = 50000;
  S->client.buffer_len = 5000;
  S->client.recv_buffer = 16384;
  download(60 * PAIR_S);
  assert_downloaded(1);
  uint64_t ns = S->client_result.finished_ns - S->client_result.started_ns;
  assert_in_range(ns, 1500 * PAIR_MS, 2500 * PAIR_MS);
}

static void http_slow_writer_is_paced(void **unused) {
  (void)unused;
  S->file_size = 100000;
  S->server.rate = 50000;
  S->server.buffer_len = 5000;
  download(60 * PAIR_S);
  assert_downloaded(1);
  uint64_t ns = S->client_result.finished_ns - S->client_result.started_ns;
  assert_in_range(ns, 1500 * PAIR_MS, 2500 * PAIR_MS);
}

static void http_missing_file_is_404(void **unused) {
  (void)unused;
  S->client.path = "/nothing";
  download(20 * PAIR_S);
  assert_int_equal(S->client_result.error, -PH_ENOENT);
  assert_int_equal(S->client_result.status, 404);
}

/* --- Hostile clients --------------------------------------------------------
 */

static void hear(struct ph_stack *stack, int fd) {
  long n;
  while ((n = ph_recv(stack, fd, S->heard + S->heard_len,
                      RAW_MAX - 1 - S->heard_len, 0)) > 0) {
    S->heard_len += (size_t)n;
    assert_true(S->heard_len < RAW_MAX - 1);
  }
  S->heard[S->heard_len] = 0;
}

static void raw_client(struct ph_stack *stack, void *arg) {
  (void)arg;
  int fd = app_connect(stack, SERVER_IP, PORT);
  assert_true(fd >= 0);
  assert_int_equal(app_send_all(stack, fd, S->say, S->say_len), 0);
  if (S->half_close) {
    assert_int_equal(ph_shutdown(stack, fd, PH_SHUT_WR), 0);
  }
  hear(stack, fd);
  ph_close(stack, fd);
}

static void ask(const char *say, size_t len) {
  S->say = say;
  S->say_len = len;
  S->heard_len = 0;
  memset(S->heard, 0, sizeof S->heard);
  S->file_size = 100;
  tasks_add(S->tasks, 0, run_server, NULL);
  tasks_add(S->tasks, 1, raw_client, NULL);
  tasks_run(S->tasks, 60 * PAIR_S);
}

/* EVIDENCE: RFC 9112 2.2, 3, 3.2, 5.1, 5.2; RFC 9110 15.5 */
static void http_server_wrong_request_gets_its_status(void **unused) {
  (void)unused;
  static const struct {
    const char *say;
    int status;
  } cases[] = {
      {"GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200},
      {"GET /file?x=1 HTTP/1.0\r\n\r\n", 200},
      {"GET /fil HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404},
      {"GET /../etc/passwd HTTP/1.0\r\n\r\n", 404},
      {"POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405},
      {"get /file HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET /file HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /file HTTP/0.9\r\n\r\n", 505},
      {"GET /file HTTP/1.1\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /file\r\n\r\n", 400},
      {"GET  /file HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET file HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"\r\n\r\n", 400},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
      {"GET /file HTTP/1.1\r\nHost: a\r\n", 408}, /* and then silence */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ask(cases[i].say, strlen(cases[i].say));
    int status = 0;
    assert_int_equal(sscanf(S->heard, "HTTP/1.1 %3d", &status), 1);
    assert_int_equal(status, cases[i].status);
    const char *body = strstr(S->heard, "\r\n\r\n");
    assert_non_null(body);
    size_t content = S->heard_len - (size_t)(body + 4 - S->heard);
    assert_int_equal(content, status == 200 ? 100 : 0);
    assert_int_equal(S->server_result.operations, 1);
  }
}

/* EVIDENCE: RFC 6585 5 */
static void http_server_endless_head_is_431(void **unused) {
  (void)unused;
  static char say[12000];
  memset(say, 'a', sizeof say);
  memcpy(say, "GET / HTTP/1.1\r\nX: ", 19);
  ask(say, sizeof say);
  assert_int_equal(memcmp(S->heard, "HTTP/1.1 431 ", 13), 0);
  size_t at = 16;
  for (int i = 0; i < 70; i++) {
    memcpy(say + at, "a: b\r\n", 6);
    at += 6;
  }
  memcpy(say + at, "\r\n", 2);
  ask(say, at + 2);
  assert_int_equal(memcmp(S->heard, "HTTP/1.1 431 ", 13), 0);
}

/* EVIDENCE: RFC 9112 9.3.2 */
static void http_server_pipelined_requests_are_answered_in_order(
    void **unused) {
  (void)unused;
  static const char say[] =
      "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ask(say, sizeof say - 1);
  const char *first = strstr(S->heard, "HTTP/1.1 200");
  assert_ptr_equal(first, S->heard);
  const char *second = strstr(first + 1, "HTTP/1.1 404");
  assert_non_null(second);
  assert_memory_equal(second - 4, "\r\n\r\n", 4); /* HEAD has no content */
  const char *third = strstr(second, "HTTP/1.1 200");
  assert_non_null(third);
  assert_int_equal(S->server_result.operations, 3);
}

static void http_server_peer_vanishes_midway_serves_on(void **unused) {
  (void)unused;
  S->half_close = true;
  ask("GET /fi", 7);
  assert_int_equal(S->heard_len, 0);
  ask("", 0);
  assert_int_equal(S->heard_len, 0);
  ask("GET /file HTTP/1.0\r\n\r\n", 22);
  assert_int_equal(memcmp(S->heard, "HTTP/1.1 200 ", 13), 0);
}

/* --- Hostile servers ---------------------------------------------------------
 */

static void raw_server(struct ph_stack *stack, void *arg) {
  (void)arg;
  int listener = app_listen(stack, PORT, 1, false);
  assert_true(listener >= 0);
  int fd = ph_accept(stack, listener, NULL, NULL);
  assert_true(fd >= 0);
  char request[1024];
  assert_true(ph_recv(stack, fd, request, sizeof request, 0) > 0);
  assert_int_equal(app_send_all(stack, fd, S->say, S->say_len), 0);
  ph_close(stack, fd);
  ph_close(stack, listener);
}

/* EVIDENCE: RFC 9112 4, 6.3 */
static void http_client_wrong_response_is_refused(void **unused) {
  (void)unused;
  static const struct {
    const char *say;
    int error;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0}, /* until the end */
      {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", -PH_ENOENT},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
       -PH_EBADMSG},
      {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -PH_EBADMSG},
      {"HTTP/2 200 OK\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 20 OK\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 099 OK\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 200 OK\r\nbroken\r\n\r\n", -PH_EBADMSG},
      {"HTTP/1.1 200 OK\r\n", -PH_EBADMSG},
      {"x", -PH_EBADMSG},
      {"", -PH_EBADMSG},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    S->say = cases[i].say;
    S->say_len = strlen(cases[i].say);
    tasks_add(S->tasks, 0, raw_server, NULL);
    tasks_add(S->tasks, 1, run_client, NULL);
    tasks_run(S->tasks, 60 * PAIR_S);
    assert_int_equal(S->client_result.error, cases[i].error);
  }
}

static void http_client_nobody_listens_is_refused(void **unused) {
  (void)unused;
  tasks_add(S->tasks, 1, run_client, NULL);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.error, -PH_ECONNREFUSED);
}

/* --- The others
 * ---------------------------------------------------------------- */

static void run_sender(struct ph_stack *stack, void *arg) {
  struct throughput_config config = S->flow;
  (void)arg;
  config.buffer = S->client_buffer;
  throughput_send(stack, &S->env, &config, &S->source, &S->client_result);
}

static void run_receiver(struct ph_stack *stack, void *arg) {
  struct throughput_config config = S->flow;
  (void)arg;
  config.buffer = S->server_buffer;
  throughput_receive(stack, &S->env, &config, &S->sink, &S->server_result);
}

static void throughput_every_byte_arrives(void **unused) {
  (void)unused;
  S->file_size = 4 << 20;
  S->pattern = (struct app_pattern){.seed = 3, .size = S->file_size};
  S->source = app_pattern_source(&S->pattern);
  S->flow = (struct throughput_config){.ip = SERVER_IP,
                                       .port = 5001,
                                       .send_buffer = 262144,
                                       .recv_buffer = 262144,
                                       .buffer_len = BUFFER};
  tasks_add(S->tasks, 0, run_receiver, NULL);
  tasks_add(S->tasks, 1, run_sender, NULL);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.error, 0);
  assert_int_equal(S->server_result.error, 0);
  assert_int_equal(S->server_result.bytes, S->file_size);
  assert_int_equal(S->wrong, 0);
}

static const struct udp_echo_config UDP = {.ip = SERVER_IP,
                                           .port = 7,
                                           .count = 40,
                                           .size = 1000,
                                           .timeout_ms = 100,
                                           .buffer_len = 2 * BUFFER};

static void run_udp_server(struct ph_stack *stack, void *arg) {
  struct udp_echo_config config = UDP;
  config.count = *(uint32_t *)arg;
  config.buffer = S->server_buffer;
  config.buffer_len = BUFFER;
  udp_echo_server(stack, &S->env, &config, &S->server_result);
}

static void run_udp_client(struct ph_stack *stack, void *arg) {
  struct udp_echo_config config = UDP;
  (void)arg;
  config.buffer = S->client_buffer;
  udp_echo_client(stack, &S->env, &config, &S->client_result);
}

static void udp_echo_every_datagram_returns(void **unused) {
  (void)unused;
  uint32_t count = 40;
  tasks_add(S->tasks, 0, run_udp_server, &count);
  tasks_add(S->tasks, 1, run_udp_client, NULL);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.error, 0);
  assert_int_equal(S->client_result.operations, 40);
  assert_int_equal(S->client_result.lost, 0);
  assert_int_equal(S->client_result.bytes, 40000);
  /* 50 us each way. */
  assert_in_range(S->client_result.min_ns, 100000, 200000);
}

static void udp_echo_server_gone_counts_lost(void **unused) {
  (void)unused;
  uint32_t count = 30;
  tasks_add(S->tasks, 0, run_udp_server, &count);
  tasks_add(S->tasks, 1, run_udp_client, NULL);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.operations, 30);
  /* Either silence, or the ICMP error that a connected socket reports. */
  if (S->client_result.error) {
    assert_int_equal(S->client_result.error, -PH_ECONNREFUSED);
  } else {
    assert_int_equal(S->client_result.lost, 10);
  }
}

static void run_ping(struct ph_stack *stack, void *arg) {
  struct ping_config config = {.ip = *(uint32_t *)arg,
                               .count = 5,
                               .size = 1400,
                               .timeout_ms = 1000,
                               .interval_ms = 10};
  ping(stack, &S->env, &config, &S->client_result);
}

static void ping_host_is_there(void **unused) {
  (void)unused;
  uint32_t ip = SERVER_IP;
  tasks_add(S->tasks, 1, run_ping, &ip);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.error, 0);
  assert_int_equal(S->client_result.operations, 5);
  assert_int_equal(S->client_result.bytes, 7000);
  assert_in_range(S->client_result.min_ns, 100000, 200000);
}

static void ping_nobody_is_there_counts_lost(void **unused) {
  (void)unused;
  uint32_t ip = 0x0a000063;
  tasks_add(S->tasks, 1, run_ping, &ip);
  tasks_run(S->tasks, 60 * PAIR_S);
  assert_int_equal(S->client_result.operations, 0);
  assert_true(S->client_result.lost == 5 || S->client_result.error);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(http_download_arrives_whole),
      TEST(http_three_requests_use_one_connection),
      TEST(http_lossy_wire_download_arrives_whole),
      TEST(http_slow_reader_is_paced),
      TEST(http_slow_writer_is_paced),
      TEST(http_missing_file_is_404),
      TEST(http_server_wrong_request_gets_its_status),
      TEST(http_server_endless_head_is_431),
      TEST(http_server_pipelined_requests_are_answered_in_order),
      TEST(http_server_peer_vanishes_midway_serves_on),
      TEST(http_client_wrong_response_is_refused),
      TEST(http_client_nobody_listens_is_refused),
      TEST(throughput_every_byte_arrives),
      TEST(udp_echo_every_datagram_returns),
      TEST(udp_echo_server_gone_counts_lost),
      TEST(ping_host_is_there),
      TEST(ping_nobody_is_there_counts_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
