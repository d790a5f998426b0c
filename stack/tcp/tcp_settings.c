/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a connection that its owner sets and reads: ranges, defaults and
 * what each does at once are Linux's (tcp(7)). A child has its listener's. */
#include "stack/tcp/tcp_settings.h"

#include "stack/tcp/tcp_listen.h"

enum {
  MAXSEG_MIN = 88,
  MAXSEG_MAX = 32767,
  KEEP_SECONDS_MAX = 32767,
  COUNT_MAX = 127, /* probes, SYNs */
  KEEP_IDLE_DEFAULT_S = 7200,
  KEEP_INTVL_DEFAULT_S = 75,
  KEEP_COUNT_DEFAULT = 9,
  LINGER2_MAX_S = 120,
};

PH_APART void tcp_settings_inherit(struct tcp_conn *to,
                                   const struct tcp_conn *from) {
  to->settings = from->settings;
  to->settings.defer_accept = 0; /* of the listener */
  to->inherited = from->inherited;
  to->user_mss = from->user_mss;
  to->arq = from->arq;
  to->w_max = from->w_max; /* arq_window, arq_percent */
  to->sndbuf = from->sndbuf;
  to->rcvbuf = from->rcvbuf;
  to->rcvbuf_set = from->rcvbuf_set;
}

static PH_APART_IF_SMALL uint32_t or_default(uint32_t value,
                                             uint32_t otherwise) {
  return value ? value : otherwise;
}

uint64_t tcp_keep_idle_ns(const struct tcp_conn *conn) {
  return TCP_S * or_default(conn->settings.keep_idle_s, KEEP_IDLE_DEFAULT_S);
}

uint64_t tcp_keep_intvl_ns(const struct tcp_conn *conn) {
  return TCP_S * or_default(conn->settings.keep_intvl_s, KEEP_INTVL_DEFAULT_S);
}

uint32_t tcp_keep_count(const struct tcp_conn *conn) {
  return or_default(conn->settings.keep_count, KEEP_COUNT_DEFAULT);
}

uint32_t tcp_syn_retries(const struct tcp_conn *conn) {
  return or_default(conn->settings.syn_retries, TCP_SYN_RETRIES);
}

uint64_t tcp_fin_wait_2_ns(const struct tcp_conn *conn) {
  int16_t seconds = conn->settings.linger2_s;
  if (seconds <= 0) {
    return TCP_FIN_WAIT_2_NS;
  }
  uint16_t positive = (uint16_t)seconds;
  return positive * TCP_S;
}

/* ---- TCP_DEFER_ACCEPT: seconds to timeouts of the SYN-ACK and back ------- */

static uint32_t next_timeout_s(uint32_t s) {
  return ph_min_u32(2 * s, (uint32_t)(TCP_RTO_MAX_NS / TCP_S));
}

static uint8_t seconds_to_timeouts(int32_t seconds) {
  uint32_t timeout_s = TCP_RTO_INITIAL_NS / TCP_S;
  uint32_t passed_s = timeout_s;
  uint8_t count = seconds > 0;
  while (seconds > 0 && (uint32_t)seconds > passed_s && count < UINT8_MAX) {
    count++;
    timeout_s = next_timeout_s(timeout_s);
    passed_s += timeout_s;
  }
  return count;
}

static int32_t timeouts_to_seconds(uint8_t count) {
  uint32_t timeout_s = TCP_RTO_INITIAL_NS / TCP_S;
  uint32_t passed_s = 0;
  for (; count > 0; count--) {
    passed_s += timeout_s;
    timeout_s = next_timeout_s(timeout_s);
  }
  return (int32_t)passed_s;
}

/* ---- Setting ------------------------------------------------------------- */

static void set_nodelay(struct ph_stack *stack, struct tcp_conn *conn,
                        bool on) {
  conn->nodelay = on;
  if (on) { /* also out of a cork */
    conn->push = true;
    tcp_output(stack, conn);
  }
}

static void set_cork(struct ph_stack *stack, struct tcp_conn *conn, bool on) {
  conn->cork = on;
  if (!on) {
    conn->push |= conn->nodelay;
    tcp_output(stack, conn);
  }
}

/* 1: acknowledge at once, now and for a while. 0: delay from now on. */
static void set_quickack(struct ph_stack *stack, struct tcp_conn *conn,
                         bool on) {
  conn->delay_acks = !on;
  conn->quickack = on ? TCP_QUICKACK_SEGS : 0;
  if (on && conn->ack_delayed) {
    tcp_ack_at_once(stack, conn);
  }
}

/* Values in seconds or counts from 1 to `most`. */
static int set_count(uint16_t *to, int32_t value, int32_t most) {
  if (value < 1 || value > most) {
    return -PH_EINVAL;
  }
  *to = (uint16_t)value;
  return 0;
}

static PH_APART_IF_SMALL int set_byte(uint8_t *to, int32_t value) {
  uint16_t count = 0;
  int result = set_count(&count, value, COUNT_MAX);
  *to = result < 0 ? *to : (uint8_t)count;
  return result;
}

/* By what they are about, so that no switch needs a table of jumps. */
static int set_times(struct ph_stack *stack, struct tcp_conn *conn, int option,
                     int32_t value) {
  struct tcp_settings *s = &conn->settings;
  int result;
  switch (option) {
    case TCP_SETTING_KEEPIDLE:
      result = set_count(&s->keep_idle_s, value, KEEP_SECONDS_MAX);
      if (result == 0 && conn->keepalive) {
        tcp_keepalive.start(stack, conn);
      }
      return result;
    case TCP_SETTING_KEEPINTVL:
      return set_count(&s->keep_intvl_s, value, KEEP_SECONDS_MAX);
    case TCP_SETTING_KEEPCNT:
      return set_byte(&s->keep_count, value);
    case TCP_SETTING_SYNCNT:
      return set_byte(&s->syn_retries, value);
    default:
      return -PH_ENOPROTOOPT;
  }
}

static PH_APART_IF_SMALL int set_ends(struct ph_stack *stack,
                                      struct tcp_conn *conn, int option,
                                      int32_t value) {
  struct tcp_settings *s = &conn->settings;
  switch (option) {
    case TCP_SETTING_LINGER2:
      s->linger2_s = (int16_t)(value < 0               ? -1
                               : value > LINGER2_MAX_S ? LINGER2_MAX_S
                                                       : value);
      return 0;
    case TCP_SETTING_DEFER_ACCEPT:
      s->defer_accept = seconds_to_timeouts(value);
      return 0;
    case TCP_SETTING_USER_TIMEOUT:
      s->user_timeout_ms = value < 0 ? s->user_timeout_ms : (uint32_t)value;
      return value < 0 ? -PH_EINVAL : 0;
    case TCP_SETTING_INQ:
      s->inq = value == 1 || (value != 0 && s->inq);
      return value < 0 || value > 1 ? -PH_EINVAL : 0;
    default:
      return set_times(stack, conn, option, value);
  }
}

int tcp_set(struct ph_stack *stack, struct tcp_conn *conn, int option,
            int32_t value) {
  switch (option) {
    case TCP_SETTING_NODELAY:
      set_nodelay(stack, conn, value != 0);
      return 0;
    case TCP_SETTING_MAXSEG:
      if (value != 0 && (value < MAXSEG_MIN || value > MAXSEG_MAX)) {
        return -PH_EINVAL;
      }
      conn->user_mss = (uint16_t)value;
      return 0;
    case TCP_SETTING_CORK:
      set_cork(stack, conn, value != 0);
      return 0;
    case TCP_SETTING_QUICKACK:
      set_quickack(stack, conn, value != 0);
      return 0;
    case TCP_SETTING_NOTSENT_LOWAT:
      conn->settings.notsent_lowat = (uint32_t)value;
      tcp_tell_room(stack, conn);
      return 0;
    default:
      return set_ends(stack, conn, option, value);
  }
}

/* -PH_ENOPROTOOPT is no value of any. */
static int32_t get_times(const struct tcp_conn *conn, int option) {
  switch (option) {
    case TCP_SETTING_KEEPIDLE:
      return (int32_t)(tcp_keep_idle_ns(conn) / TCP_S);
    case TCP_SETTING_KEEPINTVL:
      return (int32_t)(tcp_keep_intvl_ns(conn) / TCP_S);
    case TCP_SETTING_KEEPCNT:
      return (int32_t)tcp_keep_count(conn);
    case TCP_SETTING_SYNCNT:
      return (int32_t)tcp_syn_retries(conn);
    default:
      return -PH_ENOPROTOOPT;
  }
}

static PH_APART_IF_SMALL int32_t get_ends(const struct tcp_conn *conn,
                                          int option) {
  const struct tcp_settings *s = &conn->settings;
  switch (option) {
    case TCP_SETTING_LINGER2:
      return s->linger2_s < 0 ? -1 : (int32_t)(tcp_fin_wait_2_ns(conn) / TCP_S);
    case TCP_SETTING_DEFER_ACCEPT:
      return timeouts_to_seconds(s->defer_accept);
    case TCP_SETTING_USER_TIMEOUT:
      return (int32_t)s->user_timeout_ms;
    case TCP_SETTING_INQ:
      return s->inq;
    default:
      return get_times(conn, option);
  }
}

int tcp_get(const struct tcp_conn *conn, int option, int32_t *value) {
  bool fresh =
      conn->state == TCP_STATE_CLOSED || conn->state == TCP_STATE_LISTEN;
  switch (option) {
    case TCP_SETTING_NODELAY:
      *value = conn->nodelay;
      return 0;
    case TCP_SETTING_MAXSEG:
      *value = fresh && conn->user_mss ? conn->user_mss : tcp_get_mss(conn);
      return 0;
    case TCP_SETTING_CORK:
      *value = conn->cork;
      return 0;
    case TCP_SETTING_QUICKACK:
      *value = !conn->delay_acks;
      return 0;
    case TCP_SETTING_NOTSENT_LOWAT: /* any number */
      *value = (int32_t)conn->settings.notsent_lowat;
      return 0;
    default:
      *value = get_ends(conn, option);
      return *value == -PH_ENOPROTOOPT ? *value : 0;
  }
}

int32_t tcp_inq(const struct tcp_conn *conn) {
  return conn->settings.inq ? (int32_t)(conn->rcvq_len + conn->fin_received)
                            : -1;
}

uint16_t tcp_get_mss(const struct tcp_conn *conn) {
  return conn->snd_mss ? conn->snd_mss : TCP_MSS_DEFAULT;
}

uint16_t tcp_get_path_mtu(const struct tcp_conn *conn) {
  return conn->state >= TCP_STATE_ESTABLISHED ? conn->mtu : 0;
}

PH_APART_IF_SMALL void tcp_set_reuse(struct ph_stack *stack,
                                     struct tcp_conn *conn, bool addr,
                                     bool port) {
  tcp_of(stack)->choose_listener = tcp_choose_listener;
  conn->reuse_addr = addr;
  conn->reuse_port = port;
}

struct ip_marks *tcp_marks(struct tcp_conn *conn) {
  return &conn->settings.marks;
}

void tcp_set_keepalive(struct ph_stack *stack, struct tcp_conn *conn, bool on) {
  bool was = conn->keepalive;
  conn->keepalive = on;
  tcp_of(stack)->keepalive = &tcp_keepalive;
  if (on && !was) {
    tcp_keepalive.start(stack, conn);
  }
}

bool tcp_get_keepalive(const struct tcp_conn *conn) {
  return conn->keepalive;
}

/* Another algorithm goes on from where the connection is. */
int tcp_set_congestion(struct ph_stack *stack, struct tcp_conn *conn,
                       const char *name, size_t len) {
  uint8_t number = tcp_cc_find(tcp_of(stack), name, len);
  if (number == 0) {
    return -PH_ENOENT;
  }
  conn->settings.congestion = number & 127u;
  if (!conn->arq) {
    conn->w_max = 0;
  }
  if (conn->out != &tcp_out_none) {
    conn->out->bytes_acked_ca = 0;
    tcp_cc_start(stack, conn);
  }
  return 0;
}

const char *tcp_get_congestion(const struct ph_stack *stack,
                               const struct tcp_conn *conn) {
  return tcp_cc_name(stack, conn);
}

void tcp_set_any(struct tcp_conn *conn, const struct ph_addr *any,
                 bool only_v6) {
  if (!conn->addr_given) {
    conn->local = *any;
  }
  conn->only_v6 = only_v6;
}
