/* SPDX-License-Identifier: Apache-2.0 */
/* What the public scripts use and this stack does not have, in one place. A
 * script that is about one of these is skipped with the reason: it says nothing
 * about what is built. */
#include <string.h>
#include <sys/socket.h>

#include "sim/packet/call.h"
#include "sim/packet/symbols.h"
#include "stack/wire/tcp_wire.h"

enum { LEVEL_TCP = 6, OPT_FAST_OPEN = 34 };

static const char fast_open[] = "TCP Fast Open (RFC 7413)";
static const char zero_copy[] = "sending without a copy (MSG_ZEROCOPY)";
static const char stamping[] = "timestamps of packets (SO_TIMESTAMPING)";
static const char error_queue[] = "the error queue of sockets";
static const char files[] = "pipes; there are sockets and files of zeros only";

/* ---- Options of sockets, flags of calls --------------------------------- */

static const char *find(const char *const (*rows)[2], size_t count,
                        const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(rows[i][0], name) == 0) {
      return rows[i][1];
    }
  }
  return NULL;
}

const char *lacks_option(int64_t level, int64_t name) {
  static const char *const rows[][2] = {
      {"TCP_FASTOPEN", fast_open},
      {"TCP_FASTOPEN_CONNECT", fast_open},
      {"TCP_FASTOPEN_KEY", fast_open},
      {"TCP_FASTOPEN_NO_COOKIE", fast_open},
      {"TCP_MD5SIG", "MD5 signatures (RFC 2385)"},
      {"TCP_REPAIR", "moving connections (TCP_REPAIR)"},
      {"TCP_ULP", "protocols above TCP in the stack (TCP_ULP)"},
      {"TCP_ZEROCOPY_RECEIVE", "receiving without a copy by mmap()"},
      {"TCP_TX_DELAY", "a delay added by the sender (TCP_TX_DELAY)"},
      {"TCP_NOTSENT_LOWAT", "a limit of what is not sent (TCP_NOTSENT_LOWAT)"},
      {"TCP_SAVE_SYN", "saved SYNs (TCP_SAVE_SYN)"},
      {"TCP_KEEPINIT", "a time limit of attempts (TCP_KEEPINIT)"},
      {"TCP_NOOPT", "SYNs without options (TCP_NOOPT)"},
      {"IP_MTU_DISCOVER", "segments that routers may cut (IP_MTU_DISCOVER)"},
      {"IP_RECVERR", error_queue},
      {"SO_ZEROCOPY", zero_copy},
      {"SO_TIMESTAMPING", stamping},
      {"SO_TIMESTAMP", stamping},
      {"SO_TXTIME", "times of departure (SO_TXTIME)"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char kind = *rows[i][0]; /* TCP_, IP_, SO_ */
    int64_t of = kind == 'T' ? LEVEL_TCP : kind == 'I' ? 0 : SOL_SOCKET;
    int64_t value;
    if (of == level && symbol_value(rows[i][0], &value) && value == name) {
      return rows[i][1];
    }
  }
  return NULL;
}

const char *lacks_send_flag(int64_t flags) {
  return flags & MSG_ZEROCOPY   ? zero_copy
         : flags & MSG_FASTOPEN ? fast_open
         : flags & MSG_EOR      ? "ends of records (MSG_EOR)"
                                : NULL;
}

const char *lacks_receive_flag(int64_t flags) {
  return flags & MSG_ERRQUEUE ? error_queue : NULL;
}

/* ---- Calls, names, commands --------------------------------------------- */

const char *lacks_call(const char *name) {
  static const char *const rows[][2] = {
      {"pipe", files},
      {"splice", files},
      {"tee", files},
      {"vmsplice", files},
      {"select", "select() in scripts; there are poll() and epoll"},
      {"cap_set", "capabilities of users"},
  };
  return find(rows, sizeof(rows) / sizeof(rows[0]), name);
}

const char *lacks_info(const char *name) {
  static const char *const rows[][2] = {
      {"tcpi_busy_time", "tcpi_busy_time"},
      {"tcpi_rwnd_limited", "tcpi_rwnd_limited"},
      {"tcpi_sndbuf_limited", "tcpi_sndbuf_limited"},
      {"tcpi_delivery_rate", "tcpi_delivery_rate"},
      {"tcpi_delivery_rate_app_limited", "tcpi_delivery_rate_app_limited"},
      {"tcpi_delivered_ce", "tcpi_delivered_ce"},
      {"tcpi_dsack_dups", "tcpi_dsack_dups"},
      {"tcpi_reordering", "tcpi_reordering, Linux's distance in segments"},
      {"SK_MEMINFO_RCVBUF", "Linux's memory of a socket (SO_MEMINFO)"},
      {"SK_MEMINFO_SNDBUF", "Linux's memory of a socket (SO_MEMINFO)"},
  };
  return find(rows, sizeof(rows) / sizeof(rows[0]), name);
}

/* A queue that drops or delays packets stands between stack and script. */
const char *lacks_queue(const char *command) {
  if (strstr(command, "netem") || strstr(command, "limit 0")) {
    return "a queue that loses or delays packets (tc)";
  }
  return strstr(command, "root fq") ? "pacing (tc, fq)" : NULL;
}

/* ---- Fast Open without a word of it ------------------------------------- */

static bool has_cookie(const struct packet_spec *packet) {
  const uint8_t *options_of = packet->options;
  for (uint32_t at = 0; at < packet->options_len;) {
    if (options_of[at] == OPT_FAST_OPEN) {
      return true;
    }
    at += packet_option_len(options_of, packet->options_len, at);
  }
  return false;
}

/* The stack is to send a cookie, or to take the data of a SYN that has one. */
static bool wants_fast_open(const struct packet_spec *packet,
                            const struct packet_spec *syn) {
  if (packet->kind != PACKET_TCP || packet->inbound ||
      !(packet->flags & TCP_SYN)) {
    return false;
  }
  return has_cookie(packet) || packet->len > 0 ||
         (syn && packet->flags & TCP_ACK && syn->len > 0 &&
          packet->ack == syn->seq + 1 + syn->len);
}

bool lacks_script(struct run *run) {
  const struct packet_spec *syn = NULL;
  const struct script_event *event = run->script.events;
  for (; event; event = event->next) {
    const struct packet_spec *packet =
        event->kind == EVENT_PACKET ? event->u.packet : NULL;
    if (!packet || packet->kind != PACKET_TCP) {
      continue;
    }
    if (wants_fast_open(packet, syn)) {
      run_skip(run, event->line, fast_open);
      return true;
    }
    if (packet->inbound && packet->flags & TCP_SYN) {
      syn = packet;
    }
  }
  return false;
}
