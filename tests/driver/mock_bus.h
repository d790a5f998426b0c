/* SPDX-License-Identifier: Apache-2.0 */
/* A register bus that expects exact accesses in exact order, so that a test
 * reads as the trace of the bus. An access that was not expected, or one that
 * never came, fails the test. */
#ifndef PH_TESTS_DRIVER_MOCK_BUS_H
#define PH_TESTS_DRIVER_MOCK_BUS_H

#include "driver/platform.h"

enum { MOCK_BUS_MAX = 256, MOCK_ARENA = 1 << 16 };
#define MOCK_BUS_BASE UINT64_C(0x200000000)

struct mock_access {
  char kind; /* 'R' or 'W' */
  uint32_t size, offset, value;
  int line;
};

struct mock_bus {
  struct mock_access expected[MOCK_BUS_MAX];
  int count, next;
  const char *file;
  struct virtio_platform platform;
  _Alignas(4096) uint8_t arena[MOCK_ARENA]; /* byte 0 is at MOCK_BUS_BASE */
};

void mock_bus_init(struct mock_bus *bus, const char *file);
void mock_bus_expect(struct mock_bus *bus, char kind, uint32_t size,
                     uint32_t offset, uint32_t value, int line);
/* Every expected access has come. */
void mock_bus_done(struct mock_bus *bus);

#define EXPECT_READ8(offset, value) \
  mock_bus_expect(&bus, 'R', 1, offset, value, __LINE__)
#define EXPECT_READ16(offset, value) \
  mock_bus_expect(&bus, 'R', 2, offset, value, __LINE__)
#define EXPECT_READ32(offset, value) \
  mock_bus_expect(&bus, 'R', 4, offset, value, __LINE__)
#define EXPECT_WRITE32(offset, value) \
  mock_bus_expect(&bus, 'W', 4, offset, value, __LINE__)

#endif
