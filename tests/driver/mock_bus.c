/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/mock_bus.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above first */
#include <cmocka.h>

static uint32_t access(struct mock_bus *bus, char kind, uint32_t size,
                       uint32_t offset, uint32_t value) {
  if (bus->next == bus->count) {
    fail_msg("%s: %c%u %#x %#x after the last expected access", bus->file, kind,
             size, offset, value);
  }
  const struct mock_access *want = &bus->expected[bus->next++];
  if (want->kind != kind || want->size != size || want->offset != offset ||
      (kind == 'W' && want->value != value)) {
    fail_msg("%s:%d: expected %c%u %#x %#x, got %c%u %#x %#x", bus->file,
             want->line, want->kind, want->size, want->offset, want->value,
             kind, size, offset, value);
  }
  return want->value;
}

static uint8_t read8(void *ctx, uint32_t offset) {
  return (uint8_t)access(ctx, 'R', 1, offset, 0);
}
static uint16_t read16(void *ctx, uint32_t offset) {
  return (uint16_t)access(ctx, 'R', 2, offset, 0);
}
static uint32_t read32(void *ctx, uint32_t offset) {
  return access(ctx, 'R', 4, offset, 0);
}
static void write32(void *ctx, uint32_t offset, uint32_t value) {
  access(ctx, 'W', 4, offset, value);
}

static uint64_t bus_addr(void *ctx, const void *ptr, size_t len) {
  const struct mock_bus *bus = ctx;
  const uint8_t *p = ptr;
  if (p < bus->arena || p + len > bus->arena + MOCK_ARENA) {
    return VIRTIO_BUS_NONE;
  }
  return MOCK_BUS_BASE + (uint64_t)(p - bus->arena);
}

void mock_bus_init(struct mock_bus *bus, const char *file) {
  bus->count = bus->next = 0;
  bus->file = file;
  bus->platform = (struct virtio_platform){
      .ctx = bus,
      .read8 = read8,
      .read16 = read16,
      .read32 = read32,
      .write32 = write32,
      .bus_addr = bus_addr,
  };
}

void mock_bus_expect(struct mock_bus *bus, char kind, uint32_t size,
                     uint32_t offset, uint32_t value, int line) {
  assert_true(bus->count < MOCK_BUS_MAX);
  bus->expected[bus->count++] =
      (struct mock_access){kind, size, offset, value, line};
}

void mock_bus_done(struct mock_bus *bus) {
  if (bus->next != bus->count) {
    const struct mock_access *want = &bus->expected[bus->next];
    fail_msg("%s:%d: %c%u %#x %#x never came", bus->file, want->line,
             want->kind, want->size, want->offset, want->value);
  }
  bus->count = bus->next = 0;
}
