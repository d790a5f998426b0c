/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of a Verilated packhorse_top, whichever of the two builds it is:
 * the fast one, or the one that can record waves (tracing compiled in costs 16
 * % even when it is off). Private to sim/nic.
 */
#ifndef PH_SIM_NIC_NIC_TOP_H
#define PH_SIM_NIC_NIC_TOP_H

#include <cstddef>
#include <cstdint>

#include "verilated.h"

/* A time at which nothing is recorded. */
constexpr uint64_t NIC_NO_WAVES = UINT64_MAX;

struct nic_top {
  CData &clk_i, &rst_ni, &mac_tx_clk_i, &mac_tx_rst_ni, &mac_rx_clk_i,
      &mac_rx_rst_ni, &tick_i, &timer_armed_o, &busy_o, &irq_o;
  SData &s_axil_awaddr, &s_axil_araddr;
  CData &s_axil_awprot, &s_axil_awvalid, &s_axil_awready, &s_axil_wstrb,
      &s_axil_wvalid, &s_axil_wready, &s_axil_bresp, &s_axil_bvalid,
      &s_axil_bready, &s_axil_arprot, &s_axil_arvalid, &s_axil_arready,
      &s_axil_rresp, &s_axil_rvalid, &s_axil_rready;
  IData &s_axil_wdata, &s_axil_rdata;
  QData &m_axi_araddr, &m_axi_awaddr;
  CData &m_axi_arid, &m_axi_arlen, &m_axi_arsize, &m_axi_arburst,
      &m_axi_arvalid, &m_axi_arready, &m_axi_rid, &m_axi_rresp, &m_axi_rlast,
      &m_axi_rvalid, &m_axi_rready, &m_axi_awid, &m_axi_awlen, &m_axi_awsize,
      &m_axi_awburst, &m_axi_awvalid, &m_axi_awready, &m_axi_wlast,
      &m_axi_wvalid, &m_axi_wready, &m_axi_bid, &m_axi_bresp, &m_axi_bvalid,
      &m_axi_bready;
  VlWide<4> &m_axi_rdata, &m_axi_wdata;
  SData &m_axi_wstrb;
  QData &xgmii_txd_o, &xgmii_rxd_i;
  CData &xgmii_txc_o, &xgmii_rxc_i;
  /* All state of the model as bytes. */
  const void *image;
  size_t image_size;

  /* The two halves of a cycle, which starts at `ps`: inputs have been applied
   * while the clock is low, and the clock rises. Outputs between the two belong
   * to the cycle. No output but busy_o follows an input without a flip-flop, so
   * only waves need the first half. Waves are recorded by the build for that.
   */
  virtual void low(uint64_t ps) = 0;
  virtual void rise(uint64_t ps) = 0;
  virtual ~nic_top() = default;

 protected:
  template <class Model>
  nic_top(Model *m, const void *state, size_t size);
};

inline void set_clocks(nic_top *top, uint8_t level) {
  top->clk_i = level;
  top->mac_tx_clk_i = level;
  top->mac_rx_clk_i = level;
}

/* Both make a model; the traced one returns nullptr when it can't write `path`.
 */
nic_top *nic_top_fast();
nic_top *nic_top_traced(const char *path);

#define NIC_BIND(port) port(m->port)
template <class Model>
nic_top::nic_top(Model *m, const void *state, size_t size)
    : NIC_BIND(clk_i),
      NIC_BIND(rst_ni),
      NIC_BIND(mac_tx_clk_i),
      NIC_BIND(mac_tx_rst_ni),
      NIC_BIND(mac_rx_clk_i),
      NIC_BIND(mac_rx_rst_ni),
      NIC_BIND(tick_i),
      NIC_BIND(timer_armed_o),
      NIC_BIND(busy_o),
      NIC_BIND(irq_o),
      NIC_BIND(s_axil_awaddr),
      NIC_BIND(s_axil_araddr),
      NIC_BIND(s_axil_awprot),
      NIC_BIND(s_axil_awvalid),
      NIC_BIND(s_axil_awready),
      NIC_BIND(s_axil_wstrb),
      NIC_BIND(s_axil_wvalid),
      NIC_BIND(s_axil_wready),
      NIC_BIND(s_axil_bresp),
      NIC_BIND(s_axil_bvalid),
      NIC_BIND(s_axil_bready),
      NIC_BIND(s_axil_arprot),
      NIC_BIND(s_axil_arvalid),
      NIC_BIND(s_axil_arready),
      NIC_BIND(s_axil_rresp),
      NIC_BIND(s_axil_rvalid),
      NIC_BIND(s_axil_rready),
      NIC_BIND(s_axil_wdata),
      NIC_BIND(s_axil_rdata),
      NIC_BIND(m_axi_araddr),
      NIC_BIND(m_axi_awaddr),
      NIC_BIND(m_axi_arid),
      NIC_BIND(m_axi_arlen),
      NIC_BIND(m_axi_arsize),
      NIC_BIND(m_axi_arburst),
      NIC_BIND(m_axi_arvalid),
      NIC_BIND(m_axi_arready),
      NIC_BIND(m_axi_rid),
      NIC_BIND(m_axi_rresp),
      NIC_BIND(m_axi_rlast),
      NIC_BIND(m_axi_rvalid),
      NIC_BIND(m_axi_rready),
      NIC_BIND(m_axi_awid),
      NIC_BIND(m_axi_awlen),
      NIC_BIND(m_axi_awsize),
      NIC_BIND(m_axi_awburst),
      NIC_BIND(m_axi_awvalid),
      NIC_BIND(m_axi_awready),
      NIC_BIND(m_axi_wlast),
      NIC_BIND(m_axi_wvalid),
      NIC_BIND(m_axi_wready),
      NIC_BIND(m_axi_bid),
      NIC_BIND(m_axi_bresp),
      NIC_BIND(m_axi_bvalid),
      NIC_BIND(m_axi_bready),
      NIC_BIND(m_axi_rdata),
      NIC_BIND(m_axi_wdata),
      NIC_BIND(m_axi_wstrb),
      NIC_BIND(xgmii_txd_o),
      NIC_BIND(xgmii_rxd_i),
      NIC_BIND(xgmii_txc_o),
      NIC_BIND(xgmii_rxc_i),
      image(state),
      image_size(size) {
}
#undef NIC_BIND

#endif
