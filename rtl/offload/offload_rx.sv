// SPDX-License-Identifier: Apache-2.0
// Receive offload: frames pass unchanged with five cycles of delay, and their verdicts (rx_verify)
// come with the last beat. A wrong checksum does not drop a frame, it goes up unverified; only the
// MAC's error does. MAC receive clock, no ready, one beat per cycle, gaps allowed anywhere.
`default_nettype none
`include "ph_assert.svh"

module offload_rx #(
    parameter int unsigned DataW = 64  // 64
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    output logic                            busy_o,
    input  wire logic                       s_valid,
    input  wire logic [DataW-1:0]           s_data,
    input  wire logic [DataW/8-1:0]         s_keep,
    input  wire logic                       s_last,
    input  wire logic                       s_err,   // with last: bad FCS or damaged
    output logic                            m_valid,
    output logic [DataW-1:0]                m_data,
    output logic [DataW/8-1:0]              m_keep,
    output logic                            m_last,
    output logic                            m_drop,  // with last
    output logic [ph_pkg::RxMetaW-1:0]      m_meta,  // ph_pkg::rx_meta_t, with last
    output logic                            stat_rx_ip_csum_bad,
    output logic                            stat_rx_l4_csum_bad,
    output logic                            stat_rx_l4_csum_ok
);
  localparam int unsigned Lanes = DataW / 8;
  localparam int unsigned BeatW = DataW + Lanes + 2;

  logic open_q;  // inside a frame
  always_ff @(posedge clk_i) begin
    if (!rst_ni) open_q <= 1'b0;
    else if (s_valid) open_q <= !s_last;
  end

  logic done;
  ph_pkg::rx_meta_t verdict, meta_d;
  logic [ph_pkg::RxMetaW-1:0] verdict_bits;
  rx_verify #(.DataW(DataW)) u_verify (
      .clk_i, .rst_ni, .valid_i(s_valid), .first_i(!open_q), .last_i(s_last), .data_i(s_data),
      .keep_i(s_keep), .done_o(done), .meta_o(verdict_bits));
  assign verdict = verdict_bits;

  // The beat travels beside its verdict.
  logic [3:0] valid_q;
  logic [BeatW-1:0] beat1_q, beat2_q, beat3_q, beat4_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 4'd0;
    else valid_q <= {valid_q[2:0], s_valid};
  end
  always_ff @(posedge clk_i) begin
    if (s_valid) beat1_q <= {s_err, s_last, s_keep, s_data};
    if (valid_q[0]) beat2_q <= beat1_q;
    if (valid_q[1]) beat3_q <= beat2_q;
    if (valid_q[2]) beat4_q <= beat3_q;
  end

  logic err;
  assign err = beat4_q[BeatW-1];
  always_comb begin
    meta_d = verdict;
    meta_d.error = err;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid <= 1'b0;
      stat_rx_ip_csum_bad <= 1'b0;
      stat_rx_l4_csum_bad <= 1'b0;
      stat_rx_l4_csum_ok <= 1'b0;
    end else begin
      m_valid <= valid_q[3];
      stat_rx_ip_csum_bad <= done && !err && verdict.is_ipv4 && !verdict.ip_csum_ok;
      stat_rx_l4_csum_bad <= done && !err && verdict.l4_csum_checked && !verdict.l4_csum_ok;
      stat_rx_l4_csum_ok <= done && !err && verdict.l4_csum_ok;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_q[3]) begin
      {m_last, m_keep, m_data} <= beat4_q[BeatW-2:0];
      m_drop <= done && err;
    end
    if (done) m_meta <= meta_d;
  end

  assign busy_o = open_q || valid_q != 4'd0 || m_valid || stat_rx_ip_csum_bad ||
                  stat_rx_l4_csum_bad || stat_rx_l4_csum_ok;

`ifdef PH_PROPERTIES
  stream_props #(.DataW(DataW)) u_s_props (
      .clk_i, .rst_ni, .valid(s_valid), .ready(1'b1), .data(s_data),
      .keep(s_keep), .last(s_last), .err(s_err));
  stream_props #(.DataW(DataW)) u_m_props (
      .clk_i, .rst_ni, .valid(m_valid), .ready(1'b1), .data(m_data),
      .keep(m_keep), .last(m_last), .err(m_drop));
`endif
endmodule

`default_nettype wire
