/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing messages: see dhcp_wire.h for the rules. */
#include "stack/dhcp/dhcp_wire.h"

#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/wire/bytes.h"

enum {
  OFF_XID = 4,
  OFF_SECS = 8,
  OFF_FLAGS = 10,
  OFF_CIADDR = 12,
  OFF_YIADDR = 16,
  OFF_GIADDR = 24,
  OFF_CHADDR = 28,
  OFF_SNAME = 44,
  SNAME_LEN = 64,
  OFF_FILE = 108,
  FILE_LEN = 128,
  OFF_COOKIE = 236,
  HTYPE_ETHERNET = 1,
  COOKIE = 0x63825363,
};
enum option {
  OPT_PAD = 0,
  OPT_MASK = 1,
  OPT_ROUTER = 3,
  OPT_DNS = 6,
  OPT_DOMAIN = 15,
  OPT_MTU = 26,
  OPT_REQUESTED = 50,
  OPT_LEASE = 51,
  OPT_OVERLOAD = 52,
  OPT_TYPE = 53,
  OPT_SERVER = 54,
  OPT_PARAMETERS = 55,
  OPT_MAX_SIZE = 57,
  OPT_T1 = 58,
  OPT_T2 = 59,
  OPT_END = 255,
};

/* Numbers of four bytes, and where they are in the struct. */
static const struct word {
  uint8_t code, offset;
} WORDS[] = {
    {OPT_MASK, offsetof(struct dhcp_message, mask)},
    {OPT_ROUTER, offsetof(struct dhcp_message, router)},
    {OPT_REQUESTED, offsetof(struct dhcp_message, requested)},
    {OPT_LEASE, offsetof(struct dhcp_message, lease_s)},
    {OPT_SERVER, offsetof(struct dhcp_message, server)},
    {OPT_T1, offsetof(struct dhcp_message, t1_s)},
    {OPT_T2, offsetof(struct dhcp_message, t2_s)},
};

static uint32_t get_word(const struct dhcp_message *m, const struct word *w) {
  uint32_t value;
  memcpy(&value, (const uint8_t *)m + w->offset, sizeof(value));
  return value;
}

/* The first one counts; of a list its first. False: malformed. */
static bool take_word(struct dhcp_message *m, const struct word *w,
                      const uint8_t *p, uint32_t len) {
  bool list = w->code == OPT_ROUTER;
  if (list ? len < 4 || len % 4 : len != 4) {
    return false;
  }
  if (get_word(m, w) == 0) {
    const uint32_t value = get_be32(p);
    memcpy((uint8_t *)m + w->offset, &value, sizeof(value));
  }
  return true;
}

/* Only what a host name may have, so that programs can't misread it. */
static PH_APART_IF_SMALL bool take_domain(struct dhcp_message *m,
                                          const uint8_t *p, uint32_t len) {
  while (len > 0 && p[len - 1] == 0) {
    len--; /* RFC 2132 2: some end with a NUL */
  }
  if (len >= DHCP_DOMAIN_MAX || m->domain[0]) {
    return true; /* too long for us: as if it were not there */
  }
  for (uint32_t i = 0; i < len; i++) {
    uint8_t low = p[i] | 0x20;
    if (!((low >= 'a' && low <= 'z') || (p[i] >= '0' && p[i] <= '9') ||
          p[i] == '-' || p[i] == '.' || p[i] == '_')) {
      return false;
    }
  }
  memcpy(m->domain, p, len);
  m->domain[len] = '\0';
  return true;
}

/* One option; false: malformed. */
static bool take(struct dhcp_message *m, uint8_t code, const uint8_t *p,
                 uint32_t len, uint8_t *overload) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(WORDS); i++) {
    if (WORDS[i].code == code) {
      return take_word(m, &WORDS[i], p, len);
    }
  }
  switch (code) {
    case OPT_DNS:
      for (uint32_t i = 0; i < DHCP_DNS_MAX && 4 * i + 4 <= len; i++) {
        m->dns[i] = m->dns[i] ? m->dns[i] : get_be32(p + 4 * i);
      }
      return len >= 4 && len % 4 == 0;
    case OPT_DOMAIN:
      return len > 0 && take_domain(m, p, len);
    case OPT_MTU:
      m->mtu = len == 2 && !m->mtu ? get_be16(p) : m->mtu;
      return len == 2;
    case OPT_TYPE:
      m->type = len == 1 && !m->type ? *p : m->type;
      return len == 1;
    case OPT_OVERLOAD:
      *overload = len == 1 ? *p : 0;
      return len == 1;
    default:
      return true;
  }
}

/* One field of options, up to its "end". */
static bool take_all(struct dhcp_message *m, const uint8_t *p, uint32_t len,
                     uint8_t *overload) {
  uint32_t at = 0;
  while (at < len && p[at] != OPT_END) {
    if (p[at] == OPT_PAD) {
      at++;
      continue;
    }
    if (len - at < 2 || p[at + 1] > len - at - 2 ||
        !take(m, p[at], p + at + 2, p[at + 1], overload)) {
      return false;
    }
    at += 2u + p[at + 1];
  }
  return at < len;
}

int dhcp_read(const uint8_t *msg, uint32_t len, struct dhcp_message *m) {
  uint8_t overload = 0;
  uint8_t ignored;
  *m = (struct dhcp_message){0};
  if (len < DHCP_HEADER_LEN || msg[1] != HTYPE_ETHERNET || msg[2] != 6 ||
      get_be32(msg + OFF_COOKIE) != COOKIE) {
    return -PH_EBADMSG;
  }
  m->op = msg[0];
  m->xid = get_be32(msg + OFF_XID);
  m->secs = get_be16(msg + OFF_SECS);
  m->flags = get_be16(msg + OFF_FLAGS);
  m->ciaddr = get_be32(msg + OFF_CIADDR);
  m->yiaddr = get_be32(msg + OFF_YIADDR);
  m->giaddr = get_be32(msg + OFF_GIADDR);
  memcpy(m->chaddr, msg + OFF_CHADDR, 6);
  /* RFC 2131 4.1: options, then file, then sname. */
  bool good =
      take_all(m, msg + DHCP_HEADER_LEN, len - DHCP_HEADER_LEN, &overload);
  if (good && (overload & 1)) {
    good = take_all(m, msg + OFF_FILE, FILE_LEN, &ignored);
  }
  if (good && (overload & 2)) {
    good = take_all(m, msg + OFF_SNAME, SNAME_LEN, &ignored);
  }
  return good && m->type >= DHCP_DISCOVER && m->type <= DHCP_INFORM
             ? 0
             : -PH_EBADMSG;
}

static uint8_t *put(uint8_t *to, enum option code, const void *data,
                    uint32_t len) {
  to[0] = (uint8_t)code;
  to[1] = (uint8_t)len;
  memcpy(to + 2, data, len);
  return to + 2 + len;
}

static uint8_t *put_words(uint8_t *to, const struct dhcp_message *m) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(WORDS); i++) {
    uint32_t value = get_word(m, &WORDS[i]);
    if (value) {
      uint8_t bytes[4];
      put_be32(bytes, value);
      to = put(to, (enum option)WORDS[i].code, bytes, 4);
    }
  }
  return to;
}

uint32_t dhcp_write(uint8_t *to, const struct dhcp_message *m) {
  static const uint8_t parameters[] = {
      OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_DOMAIN, OPT_MTU, OPT_T1, OPT_T2};
  uint8_t bytes[4 * DHCP_DNS_MAX];
  memset(to, 0, DHCP_MESSAGE_MAX);
  to[0] = m->op;
  to[1] = HTYPE_ETHERNET;
  to[2] = 6;
  put_be32(to + OFF_XID, m->xid);
  put_be16(to + OFF_SECS, m->secs);
  put_be16(to + OFF_FLAGS, m->flags);
  put_be32(to + OFF_CIADDR, m->ciaddr);
  put_be32(to + OFF_YIADDR, m->yiaddr);
  memcpy(to + OFF_CHADDR, m->chaddr, 6);
  put_be32(to + OFF_COOKIE, COOKIE);
  uint8_t *p = put(to + DHCP_HEADER_LEN, OPT_TYPE, &m->type, 1);
  p = put_words(p, m);
  uint32_t n = 0;
  for (; n < DHCP_DNS_MAX && m->dns[n]; n++) {
    put_be32(bytes + 4 * n, m->dns[n]);
  }
  p = n ? put(p, OPT_DNS, bytes, 4 * n) : p;
  put_be16(bytes, m->mtu);
  p = m->mtu ? put(p, OPT_MTU, bytes, 2) : p;
  n = ph_text_len(m->domain);
  p = n ? put(p, OPT_DOMAIN, m->domain, n) : p;
  if (m->type == DHCP_DISCOVER || m->type == DHCP_REQUEST) {
    p = put(p, OPT_PARAMETERS, parameters, sizeof(parameters));
    put_be16(bytes, DHCP_MESSAGE_MAX);
    p = put(p, OPT_MAX_SIZE, bytes, 2);
  }
  *p++ = OPT_END;
  uint32_t len = (uint32_t)(p - to);
  return ph_max_u32(len, DHCP_MESSAGE_MIN);
}

int dhcp_prefix_len(uint32_t mask) {
  int len = 0;
  while (len < 32 && (mask >> (31 - len) & 1)) {
    len++;
  }
  bool whole = len == 32 || (len > 0 && mask << len == 0);
  return whole ? len : -PH_EINVAL;
}
