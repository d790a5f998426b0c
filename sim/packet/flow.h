/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: which live ports, sequence numbers and timestamps stand for those that
 * the script writes.
 *
 * The peer's sequence numbers are the script's. The stack chooses its own: they
 * are learnt from its SYN. So are its timestamps: the first that the script
 * names fixes the difference, and each named value is remembered, since a
 * script's clock may tick where ours did not.
 */
#ifndef PH_SIM_PACKET_FLOW_H
#define PH_SIM_PACKET_FLOW_H

#include "sim/packet/packets.h"

enum { FLOWS_MAX = 64, FLOW_STAMPS = 256, FLOW_TEXTS = 64 };

struct flow_stamp {
  uint32_t script, live;
};

/* Bytes of the stream to the peer that are not zero. */
struct flow_text {
  uint64_t at; /* from the first byte behind the SYN */
  size_t len;
  const uint8_t *bytes;
};

struct flow {
  uint8_t protocol;
  uint16_t local_port, remote_port;     /* on the wire */
  uint16_t script_local, script_remote; /* as the script wrote them; 0: never */
  uint32_t script_isn, live_isn;        /* of the stack */
  bool isn_known;
  bool syn_came; /* a SYN of the peer since the stack's last */
  bool stamped;
  struct flow_stamp first;
  struct flow_stamp stamps[FLOW_STAMPS];
  uint32_t stamp_count; /* ever; the oldest are forgotten */
  uint64_t written;     /* bytes that the script wrote */
  struct flow_text texts[FLOW_TEXTS];
  unsigned text_count;
};

struct flows {
  struct flow flow[FLOWS_MAX];
  unsigned count;
  int current;    /* what packets without ports belong to; -1: none */
  bool listening; /* the next SYN without ports makes a flow */
  uint16_t listen_port, bind_port, connect_port;
  uint16_t next_port; /* of remotes that the script does not name */
};

void flows_init(struct flows *flows, uint16_t bind_port, uint16_t connect_port);

/* A socket listens on `port`. */
void flows_listen(struct flows *flows, uint16_t port);
/* A socket of `local_port` talks to `remote_port` (0: to be learnt). NULL: too
 * many. */
struct flow *flows_open(struct flows *flows, uint8_t protocol,
                        uint16_t local_port, uint16_t remote_port);

/* The flow of a packet of the script; NULL: too many of them. */
struct flow *flows_of_script(struct flows *flows,
                             const struct packet_spec *spec);
/* The flow of a packet that the stack sent or that was sent to it, or NULL. */
struct flow *flows_of_live(struct flows *flows, const struct packet_view *view,
                           bool inbound);

/* The flow of a socket with these ports, or NULL. */
struct flow *flows_of_ports(struct flows *flows, uint8_t protocol,
                            uint16_t local, uint16_t remote);

/* The script wrote `len` bytes: `text_len` from `text` (kept by reference),
 * then zeros. False: more texts than can be kept. */
bool flow_write(struct flow *flow, const uint8_t *text, size_t text_len,
                size_t len);
/* True if a segment's payload is what was written there. */
bool flow_holds(const struct flow *flow, const struct packet_view *view);

/* What turns the stack's live numbers into the script's, by subtraction. */
static inline uint32_t flow_shift(const struct flow *flow) {
  return flow && flow->isn_known ? flow->live_isn - flow->script_isn : 0;
}

/* The stack sent a SYN where the script expects one with this number. */
void flow_learn_syn(struct flow *flow, uint32_t script_seq, uint32_t live_seq);
void flow_learn_stamp(struct flow *flow, uint32_t script, uint32_t live);
/* The live value that a TS ecr of the script means; false: none is known. */
bool flow_live_stamp(const struct flow *flow, uint32_t script, uint32_t *live);

#endif
