/* SPDX-License-Identifier: Apache-2.0 */
/* Packets as text, in the words of the scripts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/packet/packets.h"
#include "stack/wire/tcp_wire.h"

struct text {
  char *at;
  size_t left;
};

static void put(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text->at, text->left, format, args);
  va_end(args);
  size_t used = n < 0 ? 0 : (size_t)n;
  used = used < text->left ? used : text->left - 1;
  text->at += used;
  text->left -= used;
}

void packet_flags_print(uint8_t flags, bool ae, char *to) {
  static const char letters[] = "FSRP.UEW";
  static const uint8_t order[] = {1, 2, 0, 3, 5, 6, 7, 4};
  for (size_t i = 0; i < sizeof(order); i++) {
    if (flags & 1u << order[i]) {
      *to++ = letters[order[i]];
    }
    if (order[i] == 7 && ae) {
      *to++ = 'A';
    }
  }
  if (!flags && !ae) {
    *to++ = '-';
  }
  *to = '\0';
}

/* What is selectively acknowledged has the numbers of what is acknowledged. */
static void print_sack(struct text *text, const uint8_t *option, uint32_t len,
                       uint32_t ack_sub) {
  put(text, "sack");
  for (uint32_t i = 2; i + 8 <= len; i += 8) {
    put(text, " %u:%u", get_be32(option + i) - ack_sub,
        get_be32(option + i + 4) - ack_sub);
  }
}

static void print_option(struct text *text, const uint8_t *option, uint32_t len,
                         uint32_t ack_sub) {
  switch (option[0]) {
    case TCP_OPT_END:
      put(text, "eol");
      return;
    case TCP_OPT_NOP:
      put(text, "nop");
      return;
    case TCP_OPT_SACK_PERMITTED:
      put(text, "sackOK");
      return;
    case TCP_OPT_SACK:
      print_sack(text, option, len, ack_sub);
      return;
    default:
      break;
  }
  if (option[0] == TCP_OPT_MSS && len == 4) {
    put(text, "mss %u", get_be16(option + 2));
  } else if (option[0] == TCP_OPT_WSCALE && len == 3) {
    put(text, "wscale %u", option[2]);
  } else if (option[0] == TCP_OPT_TIMESTAMPS && len == 10) {
    put(text, "TS val %u ecr %u", get_be32(option + 2), get_be32(option + 6));
  } else {
    put(text, "option %u:", option[0]);
    for (uint32_t i = 1; i < len; i++) {
      put(text, "%02x", option[i]);
    }
  }
}

static void print_tcp(struct text *text, const struct packet_view *view,
                      const struct packet_base *base) {
  char flags[12];
  uint32_t seq = view->seq - base->seq_sub;
  packet_flags_print(view->flags, view->ae, flags);
  put(text, "%s %u:%u(%u)", flags, seq, seq + view->payload_len,
      view->payload_len);
  if (view->flags & TCP_ACK) {
    put(text, " ack %u", view->ack - base->ack_sub);
  }
  if (!base->no_win) {
    put(text, " win %u", view->win);
  }
  if (view->urg || view->flags & TCP_URG) {
    put(text, " urg %u", view->urg);
  }
  for (uint32_t at = 0; at < view->options_len;) {
    uint32_t len = packet_option_len(view->options, view->options_len, at);
    put(text, at ? "," : " <");
    print_option(text, view->options + at, len, base->ack_sub);
    at += len;
  }
  if (view->options_len) {
    put(text, ">");
  }
}

void packet_print(const struct packet_view *view,
                  const struct packet_base *base, char *to, size_t size) {
  static const char *const ecn[] = {"", "[ect1] ", "[ect0] ", "[ce] "};
  struct text text = {to, size};
  put(&text, "%s", ecn[view->tos & 3]);
  if (base->ports && view->protocol != 1) {
    put(&text, "%u > %u ", view->src_port, view->dst_port);
  }
  if (view->protocol == 6) {
    print_tcp(&text, view, base);
  } else if (view->protocol == 17) {
    put(&text, "udp (%u)", view->payload_len);
  } else if (view->protocol == 1) {
    put(&text, "icmp type %u code %u", view->type, view->code);
    if (view->mtu) {
      put(&text, " mtu %u", view->mtu);
    }
  } else {
    put(&text, "protocol %u", view->protocol);
  }
}
