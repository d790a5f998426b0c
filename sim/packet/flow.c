/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/flow.h"

#include "stack/wire/tcp_wire.h"

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, FIRST_PORT = 40001 };

void flows_init(struct flows *flows, uint16_t bind_port,
                uint16_t connect_port) {
  *flows = (struct flows){
      .current = -1,
      .listen_port = bind_port,
      .bind_port = bind_port,
      .connect_port = connect_port,
      .next_port = FIRST_PORT,
  };
}

static struct flow *make(struct flows *flows, uint8_t protocol) {
  if (flows->count == FLOWS_MAX) {
    return NULL;
  }
  struct flow *flow = &flows->flow[flows->count];
  *flow = (struct flow){.protocol = protocol};
  flows->current = (int)flows->count++;
  return flow;
}

void flows_listen(struct flows *flows, uint16_t port) {
  flows->listening = true;
  flows->listen_port = port;
}

/* The datagram socket of this port, best with this peer. */
static struct flow *datagrams(struct flows *flows, uint16_t local_port,
                              uint16_t remote_port) {
  struct flow *found = NULL;
  for (unsigned i = 0; i < flows->count; i++) {
    struct flow *flow = &flows->flow[i];
    bool exact = found && found->remote_port == remote_port;
    if (flow->protocol == PROTO_UDP && flow->local_port == local_port &&
        !exact) {
      found = flow;
    }
  }
  return found;
}

struct flow *flows_open(struct flows *flows, uint8_t protocol,
                        uint16_t local_port, uint16_t remote_port) {
  struct flow *flow =
      protocol == PROTO_UDP ? datagrams(flows, local_port, remote_port) : NULL;
  if (flow) {
    flow->remote_port = remote_port ? remote_port : flow->remote_port;
    flows->current = (int)(flow - flows->flow);
    return flow;
  }
  flow = make(flows, protocol);
  if (flow) {
    flows->listening = false;
    flow->local_port = local_port;
    flow->remote_port = remote_port ? remote_port : flows->connect_port;
  }
  return flow;
}

static struct flow *current(struct flows *flows) {
  return flows->current < 0 ? NULL : &flows->flow[flows->current];
}

/* A connection, or the attempt, that the script's packet begins. */
static struct flow *begin(struct flows *flows, uint8_t protocol, uint16_t local,
                          uint16_t remote) {
  struct flow *flow = make(flows, protocol);
  if (flow) {
    flow->local_port = local ? local : flows->listen_port;
    flow->remote_port = remote ? remote : flows->next_port++;
    flow->script_local = local;
    flow->script_remote = remote;
  }
  return flow;
}

static bool port_fits(uint16_t wanted, uint16_t script, uint16_t live) {
  return wanted == 0 || wanted == live || (script && wanted == script);
}

/* The newest flow with these ports. */
static struct flow *by_ports(struct flows *flows, uint8_t protocol,
                             uint16_t local, uint16_t remote) {
  for (unsigned i = flows->count; i-- > 0;) {
    struct flow *flow = &flows->flow[i];
    if (flow->protocol == protocol &&
        port_fits(local, flow->script_local, flow->local_port) &&
        port_fits(remote, flow->script_remote, flow->remote_port)) {
      flows->current = (int)i;
      return flow;
    }
  }
  return NULL;
}

struct flow *flows_of_script(struct flows *flows,
                             const struct packet_spec *spec) {
  uint16_t local = spec->inbound ? spec->dst_port : spec->src_port;
  uint16_t remote = spec->inbound ? spec->src_port : spec->dst_port;
  uint8_t protocol = spec->kind == PACKET_UDP ? PROTO_UDP : PROTO_TCP;
  bool syn = spec->kind == PACKET_TCP && spec->inbound &&
             (spec->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
  struct flow *flow = current(flows);
  if (local || remote) {
    flow = by_ports(flows, protocol, local, remote);
    flow = flow ? flow : begin(flows, protocol, local, remote);
  } else if (spec->kind != PACKET_ICMP &&
             (!flow || flow->protocol != protocol ||
              (syn && flows->listening))) {
    flow = syn || !flow || flow->protocol != protocol
               ? begin(flows, protocol, 0, 0)
               : flow;
  }
  flows->listening = flows->listening && !syn;
  if (flow && syn) {
    flow->syn_came = true;
  }
  return flow;
}

struct flow *flows_of_live(struct flows *flows, const struct packet_view *view,
                           bool inbound) {
  uint16_t local = inbound ? view->dst_port : view->src_port;
  uint16_t remote = inbound ? view->src_port : view->dst_port;
  return flows_of_ports(flows, view->protocol, local, remote);
}

struct flow *flows_of_ports(struct flows *flows, uint8_t protocol,
                            uint16_t local, uint16_t remote) {
  for (unsigned i = flows->count; i-- > 0;) {
    struct flow *flow = &flows->flow[i];
    if (flow->protocol == protocol && flow->local_port == local &&
        flow->remote_port == remote) {
      return flow;
    }
  }
  return NULL;
}

bool flow_write(struct flow *flow, const uint8_t *text, size_t text_len,
                size_t len) {
  uint64_t at = flow->written;
  flow->written += len;
  text_len = text_len < len ? text_len : len;
  if (text_len == 0) {
    return true;
  }
  if (flow->text_count == FLOW_TEXTS) {
    return false;
  }
  flow->texts[flow->text_count++] = (struct flow_text){at, text_len, text};
  return true;
}

/* The byte of the stream at `at`. */
static uint8_t byte_at(const struct flow *flow, uint64_t at) {
  for (unsigned i = 0; i < flow->text_count; i++) {
    const struct flow_text *text = &flow->texts[i];
    if (at >= text->at && at - text->at < text->len) {
      return text->bytes[at - text->at];
    }
  }
  return 0;
}

bool flow_holds(const struct flow *flow, const struct packet_view *view) {
  bool stream = flow && flow->protocol == PROTO_TCP && flow->isn_known;
  /* Scripts do not write 4 GiB: the low 32 bits are enough. */
  uint64_t at = stream ? view->seq - (flow->live_isn + 1) : 0;
  for (uint32_t i = 0; i < view->payload_len; i++) {
    if (view->payload[i] != (stream ? byte_at(flow, at + i) : 0)) {
      return false;
    }
  }
  return true;
}

void flow_learn_syn(struct flow *flow, uint32_t script_seq, uint32_t live_seq) {
  if (!flow->isn_known || flow->syn_came) {
    flow->script_isn = script_seq;
    flow->live_isn = live_seq;
    flow->isn_known = true;
    flow->syn_came = false;
  }
}

void flow_learn_stamp(struct flow *flow, uint32_t script, uint32_t live) {
  struct flow_stamp stamp = {script, live};
  if (!flow->stamped) {
    flow->first = stamp;
    flow->stamped = true;
  }
  flow->stamps[flow->stamp_count++ % FLOW_STAMPS] = stamp;
}

bool flow_live_stamp(const struct flow *flow, uint32_t script, uint32_t *live) {
  uint32_t known =
      flow->stamp_count < FLOW_STAMPS ? flow->stamp_count : FLOW_STAMPS;
  for (uint32_t i = 1; i <= known; i++) {
    const struct flow_stamp *stamp =
        &flow->stamps[(flow->stamp_count - i) % FLOW_STAMPS];
    if (stamp->script == script) {
      *live = stamp->live;
      return true;
    }
  }
  *live = flow->first.live + (script - flow->first.script);
  return flow->stamped;
}
