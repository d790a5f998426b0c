/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of DHCP: what is read of those that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/dhcp/dhcp_wire.h"
#include "stack/wire/bytes.h"

#define SERVER_IP 0x0a000001u
#define FIRST_IP 0x0a000064u

/* A message of options alone, behind a good header. */
static int read_options(const char *options, size_t len, const char *file,
                        const char *sname, struct dhcp_message *m) {
  uint8_t *msg = calloc(1, DHCP_HEADER_LEN + len);
  memcpy(msg, "\2\1\6", 3);
  memcpy(msg + 44, sname, strlen(sname));
  memcpy(msg + 108, file, strlen(file));
  memcpy(msg + 236, "\x63\x82\x53\x63", 4);
  memcpy(msg + DHCP_HEADER_LEN, options, len);
  int error = dhcp_read(msg, (uint32_t)(DHCP_HEADER_LEN + len), m);
  free(msg);
  return error;
}

#define OPTIONS(text, file, sname, m) \
  read_options(text, sizeof(text) - 1, file, sname, m)

static void overloaded_options_are_read_once(void **state) {
  /* EVIDENCE: RFC 2131 4.1d; RFC 2132 9.3; hostile group 15 */
  (void)state;
  struct dhcp_message m;
  /* `file` says that there is more in both again. */
  assert_int_equal(OPTIONS("\x35\1\2\x34\1\3\xff", "\x34\1\3\x1a\2\5\xdc\xff",
                           "\x34\1\3\xff", &m),
                   0);
  assert_int_equal(m.mtu, 1500);
  assert_int_equal(
      OPTIONS("\x35\1\2\x34\1\1\xff", "\x1a\2\5\xdc\xff", "\x1a\xff", &m),
      0); /* sname is a name */
  assert_int_equal(
      OPTIONS("\x35\1\2\x34\1\2\xff", "\x1a\xff", "\x1a\2\5\xdc\xff", &m), 0);
  assert_true(OPTIONS("\x35\1\2\x34\1\2\xff", "", "\x1a\x7f\5", &m) < 0);
  assert_true(OPTIONS("\x35\1\2\x34\1\1\xff", "", "\xff", &m) < 0); /* no end */
}

static void options_that_lie_are_refused(void **state) {
  /* EVIDENCE: RFC 2131 3; RFC 2132 2; hostile group 15 */
  (void)state;
  struct dhcp_message m;
  assert_int_equal(OPTIONS("\x35\1\2\xff", "", "", &m), 0);
  assert_int_equal(OPTIONS("\0\0\x35\1\2\0\xff", "", "", &m), 0);
  assert_true(OPTIONS("\x35\1\2", "", "", &m) < 0);      /* no end */
  assert_true(OPTIONS("\xff", "", "", &m) < 0);          /* no type */
  assert_true(OPTIONS("\x35\1\x9\xff", "", "", &m) < 0); /* no such type */
  assert_true(OPTIONS("\x35\1\0\xff", "", "", &m) < 0);
  assert_true(OPTIONS("\x35\2\2\2\xff", "", "", &m) < 0);
  assert_true(OPTIONS("\x35\1\2\x63\xff\1\xff", "", "", &m) < 0); /* past end */
  assert_true(OPTIONS("\x35\1\2\x63", "", "", &m) < 0);
  static const uint8_t words[] = {1, 3, 6, 50, 51, 54, 58, 59};
  for (size_t i = 0; i < sizeof words; i++) { /* every length of each */
    for (int len = 0; len <= 12; len++) {
      char text[32] = "\x35\1\2";
      text[3] = (char)words[i];
      text[4] = (char)len;
      text[5 + len] = '\xff';
      bool list = words[i] == 3 || words[i] == 6;
      bool good = list ? len > 0 && len % 4 == 0 : len == 4;
      assert_int_equal(read_options(text, 6 + (size_t)len, "", "", &m) == 0,
                       good);
    }
  }
  assert_true(OPTIONS("\x35\1\2\x0f\3a\nb\xff", "", "", &m) < 0);
  assert_int_equal(OPTIONS("\x35\1\2\x0f\4a.b\0\xff", "", "", &m), 0);
  assert_string_equal(m.domain, "a.b");
}

static void every_cut_and_every_byte_of_a_message_is_survived(void **state) {
  /* EVIDENCE: hostile group 15 */
  (void)state;
  struct dhcp_message in = {.op = 2,
                            .type = DHCP_ACK,
                            .mask = 0xffffff00,
                            .router = 1,
                            .dns = {1, 2, 3},
                            .lease_s = 9,
                            .domain = "a.example",
                            .mtu = 1500};
  uint8_t bytes[DHCP_MESSAGE_MAX];
  struct dhcp_message out;
  uint32_t len = dhcp_write(bytes, &in);
  assert_int_equal(dhcp_read(bytes, len, &out), 0);
  assert_memory_equal(&in, &out, sizeof in);
  for (uint32_t n = 0; n < len; n++) {
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, bytes, n);
    assert_true(n > DHCP_HEADER_LEN + 40 || dhcp_read(copy, n, &out) < 0);
    (void)!dhcp_read(copy, n, &out);
    free(copy);
    uint8_t *whole = malloc(len);
    for (int value = 0; value < 256; value++) {
      memcpy(whole, bytes, len);
      whole[n] = (uint8_t)value;
      (void)!dhcp_read(whole, len, &out);
    }
    free(whole);
  }
}

static void masks_with_holes_are_none(void **state) {
  /* EVIDENCE: RFC 950 2.1 */
  (void)state;
  assert_int_equal(dhcp_prefix_len(0xffffff00), 24);
  assert_int_equal(dhcp_prefix_len(0xffffffff), 32);
  assert_int_equal(dhcp_prefix_len(0x80000000), 1);
  assert_int_equal(dhcp_prefix_len(0), -PH_EINVAL);
  assert_int_equal(dhcp_prefix_len(0xff00ff00), -PH_EINVAL);
  assert_int_equal(dhcp_prefix_len(0x7fffffff), -PH_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(overloaded_options_are_read_once),
      cmocka_unit_test(options_that_lie_are_refused),
      cmocka_unit_test(every_cut_and_every_byte_of_a_message_is_survived),
      cmocka_unit_test(masks_with_holes_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
