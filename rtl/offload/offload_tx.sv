// SPDX-License-Identifier: Apache-2.0
// Transmit offload: super-segments are cut (tso), checksums summed (tx_csum), and every frame goes
// to the transmit FIFO with a verdict and a patch beside its last beat. Skid buffers at both ends
// cut the ready path. Latency 7 cycles for a frame that is not cut; ceil(bytes/8) + 2 cycles per
// frame.
`default_nettype none
`include "ph_assert.svh"

module offload_tx #(
    parameter int unsigned DataW = 64,      // 64
    parameter int unsigned MaxFrame = 2048  // bytes of a segment buffer, a power of two, 512..16384
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       flush_i,        // forget everything, idle next cycle
    input  wire logic [15:0]                cfg_max_frame,  // longest frame without FCS: MTU + 14
    output logic                            busy_o,
    input  wire logic                       s_valid,
    output logic                            s_ready,
    input  wire logic [DataW-1:0]           s_data,
    input  wire logic [DataW/8-1:0]         s_keep,
    input  wire logic                       s_last,
    input  wire logic                       s_err,
    input  wire logic [ph_pkg::TxMetaW-1:0] s_meta,         // ph_pkg::tx_meta_t
    output logic                            m_valid,
    input  wire logic                       m_ready,
    output logic [DataW-1:0]                m_data,
    output logic [DataW/8-1:0]              m_keep,
    output logic                            m_last,
    output logic                            m_drop,         // with last
    output logic [32:0]                     m_patch,        // {enable, offset, value}, with last
    output logic                            stat_tx_super_segments,
    output logic                            stat_tx_segments,
    output logic                            stat_tx_csum,
    output logic                            stat_tx_drop_bad_csum,
    output logic                            stat_tx_drop_bad_gso,
    output logic                            stat_tx_drop_error,
    output logic                            stat_tx_drop_oversize
);
  localparam int unsigned Lanes = DataW / 8;
  localparam int unsigned InW = DataW + Lanes + 2 + ph_pkg::TxMetaW;
  localparam int unsigned OutW = DataW + Lanes + 2 + 33;

  logic rst_n;
  assign rst_n = rst_ni && !flush_i;

  // A limit that software set above the segment buffers must not let a frame outgrow the FIFO.
  logic [15:0] max_frame;
  assign max_frame = (cfg_max_frame > 16'(MaxFrame)) ? 16'(MaxFrame) : cfg_max_frame;

  logic in_valid, in_ready, in_last, in_err;
  logic [DataW-1:0] in_data;
  logic [Lanes-1:0] in_keep;
  logic [ph_pkg::TxMetaW-1:0] in_meta;
  stream_skid #(.Width(InW)) u_skid_in (
      .clk_i, .rst_ni(rst_n), .s_valid, .s_ready,
      .s_data({s_meta, s_err, s_last, s_keep, s_data}), .m_valid(in_valid), .m_ready(in_ready),
      .m_data({in_meta, in_err, in_last, in_keep, in_data}));

  logic cut_valid, cut_ready, cut_last, cut_err, tso_busy, tso_error;
  logic [DataW-1:0] cut_data;
  logic [Lanes-1:0] cut_keep;
  logic [ph_pkg::TxMetaW-1:0] cut_meta;
  tso #(.DataW(DataW), .MaxFrame(MaxFrame)) u_tso (
      .clk_i, .rst_ni, .flush_i, .cfg_max_frame(max_frame), .busy_o(tso_busy), .s_valid(in_valid),
      .s_ready(in_ready), .s_data(in_data), .s_keep(in_keep), .s_last(in_last), .s_err(in_err),
      .s_meta(in_meta), .m_valid(cut_valid), .m_ready(cut_ready), .m_data(cut_data),
      .m_keep(cut_keep), .m_last(cut_last), .m_err(cut_err), .m_meta(cut_meta),
      .stat_tx_super_segments, .stat_tx_segments, .stat_tx_drop_bad_gso,
      .stat_tx_drop_error(tso_error));

  logic sum_valid, sum_ready, sum_last, sum_drop, csum_busy, csum_error;
  logic [DataW-1:0] sum_data;
  logic [Lanes-1:0] sum_keep;
  logic [32:0] sum_patch;
  tx_csum #(.DataW(DataW)) u_csum (
      .clk_i, .rst_ni, .flush_i, .cfg_max_frame(max_frame), .busy_o(csum_busy), .s_valid(cut_valid),
      .s_ready(cut_ready), .s_data(cut_data), .s_keep(cut_keep), .s_last(cut_last),
      .s_err(cut_err), .s_meta(cut_meta), .m_valid(sum_valid), .m_ready(sum_ready),
      .m_data(sum_data), .m_keep(sum_keep), .m_last(sum_last), .m_drop(sum_drop),
      .m_patch(sum_patch), .stat_tx_csum, .stat_tx_drop_bad_csum,
      .stat_tx_drop_error(csum_error), .stat_tx_drop_oversize);

  stream_skid #(.Width(OutW)) u_skid_out (
      .clk_i, .rst_ni(rst_n), .s_valid(sum_valid), .s_ready(sum_ready),
      .s_data({sum_patch, sum_drop, sum_last, sum_keep, sum_data}), .m_valid, .m_ready,
      .m_data({m_patch, m_drop, m_last, m_keep, m_data}));

  // Both stages may drop in the same cycle; a pulse that finds the output taken waits. Each frame
  // is dropped once, and at most two frames are between the stages, so two bits hold what waits.
  logic [1:0] waiting_d, waiting_q;
  assign stat_tx_drop_error = tso_error || csum_error || waiting_q != 2'd0;
  always_comb begin
    waiting_d = waiting_q;
    if (tso_error && csum_error) waiting_d = waiting_q + 2'd1;
    else if (!tso_error && !csum_error && waiting_q != 2'd0) waiting_d = waiting_q - 2'd1;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) waiting_q <= 2'd0;
    else waiting_q <= waiting_d;
  end

  // The input skid needs no term of its own: what it holds is at the TSO's input in the same cycle.
  assign busy_o = in_valid || tso_busy || csum_busy || m_valid || waiting_q != 2'd0;

`ifdef PH_PROPERTIES
  stream_props #(.DataW(DataW)) u_s_props (
      .clk_i, .rst_ni(rst_n), .valid(s_valid), .ready(s_ready), .data(s_data),
      .keep(s_keep), .last(s_last), .err(s_err));
  stream_props #(.DataW(DataW)) u_cut_props (
      .clk_i, .rst_ni(rst_n), .valid(cut_valid), .ready(cut_ready), .data(cut_data),
      .keep(cut_keep), .last(cut_last), .err(cut_err));
  stream_props #(.DataW(DataW)) u_m_props (
      .clk_i, .rst_ni(rst_n), .valid(m_valid), .ready(m_ready), .data(m_data),
      .keep(m_keep), .last(m_last), .err(m_drop));
`endif
endmodule

`default_nettype wire
