// SPDX-License-Identifier: Apache-2.0
// A queue of bytes: in one cycle up to 16 bytes enter at the back and up to 16 leave at the front.
// The front is visible as it is (`front`, byte 0 first); the user pops only what `count` says is
// there and pushes only while count - pop + push <= 16 * Rows. Push is visible in the next cycle.
// Bytes never move: they lie in rows of 16 lanes, and a rotation at each end finds their lane.
`default_nettype none
`include "ph_assert.svh"

module byte_queue #(
    parameter int unsigned Rows = 2,  // capacity in rows of 16 bytes, 2 or 3
    localparam int unsigned RowW = $clog2(Rows)
) (
    input  wire logic         clk_i,
    input  wire logic         rst_ni,
    input  wire logic [4:0]   push,       // bytes that enter, 0..16, from push_data's byte 0
    input  wire logic [127:0] push_data,
    input  wire logic [4:0]   pop,        // bytes that leave, 0..16
    output logic [127:0]      front,
    output logic [5:0]        count
);
  if (Rows != 2 && Rows != 3) begin : g_bad_rows
    $fatal(1, "byte_queue: Rows must be 2 or 3");
  end

  // Rotations by whole bytes, four stages of two-way choices.
  function automatic logic [127:0] rotate_down(logic [127:0] data, logic [3:0] lanes);
    logic [127:0] r;
    r = data;
    if (lanes[3]) r = {r[63:0], r[127:64]};
    if (lanes[2]) r = {r[31:0], r[127:32]};
    if (lanes[1]) r = {r[15:0], r[127:16]};
    if (lanes[0]) r = {r[7:0], r[127:8]};
    rotate_down = r;
  endfunction
  function automatic logic [RowW-1:0] next_row(logic [RowW-1:0] row);
    next_row = row == RowW'(Rows - 1) ? '0 : row + 1'b1;
  endfunction

  logic [3:0] rd_lane_q, wr_lane_q;
  logic [RowW-1:0] rd_row_q, wr_row_q;
  logic [4:0] rd_sum, wr_sum;          // the lane after this cycle, and a carry into the row
  logic [128*Rows-1:0] store_q;
  logic [127:0] lanes, placed;
  logic [31:0] span;
  logic [15:0] enable, wrapped;        // lanes that are written; those of them in the next row

  assign rd_sum = {1'b0, rd_lane_q} + pop;
  assign wr_sum = {1'b0, wr_lane_q} + push;

  // The front begins in lane rd_lane_q of a row and ends before it in the next.
  always_comb begin
    lanes = '0;
    if (count != 0) for (int i = 0; i < 16; i++) begin
      for (int r = 0; r < Rows; r++) begin
        if ((4'(i) < rd_lane_q ? next_row(rd_row_q) : rd_row_q) == RowW'(r)) begin
          lanes[8*i +: 8] = store_q[128*r + 8*i +: 8];
        end
      end
    end
  end
  assign front = count != 0 ? rotate_down(lanes, rd_lane_q) : '0;

  assign placed = push != 0 ? rotate_down(push_data, -wr_lane_q) : '0;
  assign span = ((32'd1 << push) - 32'd1) << wr_lane_q;
  assign enable = span[15:0] | span[31:16];
  assign wrapped = span[31:16];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count <= '0;
      rd_lane_q <= '0;
      wr_lane_q <= '0;
      rd_row_q <= '0;
      wr_row_q <= '0;
    end else if (push != 0 || pop != 0) begin
      count <= count - {1'b0, pop} + {1'b0, push};
      rd_lane_q <= rd_sum[3:0];
      wr_lane_q <= wr_sum[3:0];
      if (rd_sum[4]) rd_row_q <= next_row(rd_row_q);
      if (wr_sum[4]) wr_row_q <= next_row(wr_row_q);
    end
  end

  for (genvar r = 0; r < Rows; r++) begin : g_row
    logic [15:0] write;
    assign write = (wr_row_q == RowW'(r) ? enable & ~wrapped : 16'd0)
                 | (next_row(wr_row_q) == RowW'(r) ? wrapped : 16'd0);
    always_ff @(posedge clk_i) begin
      if (push != 0) for (int i = 0; i < 16; i++) begin
        if (write[i]) store_q[128*r + 8*i +: 8] <= placed[8*i +: 8];
      end
    end
  end

`ifdef FORMAL
`include "byte_queue.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
