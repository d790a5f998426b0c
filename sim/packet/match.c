/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that the stack sent against those that the script expects. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"
#include "stack/wire/bytes.h"
#include "stack/wire/tcp_wire.h"

enum { LINE = 400, PROTO_TCP = 6 };

static bool differ(char *why, size_t size, const char *field, uint32_t expected,
                   uint32_t actual) {
  if (expected == actual) {
    return false;
  }
  snprintf(why, size, "%s: expected %u, came %u", field, expected, actual);
  return true;
}

/* ---- IP ----------------------------------------------------------------- */

static bool match_ip(const struct packet_spec *spec,
                     const struct packet_view *view, char *why, size_t size) {
  uint32_t ecn = view->tos & 3u;
  if (spec->tos_check == TOS_ECN && differ(why, size, "ECN", spec->tos, ecn)) {
    return false;
  }
  if (spec->tos_check == TOS_ALL &&
      differ(why, size, "TOS", spec->tos, view->tos)) {
    return false;
  }
  if (spec->tos_check == TOS_ECT01 && ecn != 1 && ecn != 2) {
    snprintf(why, size, "ECN: expected ect0 or ect1, came %u", ecn);
    return false;
  }
  return !(spec->ttl && differ(why, size, "TTL", spec->ttl, view->ttl));
}

/* ---- TCP options -------------------------------------------------------- */

static bool match_stamps(struct run *run, const struct packet_spec *spec,
                         struct flow *flow, const uint8_t *script,
                         const uint8_t *live, char *why, size_t size) {
  uint32_t script_val = get_be32(script), live_val = get_be32(live);
  if (spec->any_ts_val) {
    script_val = flow->first.script + (live_val - flow->first.live);
  }
  flow_learn_stamp(flow, script_val, live_val);
  uint32_t val = flow->first.script + (live_val - flow->first.live);
  int64_t off = (int32_t)(val - script_val);
  off = (off < 0 ? -off : off) * run->settings.ts_tick_us;
  if (off > run_tolerance(run, run->event_us)) {
    return !differ(why, size, "TS val", script_val, val);
  }
  return spec->any_ts_ecr ||
         !differ(why, size, "TS ecr", get_be32(script + 4), get_be32(live + 4));
}

static bool match_options(struct run *run, const struct packet_spec *spec,
                          struct flow *flow, const struct packet_view *view,
                          char *why, size_t size) {
  uint32_t s = 0, a = 0;
  while (s < spec->options_len && a < view->options_len) {
    const uint8_t *script = spec->options + s, *live = view->options + a;
    uint32_t s_len = packet_option_len(spec->options, spec->options_len, s);
    uint32_t a_len = packet_option_len(view->options, view->options_len, a);
    if (script[0] == TCP_OPT_TIMESTAMPS && live[0] == TCP_OPT_TIMESTAMPS &&
        s_len == 10 && a_len == 10) {
      if (!match_stamps(run, spec, flow, script + 2, live + 2, why, size)) {
        return false;
      }
    } else if (s_len != a_len || memcmp(script, live, s_len) != 0) {
      break;
    }
    s += s_len;
    a += a_len;
  }
  if (s != spec->options_len || a != view->options_len) {
    snprintf(why, size, "TCP options: their bytes %u and after differ", s);
    return false;
  }
  return true;
}

/* ---- TCP ---------------------------------------------------------------- */

/* PSH at the end of several segments counts where a write ends: elsewhere Linux
 * sets it since 5.5 (ph_tcp_features.push_bursts), and scripts are of either
 * time. */
static bool push_may_differ(const struct flow *flow,
                            const struct packet_view *view) {
  uint32_t end = view->seq + view->payload_len - (flow->live_isn + 1);
  return view->gathered > 0 && end != (uint32_t)flow->written;
}

static bool match_flags(const struct packet_spec *spec, const struct flow *flow,
                        const struct packet_view *view, char *why,
                        size_t size) {
  unsigned free_flags = push_may_differ(flow, view) ? TCP_PSH : 0;
  if (((spec->flags ^ view->flags) & ~free_flags) == 0 &&
      spec->ae == view->ae) {
    return true;
  }
  char expected[12], came[12];
  packet_flags_print(spec->flags, spec->ae, expected);
  packet_flags_print(view->flags, view->ae, came);
  snprintf(why, size, "flags: expected %s, came %s", expected, came);
  return false;
}

static bool match_tcp(struct run *run, const struct packet_spec *spec,
                      struct flow *flow, const struct packet_view *view,
                      char *why, size_t size) {
  uint32_t shift = flow_shift(flow);
  bool ack = spec->flags & TCP_ACK;
  return match_flags(spec, flow, view, why, size) &&
         (spec->any_seq || !differ(why, size, "sequence number", spec->seq,
                                   view->seq - shift)) &&
         !differ(why, size, "length", spec->len, view->payload_len) &&
         !(ack && differ(why, size, "ack", spec->ack, view->ack)) &&
         !(spec->win != WINDOW_ANY &&
           differ(why, size, "window", (uint32_t)spec->win, view->win)) &&
         !differ(why, size, "urgent pointer", spec->urg, view->urg) &&
         (spec->any_options || match_options(run, spec, flow, view, why, size));
}

bool match_packet(struct run *run, const struct packet_spec *spec,
                  struct flow *flow, const struct packet_view *view, char *why,
                  size_t why_size) {
  static const uint8_t protocols[] = {6, 17, 1};
  if (differ(why, why_size, "protocol", protocols[spec->kind],
             view->protocol) ||
      !match_ip(spec, view, why, why_size)) {
    return false;
  }
  switch (spec->kind) {
    case PACKET_TCP:
      return match_tcp(run, spec, flow, view, why, why_size);
    case PACKET_UDP:
      return !differ(why, why_size, "length", spec->len, view->payload_len);
    default:
      return !differ(why, why_size, "ICMP type", spec->icmp.type, view->type) &&
             !differ(why, why_size, "ICMP code", spec->icmp.code, view->code);
  }
}
