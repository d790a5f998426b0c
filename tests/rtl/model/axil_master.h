/* SPDX-License-Identifier: Apache-2.0 */
/* AXI4-Lite master for tests: one access at a time, with random delays between
 * the channels. It drives the ports of a DUT through pointers, so that it
 * serves every module with an AXI4-Lite slave. */
#ifndef PH_TESTS_RTL_MODEL_AXIL_MASTER_H
#define PH_TESTS_RTL_MODEL_AXIL_MASTER_H

#include <stdbool.h>
#include <stdint.h>

struct axil_master {
  uint16_t *awaddr, *araddr;
  uint32_t *wdata, *rdata;
  uint8_t *awvalid, *awready, *wstrb, *wvalid, *wready, *bresp, *bvalid,
      *bready, *arvalid, *arready, *rresp, *rvalid, *rready;
  void (*clock)(void *user); /* one full cycle: both edges, outputs settled */
  void *user;
  uint32_t random;  /* state of the delays' generator; 0: no delays */
  uint32_t timeout; /* cycles until an access counts as hung */
  uint32_t cycles;  /* that the last access took */
};

/* Binds every pointer to the DUT `d` whose ports have the usual names. */
#define AXIL_MASTER_BIND(m, d)          \
  do {                                  \
    (m)->awaddr = (d)->s_axil_awaddr;   \
    (m)->araddr = (d)->s_axil_araddr;   \
    (m)->wdata = (d)->s_axil_wdata;     \
    (m)->rdata = (d)->s_axil_rdata;     \
    (m)->awvalid = (d)->s_axil_awvalid; \
    (m)->awready = (d)->s_axil_awready; \
    (m)->wstrb = (d)->s_axil_wstrb;     \
    (m)->wvalid = (d)->s_axil_wvalid;   \
    (m)->wready = (d)->s_axil_wready;   \
    (m)->bresp = (d)->s_axil_bresp;     \
    (m)->bvalid = (d)->s_axil_bvalid;   \
    (m)->bready = (d)->s_axil_bready;   \
    (m)->arvalid = (d)->s_axil_arvalid; \
    (m)->arready = (d)->s_axil_arready; \
    (m)->rresp = (d)->s_axil_rresp;     \
    (m)->rvalid = (d)->s_axil_rvalid;   \
    (m)->rready = (d)->s_axil_rready;   \
  } while (0)

/* Both return false when no response came in time; the access is then withdrawn
 * from the bus and the DUT is lost. */
bool axil_read(struct axil_master *m, uint32_t offset, uint32_t *value);
bool axil_write(struct axil_master *m, uint32_t offset, uint32_t value,
                uint8_t strb);

#endif
