// SPDX-License-Identifier: Apache-2.0
// mac_10g behind the ports that public test benches of 10G MACs expect: AXI4-Stream on the client
// side, active-high resets, `tuser` bit 0 as the error flag. Every address is received, and frames
// up to 9218 bytes.
`default_nettype none

module eth_mac_10g_wrap (
    input  wire logic        rx_clk,
    input  wire logic        rx_rst,
    input  wire logic        tx_clk,
    input  wire logic        tx_rst,
    input  wire logic [63:0] tx_axis_tdata,
    input  wire logic [7:0]  tx_axis_tkeep,
    input  wire logic        tx_axis_tvalid,
    output logic             tx_axis_tready,
    input  wire logic        tx_axis_tlast,
    input  wire logic        tx_axis_tuser,
    output logic [63:0]      rx_axis_tdata,
    output logic [7:0]       rx_axis_tkeep,
    output logic             rx_axis_tvalid,
    output logic             rx_axis_tlast,
    output logic             rx_axis_tuser,
    input  wire logic [63:0] xgmii_rxd,
    input  wire logic [7:0]  xgmii_rxc,
    output logic [63:0]      xgmii_txd,
    output logic [7:0]       xgmii_txc,
    input  wire logic [7:0]  cfg_ifg,
    input  wire logic        cfg_tx_enable,
    input  wire logic        cfg_rx_enable,
    output logic             tx_good_frame,
    output logic             tx_error_frame,
    output logic             tx_error_underflow,
    output logic             rx_good_frame,
    output logic             rx_error_bad_frame,  // for any cause
    output logic             rx_error_bad_fcs,
    output logic             rx_error_runt,
    output logic             rx_error_oversize,
    output logic             rx_error_code,
    output logic             tx_busy,
    output logic             rx_busy
);
  localparam logic [15:0] MaxLen = 16'd9218;

  assign rx_error_bad_frame = rx_error_bad_fcs || rx_error_runt || rx_error_oversize ||
      rx_error_code;

  mac_10g u_mac_10g (
      .tx_clk_i(tx_clk),
      .tx_rst_ni(!tx_rst),
      .rx_clk_i(rx_clk),
      .rx_rst_ni(!rx_rst),
      .tx_valid(tx_axis_tvalid),
      .tx_ready(tx_axis_tready),
      .tx_data(tx_axis_tdata),
      .tx_keep(tx_axis_tkeep),
      .tx_last(tx_axis_tlast),
      .tx_err(tx_axis_tuser),
      .rx_valid(rx_axis_tvalid),
      .rx_data(rx_axis_tdata),
      .rx_keep(rx_axis_tkeep),
      .rx_last(rx_axis_tlast),
      .rx_err(rx_axis_tuser),
      .xgmii_txd_o(xgmii_txd),
      .xgmii_txc_o(xgmii_txc),
      .xgmii_rxd_i(xgmii_rxd),
      .xgmii_rxc_i(xgmii_rxc),
      .cfg_tx_enable,
      .cfg_tx_ifg(cfg_ifg),
      .cfg_rx_enable,
      .cfg_rx_max_len(MaxLen),
      .cfg_mac_addr(48'h0),
      .cfg_promisc(1'b1),
      .cfg_allmulti(1'b1),
      .stat_tx_good(tx_good_frame),
      .stat_tx_err(tx_error_frame),
      .stat_tx_underrun(tx_error_underflow),
      .stat_tx_unicast(),
      .stat_tx_multicast(),
      .stat_tx_broadcast(),
      .stat_tx_bytes(),
      .stat_rx_good(rx_good_frame),
      .stat_rx_bytes(),
      .stat_rx_unicast(),
      .stat_rx_multicast(),
      .stat_rx_broadcast(),
      .stat_rx_filtered(),
      .stat_rx_bad_fcs(rx_error_bad_fcs),
      .stat_rx_runt(rx_error_runt),
      .stat_rx_oversize(rx_error_oversize),
      .stat_rx_code_err(rx_error_code),
      .tx_busy_o(tx_busy),
      .rx_busy_o(rx_busy)
  );
endmodule

`default_nettype wire
