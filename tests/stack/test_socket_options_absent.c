/* SPDX-License-Identifier: Apache-2.0 */
/* The options of Linux's manual pages that are not there answer ENOPROTOOPT,
 * each of them, on every kind of socket: the list of docs/programmers_guide.md.
 */
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#define tcp_info linux_tcp_info /* the stack has one, too */
#include <linux/tcp.h>
#undef tcp_info
#undef TCP_MSS_DEFAULT
#include <linux/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "stack/udp/raw.h"
#include "tests/stack/tcp_pair.h"

struct absent {
  int level, option;
  const char *name;
};
#define OPTION(level, option) \
  { level, option, #option }
/* What the headers here may be too old for. */
#define NUMBER(level, option, number) \
  { level, number, #option }

static const struct absent absent[] = {
    OPTION(SOL_SOCKET, SO_ATTACH_FILTER),
    OPTION(SOL_SOCKET, SO_ATTACH_BPF),
    OPTION(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF),
    OPTION(SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF),
    OPTION(SOL_SOCKET, SO_BSDCOMPAT),
    OPTION(SOL_SOCKET, SO_BUSY_POLL),
    OPTION(SOL_SOCKET, SO_COOKIE),
    OPTION(SOL_SOCKET, SO_DEBUG),
    OPTION(SOL_SOCKET, SO_DETACH_FILTER),
    OPTION(SOL_SOCKET, SO_DONTROUTE),
    OPTION(SOL_SOCKET, SO_INCOMING_CPU),
    OPTION(SOL_SOCKET, SO_INCOMING_NAPI_ID),
    OPTION(SOL_SOCKET, SO_LOCK_FILTER),
    OPTION(SOL_SOCKET, SO_MARK),
    OPTION(SOL_SOCKET, SO_MAX_PACING_RATE),
    OPTION(SOL_SOCKET, SO_MEMINFO),
    OPTION(SOL_SOCKET, SO_NO_CHECK),
    OPTION(SOL_SOCKET, SO_PASSCRED),
    OPTION(SOL_SOCKET, SO_PASSSEC),
    OPTION(SOL_SOCKET, SO_PEEK_OFF),
    OPTION(SOL_SOCKET, SO_PEERCRED),
    OPTION(SOL_SOCKET, SO_PEERSEC),
    OPTION(SOL_SOCKET, SO_PRIORITY),
    OPTION(SOL_SOCKET, SO_RCVBUFFORCE),
    OPTION(SOL_SOCKET, SO_RXQ_OVFL),
    OPTION(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
    OPTION(SOL_SOCKET, SO_SNDBUFFORCE),
    OPTION(SOL_SOCKET, SO_TIMESTAMPING),
    OPTION(SOL_SOCKET, SO_TXTIME),
    OPTION(SOL_SOCKET, SO_ZEROCOPY),
    OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
    OPTION(IPPROTO_IP, IP_CHECKSUM),
    OPTION(IPPROTO_IP, IP_FREEBIND),
    NUMBER(IPPROTO_IP, IP_LOCAL_PORT_RANGE, 51),
    OPTION(IPPROTO_IP, IP_MINTTL),
    OPTION(IPPROTO_IP, IP_NODEFRAG),
    OPTION(IPPROTO_IP, IP_OPTIONS),
    OPTION(IPPROTO_IP, IP_PASSSEC),
    OPTION(IPPROTO_IP, IP_RECVERR_RFC4884),
    OPTION(IPPROTO_IP, IP_RECVFRAGSIZE),
    OPTION(IPPROTO_IP, IP_RECVOPTS),
    OPTION(IPPROTO_IP, IP_RECVORIGDSTADDR),
    OPTION(IPPROTO_IP, IP_RETOPTS),
    OPTION(IPPROTO_IP, IP_ROUTER_ALERT),
    OPTION(IPPROTO_IP, IP_TRANSPARENT),
    OPTION(IPPROTO_IP, IP_UNICAST_IF),
    OPTION(IPPROTO_IPV6, IPV6_2292DSTOPTS),
    OPTION(IPPROTO_IPV6, IPV6_2292HOPLIMIT),
    OPTION(IPPROTO_IPV6, IPV6_2292HOPOPTS),
    OPTION(IPPROTO_IPV6, IPV6_2292PKTINFO),
    OPTION(IPPROTO_IPV6, IPV6_2292PKTOPTIONS),
    OPTION(IPPROTO_IPV6, IPV6_2292RTHDR),
    OPTION(IPPROTO_IPV6, IPV6_ADDRFORM),
    OPTION(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES),
    OPTION(IPPROTO_IPV6, IPV6_AUTHHDR),
    OPTION(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
    OPTION(IPPROTO_IPV6, IPV6_CHECKSUM),
    OPTION(IPPROTO_IPV6, IPV6_DONTFRAG),
    OPTION(IPPROTO_IPV6, IPV6_DSTOPTS),
    OPTION(IPPROTO_IPV6, IPV6_FLOWINFO),
    OPTION(IPPROTO_IPV6, IPV6_FLOWINFO_SEND),
    OPTION(IPPROTO_IPV6, IPV6_FLOWLABEL_MGR),
    OPTION(IPPROTO_IPV6, IPV6_FREEBIND),
    OPTION(IPPROTO_IPV6, IPV6_HOPLIMIT),
    OPTION(IPPROTO_IPV6, IPV6_HOPOPTS),
    OPTION(IPPROTO_IPV6, IPV6_JOIN_ANYCAST),
    OPTION(IPPROTO_IPV6, IPV6_LEAVE_ANYCAST),
    OPTION(IPPROTO_IPV6, IPV6_MINHOPCOUNT),
    OPTION(IPPROTO_IPV6, IPV6_PATHMTU),
    OPTION(IPPROTO_IPV6, IPV6_PKTINFO),
    OPTION(IPPROTO_IPV6, IPV6_RECVDSTOPTS),
    OPTION(IPPROTO_IPV6, IPV6_RECVFRAGSIZE),
    OPTION(IPPROTO_IPV6, IPV6_RECVHOPOPTS),
    OPTION(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
    OPTION(IPPROTO_IPV6, IPV6_RECVPATHMTU),
    OPTION(IPPROTO_IPV6, IPV6_RECVRTHDR),
    OPTION(IPPROTO_IPV6, IPV6_ROUTER_ALERT),
    OPTION(IPPROTO_IPV6, IPV6_RTHDR),
    OPTION(IPPROTO_IPV6, IPV6_RTHDRDSTOPTS),
    OPTION(IPPROTO_IPV6, IPV6_TRANSPARENT),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_IF),
    OPTION(IPPROTO_UDP, UDP_CORK),
    OPTION(IPPROTO_UDP, UDP_ENCAP),
    OPTION(IPPROTO_UDP, UDP_NO_CHECK6_RX),
    OPTION(IPPROTO_UDP, UDP_NO_CHECK6_TX),
    OPTION(IPPROTO_TCP, TCP_CC_INFO),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN_KEY),
    OPTION(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE),
    OPTION(IPPROTO_TCP, TCP_MD5SIG),
    OPTION(IPPROTO_TCP, TCP_MD5SIG_EXT),
    OPTION(IPPROTO_TCP, TCP_QUEUE_SEQ),
    OPTION(IPPROTO_TCP, TCP_REPAIR),
    OPTION(IPPROTO_TCP, TCP_REPAIR_OPTIONS),
    OPTION(IPPROTO_TCP, TCP_REPAIR_QUEUE),
    OPTION(IPPROTO_TCP, TCP_REPAIR_WINDOW),
    OPTION(IPPROTO_TCP, TCP_SAVED_SYN),
    OPTION(IPPROTO_TCP, TCP_SAVE_SYN),
    OPTION(IPPROTO_TCP, TCP_THIN_DUPACK),
    OPTION(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
    OPTION(IPPROTO_TCP, TCP_TIMESTAMP),
    OPTION(IPPROTO_TCP, TCP_TX_DELAY),
    OPTION(IPPROTO_TCP, TCP_ULP),
    OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP),
    OPTION(IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE),
};

static char guide[1 << 16];

static void read_guide(void) {
  FILE *f = fopen("docs/programmers_guide.md", "r");
  assert_non_null(f);
  size_t n = fread(guide, 1, sizeof(guide) - 1, f);
  assert_in_range(n, 1000, sizeof(guide) - 2);
  (void)fclose(f);
}

static void option_that_is_absent_says_so_and_the_guide_names_it(void **state) {
  /* EVIDENCE: socket(7), ip(7), ipv6(7), udp(7), tcp(7) of Linux */
  (void)state;
  static const int kinds[][3] = {
      {PH_AF_INET, PH_SOCK_STREAM, 0}, {PH_AF_INET6, PH_SOCK_STREAM, 0},
      {PH_AF_INET, PH_SOCK_DGRAM, 0},  {PH_AF_INET6, PH_SOCK_DGRAM, 0},
      {PH_AF_INET, PH_SOCK_RAW, 200},  {PH_AF_INET6, PH_SOCK_RAW, 200}};
  const struct pair_options options = {.socket = {.max_sockets = 8},
                                       .ipv6 = true};
  struct pair *pair = pair_new(&options);
  struct ph_stack *s = &pair->host[0].stack;
  uint8_t value[64] = {1};
  read_guide();
  assert_int_equal(ph_raw_init(s), 0);
  assert_int_equal(ph_multicast_init(s, 4), 0);
  for (size_t k = 0; k < PH_ARRAY_LEN(kinds); k++) {
    int fd = ph_socket(s, kinds[k][0], kinds[k][1], kinds[k][2]);
    assert_true(fd >= 0);
    for (size_t i = 0; i < PH_ARRAY_LEN(absent); i++) {
      const struct absent *o = &absent[i];
      ph_socklen_t len = sizeof(value);
      int set = ph_setsockopt(s, fd, o->level, o->option, value, sizeof(value));
      int get = ph_getsockopt(s, fd, o->level, o->option, value, &len);
      /* Of a level that is another protocol's Linux says EOPNOTSUPP, too. */
      bool foreign = o->level == IPPROTO_TCP && kinds[k][1] != PH_SOCK_STREAM;
      if (set != -PH_ENOPROTOOPT ||
          get != (foreign ? -PH_EOPNOTSUPP : -PH_ENOPROTOOPT)) {
        fail_msg("%s of kind %zu: set %d, get %d", o->name, k, set, get);
      }
      if (!strstr(guide, o->name)) {
        fail_msg("the guide does not name %s", o->name);
      }
    }
    assert_int_equal(ph_close(s, fd), 0);
  }
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(option_that_is_absent_says_so_and_the_guide_names_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
