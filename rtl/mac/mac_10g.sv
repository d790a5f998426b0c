// SPDX-License-Identifier: Apache-2.0
// 10G Ethernet MAC on 64-bit XGMII at 156.25 MHz (802.3-2022 clauses 3, 4, 46): transmit and
// receive side by side, each in its own clock. Wiring only; see mac_10g_tx and mac_10g_rx.
`default_nettype none

module mac_10g (
    input  wire logic        tx_clk_i,
    input  wire logic        tx_rst_ni,
    input  wire logic        rx_clk_i,
    input  wire logic        rx_rst_ni,
    // Client, transmit (transmit clock)
    input  wire logic        tx_valid,
    output logic             tx_ready,
    input  wire logic [63:0] tx_data,
    input  wire logic [7:0]  tx_keep,
    input  wire logic        tx_last,
    input  wire logic        tx_err,
    // Client, receive (receive clock); no ready
    output logic             rx_valid,
    output logic [63:0]      rx_data,
    output logic [7:0]       rx_keep,
    output logic             rx_last,
    output logic             rx_err,
    // XGMII, lane 0 in the lowest bits
    output logic [63:0]      xgmii_txd_o,
    output logic [7:0]       xgmii_txc_o,
    input  wire logic [63:0] xgmii_rxd_i,
    input  wire logic [7:0]  xgmii_rxc_i,
    // Configuration, each in the clock of its side, quasi-static
    input  wire logic        cfg_tx_enable,
    input  wire logic [7:0]  cfg_tx_ifg,
    input  wire logic        cfg_rx_enable,
    input  wire logic [15:0] cfg_rx_max_len,
    input  wire logic [47:0] cfg_mac_addr,
    input  wire logic        cfg_promisc,
    input  wire logic        cfg_allmulti,
    // Statistics, one-cycle pulses in the clock of their side
    output logic             stat_tx_good,
    output logic             stat_tx_err,
    output logic             stat_tx_underrun,
    output logic             stat_tx_unicast,
    output logic             stat_tx_multicast,
    output logic             stat_tx_broadcast,
    output logic [15:0]      stat_tx_bytes,
    output logic             stat_rx_good,
    output logic [15:0]      stat_rx_bytes,
    output logic             stat_rx_unicast,
    output logic             stat_rx_multicast,
    output logic             stat_rx_broadcast,
    output logic             stat_rx_filtered,
    output logic             stat_rx_bad_fcs,
    output logic             stat_rx_runt,
    output logic             stat_rx_oversize,
    output logic             stat_rx_code_err,
    output logic             tx_busy_o,
    output logic             rx_busy_o
);
  mac_10g_tx u_mac_10g_tx (
      .clk_i(tx_clk_i),
      .rst_ni(tx_rst_ni),
      .tx_valid,
      .tx_ready,
      .tx_data,
      .tx_keep,
      .tx_last,
      .tx_err,
      .xgmii_txd_o,
      .xgmii_txc_o,
      .cfg_tx_enable,
      .cfg_tx_ifg,
      .stat_tx_good,
      .stat_tx_err,
      .stat_tx_underrun,
      .stat_tx_unicast,
      .stat_tx_multicast,
      .stat_tx_broadcast,
      .stat_tx_bytes,
      .tx_busy_o
  );

  mac_10g_rx u_mac_10g_rx (
      .clk_i(rx_clk_i),
      .rst_ni(rx_rst_ni),
      .xgmii_rxd_i,
      .xgmii_rxc_i,
      .rx_valid,
      .rx_data,
      .rx_keep,
      .rx_last,
      .rx_err,
      .cfg_rx_enable,
      .cfg_rx_max_len,
      .cfg_mac_addr,
      .cfg_promisc,
      .cfg_allmulti,
      .stat_rx_good,
      .stat_rx_bytes,
      .stat_rx_unicast,
      .stat_rx_multicast,
      .stat_rx_broadcast,
      .stat_rx_filtered,
      .stat_rx_bad_fcs,
      .stat_rx_runt,
      .stat_rx_oversize,
      .stat_rx_code_err,
      .rx_busy_o
  );
endmodule

`default_nettype wire
