/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/both.h"

#include <stdio.h>
#include <string.h>

bool both_host_is_missing;

const struct in6_addr both_mapped = {
    {{[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}}};

void note(struct api *a, int line, const char *what, long result) {
  assert_true(a->count < RESULTS);
  a->results[a->count].line = line;
  a->results[a->count].what = what;
  a->results[a->count++].result = result;
}
long note_result(struct api *a, int line, const char *what, long result) {
  note(a, line, what, result);
  return result;
}
struct sockaddr_in local(uint16_t port) {
  struct sockaddr_in in = {.sin_family = AF_INET};
  in.sin_port = port;
  put_be32((uint8_t *)&in.sin_addr, 0x7f000001);
  return in;
}

uint16_t port_of(struct api *a, long fd) {
  struct sockaddr_in in;
  unsigned len = sizeof(in);
  R(s_sockname(a, fd, &in, &len));
  note(a, __LINE__, "length of a name", (long)len);
  return in.sin_port;
}

int option(struct api *a, long fd, int level, int name) {
  int value = -1;
  unsigned len = sizeof(value);
  R(s_getsockopt(a, fd, level, name, &value, &len));
  note(a, __LINE__, "length of an option", (long)len);
  return value;
}

long set_option(struct api *a, long fd, int level, int name, int value) {
  return s_setsockopt(a, fd, level, name, &value, sizeof(value));
}

void trio_open(struct api *a, struct trio *t) {
  struct sockaddr_in in = local(0);
  t->listener = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, t->listener, &in, sizeof(in)));
  R(s_listen(a, t->listener, 4));
  R(s_poll(a, t->listener, POLLIN | POLLOUT));
  in.sin_port = port_of(a, t->listener);
  t->client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, t->client, &in, sizeof(in)));
  settle(a);
  R(s_poll(a, t->listener, POLLIN | POLLOUT));
  t->server = FD(s_accept(a, t->listener, 0));
}

void trio_close(struct api *a, const struct trio *t) {
  R(s_close(a, t->server));
  R(s_close(a, t->client));
  R(s_close(a, t->listener));
  settle(a);
}

void compare(void (*script)(struct api *a)) {
  const struct pair_options config = {
      .socket = {.max_sockets = 16}, .ipv6 = true, .blocking = true};
  struct api *host = calloc(1, sizeof(*host));
  struct api *ours = calloc(1, sizeof(*ours));
  ours->pair = pair_new(&config);
  ours->stack = &ours->pair->host[0].stack;
  ph_stack_set_now(ours->stack, ours->pair->now_ns);
  assert_int_equal(ph_loopback_init(ours->stack), 0);
  if (!both_host_is_missing) {
    script(host);
  }
  script(ours);
  int wrong = 0;
  if (both_host_is_missing) {
    print_message("no network namespace: not compared with the host\n");
  } else if (host->count != ours->count) {
    print_error("%d results, on the host %d\n", ours->count, host->count);
    wrong++;
  }
  for (int i = 0; i < host->count && i < ours->count && wrong < 10; i++) {
    long o = ours->results[i].result;
    long h = host->results[i].result;
    if (o != h) {
      print_error("line %d: %s is %ld, on the host %ld\n",
                  ours->results[i].line, ours->results[i].what, o, h);
      wrong++;
    }
  }
  assert_int_equal(wrong, 0);
  for (int fd = 0; fd < 16; fd++) {
    (void)ph_close(ours->stack, fd);
  }
  pair_pass(ours->pair, PAIR_S);
  pair_free(ours->pair);
  free(ours);
  free(host);
}
