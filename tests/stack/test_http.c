/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers that server and client share, against heads that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/http.h"

static struct http_text text_of(const char *bytes) {
  return (struct http_text){bytes, strlen(bytes)};
}

/* EVIDENCE: RFC 9112 5, 5.1, 5.2 */
static void field_line_is_split_or_refused(void **unused) {
  (void)unused;
  static const struct {
    const char *line, *name, *value; /* name NULL: refused */
  } cases[] = {
      {"Host: a", "Host", "a"},
      {"Host:a", "Host", "a"},
      {"X: \t a b \t", "X", "a b"},
      {"X:", "X", ""},
      {"X:   ", "X", ""},
      {"X: a:b", "X", "a:b"},
      {"!#$%&'*+-.^_`|~09azAZ: v", "!#$%&'*+-.^_`|~09azAZ", "v"},
      {"Host : a", NULL, NULL},
      {" Host: a", NULL, NULL},
      {"\tfolded", NULL, NULL},
      {"no colon", NULL, NULL},
      {"NoColon", NULL, NULL},
      {": value", NULL, NULL},
      {"", NULL, NULL},
      {"X: a\rb", NULL, NULL},
      {"X: a\nb", NULL, NULL},
      {"X: a\x7f", NULL, NULL},
      {"X: a\x01", NULL, NULL},
      {"X\x80: a", NULL, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct http_field field;
    bool taken = http_parse_field(text_of(cases[i].line), &field);
    assert_int_equal(taken, cases[i].name != NULL);
    if (taken) {
      assert_true(http_text_is(field.name, cases[i].name));
      assert_true(http_text_is(field.value, cases[i].value));
    }
  }
  struct http_field field;
  struct http_text nul = {"X: a\0b", 6};
  assert_false(http_parse_field(nul, &field));
  nul = (struct http_text){"X\0: a", 5};
  assert_false(http_parse_field(nul, &field));
}

/* EVIDENCE: RFC 9112 3, 4 */
static void start_line_has_three_parts(void **unused) {
  (void)unused;
  struct http_text part[3];
  assert_true(http_split3(text_of("GET / HTTP/1.1"), part, false));
  assert_true(http_text_is(part[0], "GET"));
  assert_true(http_text_is(part[1], "/"));
  assert_true(http_text_is(part[2], "HTTP/1.1"));
  assert_true(http_split3(text_of("HTTP/1.1 404 Not Found"), part, true));
  assert_true(http_text_is(part[2], "Not Found"));
  assert_true(http_split3(text_of("HTTP/1.1 200 "), part, true));
  static const char *const bad[] = {
      "",          "GET",        "GET ",        "GET /",
      "GET / ",    " / x",       "GET  / x",    "GET / HTTP/1.1 x",
      "GET /\t x", "G\x01T / x", "GET / x\x7f",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(http_split3(text_of(bad[i]), part, false));
  }
  assert_false(http_split3(text_of("HTTP/1.1 200"), part, true));
}

/* EVIDENCE: RFC 9110 8.6 */
static void content_length_is_digits_that_fit(void **unused) {
  (void)unused;
  uint64_t length = 0;
  assert_true(http_parse_length(text_of("0"), &length));
  assert_true(http_parse_length(text_of("18446744073709551615"), &length));
  assert_true(length == UINT64_MAX);
  static const char *const bad[] = {
      "",
      "-1",
      "+1",
      " 1",
      "1 ",
      "0x10",
      "1,1",
      "18446744073709551616",
      "99999999999999999999999",
      "1e3",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(http_parse_length(text_of(bad[i]), &length));
  }
}

static void names_compare_without_case(void **unused) {
  (void)unused;
  assert_true(http_text_like(text_of("CONTENT-length"), "content-length"));
  assert_false(http_text_like(text_of("content-lengt"), "content-length"));
  assert_false(http_text_like(text_of("@"), "`"));
}

/* Heads of random bytes, most of them of the kind that parsers look at. */
static void random_heads_are_walked_to_their_end(void **unused) {
  (void)unused;
  static const char alphabet[] = "\r\n\r\n :aG/\t\x80";
  static struct http_reader reader;
  uint64_t random = 1;
  for (int round = 0; round < 20000; round++) {
    size_t len = 0;
    random = random * 6364136223846793005u + 1442695040888963407u;
    size_t want = (size_t)(random >> 33) % 60;
    while (len < want) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      reader.bytes[len++] = alphabet[(random >> 33) % sizeof alphabet];
    }
    memcpy(reader.bytes + len, "\r\n\r\n", 4);
    reader.len = reader.head = len + 4;
    size_t pos = 0;
    struct http_text line;
    while (http_next_line(&reader, &pos, &line)) {
      struct http_field field;
      struct http_text part[3];
      assert_true(pos <= reader.head);
      if (http_parse_field(line, &field)) {
        assert_true(field.value.at + field.value.len <= line.at + line.len);
        assert_true(field.name.len > 0);
      }
      if (http_split3(line, part, round & 1)) {
        assert_ptr_equal(part[2].at + part[2].len, line.at + line.len);
      }
    }
    assert_true(pos <= reader.head);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(field_line_is_split_or_refused),
      cmocka_unit_test(start_line_has_three_parts),
      cmocka_unit_test(content_length_is_digits_that_fit),
      cmocka_unit_test(names_compare_without_case),
      cmocka_unit_test(random_heads_are_walked_to_their_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
