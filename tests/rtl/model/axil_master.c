/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/axil_master.h"

static uint32_t next_random(struct axil_master *m) {
  if (!m->random) {
    return 0;
  }
  m->random ^= m->random << 13;
  m->random ^= m->random >> 17;
  m->random ^= m->random << 5;
  return m->random >> 8;
}

static void step(struct axil_master *m) {
  m->clock(m->user);
  m->cycles++;
}

static void pause(struct axil_master *m) {
  for (uint32_t n = next_random(m) % 4; n > 0; n--) {
    step(m);
  }
}

bool axil_read(struct axil_master *m, uint32_t offset, uint32_t *value) {
  bool moved = false;
  m->cycles = 0;
  *m->araddr = (uint16_t)offset;
  *m->arvalid = 1;
  while (!moved && m->cycles < m->timeout) {
    moved = *m->arready;
    step(m);
  }
  *m->arvalid = 0;
  pause(m);
  *m->rready = 1;
  for (moved = false; !moved && m->cycles < m->timeout;) {
    moved = *m->rvalid;
    *value = *m->rdata;
    step(m);
  }
  *m->rready = 0;
  return moved;
}

bool axil_write(struct axil_master *m, uint32_t offset, uint32_t value,
                uint8_t strb) {
  uint32_t aw_delay = next_random(m) % 4, w_delay = next_random(m) % 4;
  bool aw_done = false, w_done = false, moved = false;
  m->cycles = 0;
  *m->awaddr = (uint16_t)offset;
  *m->wdata = value;
  *m->wstrb = strb;
  while (!(aw_done && w_done) && m->cycles < m->timeout) {
    *m->awvalid = !aw_done && m->cycles >= aw_delay;
    *m->wvalid = !w_done && m->cycles >= w_delay;
    bool aw = *m->awvalid && *m->awready, w = *m->wvalid && *m->wready;
    step(m);
    aw_done |= aw;
    w_done |= w;
  }
  *m->awvalid = 0;
  *m->wvalid = 0;
  pause(m);
  *m->bready = 1;
  while (!moved && m->cycles < m->timeout) {
    moved = *m->bvalid;
    step(m);
  }
  *m->bready = 0;
  return moved;
}
