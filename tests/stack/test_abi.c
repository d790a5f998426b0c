/* SPDX-License-Identifier: Apache-2.0 */
/* Constants and layouts of the socket interface are the host's. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cmocka.h>
#include <linux/sockios.h>
#include <string.h>

#include "stack/socket/socket.h"

#define X(name, value, text) \
  _Static_assert((int)PH_##name == name, #name " is Linux's");
PH_ERRNO_MAP(X)
#undef X

#define SAME(name) _Static_assert((int)PH_##name == (int)name, #name)
SAME(AF_UNSPEC);
SAME(AF_INET);
SAME(AF_INET6);
SAME(SOCK_STREAM);
SAME(SOCK_DGRAM);
SAME(SOCK_RAW);
SAME(SOCK_NONBLOCK);
SAME(SOCK_CLOEXEC);
SAME(IPPROTO_IP);
SAME(IPPROTO_ICMP);
SAME(IPPROTO_TCP);
SAME(IPPROTO_UDP);
SAME(IPPROTO_IPV6);
SAME(IPPROTO_ICMPV6);
SAME(IPPROTO_RAW);
SAME(IP_HDRINCL);
SAME(IP_MULTICAST_IF);
SAME(IP_MULTICAST_TTL);
SAME(IP_MULTICAST_LOOP);
SAME(IP_ADD_MEMBERSHIP);
SAME(IP_DROP_MEMBERSHIP);
SAME(IP_UNBLOCK_SOURCE);
SAME(IP_BLOCK_SOURCE);
SAME(IP_ADD_SOURCE_MEMBERSHIP);
SAME(IP_DROP_SOURCE_MEMBERSHIP);
SAME(IP_MSFILTER);
SAME(MCAST_JOIN_GROUP);
SAME(MCAST_BLOCK_SOURCE);
SAME(MCAST_UNBLOCK_SOURCE);
SAME(MCAST_LEAVE_GROUP);
SAME(MCAST_JOIN_SOURCE_GROUP);
SAME(MCAST_LEAVE_SOURCE_GROUP);
SAME(MCAST_MSFILTER);
SAME(MCAST_INCLUDE);
SAME(MCAST_EXCLUDE);
SAME(IP_MULTICAST_ALL);
SAME(IPV6_MULTICAST_ALL);
SAME(IPV6_MULTICAST_IF);
SAME(IPV6_MULTICAST_HOPS);
SAME(IPV6_MULTICAST_LOOP);
SAME(SO_BROADCAST);
SAME(SO_TIMESTAMP);
SAME(SO_TIMESTAMPNS);
SAME(MSG_WAITFORONE);
SAME(IP_RECVERR);
SAME(IPV6_RECVERR);
SAME(IP_PKTINFO);
SAME(IP_MTU_DISCOVER);
SAME(IP_RECVTTL);
SAME(IP_RECVTOS);
SAME(IPV6_RECVHOPLIMIT);
SAME(IPV6_HOPLIMIT);
SAME(IPV6_RECVTCLASS);
SAME(SO_BINDTODEVICE);
_Static_assert((int)PH_IPV6_JOIN_GROUP == IPV6_ADD_MEMBERSHIP, "Linux");
_Static_assert((int)PH_IPV6_LEAVE_GROUP == IPV6_DROP_MEMBERSHIP, "Linux");
_Static_assert(sizeof(struct ph_ip_mreqn) == sizeof(struct ip_mreqn), "");
#define SAME_AT(type, member)                                                \
  _Static_assert(                                                            \
      offsetof(struct ph_##type, member) == offsetof(struct type, member) && \
          sizeof(((struct ph_##type *)0)->member) ==                         \
              sizeof(((struct type *)0)->member),                            \
      "Linux")
SAME_AT(ip_mreq_source, imr_multiaddr);
SAME_AT(ip_mreq_source, imr_interface);
SAME_AT(ip_mreq_source, imr_sourceaddr);
SAME_AT(ip_msfilter, imsf_interface);
SAME_AT(ip_msfilter, imsf_fmode);
SAME_AT(ip_msfilter, imsf_numsrc);
_Static_assert(sizeof(struct ph_ip_msfilter) == IP_MSFILTER_SIZE(0), "Linux");
SAME_AT(group_req, gr_group);
SAME_AT(group_source_req, gsr_group);
SAME_AT(group_source_req, gsr_source);
SAME_AT(group_filter, gf_group);
SAME_AT(group_filter, gf_fmode);
SAME_AT(group_filter, gf_numsrc);
_Static_assert(offsetof(struct ph_group_filter, gf_slist) ==
                   offsetof(struct group_filter, gf_slist),
               "Linux");
_Static_assert(sizeof(struct ph_ipv6_mreq) == sizeof(struct ipv6_mreq), "");
SAME(ICMP6_FILTER);
SAME(SOL_RAW);
SAME(IPV6_UNICAST_HOPS);
SAME(IPV6_MTU_DISCOVER);
SAME(IPV6_MTU);
SAME(IPV6_V6ONLY);
SAME(IPV6_RECVPKTINFO);
SAME(IPV6_PKTINFO);
SAME(IPV6_TCLASS);
SAME(SHUT_RD);
SAME(SHUT_WR);
SAME(SHUT_RDWR);
SAME(MSG_OOB);
SAME(MSG_PEEK);
SAME(MSG_CTRUNC);
SAME(MSG_TRUNC);
SAME(MSG_ERRQUEUE);
SAME(MSG_DONTWAIT);
SAME(MSG_WAITALL);
SAME(MSG_NOSIGNAL);
SAME(MSG_MORE);
SAME(SOL_SOCKET);
SAME(SO_REUSEADDR);
SAME(SO_TYPE);
SAME(SO_ERROR);
SAME(SO_SNDBUF);
SAME(SO_RCVBUF);
SAME(SO_KEEPALIVE);
SAME(SO_OOBINLINE);
SAME(SO_LINGER);
SAME(SO_REUSEPORT);
SAME(SO_PROTOCOL);
SAME(SO_DOMAIN);
SAME(SO_RCVTIMEO);
SAME(SO_SNDTIMEO);
SAME(SO_ACCEPTCONN);
SAME(TCP_NODELAY);
SAME(TCP_MAXSEG);
SAME(TCP_CORK);
SAME(TCP_KEEPIDLE);
SAME(TCP_KEEPINTVL);
SAME(TCP_KEEPCNT);
SAME(TCP_SYNCNT);
SAME(TCP_LINGER2);
SAME(TCP_INFO);
SAME(TCP_QUICKACK);
SAME(TCP_USER_TIMEOUT);
SAME(TCP_NOTSENT_LOWAT);
SAME(TCP_CONGESTION);
SAME(F_GETFD);
SAME(F_SETFD);
SAME(FD_CLOEXEC);
SAME(F_GETFL);
SAME(F_SETFL);
SAME(O_NONBLOCK);
SAME(FIONREAD);
SAME(FIONBIO);
SAME(SIOCOUTQ);
SAME(SIOCATMARK);
SAME(SIOCOUTQNSD);
SAME(POLLIN);
SAME(POLLPRI);
SAME(POLLOUT);
SAME(POLLERR);
SAME(POLLHUP);
SAME(POLLNVAL);
SAME(POLLRDNORM);
SAME(POLLRDBAND);
SAME(POLLWRNORM);
SAME(POLLWRBAND);
SAME(EPOLLIN);
SAME(EPOLLPRI);
SAME(EPOLLOUT);
SAME(EPOLLERR);
SAME(EPOLLHUP);
SAME(EPOLLRDNORM);
SAME(EPOLLWRNORM);
SAME(EPOLLRDHUP);
SAME(EPOLLWAKEUP);
SAME(EPOLLONESHOT);
SAME(EPOLLET);
SAME(EPOLL_CLOEXEC);
SAME(EPOLL_CTL_ADD);
SAME(EPOLL_CTL_DEL);
SAME(EPOLL_CTL_MOD);
_Static_assert(PH_POLLRDHUP == 0x2000, "POLLRDHUP, hidden by _GNU_SOURCE");

#define LAYOUT(type, field)                                              \
  _Static_assert(                                                        \
      offsetof(struct ph_##type, field) == offsetof(struct type, field), \
      #type "." #field)
_Static_assert(sizeof(struct ph_sockaddr) == sizeof(struct sockaddr), "");
_Static_assert(sizeof(struct ph_sockaddr_in) == sizeof(struct sockaddr_in), "");
_Static_assert(sizeof(struct ph_iovec) == sizeof(struct iovec), "");
_Static_assert(sizeof(struct ph_pollfd) == sizeof(struct pollfd), "");
_Static_assert(sizeof(ph_socklen_t) == sizeof(socklen_t), "");
LAYOUT(sockaddr, sa_data);
LAYOUT(sockaddr_in, sin_port);
LAYOUT(sockaddr_in, sin_addr);
_Static_assert(sizeof(struct ph_sockaddr_in6) == sizeof(struct sockaddr_in6),
               "");
LAYOUT(sockaddr_in6, sin6_port);
LAYOUT(sockaddr_in6, sin6_addr);
LAYOUT(sockaddr_in6, sin6_scope_id);
_Static_assert(sizeof(struct ph_msghdr) == sizeof(struct msghdr), "");
LAYOUT(msghdr, msg_name);
LAYOUT(msghdr, msg_namelen);
LAYOUT(msghdr, msg_iov);
LAYOUT(msghdr, msg_iovlen);
LAYOUT(msghdr, msg_control);
LAYOUT(msghdr, msg_controllen);
LAYOUT(msghdr, msg_flags);
_Static_assert((int)PH_FD_SETSIZE == (int)FD_SETSIZE, "");
_Static_assert(sizeof(struct ph_fd_set) == sizeof(fd_set), "");
_Static_assert(sizeof(struct ph_timeval) == sizeof(struct timeval), "");
_Static_assert(sizeof(struct ph_epoll_event) == sizeof(struct epoll_event), "");
LAYOUT(timeval, tv_usec);
LAYOUT(timespec, tv_nsec);
LAYOUT(mmsghdr, msg_len);
_Static_assert(sizeof(struct ph_mmsghdr) == sizeof(struct mmsghdr), "");
LAYOUT(epoll_event, events);
LAYOUT(epoll_event, data);
LAYOUT(iovec, iov_base);
LAYOUT(iovec, iov_len);
LAYOUT(pollfd, fd);
LAYOUT(pollfd, events);
LAYOUT(pollfd, revents);

static void abi_every_error_number_has_its_text(void **state) {
  /* EVIDENCE: docs/stack_lower.md: numbers are Linux's */
  (void)state;
#define X(name, value, text)                     \
  assert_string_equal(ph_strerror(value), text); \
  assert_string_equal(ph_strerror(-(value)), text);
  PH_ERRNO_MAP(X)
#undef X
  assert_string_equal(ph_strerror(0), "success");
  assert_string_equal(ph_strerror(INT32_MIN), "unknown error");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(abi_every_error_number_has_its_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
