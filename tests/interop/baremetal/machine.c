/* SPDX-License-Identifier: Apache-2.0 */
/* This program is the environment: see driver/platform.h. */
#include "tests/interop/baremetal/machine.h"

enum {
  UART = 0x10000000,
  POWER = 0x100000, /* SiFive test finisher: 0x5555 ends well, 0x3333 not */
};

/* --- Library -------------------------------------------------------------- */

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* volatile: else the compiler turns the loop into a call of itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  volatile uint8_t *t = to;
  const uint8_t *f = from;
  for (size_t i = 0; i < n; i++) {
    t[i] = f[i];
  }
  return to;
}

void *memmove(void *to, const void *from, size_t n) {
  volatile uint8_t *t = to;
  const uint8_t *f = from;
  if ((uintptr_t)t < (uintptr_t)f) {
    return memcpy(to, from, n);
  }
  while (n-- > 0) {
    t[n] = f[n];
  }
  return to;
}

void *memset(void *to, int value, size_t n) {
  volatile uint8_t *t = to;
  for (size_t i = 0; i < n; i++) {
    t[i] = (uint8_t)value;
  }
  return to;
}

int memcmp(const void *a, const void *b, size_t n) {
  const volatile uint8_t *x = a, *y = b;
  for (size_t i = 0; i < n; i++) {
    if (x[i] != y[i]) {
      return x[i] - y[i];
    }
  }
  return 0;
}

bool machine_same(const uint8_t *a, const uint8_t *b, size_t n) {
  return memcmp(a, b, n) == 0;
}

/* --- Console and switch --------------------------------------------------- */

void machine_print(const char *text) {
  while (*text) {
    *(volatile uint8_t *)UART = (uint8_t)*text++;
  }
}

void machine_print_number(uint64_t v) {
  char digits[21];
  int at = 20;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  machine_print(digits + at);
}

_Noreturn void machine_finish(const char *text, bool good) {
  machine_print(text);
  machine_print("\n");
  *(volatile uint32_t *)POWER = good ? 0x5555 : 0x3333;
  for (;;) {
  }
}
