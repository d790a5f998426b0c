/* SPDX-License-Identifier: Apache-2.0 */
/* libpackhorse_packetdrill.so, loaded and used as packetdrill does: its clock,
 * its packets, and the second thread for the call that blocks. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "sim/packet/packets.h"
#include "sim/packetdrill/interface.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"

enum { PORT = 8080, REMOTE_PORT = 40000, ROOM = 65536 };

/* packetdrill chooses a local address at random. */
static const uint32_t local = 0xc0a8642d, remote = 0xc0000201;

struct fixture {
  struct packetdrill_interface ifc;
  uint8_t packet[ROOM];
  struct packet_view view; /* of the last packet received */
  long long time_us;
};

static struct fixture *load(const char *flags) {
  const char *build = getenv("BUILD");
  char path[256];
  snprintf(path, sizeof(path), "./%s/libpackhorse_packetdrill.so",
           build ? build : "build");
  void *library =
      dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_DEEPBIND);
  if (!library) {
    fail_msg("%s", dlerror());
  }
  void (*init)(const char *, struct packetdrill_interface *);
  *(void **)&init = dlsym(library, "packetdrill_interface_init");
  assert_non_null(*(void **)&init);
  struct fixture *f = calloc(1, sizeof(*f));
  init(flags, &f->ifc);
  return f;
}

static void unload(struct fixture *f) {
  f->ifc.free(f->ifc.userdata);
  free(f);
}

static long long now_us(struct fixture *f) {
  struct timeval tv;
  assert_int_equal(f->ifc.gettimeofday(f->ifc.userdata, &tv, NULL), 0);
  return tv.tv_sec * 1000000LL + tv.tv_usec;
}

/* The next packet from the stack, which must be TCP and whole. */
static void receive(struct fixture *f) {
  size_t len = sizeof(f->packet);
  const char *why = "nothing came";
  assert_int_equal(
      f->ifc.netdev_receive(f->ifc.userdata, f->packet, &len, &f->time_us), 0);
  if (!packet_read(f->packet, (uint32_t)len, &f->view, &why)) {
    fail_msg("%s", why);
  }
}

static void send_tcp(struct fixture *f, const struct packet_spec *spec) {
  const struct packet_ends ends = {.remote_ip = remote,
                                   .local_ip = local,
                                   .remote_port = REMOTE_PORT,
                                   .local_port = PORT};
  static uint8_t packet[ROOM];
  uint32_t len = packet_write(packet, spec, &ends);
  assert_int_equal(f->ifc.netdev_send(f->ifc.userdata, packet, len), 0);
}

static int listen_socket(struct fixture *f) {
  struct sockaddr_in addr = {.sin_family = AF_INET,
                             .sin_port = htons(PORT),
                             .sin_addr = {htonl(local)}};
  void *u = f->ifc.userdata;
  int on = 1, fd = f->ifc.socket(u, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  assert_true(fd >= 0);
  assert_int_equal(
      f->ifc.setsockopt(u, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  assert_int_equal(f->ifc.bind(u, fd, (struct sockaddr *)&addr, sizeof(addr)),
                   0);
  assert_int_equal(f->ifc.listen(u, fd, 1), 0);
  return fd;
}

static void syn(struct fixture *f) {
  const struct packet_spec spec = {.kind = PACKET_TCP,
                                   .flags = TCP_SYN,
                                   .win = 32792,
                                   .options = {2, 4, 1460 >> 8, 1460 & 255},
                                   .options_len = 4};
  send_tcp(f, &spec);
  receive(f);
  assert_int_equal(f->view.flags, TCP_SYN | TCP_ACK);
  assert_int_equal(f->view.ack, 1);
}

static void ack(struct fixture *f, uint32_t len, uint32_t acked) {
  const struct packet_spec spec = {.kind = PACKET_TCP,
                                   .flags = TCP_ACK,
                                   .seq = 1,
                                   .ack = acked,
                                   .len = len,
                                   .win = 32792};
  send_tcp(f, &spec);
}

/* ---- IPv6 ---------------------------------------------------------------- */

/* A handshake with a listener on `bound` (an AF_INET6 name), the packets being
 * of `ends`; what accept() says of the peer. */
static void accept_by(const char *flags, const char *bound,
                      const struct packet_ends *ends, uint16_t mss,
                      const char *peer) {
  struct fixture *f = load(flags);
  void *u = f->ifc.userdata;
  struct sockaddr_in6 name = {.sin6_family = AF_INET6,
                              .sin6_port = htons(PORT)};
  static uint8_t packet[ROOM];
  char text[INET6_ADDRSTRLEN];
  socklen_t len = sizeof(name);
  struct packet_spec spec = {.kind = PACKET_TCP,
                             .flags = TCP_SYN,
                             .win = 32792,
                             .options = {2, 4, 5, 180},
                             .options_len = 4};
  assert_int_equal(inet_pton(AF_INET6, bound, &name.sin6_addr), 1);
  int fd = f->ifc.socket(u, AF_INET6, SOCK_STREAM, IPPROTO_TCP);
  assert_true(fd >= 0);
  assert_int_equal(f->ifc.bind(u, fd, (struct sockaddr *)&name, sizeof(name)),
                   0);
  assert_int_equal(f->ifc.listen(u, fd, 1), 0);
  uint32_t n = packet_write(packet, &spec, ends);
  assert_int_equal(f->ifc.netdev_send(u, packet, n), 0);
  receive(f);
  assert_int_equal(f->packet[0] >> 4, ends->ipv6 ? 6 : 4);
  assert_int_equal(f->view.flags, TCP_SYN | TCP_ACK);
  assert_int_equal(f->view.options[2] << 8 | f->view.options[3], mss);
  spec = (struct packet_spec){.kind = PACKET_TCP,
                              .flags = TCP_ACK,
                              .seq = 1,
                              .ack = f->view.seq + 1,
                              .win = 32792};
  n = packet_write(packet, &spec, ends);
  assert_int_equal(f->ifc.netdev_send(u, packet, n), 0);
  int server = f->ifc.accept(u, fd, (struct sockaddr *)&name, &len);
  assert_true(server >= 0);
  assert_int_equal(len, sizeof(name));
  assert_int_equal(name.sin6_family, AF_INET6);
  assert_string_equal(inet_ntop(AF_INET6, &name.sin6_addr, text, sizeof(text)),
                      peer);
  unload(f);
}

static void ipv6_sockets_accept_ipv6_and_mapped_addresses(void **state) {
  (void)state;
  struct packet_ends ends = {.ipv6 = true,
                             .remote_port = REMOTE_PORT,
                             .local_port = PORT,
                             .remote_ip = remote,
                             .local_ip = local};
  inet_pton(AF_INET6, "fd3d:fa7b:d17d::1", ends.remote6.bytes);
  inet_pton(AF_INET6, "fd3d:a0b:17d6:9::1", ends.local6.bytes);
  accept_by(NULL, "fd3d:a0b:17d6:9::1", &ends, 1440, "fd3d:fa7b:d17d::1");
  accept_by("mtu=1520", "fd3d:a0b:17d6:9::1", &ends, 1460, "fd3d:fa7b:d17d::1");
  ends.ipv6 = false;
  accept_by(NULL, "::ffff:192.168.100.45", &ends, 1460, "::ffff:192.0.2.1");
}

/* ---- Time --------------------------------------------------------------- */

static void every_look_at_the_clock_moves_it(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  long long before = now_us(f);
  for (int i = 1; i <= 100; i++) {
    long long now = now_us(f);
    assert_true(now > before && now <= before + 2);
    before = now;
  }
  unload(f);
}

static void usleep_moves_the_clock_by_so_much(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  long long before = now_us(f);
  assert_int_equal(f->ifc.usleep(f->ifc.userdata, 250000), 0);
  long long passed = now_us(f) - before;
  assert_true(passed >= 250000 && passed < 250010);
  unload(f);
}

static void silence_ends_netdev_receive_without_a_packet(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  long long before = now_us(f);
  size_t len = sizeof(f->packet);
  assert_int_equal(
      f->ifc.netdev_receive(f->ifc.userdata, f->packet, &len, &f->time_us), 0);
  assert_int_equal(len, 0);
  assert_true(now_us(f) - before >= 64000000);
  unload(f);
}

static void retransmissions_leave_at_their_times(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  listen_socket(f);
  syn(f);
  long long first = f->time_us;
  receive(f); /* nobody answers */
  assert_in_range(f->time_us - first, 999000, 1001000);
  receive(f);
  assert_in_range(f->time_us - first, 2999000, 3001000);
  unload(f);
}

/* ---- Descriptors and errors --------------------------------------------- */

static void descriptors_are_real(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  void *u = f->ifc.userdata;
  int a = f->ifc.socket(u, AF_INET, SOCK_STREAM, 0);
  int b = f->ifc.socket(u, AF_INET, SOCK_DGRAM, 0);
  assert_true(fcntl(a, F_GETFD) >= 0 && fcntl(b, F_GETFD) >= 0);
  assert_int_equal(f->ifc.close(u, a), 0);
  assert_int_equal(fcntl(a, F_GETFD), -1);
  unload(f);
  assert_int_equal(close(b), 0); /* what a script leaves open */
}

static void errors_come_in_errno(void **state) {
  (void)state;
  struct fixture *f = load(NULL);
  void *u = f->ifc.userdata;
  errno = 0;
  assert_int_equal(f->ifc.close(u, 1), -1);
  assert_int_equal(errno, EBADF);
  int fd = listen_socket(f);
  assert_int_equal(f->ifc.fcntl(u, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
  assert_int_equal(f->ifc.accept(u, fd, NULL, NULL), -1);
  assert_int_equal(errno, EAGAIN);
  int fds[2];
  assert_int_equal(f->ifc.pipe(u, fds), -1);
  assert_int_equal(errno, ENOSYS);
  unload(f);
}

/* ---- The second thread -------------------------------------------------- */

struct second {
  struct fixture *f;
  int listener, result;
  pid_t tid;
  long long returned_us;
  struct sockaddr_in peer;
};

static void *accept_thread(void *arg) {
  struct second *s = arg;
  socklen_t len = sizeof(s->peer);
  __atomic_store_n(&s->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
  s->result = s->f->ifc.accept(s->f->ifc.userdata, s->listener,
                               (struct sockaddr *)&s->peer, &len);
  s->returned_us = now_us(s->f);
  return NULL;
}

/* packetdrill goes on when /proc says that the thread sleeps. */
static void wait_until_asleep(const struct second *s) {
  char path[64], text[256] = "";
  pid_t tid;
  while ((tid = __atomic_load_n(&s->tid, __ATOMIC_SEQ_CST)) == 0) {
    usleep(100);
  }
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
  for (int i = 0; i < 10000; i++) {
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[n] = '\0';
    if (file) {
      fclose(file);
    }
    const char *mark = strrchr(text, ')');
    if (mark && mark[1] == ' ' && mark[2] == 'S') {
      return;
    }
    usleep(100);
  }
  fail_msg("the thread does not sleep");
}

static void blocking_accept(const char *flags) {
  struct fixture *f = load(flags);
  void *u = f->ifc.userdata;
  struct second second = {.f = f, .listener = listen_socket(f)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, accept_thread, &second), 0);
  wait_until_asleep(&second);
  f->ifc.usleep(u, 100000);
  syn(f);
  uint32_t iss = f->view.seq;
  f->ifc.usleep(u, 100000);
  long long before = now_us(f);
  ack(f, 0, iss + 1);
  /* The call returns now, not when the time has passed that follows. */
  f->ifc.usleep(u, 500000);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(second.result >= 0);
  assert_in_range(second.returned_us - before, 0, 1000);
  assert_int_equal(ntohs(second.peer.sin_port), REMOTE_PORT);
  assert_int_equal(ntohl(second.peer.sin_addr.s_addr), remote);

  /* Data both ways; segments of the device's cutting. */
  static char data[5000];
  assert_int_equal(f->ifc.write(u, second.result, data, sizeof(data)), 5000);
  uint32_t got = 0;
  while (got < sizeof(data)) {
    receive(f);
    assert_int_equal(f->view.seq, iss + 1 + got);
    assert_in_range(f->view.payload_len, 1, 1460);
    got += f->view.payload_len;
  }
  assert_true(f->view.flags & TCP_PSH);
  ack(f, 1000, iss + 1 + 5000);
  receive(f);
  assert_int_equal(f->view.ack, 1001);
  assert_int_equal(f->ifc.read(u, second.result, data, sizeof(data)), 1000);
  assert_int_equal(f->ifc.close(u, second.result), 0);
  receive(f);
  assert_true(f->view.flags & TCP_FIN);
  unload(f);
}

static void blocking_accept_returns_on_its_own_thread(void **state) {
  (void)state;
  blocking_accept(NULL);
}

static void the_same_through_driver_and_rtl(void **state) {
  (void)state;
  blocking_accept("nic=rtl");
}

static void a_call_that_still_sleeps_ends_with_the_stack(void **state) {
  (void)state;
  struct fixture *f = load("");
  struct second second = {.f = f, .listener = listen_socket(f)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, accept_thread, &second), 0);
  wait_until_asleep(&second);
  f->ifc.free(f->ifc.userdata);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(second.result, -1);
  assert_int_equal(close(second.listener), 0);
  free(f);
}

/* ---- Profiles ----------------------------------------------------------- */

static void syn_options(const char *flags, const uint8_t *kinds, size_t count) {
  struct fixture *f = load(flags);
  void *u = f->ifc.userdata;
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(PORT),
                           .sin_addr = {htonl(remote)}};
  int fd = f->ifc.socket(u, AF_INET, SOCK_STREAM, 0);
  f->ifc.fcntl(u, fd, F_SETFL, O_RDWR | O_NONBLOCK);
  assert_int_equal(f->ifc.connect(u, fd, (struct sockaddr *)&to, sizeof(to)),
                   -1);
  assert_int_equal(errno, EINPROGRESS);
  receive(f);
  assert_int_equal(f->view.flags & TCP_SYN, TCP_SYN);
  uint32_t at = 0;
  for (size_t i = 0; i < count; i++) {
    assert_true(at < f->view.options_len);
    assert_int_equal(f->view.options[at], kinds[i]);
    at += packet_option_len(f->view.options, f->view.options_len, at);
  }
  assert_int_equal(at, f->view.options_len);
  unload(f);
}

static void profiles_order_the_options_of_a_syn(void **state) {
  (void)state;
  static const uint8_t linux_kinds[] = {2, 4, 8, 1, 3};
  static const uint8_t bsd_kinds[] = {2, 1, 3, 4, 8};
  syn_options("profile=linux", linux_kinds, sizeof(linux_kinds));
  syn_options("profile=bsd,nic=soft", bsd_kinds, sizeof(bsd_kinds));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_look_at_the_clock_moves_it),
      cmocka_unit_test(usleep_moves_the_clock_by_so_much),
      cmocka_unit_test(silence_ends_netdev_receive_without_a_packet),
      cmocka_unit_test(retransmissions_leave_at_their_times),
      cmocka_unit_test(descriptors_are_real),
      cmocka_unit_test(errors_come_in_errno),
      cmocka_unit_test(blocking_accept_returns_on_its_own_thread),
      cmocka_unit_test(the_same_through_driver_and_rtl),
      cmocka_unit_test(a_call_that_still_sleeps_ends_with_the_stack),
      cmocka_unit_test(ipv6_sockets_accept_ipv6_and_mapped_addresses),
      cmocka_unit_test(profiles_order_the_options_of_a_syn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
