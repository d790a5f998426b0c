// SPDX-License-Identifier: Apache-2.0
// The wire's half of the device: frame FIFOs, MAC, receive checks, and every crossing between the
// core clock and the MAC's two clocks. Wiring only. Frames cross in the frame FIFOs, configuration
// (quasi-static) in cdc_sync, events as records in cdc_fifo, busy levels in cdc_sync.
// A frame transmitted while the transmitter is disabled is discarded, so that a stop of the ring
// engine never waits for the wire.
`default_nettype none

module packhorse_wire #(
  parameter int unsigned DataW       = 64,
  parameter int unsigned TxFifoDepth = 4096,  /// beats, power of two; >= 2 maximum frames
  parameter int unsigned RxFifoDepth = 4096   /// beats, power of two; >= 16 KB
) (
  input  wire logic                              clk_i,
  input  wire logic                              rst_ni,
  input  wire logic                              mac_tx_clk_i,
  input  wire logic                              mac_tx_rst_ni,
  input  wire logic                              mac_rx_clk_i,
  input  wire logic                              mac_rx_rst_ni,
  // Transmit, core clock
  input  wire logic                              tx_valid,
  output logic                                   tx_ready,
  input  wire logic [DataW-1:0]                  tx_data,
  input  wire logic [DataW/8-1:0]                tx_keep,
  input  wire logic                              tx_last,
  input  wire logic                              tx_drop,   // with last
  input  wire logic [32:0]                       tx_patch,  // with last
  // Receive, core clock
  output logic                                   rx_valid,
  input  wire logic                              rx_ready,
  output logic [DataW-1:0]                       rx_data,
  output logic [DataW/8-1:0]                     rx_keep,
  output logic                                   rx_last,
  output logic [ph_pkg::RxMetaW-1:0]             rx_meta,
  // Configuration, core clock
  input  wire logic                              cfg_tx_enable_i,
  input  wire logic                              cfg_rx_enable_i,
  input  wire logic                              cfg_promiscuous_i,
  input  wire logic                              cfg_all_multicast_i,
  input  wire logic [7:0]                        cfg_ifg_i,
  input  wire logic [15:0]                       cfg_max_frame_i,
  input  wire logic [47:0]                       cfg_mac_addr_i,
  // Events, core clock
  output logic [ph_regs_pkg::NumStats-1:0]       stat_o,
  output logic [15:0]                            stat_tx_bytes_o,
  output logic [15:0]                            stat_rx_bytes_o,
  output logic                                   busy_o,
  // XGMII
  output logic [63:0]                            xgmii_txd_o,
  output logic [7:0]                             xgmii_txc_o,
  input  wire logic [63:0]                       xgmii_rxd_i,
  input  wire logic [7:0]                        xgmii_rxc_i
);

  localparam int unsigned KeepW = DataW / 8;

  // --- Transmit: FIFO, patch, MAC ----------------------------------------------------------------
  logic             fifo_valid, fifo_ready, fifo_last, patched_valid, patched_ready, patched_last;
  logic [DataW-1:0] fifo_data, patched_data;
  logic [KeepW-1:0] fifo_keep, patched_keep;
  logic [32:0]      fifo_patch;
  logic             tx_overflow, tx_fifo_wr_busy, tx_fifo_rd_busy, mac_tx_busy;

  frame_fifo_async #(.DataW(DataW), .Depth(TxFifoDepth), .MetaW(33)) u_tx_fifo (
    .wr_clk_i(clk_i), .wr_rst_ni(rst_ni),
    .wr_valid(tx_valid), .wr_ready(tx_ready), .wr_data(tx_data), .wr_keep(tx_keep),
    .wr_last(tx_last), .wr_drop(tx_drop || !cfg_tx_enable_i), .wr_meta(tx_patch),
    .wr_flush(1'b0), .stat_overflow(tx_overflow), .wr_busy_o(tx_fifo_wr_busy),
    .rd_clk_i(mac_tx_clk_i), .rd_rst_ni(mac_tx_rst_ni),
    .rd_valid(fifo_valid), .rd_ready(fifo_ready), .rd_data(fifo_data), .rd_keep(fifo_keep),
    .rd_last(fifo_last), .rd_meta(fifo_patch), .rd_busy_o(tx_fifo_rd_busy)
  );

  tx_patch #(.DataW(DataW)) u_tx_patch (
    .clk_i(mac_tx_clk_i), .rst_ni(mac_tx_rst_ni),
    .s_valid(fifo_valid), .s_ready(fifo_ready), .s_data(fifo_data), .s_keep(fifo_keep),
    .s_last(fifo_last), .s_patch(fifo_patch),
    .m_valid(patched_valid), .m_ready(patched_ready), .m_data(patched_data),
    .m_keep(patched_keep), .m_last(patched_last)
  );

  // --- Configuration -----------------------------------------------------------------------------
  logic [7:0]  mac_ifg;
  logic        mac_rx_enable, mac_promiscuous, mac_all_multicast;
  logic [15:0] mac_max_frame;
  logic [47:0] mac_mac_addr;
  cdc_sync #(.Width(8), .ResetValue(ph_regs_pkg::MacIfgBytesReset)) u_tx_cfg (
    .clk_i(mac_tx_clk_i), .rst_ni(mac_tx_rst_ni), .d_i(cfg_ifg_i), .q_o(mac_ifg)
  );
  cdc_sync #(.Width(67)) u_rx_cfg (
    .clk_i(mac_rx_clk_i), .rst_ni(mac_rx_rst_ni),
    .d_i({cfg_rx_enable_i, cfg_promiscuous_i, cfg_all_multicast_i, cfg_max_frame_i,
          cfg_mac_addr_i}),
    .q_o({mac_rx_enable, mac_promiscuous, mac_all_multicast, mac_max_frame, mac_mac_addr})
  );

  // --- MAC and receive ---------------------------------------------------------------------------
  logic             mac_rx_valid, mac_rx_last, mac_rx_err, mac_rx_busy;
  logic [DataW-1:0] mac_rx_data;
  logic [KeepW-1:0] mac_rx_keep;
  logic             tx_good, tx_err, tx_underrun, tx_unicast, tx_multicast, tx_broadcast;
  logic [15:0]      tx_bytes, rx_bytes;
  logic             rx_good, rx_unicast, rx_multicast, rx_broadcast, rx_filtered, rx_bad_fcs;
  logic             rx_runt, rx_oversize, rx_code_err;

  mac_10g u_mac (
    .tx_clk_i(mac_tx_clk_i), .tx_rst_ni(mac_tx_rst_ni),
    .rx_clk_i(mac_rx_clk_i), .rx_rst_ni(mac_rx_rst_ni),
    .tx_valid(patched_valid), .tx_ready(patched_ready), .tx_data(patched_data),
    .tx_keep(patched_keep), .tx_last(patched_last), .tx_err(1'b0),
    .rx_valid(mac_rx_valid), .rx_data(mac_rx_data), .rx_keep(mac_rx_keep),
    .rx_last(mac_rx_last), .rx_err(mac_rx_err),
    .xgmii_txd_o, .xgmii_txc_o, .xgmii_rxd_i, .xgmii_rxc_i,
    .cfg_tx_enable(1'b1), .cfg_tx_ifg(mac_ifg),
    .cfg_rx_enable(mac_rx_enable), .cfg_rx_max_len(mac_max_frame),
    .cfg_mac_addr(mac_mac_addr), .cfg_promisc(mac_promiscuous), .cfg_allmulti(mac_all_multicast),
    .stat_tx_good(tx_good), .stat_tx_err(tx_err), .stat_tx_underrun(tx_underrun),
    .stat_tx_unicast(tx_unicast), .stat_tx_multicast(tx_multicast),
    .stat_tx_broadcast(tx_broadcast), .stat_tx_bytes(tx_bytes),
    .stat_rx_good(rx_good), .stat_rx_bytes(rx_bytes), .stat_rx_unicast(rx_unicast),
    .stat_rx_multicast(rx_multicast), .stat_rx_broadcast(rx_broadcast),
    .stat_rx_filtered(rx_filtered), .stat_rx_bad_fcs(rx_bad_fcs), .stat_rx_runt(rx_runt),
    .stat_rx_oversize(rx_oversize), .stat_rx_code_err(rx_code_err),
    .tx_busy_o(mac_tx_busy), .rx_busy_o(mac_rx_busy)
  );

  logic                       check_valid, check_last, check_drop, rx_check_busy;
  logic                       rx_ip_bad, rx_l4_bad, rx_l4_good;
  logic                       rx_overflow, rx_fifo_wr_busy, rx_fifo_rd_busy, rx_fifo_ready;
  logic [DataW-1:0]           check_data;
  logic [KeepW-1:0]           check_keep;
  logic [ph_pkg::RxMetaW-1:0] check_meta;

  offload_rx #(.DataW(DataW)) u_offload_rx (
    .clk_i(mac_rx_clk_i), .rst_ni(mac_rx_rst_ni), .busy_o(rx_check_busy),
    .s_valid(mac_rx_valid), .s_data(mac_rx_data), .s_keep(mac_rx_keep), .s_last(mac_rx_last),
    .s_err(mac_rx_err),
    .m_valid(check_valid), .m_data(check_data), .m_keep(check_keep), .m_last(check_last),
    .m_drop(check_drop), .m_meta(check_meta),
    .stat_rx_ip_csum_bad(rx_ip_bad), .stat_rx_l4_csum_bad(rx_l4_bad),
    .stat_rx_l4_csum_ok(rx_l4_good)
  );

  frame_fifo_async #(
    .DataW(DataW), .Depth(RxFifoDepth), .MetaW(ph_pkg::RxMetaW), .MaxFrames(256),
    .DropWhenFull(1'b1)
  ) u_rx_fifo (
    .wr_clk_i(mac_rx_clk_i), .wr_rst_ni(mac_rx_rst_ni),
    .wr_valid(check_valid), .wr_ready(rx_fifo_ready), .wr_data(check_data),
    .wr_keep(check_keep), .wr_last(check_last), .wr_drop(check_drop),
    .wr_meta(check_meta), .wr_flush(1'b0),
    .stat_overflow(rx_overflow), .wr_busy_o(rx_fifo_wr_busy),
    .rd_clk_i(clk_i), .rd_rst_ni(rst_ni),
    .rd_valid(rx_valid), .rd_ready(rx_ready), .rd_data(rx_data), .rd_keep(rx_keep),
    .rd_last(rx_last), .rd_meta(rx_meta), .rd_busy_o(rx_fifo_rd_busy)
  );

  // --- Events ------------------------------------------------------------------------------------
  // One record per cycle with an event. They are at least a minimum frame apart on average, so 16
  // places hold them as long as the core clock is not eight times slower than the MAC's.
  localparam int unsigned TxRecordW = 16 + 5;
  localparam int unsigned RxRecordW = 16 + 11;
  logic [TxRecordW-1:0] tx_record, tx_seen;
  logic [RxRecordW-1:0] rx_record, rx_seen;
  logic                 tx_seen_valid, rx_seen_valid, tx_record_busy, rx_record_busy;
  logic                 tx_record_ready, rx_record_ready;
  assign tx_record = {tx_bytes, tx_good, tx_err, tx_underrun, tx_multicast, tx_broadcast};
  assign rx_record = {rx_bytes, rx_good, rx_multicast, rx_broadcast, rx_filtered, rx_bad_fcs,
                      rx_runt, rx_oversize, rx_code_err, rx_overflow, rx_l4_good,
                      rx_ip_bad || rx_l4_bad};

  cdc_fifo #(.Width(TxRecordW), .Depth(16)) u_tx_events (
    .wr_clk_i(mac_tx_clk_i), .wr_rst_ni(mac_tx_rst_ni),
    .wr_valid(|tx_record[4:0]), .wr_ready(tx_record_ready), .wr_data(tx_record),
    .wr_busy_o(tx_record_busy),
    .rd_clk_i(clk_i), .rd_rst_ni(rst_ni),
    .rd_valid(tx_seen_valid), .rd_ready(1'b1), .rd_data(tx_seen)
  );
  cdc_fifo #(.Width(RxRecordW), .Depth(16)) u_rx_events (
    .wr_clk_i(mac_rx_clk_i), .wr_rst_ni(mac_rx_rst_ni),
    .wr_valid(|rx_record[10:0]), .wr_ready(rx_record_ready), .wr_data(rx_record),
    .wr_busy_o(rx_record_busy),
    .rd_clk_i(clk_i), .rd_rst_ni(rst_ni),
    .rd_valid(rx_seen_valid), .rd_ready(1'b1), .rd_data(rx_seen)
  );

  always_comb begin
    stat_o = '0;
    stat_o[ph_regs_pkg::StatTxOffloadDrops] = tx_overflow;  // longer than the FIFO
    if (tx_seen_valid) begin
      stat_o[ph_regs_pkg::StatTxBytes] = tx_seen[4];
      {stat_o[ph_regs_pkg::StatTxFrames], stat_o[ph_regs_pkg::StatTxErrors],
       stat_o[ph_regs_pkg::StatTxUnderruns], stat_o[ph_regs_pkg::StatTxMulticast],
       stat_o[ph_regs_pkg::StatTxBroadcast]} = tx_seen[4:0];
    end
    if (rx_seen_valid) begin
      stat_o[ph_regs_pkg::StatRxBytes] = rx_seen[10];
      {stat_o[ph_regs_pkg::StatRxFrames], stat_o[ph_regs_pkg::StatRxMulticast],
       stat_o[ph_regs_pkg::StatRxBroadcast], stat_o[ph_regs_pkg::StatRxFiltered],
       stat_o[ph_regs_pkg::StatRxFcsErrors], stat_o[ph_regs_pkg::StatRxRunts],
       stat_o[ph_regs_pkg::StatRxOversize], stat_o[ph_regs_pkg::StatRxCodeErrors],
       stat_o[ph_regs_pkg::StatRxOverflows], stat_o[ph_regs_pkg::StatRxCsumGood],
       stat_o[ph_regs_pkg::StatRxCsumBad]} = rx_seen[10:0];
    end
  end
  logic unused_bits;  // receive ports that are always ready; unicast is what remains of the frames
  assign unused_bits = tx_unicast ^ rx_unicast ^ rx_fifo_ready ^ tx_record_ready ^
                       rx_record_ready;
  assign stat_tx_bytes_o = tx_seen[20:5];
  assign stat_rx_bytes_o = rx_seen[26:11];

  // --- Activity ----------------------------------------------------------------------------------
  // A level per MAC clock, from a flip-flop. What a FIFO stores is known on both of its sides, so
  // there is no gap between them.
  logic tx_side_q, rx_side_q, tx_side, rx_side;
  always_ff @(posedge mac_tx_clk_i) begin
    tx_side_q <= mac_tx_rst_ni &&
        (tx_fifo_rd_busy || fifo_valid || patched_valid || mac_tx_busy || tx_record_busy);
  end
  always_ff @(posedge mac_rx_clk_i) begin
    rx_side_q <= mac_rx_rst_ni && (mac_rx_busy || rx_check_busy || rx_fifo_wr_busy ||
        rx_record_busy || (|rx_record[10:0]));
  end
  cdc_sync #(.Width(1)) u_tx_busy (.clk_i, .rst_ni, .d_i(tx_side_q), .q_o(tx_side));
  cdc_sync #(.Width(1)) u_rx_busy (.clk_i, .rst_ni, .d_i(rx_side_q), .q_o(rx_side));
  assign busy_o = tx_fifo_wr_busy || tx_side || rx_side || rx_fifo_rd_busy || rx_valid ||
                  tx_seen_valid || rx_seen_valid;
endmodule

`default_nettype wire
