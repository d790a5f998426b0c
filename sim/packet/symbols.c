/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

/* Of FreeBSD, with numbers that are none of Linux's: the runner knows the
 * options by them. */
enum { TCP_FUNCTION_BLK = 8192, TCP_KEEPINIT, TCP_NOOPT };
enum { TCP_NOPUSH = TCP_CORK };

#define S(name) \
  { #name, (int64_t)(name) }

static const struct {
  const char *name;
  int64_t value;
} symbols[] = {
    S(AF_INET),
    S(AF_INET6),
    S(AF_UNSPEC),
    S(PF_INET),
    S(PF_INET6),
    S(SOCK_STREAM),
    S(SOCK_DGRAM),
    S(SOCK_RAW),
    S(SOCK_NONBLOCK),
    S(SOCK_CLOEXEC),
    S(IPPROTO_IP),
    S(IPPROTO_IPV6),
    S(IPPROTO_ICMP),
    S(IPPROTO_TCP),
    S(IPPROTO_UDP),
    S(SHUT_RD),
    S(SHUT_WR),
    S(SHUT_RDWR),
    S(SOMAXCONN),
    S(INADDR_ANY),
    /* Levels and options. */
    S(SOL_SOCKET),
    S(SOL_IP),
    S(SOL_IPV6),

    S(SO_ACCEPTCONN),
    S(SO_BINDTODEVICE),
    S(SO_BROADCAST),
    S(SO_BUSY_POLL),
    S(SO_DEBUG),
    S(SO_DOMAIN),
    S(SO_DONTROUTE),
    S(SO_ERROR),
    S(SO_INCOMING_CPU),
    S(SO_KEEPALIVE),
    S(SO_LINGER),
    S(SO_MARK),
    S(SO_MAX_PACING_RATE),
    S(SO_OOBINLINE),
    S(SO_PEEK_OFF),
    S(SO_PRIORITY),
    S(SO_PROTOCOL),
    S(SO_RCVBUF),
    S(SO_RCVBUFFORCE),
    S(SO_RCVLOWAT),
    S(SO_RCVTIMEO),
    S(SO_REUSEADDR),
    S(SO_REUSEPORT),
    S(SO_SNDBUF),
    S(SO_SNDBUFFORCE),
    S(SO_SNDLOWAT),
    S(SO_SNDTIMEO),
    S(SO_TIMESTAMP),
    S(SO_TIMESTAMPING),
    S(SO_TYPE),
    S(SO_ZEROCOPY),
    S(SO_TXTIME),
    S(IP_TOS),
    S(IP_TTL),
    S(IPTOS_LOWDELAY),
    S(IPTOS_THROUGHPUT),
    S(IPTOS_RELIABILITY),
    {"IPTOS_DSCP_CS0", 0x00},
    {"IPTOS_DSCP_CS1", 0x20},
    {"IPTOS_DSCP_CS2", 0x40},
    {"IPTOS_DSCP_CS3", 0x60},
    {"IPTOS_DSCP_CS4", 0x80},
    {"IPTOS_DSCP_CS5", 0xa0},
    {"IPTOS_DSCP_CS6", 0xc0},
    {"IPTOS_DSCP_CS7", 0xe0},
    {"IPTOS_DSCP_EF", 0xb8},
    S(IP_MTU),
    S(IP_MTU_DISCOVER),
    S(IP_PMTUDISC_DONT),
    S(IP_PMTUDISC_WANT),
    S(IP_PMTUDISC_DO),
    S(IP_PMTUDISC_PROBE),
    S(IP_RECVERR),
    S(IP_RECVTOS),
    S(IP_RECVTTL),
    S(IP_PKTINFO),
    S(IP_BIND_ADDRESS_NO_PORT),
    S(IP_FREEBIND),
    S(IP_TRANSPARENT),
    S(IPV6_V6ONLY),
    S(IPV6_TCLASS),
    S(IPV6_RECVERR),
    S(IPV6_UNICAST_HOPS),
    S(TCP_NODELAY),
    S(TCP_MAXSEG),
    S(TCP_CORK),
    S(TCP_KEEPIDLE),
    S(TCP_KEEPINTVL),
    S(TCP_KEEPCNT),
    S(TCP_SYNCNT),
    S(TCP_LINGER2),
    S(TCP_DEFER_ACCEPT),
    S(TCP_WINDOW_CLAMP),
    S(TCP_INFO),
    S(TCP_QUICKACK),
    S(TCP_CONGESTION),
    S(TCP_MD5SIG),
    S(TCP_USER_TIMEOUT),
    S(TCP_FASTOPEN),
    S(TCP_FASTOPEN_CONNECT),
    S(TCP_FASTOPEN_KEY),
    S(TCP_FASTOPEN_NO_COOKIE),
    S(TCP_TIMESTAMP),
    S(TCP_NOTSENT_LOWAT),
    S(TCP_CC_INFO),
    S(TCP_SAVE_SYN),
    S(TCP_SAVED_SYN),
    S(TCP_REPAIR),
    S(TCP_QUEUE_SEQ),
    S(TCP_REPAIR_QUEUE),
    S(TCP_REPAIR_OPTIONS),
    S(TCP_THIN_LINEAR_TIMEOUTS),
    S(TCP_THIN_DUPACK),
    S(TCP_INQ),
    S(TCP_CM_INQ),
    S(TCP_TX_DELAY),
    S(TCP_ZEROCOPY_RECEIVE),
    S(TCP_ULP),
    S(TCP_FUNCTION_BLK),
    S(TCP_KEEPINIT),
    S(TCP_NOOPT),
    S(TCP_NOPUSH),
    /* Messages, files, polling. */
    S(MSG_OOB),
    S(MSG_PEEK),
    S(MSG_DONTROUTE),
    S(MSG_CTRUNC),
    S(MSG_TRUNC),
    S(MSG_DONTWAIT),
    S(MSG_EOR),
    S(MSG_WAITALL),
    S(MSG_FIN),
    S(MSG_SYN),
    S(MSG_CONFIRM),
    S(MSG_RST),
    S(MSG_ERRQUEUE),
    S(MSG_NOSIGNAL),
    S(MSG_MORE),
    S(MSG_WAITFORONE),
    S(MSG_BATCH),
    S(MSG_ZEROCOPY),
    S(MSG_FASTOPEN),
    S(MSG_CMSG_CLOEXEC),
    S(F_GETFD),
    S(F_SETFD),
    S(F_GETFL),
    S(F_SETFL),
    S(FD_CLOEXEC),
    S(O_RDONLY),
    S(O_WRONLY),
    S(O_RDONLY),
    S(O_WRONLY),
    S(O_RDWR),
    S(O_NONBLOCK),
    S(O_NDELAY),
    S(O_APPEND),
    S(FIONREAD),
    S(FIONBIO),
    S(SIOCATMARK),
    S(SIOCINQ),
    S(SIOCOUTQ),
    S(SIOCOUTQNSD),
    S(TIOCOUTQ),
    S(POLLIN),
    S(POLLPRI),
    S(POLLOUT),
    S(POLLERR),
    S(POLLHUP),
    S(POLLNVAL),
    S(POLLRDNORM),
    S(POLLRDBAND),
    S(POLLWRNORM),
    S(POLLWRBAND),
    S(POLLRDHUP),
    S(EPOLLIN),
    S(EPOLLPRI),
    S(EPOLLOUT),
    S(EPOLLERR),
    S(EPOLLHUP),
    S(EPOLLRDNORM),
    S(EPOLLRDBAND),
    S(EPOLLWRNORM),
    S(EPOLLWRBAND),
    S(EPOLLMSG),
    S(EPOLLRDHUP),
    S(EPOLLEXCLUSIVE),
    S(EPOLLONESHOT),
    S(EPOLLET),
    S(EPOLL_CTL_ADD),
    S(EPOLL_CTL_MOD),
    S(EPOLL_CTL_DEL),
    S(EPOLL_CLOEXEC),
    /* TCP_INFO. */
    S(TCP_CA_Open),
    S(TCP_CA_Disorder),
    S(TCP_CA_CWR),
    S(TCP_CA_Recovery),
    S(TCP_CA_Loss),
    S(TCPI_OPT_TIMESTAMPS),
    S(TCPI_OPT_SACK),
    S(TCPI_OPT_WSCALE),
    S(TCPI_OPT_ECN),
    S(TCPI_OPT_ECN_SEEN),
    S(TCPI_OPT_SYN_DATA),
    S(SOF_TIMESTAMPING_TX_HARDWARE),
    S(SOF_TIMESTAMPING_TX_SOFTWARE),
    S(SOF_TIMESTAMPING_RX_HARDWARE),
    S(SOF_TIMESTAMPING_RX_SOFTWARE),
    S(SOF_TIMESTAMPING_SOFTWARE),
    S(SOF_TIMESTAMPING_RAW_HARDWARE),
    S(SOF_TIMESTAMPING_OPT_ID),
    S(SOF_TIMESTAMPING_TX_SCHED),
    S(SOF_TIMESTAMPING_TX_ACK),
    S(SOF_TIMESTAMPING_OPT_CMSG),
    S(SOF_TIMESTAMPING_OPT_TSONLY),
    S(SOF_TIMESTAMPING_OPT_STATS),
    {"TCP_ESTABLISHED", 1},
    {"TCP_SYN_SENT", 2},
    {"TCP_SYN_RECV", 3},
    {"TCP_FIN_WAIT1", 4},
    {"TCP_FIN_WAIT2", 5},
    {"TCP_TIME_WAIT", 6},
    {"TCP_CLOSE", 7},
    {"TCP_CLOSE_WAIT", 8},
    {"TCP_LAST_ACK", 9},
    {"TCP_LISTEN", 10},
    {"TCP_CLOSING", 11},
    {"SOL_TCP", IPPROTO_TCP},
    {"SOL_UDP", IPPROTO_UDP},
    {"NULL", 0},
};

enum { ERRNO_MAX = 140 };

int symbol_errno(const char *name) {
  for (int i = 1; i < ERRNO_MAX; i++) {
    const char *known = strerrorname_np(i);
    if (known && strcmp(known, name) == 0) {
      return i;
    }
  }
  return strcmp(name, "EWOULDBLOCK") == 0 ? EAGAIN
         : strcmp(name, "ENOTSUP") == 0   ? EOPNOTSUPP
                                          : 0;
}

bool symbol_value(const char *name, int64_t *value) {
  for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
    if (strcmp(symbols[i].name, name) == 0) {
      *value = symbols[i].value;
      return true;
    }
  }
  /* An errno as a value: what SO_ERROR tells. */
  int error = symbol_errno(name);
  *value = error ? error : *value;
  return error != 0;
}

const char *symbol_errno_name(int number) {
  const char *name = number > 0 ? strerrorname_np(number) : NULL;
  return name ? name : "an unknown error";
}
