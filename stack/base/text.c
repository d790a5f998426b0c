/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/base/text.h"

uint32_t ph_text_len(const char *text) {
  uint32_t n = 0;
  while (text[n]) {
    n++;
  }
  return n;
}

const char *ph_text_nth(const char *texts, uint32_t n) {
  for (; n > 0; n--) {
    texts += ph_text_len(texts) + 1;
  }
  return texts;
}

bool ph_text_equal(const char *a, const char *b) {
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}
