/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages, good ones and those of RFC 9267. Each message lies in memory of
 * its own length, so that a byte read behind it is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/dns/dns_answer.h"
#include "stack/wire/bytes.h"

enum { ID = 0x1234 };

static struct dns_name name_of(const char *text) {
  struct dns_name name;
  assert_int_equal(dns_name_from_text(&name, text), 0);
  return name;
}

/* dns_name_read() of bytes behind a header of zeros. */
static int read_name(const void *bytes, size_t len, uint32_t at,
                     struct dns_name *name) {
  uint8_t *msg = calloc(1, DNS_HEADER_LEN + len);
  memcpy(msg + DNS_HEADER_LEN, bytes, len);
  int end = dns_name_read(msg, (uint32_t)(DNS_HEADER_LEN + len),
                          DNS_HEADER_LEN + at, name);
  free(msg);
  return end < 0 ? end : end - DNS_HEADER_LEN;
}

#define NAME(bytes, at, name) read_name(bytes, sizeof(bytes) - 1, at, name)

static void names_become_labels_and_text_again(void **state) {
  /* EVIDENCE: RFC 1035 3.1 */
  (void)state;
  struct dns_name name = name_of("www.Example");
  char text[DNS_TEXT_MAX];
  assert_int_equal(name.len, 13);
  assert_memory_equal(name.bytes, "\3www\7Example", 13);
  assert_int_equal(dns_name_to_text(&name, text), 0);
  assert_string_equal(text, "www.Example");
  assert_int_equal(name_of("www.example.").len, 13);
}

static void names_that_are_none_are_refused(void **state) {
  /* EVIDENCE: RFC 1035 2.3.4a; RFC 1123 2.1 */
  (void)state;
  static const char *const wrong[] = {"",    ".",   "..",   "a..b", ".a",
                                      "a..", "a b", "a\tb", "a/b",  "\xc3\xa4"};
  struct dns_name name;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(dns_name_from_text(&name, wrong[i]), -PH_EINVAL);
  }
}

static void longest_label_and_name_fit_and_one_more_does_not(void **state) {
  /* EVIDENCE: RFC 1035 2.3.4a, 2.3.4b */
  (void)state;
  char text[300];
  struct dns_name name;
  memset(text, 'a', sizeof text);
  text[63] = '\0';
  assert_int_equal(dns_name_from_text(&name, text), 0);
  text[63] = 'a';
  text[64] = '\0';
  assert_int_equal(dns_name_from_text(&name, text), -PH_EINVAL);
  text[63] = text[127] = text[191] = '.';
  text[64] = 'a';
  text[253] = '\0';
  assert_int_equal(dns_name_from_text(&name, text), 0);
  assert_int_equal(name.len, 255);
  text[253] = 'a';
  text[254] = '\0';
  assert_int_equal(dns_name_from_text(&name, text), -PH_EINVAL);
}

static void names_are_equal_in_either_case(void **state) {
  /* EVIDENCE: RFC 1035 2.3.3 */
  (void)state;
  struct dns_name a = name_of("www.example.org"),
                  b = name_of("WWW.eXample.Org");
  struct dns_name zone = name_of("EXAMPLE.org"), other = name_of("ample.org");
  assert_true(dns_name_equal(&a, &b));
  assert_true(dns_name_below(&a, &zone));
  assert_true(dns_name_below(&zone, &zone));
  assert_false(dns_name_below(&zone, &a));
  assert_false(dns_name_below(&a, &other)); /* not at a label's begin */
}

static void reverse_names_are_those_of_the_standard(void **state) {
  /* EVIDENCE: RFC 1035 3.5; RFC 3596 2.5 */
  (void)state;
  struct ph_addr v4 = ph_addr_v4(0xc0a80a07);
  struct ph_addr v6 = {{0x20, 1, 0xd, 0xb8, [15] = 0x5f}};
  struct dns_name name;
  char text[DNS_TEXT_MAX];
  dns_name_reverse(&name, &v4);
  assert_int_equal(dns_name_to_text(&name, text), 0);
  assert_string_equal(text, "7.10.168.192.in-addr.arpa");
  dns_name_reverse(&name, &v6);
  assert_int_equal(dns_name_to_text(&name, text), 0);
  assert_string_equal(text,
                      "f.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                      "8.b.d.0.1.0.0.2.ip6.arpa");
}

static void compressed_name_is_put_together(void **state) {
  /* EVIDENCE: RFC 1035 4.1.4 */
  (void)state;
  struct dns_name name;
  char text[DNS_TEXT_MAX];
  assert_int_equal(NAME("\1b\1c\0\1a\xc0\x0c", 5, &name), 9);
  assert_int_equal(dns_name_to_text(&name, text), 0);
  assert_string_equal(text, "a.b.c");
}

static void pointers_that_do_not_lead_back_are_refused(void **state) {
  /* EVIDENCE: RFC 9267 2; hostile group 15 */
  (void)state;
  struct dns_name name;
  assert_true(NAME("\xc0\x0c", 0, &name) < 0);         /* to itself */
  assert_true(NAME("\1a\xc0\x0c", 0, &name) < 0);      /* to its own begin */
  assert_true(NAME("\xc0\x0e\1a\0", 0, &name) < 0);    /* forward */
  assert_true(NAME("\xc0\x0e\xc0\x0c", 0, &name) < 0); /* to each other */
  assert_true(NAME("\xc0\x0e\xc0\x0c", 2, &name) < 0);
  assert_true(NAME("\1a\0\xc0\x00", 3, &name) < 0); /* into the header */
  assert_true(NAME("\1a\0\xc0\x0b", 3, &name) < 0);
  assert_true(NAME("\1a\0\xff\xff", 3, &name) < 0); /* behind the message */
  assert_true(NAME("\1a\0\xc0", 3, &name) < 0);     /* half a pointer */
  assert_int_equal(NAME("\1a\0\xc0\x0c", 3, &name), 5);
}

/* A pointer to a pointer, and so on: each leads back, so it ends. */
static void long_chain_of_pointers_is_bounded(void **state) {
  /* EVIDENCE: RFC 9267 2; hostile group 15 */
  (void)state;
  uint8_t bytes[1 + 2 * 200] = {0};
  struct dns_name name;
  for (uint32_t i = 0; i < 200; i++) {
    uint32_t to = DNS_HEADER_LEN + (i == 0 ? 0 : 2 * i - 1);
    put_be16(bytes + 1 + 2 * i, (uint16_t)(0xc000 | to));
  }
  assert_true(read_name(bytes, 255, 253, &name) > 0); /* 127 of them */
  assert_true(read_name(bytes, 257, 255, &name) < 0);
}

static void labels_and_names_that_are_too_long_are_refused(void **state) {
  /* EVIDENCE: RFC 9267 3; hostile group 15 */
  (void)state;
  struct dns_name name;
  uint8_t bytes[400];
  for (uint32_t len = 1; len < 256; len++) { /* one label of every length */
    memset(bytes, 'x', sizeof bytes);
    bytes[0] = (uint8_t)len;
    bytes[1 + len] = 0;
    int end = read_name(bytes, 2 + len, 0, &name);
    assert_true(len <= 63 ? end == (int)len + 2 : end < 0);
  }
  memset(bytes, 0, sizeof bytes); /* 127 labels of one byte: 255 in all */
  for (uint32_t i = 0; i < 127; i++) {
    memcpy(bytes + 2 * i, "\1x", 2);
  }
  assert_int_equal(read_name(bytes, 255, 0, &name), 255);
  assert_int_equal(name.len, 255);
  memcpy(bytes + 254, "\1x", 2);
  assert_true(read_name(bytes, 257, 0, &name) < 0);
  /* The same by a pointer: each part is short enough. */
  memset(bytes + 254, 0, 10);
  memcpy(bytes + 255, "\1y\xc0\x0c", 4);
  assert_true(read_name(bytes, 259, 255, &name) < 0);
  memcpy(bytes + 255, "\1y\xc0\x0e", 4);
  assert_int_equal(read_name(bytes, 259, 255, &name), 259);
}

static void names_without_their_end_are_refused(void **state) {
  /* EVIDENCE: RFC 9267 4; hostile group 15 */
  (void)state;
  static const char whole[] = "\3www\7example\3org"; /* and the end's 0 */
  struct dns_name name;
  for (size_t len = 0; len < sizeof whole; len++) {
    assert_true(read_name(whole, len, 0, &name) < 0);
  }
  assert_int_equal(read_name(whole, sizeof whole, 0, &name), sizeof whole);
}

/* ---- Responses ----------------------------------------------------------- */

static const struct dns_question *question(uint16_t type) {
  static struct dns_question q;
  q.name = name_of("www.example");
  q.type = type;
  q.class = DNS_CLASS_IN;
  return &q;
}

/* The question of www.example, then `rest`. */
static enum dns_verdict read_response(uint16_t flags, const uint16_t counts[4],
                                      uint16_t type, const void *rest,
                                      size_t rest_len,
                                      struct dns_answer *answer) {
  const struct dns_question *q = question(type);
  size_t len = DNS_HEADER_LEN + (size_t)q->name.len + 4 + rest_len;
  uint8_t *msg = malloc(len);
  put_be16(msg, ID);
  put_be16(msg + 2, flags);
  for (int i = 0; i < 4; i++) {
    put_be16(msg + 4 + 2 * i, counts[i]);
  }
  memcpy(msg + 12, q->name.bytes, q->name.len);
  put_be16(msg + 12 + q->name.len, type);
  put_be16(msg + 14 + q->name.len, DNS_CLASS_IN);
  memcpy(msg + 16 + q->name.len, rest, rest_len);
  enum dns_verdict verdict =
      dns_answer_read(msg, (uint32_t)len, ID, q, false, answer);
  free(msg);
  return verdict;
}

#define RESPONSE(flags, an, ns, ar, type, rest, answer)               \
  read_response(flags, (const uint16_t[]){1, an, ns, ar}, type, rest, \
                sizeof(rest) - 1, answer)
/* A response with one answer that is no good. */
#define REFUSED(type, rest) \
  assert_int_equal(RESPONSE(0x8180, 1, 0, 0, type, rest, &a), DNS_MALFORMED)
#define WWW "\xc0\x0c" /* the question's name */
#define ADDRESS WWW "\0\1\0\1\0\0\1\0\0\4\xc0\0\2\1"

static void address_is_read(void **state) {
  /* EVIDENCE: RFC 1035 3.4.1, 4.1.3 */
  (void)state;
  struct dns_answer a;
  assert_int_equal(RESPONSE(0x8180, 1, 0, 0, DNS_TYPE_A, ADDRESS, &a),
                   DNS_GOOD);
  assert_int_equal(a.found, DNS_FOUND);
  assert_int_equal(a.count, 1);
  assert_int_equal(ph_addr_to_v4(&a.addr[0]), 0xc0000201);
  assert_int_equal(a.ttl, 256);
}

static void response_to_another_question_is_not_ours(void **state) {
  /* EVIDENCE: RFC 5452 9.1; RFC 1035 7.3a; hostile group 15 */
  (void)state;
  uint8_t msg[64] = {0x12, 0x34, 0x81, 0x80, 0, 1};
  struct dns_answer a;
  struct dns_question q = *question(DNS_TYPE_A);
  memcpy(msg + 12, q.name.bytes, q.name.len);
  msg[12 + 14] = msg[12 + 16] = 1;
  const uint32_t len = 12 + 13 + 4;
  assert_int_equal(q.name.len, 13);
  assert_int_equal(dns_answer_read(msg, len, ID, &q, true, &a), DNS_GOOD);
  assert_int_equal(dns_answer_read(msg, len, ID + 1, &q, true, &a),
                   DNS_NOT_OURS);
  for (uint32_t bit = 0; bit < 8 * len; bit++) { /* each bit of it */
    uint8_t *copy = malloc(len);
    memcpy(copy, msg, len);
    copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    enum dns_verdict v = dns_answer_read(copy, len, ID, &q, true, &a);
    bool id = bit < 16;
    bool asked = bit >= 96 || (bit >= 32 && bit < 48); /* or how many */
    assert_true(!(id || asked) || v == DNS_NOT_OURS);
    free(copy);
  }
  msg[13] ^= 0x20; /* another letter's case */
  assert_int_equal(dns_answer_read(msg, len, ID, &q, true, &a), DNS_NOT_OURS);
  assert_int_equal(dns_answer_read(msg, len, ID, &q, false, &a), DNS_GOOD);
  for (uint32_t n = 0; n < len; n++) { /* cut anywhere */
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, msg, n);
    assert_int_equal(dns_answer_read(copy, n, ID, &q, false, &a), DNS_NOT_OURS);
    free(copy);
  }
}

static void counts_that_lie_are_refused(void **state) {
  /* EVIDENCE: RFC 9267 6; hostile group 15 */
  (void)state;
  struct dns_answer a;
  static const uint16_t lies[][3] = {
      {2, 0, 0},     {1, 1, 0},     {1, 0, 1}, {65535, 0, 0},
      {1, 65535, 0}, {1, 0, 65535}, {0, 2, 0}, {65535, 65535, 65535},
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    assert_int_equal(RESPONSE(0x8180, lies[i][0], lies[i][1], lies[i][2],
                              DNS_TYPE_A, ADDRESS, &a),
                     DNS_MALFORMED);
  }
}

static void data_of_the_wrong_length_are_refused(void **state) {
  /* EVIDENCE: RFC 9267 5; hostile group 15 */
  (void)state;
  struct dns_answer a;
  REFUSED(DNS_TYPE_A, WWW "\0\1\0\1\0\0\1\0\0\3\xc0\0\2");
  REFUSED(DNS_TYPE_A, WWW "\0\1\0\1\0\0\1\0\0\5\xc0\0\2\1\1");
  REFUSED(DNS_TYPE_A, WWW "\0\1\0\1\0\0\1\0\xff\xff\xc0\0\2\1");
  REFUSED(DNS_TYPE_AAAA, WWW "\0\x1c\0\1\0\0\1\0\0\4\xc0\0\2\1");
  /* A name that ends before its data, behind them, and not at all. */
  REFUSED(DNS_TYPE_A, WWW "\0\5\0\1\0\0\1\0\0\4\1a\0\0");
  REFUSED(DNS_TYPE_A, WWW "\0\5\0\1\0\0\1\0\0\2\1a\0");
  REFUSED(DNS_TYPE_A, WWW "\0\5\0\1\0\0\1\0\0\0");
}

static void every_cut_of_a_response_is_refused(void **state) {
  /* EVIDENCE: RFC 9267 5, 6; hostile group 15 */
  (void)state;
  static const char rest[] = ADDRESS WWW "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x0c";
  struct dns_answer a;
  for (size_t len = 0; len < sizeof rest - 1; len++) {
    assert_int_equal(read_response(0x8180, (const uint16_t[]){1, 2, 0, 0},
                                   DNS_TYPE_A, rest, len, &a),
                     DNS_MALFORMED);
  }
}

static void aliases_lead_on_in_any_order(void **state) {
  /* EVIDENCE: RFC 1034 3.6.2a, 4.3.2 */
  (void)state;
  struct dns_answer a;
  char text[DNS_TEXT_MAX];
  /* b.example A; a.example CNAME b.example; www.example CNAME a.example */
  static const char rest[] =
      "\1b\xc0\x10\0\1\0\1\0\0\1\0\0\4\xc0\0\2\1"
      "\1a\xc0\x10\0\5\0\1\0\0\0\7\0\4\1b\xc0\x10" WWW
      "\0\5\0\1\0\0\1\0\0\4\1a\xc0\x10";
  assert_int_equal(RESPONSE(0x8180, 3, 0, 0, DNS_TYPE_A, rest, &a), DNS_GOOD);
  assert_int_equal(a.found, DNS_FOUND);
  assert_int_equal(a.aliases, 2);
  assert_int_equal(a.count, 1);
  assert_int_equal(a.ttl, 7); /* the least of the chain's */
  assert_int_equal(dns_name_to_text(&a.name, text), 0);
  assert_string_equal(text, "b.example");
}

static void circle_of_aliases_ends(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2a; hostile group 15 */
  (void)state;
  struct dns_answer a;
  REFUSED(DNS_TYPE_A, WWW "\0\5\0\1\0\0\1\0\0\2\xc0\x0c");
}

static void records_of_others_are_not_taken(void **state) {
  /* EVIDENCE: RFC 5452 6; RFC 2181 5.4.1; hostile group 15 */
  (void)state;
  struct dns_answer a;
  static const char rest[] =
      "\4evil\xc0\x10\0\1\0\1\0\0\1\0\0\4\6\6\6\6" WWW
      "\0\1\0\3\0\0\1\0\0\4\7\7\7\7"; /* and of class CHAOS */
  assert_int_equal(RESPONSE(0x8180, 2, 0, 0, DNS_TYPE_A, rest, &a), DNS_GOOD);
  assert_int_equal(a.found, DNS_NO_DATA);
  assert_int_equal(a.count, 0);
  assert_int_equal(a.ttl, 0);
}

#define SOA(owner, ttl, minimum) \
  owner "\0\6\0\1" ttl "\0\x16\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" minimum

static void soa_says_how_long_nothing_is_there(void **state) {
  /* EVIDENCE: RFC 2308 5; RFC 1034 4.3.4 */
  (void)state;
  struct dns_answer a;
  assert_int_equal(RESPONSE(0x8183, 0, 1, 0, DNS_TYPE_A,
                            SOA("\xc0\x10", "\0\0\0\x40", "\0\0\0\x20"), &a),
                   DNS_GOOD);
  assert_int_equal(a.found, DNS_NO_NAME);
  assert_int_equal(a.ttl, 0x20);
  assert_int_equal(RESPONSE(0x8180, 0, 1, 0, DNS_TYPE_A,
                            SOA("\xc0\x10", "\0\0\0\x10", "\0\0\0\x20"), &a),
                   DNS_GOOD);
  assert_int_equal(a.found, DNS_NO_DATA);
  assert_int_equal(a.ttl, 0x10);
  assert_int_equal(RESPONSE(0x8183, 0, 1, 0, DNS_TYPE_A,
                            SOA("\0", "\0\1\0\0", "\0\1\0\0"), &a),
                   DNS_GOOD);
  assert_int_equal(a.ttl, DNS_NEGATIVE_TTL_MAX);
  /* Not of a zone that the name is in, or none: not kept. */
  assert_int_equal(RESPONSE(0x8183, 0, 1, 0, DNS_TYPE_A,
                            SOA("\1x\0", "\0\0\0\x10", "\0\0\0\x20"), &a),
                   DNS_GOOD);
  assert_int_equal(a.ttl, 0);
  assert_int_equal(RESPONSE(0x8183, 0, 0, 0, DNS_TYPE_A, "", &a), DNS_GOOD);
  assert_int_equal(a.ttl, 0);
}

static void ttl_above_the_sign_is_zero_and_long_ones_are_cut(void **state) {
  /* EVIDENCE: RFC 2181 8 */
  (void)state;
  struct dns_answer a;
  assert_int_equal(RESPONSE(0x8180, 1, 0, 0, DNS_TYPE_A,
                            WWW "\0\1\0\1\x80\0\0\0\0\4\xc0\0\2\1", &a),
                   DNS_GOOD);
  assert_int_equal(a.ttl, 0);
  assert_int_equal(RESPONSE(0x8180, 1, 0, 0, DNS_TYPE_A,
                            WWW "\0\1\0\1\x7f\0\0\0\0\4\xc0\0\2\1", &a),
                   DNS_GOOD);
  assert_int_equal(a.ttl, DNS_TTL_MAX);
}

static void servers_errors_have_their_verdicts(void **state) {
  /* EVIDENCE: RFC 1035 4.1.1; RFC 6891 6.2.2, 7; RFC 2181 9 */
  (void)state;
  struct dns_answer a;
  static const enum dns_verdict want[16] = {
      [0] = DNS_GOOD,        [1] = DNS_NO_EDNS,     [2] = DNS_NO_SERVICE,
      [3] = DNS_GOOD,        [4] = DNS_NO_EDNS,     [5] = DNS_NO_SERVICE,
      [6] = DNS_NO_SERVICE,  [7] = DNS_NO_SERVICE,  [8] = DNS_NO_SERVICE,
      [9] = DNS_NO_SERVICE,  [10] = DNS_NO_SERVICE, [11] = DNS_NO_SERVICE,
      [12] = DNS_NO_SERVICE, [13] = DNS_NO_SERVICE, [14] = DNS_NO_SERVICE,
      [15] = DNS_NO_SERVICE,
  };
  for (uint16_t rcode = 0; rcode < 16; rcode++) {
    assert_int_equal(
        RESPONSE((uint16_t)(0x8180 | rcode), 0, 0, 0, DNS_TYPE_A, "", &a),
        want[rcode]);
  }
  /* BADVERS: 1 in the upper bits of EDNS, 0 in the header */
  assert_int_equal(
      RESPONSE(0x8180, 0, 0, 1, DNS_TYPE_A, "\0\0\x29\4\xd0\1\0\0\0\0\0", &a),
      DNS_NO_EDNS);
  assert_int_equal(RESPONSE(0x8380, 1, 0, 0, DNS_TYPE_A, "", &a), DNS_CUT);
  assert_int_equal(RESPONSE(0x0180, 0, 0, 0, DNS_TYPE_A, "", &a),
                   DNS_NOT_OURS); /* a query */
  assert_int_equal(RESPONSE(0x9180, 0, 0, 0, DNS_TYPE_A, "", &a),
                   DNS_NOT_OURS); /* another operation */
}

static void query_is_what_the_standard_says(void **state) {
  /* EVIDENCE: RFC 1035 4.1.1, 4.1.2; RFC 6891 6.1.2 */
  (void)state;
  uint8_t msg[DNS_QUERY_MAX];
  uint32_t len = dns_query_build(msg, ID, question(DNS_TYPE_AAAA), true);
  static const char want[] =
      "\x12\x34\1\0\0\1\0\0\0\0\0\1\3www\7example\0\0\x1c\0\1"
      "\0\0\x29\4\xd0\0\0\0\0\0";
  assert_int_equal(len, sizeof want);
  assert_memory_equal(msg, want, len);
  assert_int_equal(dns_query_build(msg, ID, question(DNS_TYPE_A), false),
                   12 + 13 + 4);
  assert_int_equal(msg[11], 0);
}

static void names_that_programs_could_misread_are_no_text(void **state) {
  /* EVIDENCE: RFC 1123 2.1; hostile group 15 */
  (void)state;
  struct dns_name name;
  char text[DNS_TEXT_MAX];
  assert_true(NAME("\4a.bc\0", 0, &name) > 0); /* a dot inside a label */
  assert_int_equal(dns_name_to_text(&name, text), -PH_EBADMSG);
  assert_true(NAME("\3a\0c\0", 0, &name) > 0);
  assert_int_equal(dns_name_to_text(&name, text), -PH_EBADMSG);
  assert_true(NAME("\3a`c\0", 0, &name) > 0);
  assert_int_equal(dns_name_to_text(&name, text), -PH_EBADMSG);
  assert_true(NAME("\0", 0, &name) > 0);
  assert_int_equal(dns_name_to_text(&name, text), -PH_EBADMSG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_become_labels_and_text_again),
      cmocka_unit_test(names_that_are_none_are_refused),
      cmocka_unit_test(longest_label_and_name_fit_and_one_more_does_not),
      cmocka_unit_test(names_are_equal_in_either_case),
      cmocka_unit_test(reverse_names_are_those_of_the_standard),
      cmocka_unit_test(compressed_name_is_put_together),
      cmocka_unit_test(pointers_that_do_not_lead_back_are_refused),
      cmocka_unit_test(long_chain_of_pointers_is_bounded),
      cmocka_unit_test(labels_and_names_that_are_too_long_are_refused),
      cmocka_unit_test(names_without_their_end_are_refused),
      cmocka_unit_test(address_is_read),
      cmocka_unit_test(response_to_another_question_is_not_ours),
      cmocka_unit_test(counts_that_lie_are_refused),
      cmocka_unit_test(data_of_the_wrong_length_are_refused),
      cmocka_unit_test(every_cut_of_a_response_is_refused),
      cmocka_unit_test(aliases_lead_on_in_any_order),
      cmocka_unit_test(circle_of_aliases_ends),
      cmocka_unit_test(records_of_others_are_not_taken),
      cmocka_unit_test(soa_says_how_long_nothing_is_there),
      cmocka_unit_test(ttl_above_the_sign_is_zero_and_long_ones_are_cut),
      cmocka_unit_test(servers_errors_have_their_verdicts),
      cmocka_unit_test(query_is_what_the_standard_says),
      cmocka_unit_test(names_that_programs_could_misread_are_no_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
