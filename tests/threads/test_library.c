/* SPDX-License-Identifier: Apache-2.0 */
/* The library: begin and end of a stack, POSIX's results, time. */
#include "tests/threads/pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/threads/threads.h"

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- Begin and end -------------------------------------------------------- */

static void without_a_stack_the_network_is_down(void **state) {
  (void)state;
  struct addrinfo *list;
  packhorse_use(NULL);
  errno = 0;
  assert_int_equal(packhorse_socket(AF_INET, SOCK_STREAM, 0), -1);
  assert_int_equal(errno, ENETDOWN);
  errno = 0;
  assert_int_equal(packhorse_getaddrinfo("10.0.0.1", "80", NULL, &list),
                   EAI_SYSTEM);
  assert_int_equal(errno, ENETDOWN);
}

static void wrong_configuration_leaves_the_descriptor(void **state) {
  (void)state;
  static const struct packhorse_config wrong[] = {
      {.address = {"10.0.0.1"}},
      {.address = {"10.0.0.1/33"}},
      {.address = {"10.0.0.1/24x"}},
      {.address = {"10.0.0/24"}},
      {.address = {"fd00::1/129"}},
      {.gateway = {"here"}},
      {.name_server = "10.0.0"},
      {.mtu = 500},
      {.mtu = 9001},
      {.sockets = 100001},
  };
  int wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    struct packhorse_config config = wrong[i];
    config.frames_fd = wire[0];
    errno = 0;
    assert_null(packhorse_start(&config));
    assert_int_equal(errno, EINVAL);
    assert_true(fcntl(wire[0], F_GETFD) >= 0);
  }
  const struct packhorse_config none = {.frames_fd = -1};
  assert_null(packhorse_start(&none));
  assert_int_equal(errno, EBADF);
  close(wire[0]);
  close(wire[1]);
}

static void many_sockets_are_a_matter_of_configuration(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  int wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  const struct packhorse_config config = {
      .frames_fd = wire[0], .address = {"fd00::1/64"}, .sockets = COUNT};
  struct packhorse *stack = packhorse_start(&config);
  packhorse_use(stack);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(packhorse_socket(AF_INET6, SOCK_STREAM, 0), i);
  }
  assert_int_equal(packhorse_socket(AF_INET6, SOCK_STREAM, 0), -1);
  assert_int_equal(errno, EMFILE);
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  close(wire[1]);
}

static void ipv6_address_is_there_after_start_or_in_use(void **state) {
  (void)state;
  int wire[2];
  struct sockaddr_in6 at = {.sin6_family = AF_INET6};
  assert_int_equal(inet_pton(AF_INET6, "fd00::1", &at.sin6_addr), 1);
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  struct packhorse *stack = pair_start(wire[0], "fd00::1/64");
  assert_non_null(stack);
  packhorse_use(stack);
  int fd = packhorse_socket(AF_INET6, SOCK_DGRAM, 0);
  assert_int_equal(packhorse_bind(fd, &at, sizeof(at)), 0);
  assert_null(pair_start(wire[1], "fd00::1/64"));
  assert_int_equal(errno, EADDRINUSE);
  assert_true(fcntl(wire[1], F_GETFD) >= 0);
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  packhorse_use(NULL);
  close(wire[1]);
}

static void address_is_asked_of_a_dhcp_server(void **state) {
  (void)state;
  int wire[2];
  struct sockaddr_in us;
  socklen_t len = sizeof(us);
  static struct ph_dhcp_entry entries[2];
  static struct ph_dhcp_server dhcpd;
  dhcpd = (struct ph_dhcp_server){.address = 0x0a000001,
                                  .prefix_len = 24,
                                  .router = 0x0a000001,
                                  .dns = {0x0a000001},
                                  .domain = "lab",
                                  .lease_s = 3600,
                                  .first = 0x0a000064,
                                  .entries = entries,
                                  .count = 2};
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  struct packhorse *server = pair_start(wire[0], "10.0.0.1/24");
  struct packhorse_config config = {.frames_fd = wire[1], .dhcp_ms = 30};
  assert_null(packhorse_start(&config)); /* nobody answers */
  assert_int_equal(errno, ETIMEDOUT);
  pthread_mutex_lock(&server->lock);
  assert_int_equal(
      ph_dhcp_server_start(&server->stack, &dhcpd, &server->frames.netif), 0);
  pthread_mutex_unlock(&server->lock);
  config.dhcp_ms = 60000;
  struct packhorse *client = packhorse_start(&config);
  assert_non_null(client);
  packhorse_use(server);
  int listener = listen_on(PORT);
  packhorse_use(client);
  int fd = connect_to(PORT);
  assert_int_equal(packhorse_getsockname(fd, &us, &len), 0);
  assert_int_equal(ntohl(us.sin_addr.s_addr), 0x0a000064);
  assert_true(entries[0].until_ns > 0);
  packhorse_stop(client, 0); /* and gives it back */
  packhorse_use(server);
  for (bool back = false; !back;) {
    pthread_mutex_lock(&server->lock);
    back = entries[0].until_ns <= server->stack.now_ns;
    pthread_mutex_unlock(&server->lock);
    sched_yield();
  }
  CHECK(packhorse_close(listener) == 0);
  packhorse_free(client);
  packhorse_stop(server, 0);
  packhorse_free(server);
  packhorse_use(NULL);
}

static void wait_for_data(void *arg) {
  char byte;
  int *error = arg;
  struct sockaddr_in any = {.sin_family = AF_INET};
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(packhorse_bind(fd, &any, sizeof(any)) == 0);
  *error = packhorse_recv(fd, &byte, 1, 0) < 0 ? errno : 0;
  CHECK(packhorse_recv(fd, &byte, 1, 0) == -1 && errno == ENETDOWN);
}

static void wait_in_poll(void *arg) {
  int *error = arg;
  *error = packhorse_poll(NULL, 0, -1) < 0 ? errno : 0;
}

static void stop_releases_every_thread(void **state) {
  (void)state;
  enum { COUNT = 4 };
  struct worker workers[COUNT];
  int errors[COUNT], wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  struct packhorse *stack = pair_start(wire[0], "10.0.0.1/24");
  for (int i = 0; i < COUNT; i++) {
    worker_start(&workers[i], stack, i % 2 ? wait_for_data : wait_in_poll,
                 &errors[i]);
  }
  await_waiters(stack, COUNT);
  packhorse_stop(stack, 0);
  for (int i = 0; i < COUNT; i++) {
    worker_join(&workers[i]);
    assert_int_equal(errors[i], ENETDOWN);
  }
  packhorse_free(stack);
  close(wire[1]);
}

enum { SIZE = 1000000 };

struct reading {
  int fd;
  uint8_t *to;
};

static void read_to_the_end(void *arg) {
  const struct reading *reading = arg;
  uint8_t more;
  recv_all(reading->fd, reading->to, SIZE);
  CHECK(packhorse_recv(reading->fd, &more, 1, 0) == 0);
}

static void stop_lets_arrive_what_was_written(void **state) {
  static uint8_t data[SIZE], got[SIZE];
  int wire[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  struct packhorse *server = pair_start(wire[0], "10.0.0.1/24");
  struct packhorse *writer = pair_start(wire[1], "10.0.0.2/24");
  const int size = 2 * SIZE;
  packhorse_use(server);
  int listener = listen_on(PORT);
  packhorse_use(writer);
  int fd = packhorse_socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = server_address(PORT);
  CHECK(packhorse_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ==
        0);
  CHECK(packhorse_connect(fd, &to, sizeof(to)) == 0);
  for (size_t i = 0; i < SIZE; i++) {
    data[i] = pattern(5, i);
  }
  packhorse_use(server);
  int peer = packhorse_accept(listener, NULL, NULL);
  packhorse_use(writer);
  send_all(fd, data, SIZE); /* all of it lies in the send buffer */
  struct worker reader;
  struct reading reading = {peer, got};
  worker_start(&reader, server, read_to_the_end, &reading);
  packhorse_stop(writer, 20000);
  worker_join(&reader);
  assert_memory_equal(data, got, SIZE);
  packhorse_use(NULL);
  packhorse_free(writer);
  packhorse_stop(server, 0);
  packhorse_free(server);
}

static void first_stack_is_for_threads_that_name_none(void **state) {
  const struct pair *pair = *state; /* the server is older */
  struct sockaddr_in at = server_address(PORT);
  packhorse_use(NULL);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(packhorse_bind(fd, &at, sizeof(at)), 0);
  packhorse_use(pair->client);
  int other = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(packhorse_bind(other, &at, sizeof(at)), -1);
  assert_int_equal(errno, EADDRNOTAVAIL);
}

/* --- Time ----------------------------------------------------------------- */

static void timeouts_end_calls_not_before_their_time(void **state) {
  const struct pair *pair = *state;
  const struct timeval timeout = {0, 30000};
  struct timeval select_timeout = {0, 30000};
  struct epoll_event event;
  char byte;
  packhorse_use(pair->client);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  int epoll = packhorse_epoll_create1(0);
  CHECK(packhorse_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
                             sizeof(timeout)) == 0);
  struct pollfd in = {.fd = fd, .events = POLLIN};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  uint64_t begin = now_ms();
  assert_int_equal(packhorse_recv(fd, &byte, 1, 0), -1);
  assert_int_equal(errno, EAGAIN);
  assert_true(now_ms() - begin >= 29);
  begin = now_ms();
  assert_int_equal(packhorse_poll(&in, 1, 30), 0);
  assert_true(now_ms() - begin >= 29);
  begin = now_ms();
  assert_int_equal(packhorse_epoll_wait(epoll, &event, 1, 30), 0);
  assert_true(now_ms() - begin >= 29);
  begin = now_ms();
  assert_int_equal(packhorse_select(fd + 1, &set, NULL, NULL, &select_timeout),
                   0);
  assert_true(now_ms() - begin >= 29);
  assert_int_equal(packhorse_poll(&in, 1, 0), 0);
}

/* Nobody calls the stack meanwhile: its own thread must see to the timers. */
static void lost_segment_is_sent_again_by_the_driver(void **state) {
  (void)state;
  int wire[2];
  uint8_t frame[1600];
  unsigned syns = 0;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  const struct packhorse_config config = {.frames_fd = wire[0],
                                          .address = {"10.0.0.1/24"},
                                          .mac = {2, 0, 0, 0, 0, 1}};
  struct packhorse *stack = packhorse_start(&config);
  packhorse_use(stack);
  int fd = packhorse_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in to = server_address(PORT);
  to.sin_addr.s_addr = htonl(0x0a000002);
  assert_int_equal(packhorse_connect(fd, &to, sizeof(to)), -1);
  assert_int_equal(errno, EINPROGRESS);
  while (syns < 2) {
    ssize_t len = read(wire[1], frame, sizeof(frame));
    assert_true(len > 0);
    if (frame[12] == 8 && frame[13] == 6 && frame[41] == 2) {
      /* 10.0.0.2 is at 02:00:00:00:00:02 */
      static const uint8_t us[6] = {2, 0, 0, 0, 0, 2};
      uint8_t answer[42];
      memcpy(answer, frame, sizeof(answer));
      memcpy(answer, frame + 6, 6);
      memcpy(answer + 6, us, 6);
      answer[21] = 2; /* a reply */
      memcpy(answer + 22, us, 6);
      memcpy(answer + 28, frame + 38, 4);
      memcpy(answer + 32, frame + 22, 10);
      assert_int_equal(write(wire[1], answer, sizeof(answer)), sizeof(answer));
    }
    syns +=
        frame[12] == 8 && frame[13] == 0 && frame[23] == 6 && frame[47] == 2;
  }
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  packhorse_use(NULL);
  close(wire[1]);
}

/* With nothing to do it sleeps for ever. */
static void await_quiet(struct packhorse *stack) {
  for (bool quiet = false; !quiet;) {
    pthread_mutex_lock(&stack->lock);
    quiet = stack->sleeps_until == UINT64_MAX;
    pthread_mutex_unlock(&stack->lock);
    sched_yield();
  }
}

static void driver_that_sleeps_is_kicked_by_a_nearer_deadline(void **state) {
  (void)state;
  int wire[2];
  uint8_t frame[1600];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  const struct packhorse_config config = {
      .frames_fd = wire[0], .address = {"10.0.0.1/24"}, .ipv4_only = true};
  struct packhorse *stack = packhorse_start(&config);
  struct sockaddr_in to = server_address(PORT);
  to.sin_addr.s_addr = htonl(0x0a000002);
  await_quiet(stack);
  packhorse_use(stack);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(packhorse_sendto(fd, "x", 1, 0, &to, sizeof(to)), 1);
  for (int requests = 0; requests < 2;) { /* the second by a timer */
    assert_true(read(wire[1], frame, sizeof(frame)) > 0);
    requests += frame[12] == 8 && frame[13] == 6 && frame[41] == 2;
  }
  assert_int_equal(packhorse_socket(AF_INET6, SOCK_DGRAM, 0), -1);
  assert_int_equal(errno, EAFNOSUPPORT);
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  packhorse_use(NULL);
  close(wire[1]);
}

/* What comes from the stack until an ARP packet asks for `target` (the last
 * octet of 10.0.0.x); from whom? */
static uint8_t await_arp(int wire, uint8_t target) {
  uint8_t frame[1600] = {0};
  do {
    assert_true(read(wire, frame, sizeof(frame)) > 0);
  } while (frame[12] != 8 || frame[13] != 6 || frame[41] != target);
  return frame[31];
}

static void host_of_ipv4_alone_has_a_gateway_and_defends_its_address(
    void **state) {
  (void)state;
  int wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  const struct packhorse_config config = {.frames_fd = wire[0],
                                          .address = {"10.0.0.1/24"},
                                          .gateway = {"10.0.0.2"},
                                          .ipv4_only = true};
  struct packhorse *stack = packhorse_start(&config);
  assert_non_null(stack);
  struct sockaddr_in to = server_address(PORT);
  to.sin_addr.s_addr = htonl(0xc0000209); /* 192.0.2.9 */
  packhorse_use(stack);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(packhorse_sendto(fd, "x", 1, 0, &to, sizeof(to)), 1);
  assert_int_equal(await_arp(wire[1], 2), 1);
  /* RFC 5227 2.4 (b): somebody else says that it is 10.0.0.1. */
  const uint8_t conflict[60] = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  9, 8, 6,
      0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 0, 9,
      10,   0,    0,    1,    0,    0,    0, 0, 0, 0, 10, 0, 0, 1};
  assert_int_equal(write(wire[1], conflict, sizeof(conflict)),
                   sizeof(conflict));
  assert_int_equal(await_arp(wire[1], 1), 1); /* an announcement */
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  packhorse_use(NULL);
  close(wire[1]);
}

static void headers_that_contradict_themselves_are_dropped(void **state) {
  (void)state;
  enum { CSUM = VIRTIO_NET_HDR_F_NEEDS_CSUM, TCP4 = VIRTIO_NET_HDR_GSO_TCPV4 };
  static const struct virtio_net_hdr wrong[] = {
      {.gso_type = 2, .gso_size = 100},
      {.gso_type = TCP4, .gso_size = 100},
      {.flags = CSUM, .gso_type = TCP4, .csum_start = 34, .csum_offset = 16},
      {.flags = CSUM, .csum_start = 13, .csum_offset = 16},
      {.flags = CSUM, .csum_start = 99, .csum_offset = 0},
      {.flags = CSUM, .csum_start = 65535, .csum_offset = 65535},
      {.gso_type = VIRTIO_NET_HDR_GSO_ECN, .gso_size = 100},
  };
  enum { COUNT = sizeof(wrong) / sizeof(wrong[0]) };
  int wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  const struct packhorse_config config = {.frames_fd = wire[0],
                                          .frames_vnet = true,
                                          .address = {"10.0.0.1/24"},
                                          .ipv4_only = true};
  struct packhorse *stack = packhorse_start(&config);
  uint8_t frame[sizeof(wrong[0]) + 100] = {0};
  for (int i = 0; i < COUNT; i++) {
    memcpy(frame, &wrong[i], sizeof(wrong[i]));
    assert_int_equal(write(wire[1], frame, sizeof(frame)), sizeof(frame));
  }
  assert_int_equal(write(wire[1], frame, sizeof(wrong[0])), sizeof(wrong[0]));
  assert_int_equal(write(wire[1], frame, 3), 3);
  for (uint64_t dropped = 0; dropped < COUNT + 2;) {
    pthread_mutex_lock(&stack->lock);
    dropped = stack->stack.stats.NetifDrops;
    assert_int_equal(stack->frames.netif.rx_packets, 0);
    pthread_mutex_unlock(&stack->lock);
    sched_yield();
  }
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  close(wire[1]);
}

static void wire_that_is_cut_hangs_nobody(void **state) {
  (void)state;
  int wire[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  struct packhorse *stack = pair_start(wire[0], "10.0.0.1/24");
  packhorse_use(stack);
  int fd = packhorse_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in to = server_address(PORT);
  to.sin_addr.s_addr = htonl(0x0a000002);
  close(wire[1]);
  (void)packhorse_connect(fd, &to, sizeof(to));
  struct pollfd in = {.fd = fd, .events = POLLIN};
  (void)packhorse_poll(&in, 1, 20);
  packhorse_stop(stack, 10);
  packhorse_free(stack);
  packhorse_use(NULL);
}

/* --- POSIX ---------------------------------------------------------------- */

static void calls_have_posix_results(void **state) {
  const struct pair *pair = *state;
  struct sockaddr_in to = server_address(PORT), name;
  socklen_t len = sizeof(name);
  char data[8] = "", host[64];
  struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
  int pending = 0, type = 0;
  packhorse_use(pair->server);
  int listener = listen_on(PORT);
  packhorse_use(pair->client);
  int fd = connect_to(PORT);
  packhorse_use(pair->server);
  len = sizeof(name);
  int peer = packhorse_accept4(listener, &name, &len, SOCK_NONBLOCK);
  assert_true(peer >= 0 && len == sizeof(name));
  assert_int_equal(ntohl(name.sin_addr.s_addr), 0x0a000002);
  assert_int_equal(packhorse_fcntl(peer, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  assert_int_equal(packhorse_recv(peer, data, 1, 0), -1);
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(packhorse_fcntl(peer, F_SETFL, 0), 0);
  packhorse_use(pair->client);
  assert_int_equal(packhorse_writev(fd, iov, 2), 5);
  assert_int_equal(packhorse_sendmsg(fd, &msg, 0), 5);
  assert_int_equal(packhorse_write(fd, "f", 1), 1);
  len = sizeof(name);
  assert_int_equal(packhorse_getpeername(fd, &name, &len), 0);
  assert_memory_equal(&name, &to, sizeof(to));
  len = sizeof(type);
  assert_int_equal(packhorse_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len),
                   0);
  assert_int_equal(type, SOCK_STREAM);
  assert_int_equal(packhorse_getnameinfo(&to, sizeof(to), host, sizeof(host),
                                         NULL, 0, NI_NUMERICHOST),
                   0);
  assert_string_equal(host, "10.0.0.1");
  assert_int_equal(packhorse_close(fd), 0);
  assert_int_equal(packhorse_close(fd), -1);
  assert_int_equal(errno, EBADF);
  packhorse_use(pair->server);
  assert_int_equal(packhorse_read(peer, data, 1), 1);
  struct iovec room[2] = {{data, 1}, {data + 1, 3}};
  struct msghdr in = {.msg_iov = room, .msg_iovlen = 2};
  assert_int_equal(packhorse_recv(peer, data, 4, MSG_WAITALL), 4);
  assert_memory_equal(data, "bcde", 4);
  assert_int_equal(packhorse_recvmsg(peer, &in, MSG_WAITALL), 4);
  assert_memory_equal(data, "abcd", 4);
  struct pollfd ended = {.fd = peer, .events = POLLRDHUP};
  assert_int_equal(packhorse_poll(&ended, 1, -1), 1);
  assert_int_equal(packhorse_ioctl(peer, FIONREAD, &pending), 0);
  assert_int_equal(pending, 2);
  assert_int_equal(packhorse_readv(peer, room, 2), 2);
  assert_int_equal(packhorse_recv(peer, data, 1, 0), 0);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_stack_the_network_is_down),
      cmocka_unit_test(wrong_configuration_leaves_the_descriptor),
      cmocka_unit_test(many_sockets_are_a_matter_of_configuration),
      cmocka_unit_test(ipv6_address_is_there_after_start_or_in_use),
      cmocka_unit_test(address_is_asked_of_a_dhcp_server),
      cmocka_unit_test(stop_releases_every_thread),
      cmocka_unit_test(stop_lets_arrive_what_was_written),
      TEST(first_stack_is_for_threads_that_name_none),
      TEST(timeouts_end_calls_not_before_their_time),
      cmocka_unit_test(lost_segment_is_sent_again_by_the_driver),
      cmocka_unit_test(driver_that_sleeps_is_kicked_by_a_nearer_deadline),
      cmocka_unit_test(
          host_of_ipv4_alone_has_a_gateway_and_defends_its_address),
      cmocka_unit_test(headers_that_contradict_themselves_are_dropped),
      cmocka_unit_test(wire_that_is_cut_hangs_nobody),
      TEST(calls_have_posix_results),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
