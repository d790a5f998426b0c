// SPDX-License-Identifier: Apache-2.0
// Simple dual-port RAM: one write port, one read port with a registered output, a clock each (join
// them for one clock). Reading a word in the cycle of its write gives the old or the new word:
// the user must not depend on it. The output holds while `rd_en_i` is low.
`default_nettype none

module ram_sdp #(
    parameter int unsigned Width = 64,   /// 1..1024
    parameter int unsigned Depth = 512,  /// power of two, 2..65536
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  wire logic             wr_clk_i,
    input  wire logic             wr_en_i,
    input  wire logic [AddrW-1:0] wr_addr_i,
    input  wire logic [Width-1:0] wr_data_i,
    input  wire logic             rd_clk_i,
    input  wire logic             rd_en_i,
    input  wire logic [AddrW-1:0] rd_addr_i,
    output logic [Width-1:0]      rd_data_o  // in the cycle after rd_en_i
);
  if (Depth < 2 || Depth > 65536 || Depth != (1 << AddrW)) begin : g_bad_depth
    $fatal(1, "ram_sdp: Depth must be a power of two, 2..65536");
  end

  logic [Width-1:0] mem [0:Depth-1];

  always_ff @(posedge wr_clk_i) begin
    if (wr_en_i) mem[wr_addr_i] <= wr_data_i;
  end
  always_ff @(posedge rd_clk_i) begin
    if (rd_en_i) rd_data_o <= mem[rd_addr_i];
  end

`ifdef FORMAL
`include "ram_sdp.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
