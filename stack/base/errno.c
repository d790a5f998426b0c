/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the error numbers. */
#include "stack/base/errno.h"

#include "stack/base/text.h"

const char *ph_strerror(int error) {
  static const uint8_t numbers[] = {0,
#define X(name, value, text) value,
                                    PH_ERRNO_MAP(X)
#undef X
  };
  static const char texts[] = "success\0"
#define X(name, value, text) text "\0"
      PH_ERRNO_MAP(X)
#undef X
          "unknown error";
  uint32_t i = 0;
  while (i < sizeof(numbers) && numbers[i] != error && -numbers[i] != error) {
    i++;
  }
  return ph_text_nth(texts, i);
}
