// SPDX-License-Identifier: Apache-2.0
// Small FIFO between two clocks, for records (metadata, statistics). The head is read
// combinationally from distributed RAM. One entry per cycle on either side; an entry is seen after
// one write edge and two read edges. Reset both sides together.
`default_nettype none

module cdc_fifo #(
    parameter int unsigned Width = 16,  /// 1..1024
    parameter int unsigned Depth = 16,  /// power of two, 4..256
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  wire logic             wr_clk_i,
    input  wire logic             wr_rst_ni,
    input  wire logic             wr_valid,
    output logic                  wr_ready,
    input  wire logic [Width-1:0] wr_data,
    output logic                  wr_busy_o,  // an entry is on its way, as the write side knows
    input  wire logic             rd_clk_i,
    input  wire logic             rd_rst_ni,
    output logic                  rd_valid,
    input  wire logic             rd_ready,
    output logic [Width-1:0]      rd_data
);
  if (Depth < 4 || Depth > 256 || Depth != (1 << AddrW)) begin : g_bad_depth
    $fatal(1, "cdc_fifo: Depth must be a power of two, 4..256");
  end

  logic [Width-1:0] mem [0:Depth-1];
  logic [AddrW:0] wr_ptr_q, rd_ptr_q, wr_ptr, rd_ptr, count;

  cdc_counter #(.Width(AddrW + 1)) u_wr_ptr (
      .src_clk_i(wr_clk_i),
      .src_rst_ni(wr_rst_ni),
      .src_count_i(wr_ptr_q),
      .dst_clk_i(rd_clk_i),
      .dst_rst_ni(rd_rst_ni),
      .dst_count_o(wr_ptr)
  );
  cdc_counter #(.Width(AddrW + 1)) u_rd_ptr (
      .src_clk_i(rd_clk_i),
      .src_rst_ni(rd_rst_ni),
      .src_count_i(rd_ptr_q),
      .dst_clk_i(wr_clk_i),
      .dst_rst_ni(wr_rst_ni),
      .dst_count_o(rd_ptr)
  );

  assign count = wr_ptr_q - rd_ptr;
  assign wr_ready = !count[AddrW];
  assign wr_busy_o = |count;
  assign rd_valid = wr_ptr != rd_ptr_q;
  assign rd_data = mem[rd_ptr_q[AddrW-1:0]];

  always_ff @(posedge wr_clk_i) begin
    if (!wr_rst_ni) wr_ptr_q <= '0;
    else if (wr_valid && wr_ready) wr_ptr_q <= wr_ptr_q + 1'b1;
  end
  always_ff @(posedge rd_clk_i) begin
    if (!rd_rst_ni) rd_ptr_q <= '0;
    else if (rd_valid && rd_ready) rd_ptr_q <= rd_ptr_q + 1'b1;
  end
  always_ff @(posedge wr_clk_i) begin
    if (wr_valid && wr_ready) mem[wr_ptr_q[AddrW-1:0]] <= wr_data;
  end

`ifdef FORMAL
`include "cdc_fifo.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
