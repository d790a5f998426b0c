/* SPDX-License-Identifier: Apache-2.0 */
/* What of a connection is rarely looked at: what its owner set
 * (tcp_settings.c), and what only TCP_INFO asks for (tcp_info.c). */
#ifndef PH_TCP_TCP_INFO_H
#define PH_TCP_TCP_INFO_H

#include "stack/ip/ip.h"

/* 0 is the default. */
struct tcp_settings {
  uint32_t user_timeout_ms;
  uint32_t notsent_lowat; /* of the bytes never sent: tcp_writable() */
  uint16_t keep_idle_s, keep_intvl_s;
  int16_t linger2_s;
  uint8_t keep_count;
  uint8_t syn_retries;
  uint8_t defer_accept;   /* retransmissions of the SYN-ACK until an ACK alone
                             will do */
  bool inq : 1;           /* TCP_INQ */
  uint8_t congestion : 7; /* the algorithm's number: tcp_cc.h */
  struct ip_marks marks;
};

/* What may limit a connection, one at each moment (docs/diagnose.md). */
enum tcp_limit {
  TCP_LIMIT_IDLE,           /* all that was written has arrived */
  TCP_LIMIT_SENDER,         /* all that was written has been sent */
  TCP_LIMIT_SEND_BUFFER,    /* likewise, and there is no room to write more */
  TCP_LIMIT_RECEIVER,       /* the window forbids, for much is not read */
  TCP_LIMIT_RECEIVE_BUFFER, /* the window forbids, and all is read */
  TCP_LIMIT_CONGESTION,     /* cwnd forbids, and the path could hold more */
  TCP_LIMIT_WIRE,           /* cwnd or the device forbids; a queue stands */
  TCP_LIMIT_COUNT,
  TCP_LIMIT_OVER = TCP_LIMIT_COUNT, /* there will be no more to send */
};

/* Segments are counted as on the wire, before coalescing and after cutting. */
struct tcp_counters {
  uint32_t segs_out, segs_in;
  uint32_t data_segs_out, data_segs_in;
  uint32_t ooo_segs;     /* received out of order */
  uint32_t last_sent_ms; /* data */
  uint64_t bytes_retrans;
};

static inline void tcp_count_out(struct tcp_counters *counters, uint32_t segs,
                                 uint32_t len, uint32_t now_ms) {
  counters->segs_out += segs;
  if (len > 0) {
    counters->data_segs_out += segs;
    counters->last_sent_ms = now_ms;
  }
}

/* `gso_size` is what the parts of a coalesced segment hold, or 0. */
static inline void tcp_count_in(struct tcp_counters *counters, uint32_t len,
                                uint32_t gso_size) {
  if (gso_size == 0 || len == 0) {
    counters->segs_in++;
    counters->data_segs_in += len > 0;
  } else {
    uint32_t segs = (len + gso_size - 1) / gso_size;
    counters->segs_in += segs;
    counters->data_segs_in += segs;
  }
}

#endif
