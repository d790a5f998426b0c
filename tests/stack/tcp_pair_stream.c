/* SPDX-License-Identifier: Apache-2.0 */
/* Applications that write and read the test stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

static uint8_t buf[65536];

void pair_write(struct ph_stack *stack, struct tcp_conn *conn, uint64_t *sent,
                uint64_t size, uint32_t piece) {
  assert_in_range(piece, 1, sizeof(buf));
  while (*sent < size) {
    size_t n = size - *sent < piece ? (size_t)(size - *sent) : piece;
    for (size_t i = 0; i < n; i++) {
      buf[i] = pair_byte(*sent + i);
    }
    long done = tcp_send(stack, conn, buf, n, false);
    if (done <= 0) {
      assert_int_equal(done, -PH_EAGAIN);
      return;
    }
    *sent += (uint64_t)done;
  }
}

bool pair_read(struct ph_stack *stack, struct tcp_conn *conn,
               uint64_t *received, uint32_t piece) {
  long got;
  assert_in_range(piece, 1, sizeof(buf));
  while ((got = tcp_recv(stack, conn, buf, piece, false)) > 0) {
    for (long i = 0; i < got; i++) {
      assert_int_equal(buf[i], pair_byte(*received + (uint64_t)i));
    }
    *received += (uint64_t)got;
  }
  assert_true(got == 0 || got == -PH_EAGAIN);
  return got == 0;
}
