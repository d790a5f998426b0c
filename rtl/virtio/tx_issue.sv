// SPDX-License-Identifier: Apache-2.0
// Transmit mover, first half: cuts the elements of each chain into reads of at most 256 bytes that
// do not cross a multiple of 256, reserves space for their beats in the data FIFO before it asks,
// and writes one record per read for the second half. Reads of following packets are issued before
// the data of earlier ones have come. One read per cycle; one cycle more per element.
`default_nettype none
`include "ph_assert.svh"

module tx_issue #(
    parameter int unsigned DataBeats = 512,  // beats of the data FIFO, 16..512
    parameter int unsigned MaxBytes = 65562  // header and frame: 12 + 65550
) (
    input  wire logic                     clk_i,
    input  wire logic                     rst_ni,
    input  wire logic                     run_i,
    input  wire logic                     desc_valid,
    output logic                          desc_ready,
    input  wire logic [ph_pkg::DescW-1:0] desc,
    // Reads
    output logic                          rd_req_valid,
    input  wire logic                     rd_req_ready,
    output logic [63:0]                   rd_req_addr,
    output logic [12:0]                   rd_req_len,
    input  wire logic                     beat_free_i,  // a beat has left the data FIFO
    // Records: {queue, head, error, last, offset[3:0], bytes[8:0]}
    output logic                          rec_valid,
    input  wire logic                     rec_ready,
    output logic [38:0]                   rec,
    output logic                          err_long_o,   // pulse: a chain over MaxBytes
    output logic                          busy_o
);
  ph_pkg::desc_t d;
  logic valid_q, last_q, error_q;
  logic [7:0] queue_q;
  logic [15:0] head_q;
  logic [63:0] addr_q;
  logic [16:0] len_q, total_q;       // bytes still to be read of the element; of the chain so far
  logic too_long_q, too_long;
  logic [17:0] total;
  logic [8:0] to_bound, n;
  logic [4:0] beats;
  logic [9:0] free_q;
  logic final_chunk, record, fire;

  assign d = desc;
  assign total = {1'b0, (d.first ? 17'd0 : total_q)} + {1'b0, d.len[16:0]};
  assign too_long = (!d.first && too_long_q) || d.len[31:17] != 0 || total > 18'(MaxBytes);

  assign to_bound = 9'd256 - {1'b0, addr_q[7:0]};
  assign n = len_q < {8'd0, to_bound} ? len_q[8:0] : to_bound;
  assign beats = 5'((n + {5'd0, addr_q[3:0]} + 9'd15) >> 4);
  assign final_chunk = len_q == {8'd0, n};
  // An element of no bytes leaves a record only when it ends the chain.
  assign record = n != 0 || last_q;
  assign rd_req_valid = run_i && valid_q && n != 0 && rec_ready && free_q >= {5'd0, beats};
  assign rd_req_addr = addr_q;
  assign rd_req_len = {4'd0, n};
  assign fire = run_i && valid_q && (n != 0 ? rd_req_valid && rd_req_ready : !record || rec_ready);
  assign rec_valid = fire && record;
  assign rec = {queue_q, head_q, error_q && final_chunk, last_q && final_chunk, addr_q[3:0], n};
  assign desc_ready = run_i && (!valid_q || (fire && final_chunk));

  logic [9:0] taken;
  assign taken = fire ? {5'd0, n == 0 ? 5'd0 : beats} : 10'd0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      too_long_q <= 1'b0;
      total_q <= '0;
      free_q <= 10'(DataBeats);
    end else begin
      if (desc_ready) valid_q <= desc_valid;
      if (desc_ready && desc_valid) begin
        too_long_q <= too_long;
        total_q <= total[16:0];
      end
      if (taken != 0 || beat_free_i) free_q <= free_q - taken + {9'd0, beat_free_i};
    end
  end
  always_ff @(posedge clk_i) begin
    if (desc_ready && desc_valid) begin
      queue_q <= d.queue;
      head_q <= d.head;
      last_q <= d.last;
      error_q <= d.error || (d.last && too_long);
      addr_q <= d.addr;
      len_q <= too_long || d.error ? 17'd0 : d.len[16:0];
    end else if (fire) begin
      addr_q <= addr_q + {55'd0, n};
      len_q <= len_q - {8'd0, n};
    end
  end

  assign err_long_o = desc_ready && desc_valid && d.last && too_long && !d.error;
  assign busy_o = fire || (desc_valid && desc_ready);

  logic unused_bits;
  assign unused_bits = d.write;

`ifdef FORMAL
`include "tx_issue.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
