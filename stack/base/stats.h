/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of one stack. SNMP names where Linux has one (`netstat -s`); the
 * rest count work, from which the simulator derives what software costs. */
#ifndef PH_BASE_STATS_H
#define PH_BASE_STATS_H

#include <stdint.h>

/* One line each, so that one more changes no other. */
/* clang-format off */
#define PH_STATS_MAP(X) \
  X(EthInFrames, "frames taken from interfaces") \
  X(EthInErrors, "short, unknown type, or not for us") \
  X(EthOutFrames, "frames given to interfaces (a super-segment is one)") \
  X(ArpInErrors, "ARP packets that failed a check") \
  X(ArpConflicts, "packets of others from an address of ours (RFC 5227)") \
  X(ArpResolveFailed, "packets dropped because nobody answered") \
  X(IpInReceives, "") \
  X(IpInHdrErrors, "") \
  X(IpInAddrErrors, "") \
  X(IpInCsumErrors, "") \
  X(IpInUnknownProtos, "") \
  X(IpInDiscards, "") \
  X(IpInDelivers, "") \
  X(IpOutRequests, "") \
  X(IpOutDiscards, "") \
  X(IpOutNoRoutes, "") \
  X(IpPathsMade, "times that a path was looked up in the routes") \
  X(IpForwDatagrams, "") \
  X(IpFragOKs, "packets that were fragmented") \
  X(IpFragCreates, "") \
  X(IpFragFails, "longer than the link takes, and not to be fragmented") \
  X(IpReasmTimeout, "") \
  X(IpReasmReqds, "fragments received") \
  X(IpReasmOKs, "packets built of them") \
  X(IpReasmFails, "fragments dropped, packets that were not built") \
  X(Ip6InReceives, "") \
  X(Ip6InHdrErrors, "") \
  X(Ip6InAddrErrors, "") \
  X(Ip6InTruncatedPkts, "") \
  X(Ip6InUnknownProtos, "") \
  X(Ip6InDiscards, "") \
  X(Ip6InDelivers, "") \
  X(Ip6OutRequests, "") \
  X(Ip6OutDiscards, "") \
  X(Ip6FragOKs, "") \
  X(Ip6FragCreates, "") \
  X(Ip6OutNoRoutes, "") \
  X(Ip6InTooBigErrors, "not forwarded: longer than the next link takes") \
  X(Ip6OutForwDatagrams, "") \
  X(Ip6ReasmTimeout, "") \
  X(Ip6ReasmReqds, "fragments received") \
  X(Ip6ReasmOKs, "packets built of them") \
  X(Ip6ReasmFails, "fragments dropped, packets that were not built") \
  X(Icmp6InMsgs, "") \
  X(Icmp6InErrors, "") \
  X(Icmp6InCsumErrors, "") \
  X(Icmp6InEchos, "") \
  X(Icmp6InEchoReplies, "") \
  X(Icmp6OutMsgs, "") \
  X(Icmp6InPktTooBigs, "") \
  X(NdInErrors, "neighbour discovery messages that failed a check") \
  X(NdResolveFailed, "packets dropped because nobody answered") \
  X(NdUnreachable, "neighbours that no longer answer") \
  X(NdDuplicates, "addresses of ours that another node has") \
  X(NdTableFull, "entries not made: too many prefixes, routers, groups") \
  X(NdAdverts, "router advertisements taken") \
  X(NdAdvertsOut, "router advertisements sent") \
  X(IgmpInQueries, "") \
  X(IgmpInErrors, "messages that failed a check") \
  X(IgmpOutReports, "") \
  X(MldInQueries, "") \
  X(MldOutReports, "") \
  X(IcmpInMsgs, "") \
  X(IcmpInErrors, "") \
  X(IcmpInCsumErrors, "") \
  X(IcmpInEchos, "") \
  X(IcmpInEchoReps, "") \
  X(IcmpOutMsgs, "") \
  X(IcmpOutRateLimited, "") \
  X(UdpInDatagrams, "") \
  X(UdpNoPorts, "") \
  X(UdpInErrors, "") \
  X(UdpInCsumErrors, "") \
  X(UdpRcvbufErrors, "") \
  X(UdpOutDatagrams, "") \
  X(DnsOutQueries, "questions sent to name servers") \
  X(DnsInErrors, "messages that are no answer to what was asked, or malformed") \
  X(DnsTimeouts, "questions that nobody answered in time") \
  X(DnsTruncated, "answers that came by TCP because they were too long") \
  X(DnsCacheHits, "questions whose answer was known") \
  X(DhcpInErrors, "messages that are malformed or not for us") \
  X(DhcpOutMessages, "") \
  X(TcpActiveOpens, "") \
  X(TcpPassiveOpens, "") \
  X(TcpAttemptFails, "") \
  X(TcpEstabResets, "") \
  X(TcpInSegs, "") \
  X(TcpOutSegs, "counted after cutting, as RFC 4022 wants") \
  X(TcpOutSuperSegs, "packets with more than one segment") \
  X(TcpRetransSegs, "") \
  X(TcpFastRetrans, "") \
  X(TcpTimeouts, "") \
  X(TcpLostRetransmits, "retransmissions found lost again") \
  X(TcpLossProbes, "tail loss probes (RFC 8985)") \
  X(TcpLossProbeRecovery, "losses that a probe alone repaired") \
  X(TcpSackDiscarded, "SACK blocks that can't be") \
  X(TcpSackIgnored, "SACK blocks for which no record was left") \
  X(TcpOutForgotten, "records of what is out that others needed more") \
  X(TcpSackReneging, "timeouts with the first range sacked") \
  X(TcpDsackIn, "duplicates that the peer reported") \
  X(TcpUndoTimestamps, "needless recoveries taken back: timestamps (Eifel)") \
  X(TcpUndoDsack, "needless recoveries taken back: D-SACK") \
  X(TcpUndoFrto, "needless timeouts taken back: F-RTO") \
  X(TcpReorderSeen, "connections on which reordering was seen") \
  X(TcpIcmpIgnored, "ICMP errors that no segment in flight caused") \
  X(TcpPathMtuFell, "times that a path took shorter packets than before") \
  X(TcpMtuBlackHoles, "of these, found by repeated timeouts (RFC 4821)") \
  X(TcpMtuProbes, "probes of the path MTU") \
  X(TcpMtuProbesPassed, "") \
  X(TcpMtuProbesFailed, "") \
  X(TcpInErrs, "") \
  X(TcpInCsumErrors, "") \
  X(TcpOutRsts, "") \
  X(TcpChallengeAcks, "") \
  X(TcpDupAcksIn, "") \
  X(TcpOutOfOrder, "segments queued out of order") \
  X(TcpEcnCeIn, "segments marked by a congested router (RFC 3168)") \
  X(TcpEcnReduced, "windows reduced because the peer saw a mark") \
  X(TcpPawsDrops, "segments with an old timestamp (RFC 7323 5)") \
  X(TcpTsNotOurs, "answers to a SYN that echo another time, refused") \
  X(TcpTsMissing, "segments without the timestamp agreed on, dropped") \
  X(TcpDsackOut, "duplicates reported to the peer (RFC 2883)") \
  X(TcpDelayedAcks, "") \
  X(TcpPureAcksOut, "") \
  X(TcpZeroWindowProbes, "") \
  X(TcpKeepaliveProbes, "") \
  X(TcpWindowUpdates, "") \
  X(TcpRcvBufDrops, "") \
  X(TcpRcvCollapsed, "receive queues packed because memory was short") \
  X(TcpListenOverflows, "SYN or ACK dropped: a queue was full") \
  X(TcpDeferAcceptDrops, "ACKs that came before data (TCP_DEFER_ACCEPT)") \
  X(TcpSyncookiesSent, "") \
  X(TcpSyncookiesRecv, "") \
  X(TcpSyncookiesFailed, "") \
  X(SwSegments, "segments cut by the software segmenter") \
  X(SwChecksumBytes, "bytes summed by software on transmit") \
  X(SwVerifyBytes, "bytes summed by software on receive") \
  X(CopiedBytes, "bytes copied between application and stack") \
  X(SocketCalls, "entries into the socket layer") \
  X(PktExhausted, "packet pool empty") \
  X(BlockExhausted, "block pool empty") \
  X(NetifBusy, "device ring full: the packet waited above") \
  X(NetifDrops, "packets that a device could not take and nobody kept")
/* clang-format on */

struct ph_stats {
#define X(name, text) uint64_t name;
  PH_STATS_MAP(X)
#undef X
};

#endif
