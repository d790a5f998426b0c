// SPDX-License-Identifier: Apache-2.0
// The rules of a stream (docs/terminology.md), in simulation and in proofs; it holds no logic.
//  1. Held: a beat that was offered and not taken is offered again, unchanged.
//  2. KeepContiguous: `keep` has no hole and begins at byte 0.
//  3. KeepFull: `keep` is all ones except in the last beat.
// Instantiate under PH_PROPERTIES. A stream without ready ties `ready` to 1. `Assume` turns the
// rules into assumptions of a proof: the module drives its environment.
`default_nettype none
`include "ph_assert.svh"

module stream_props #(
    parameter int unsigned DataW = 64,  /// multiple of 8
    parameter bit Assume = 1'b0,
    localparam int unsigned KeepW = DataW / 8
) (
    input  wire logic             clk_i,
    input  wire logic             rst_ni,
    input  wire logic             valid,
    input  wire logic             ready,
    input  wire logic [DataW-1:0] data,
    input  wire logic [KeepW-1:0] keep,
    input  wire logic             last,
    input  wire logic             err   // meaningful with last
);
  logic waiting_q, last_q, err_q, held, contiguous, full;
  logic [DataW-1:0] data_q, mask, care;
  logic [KeepW-1:0] keep_q;

  always_ff @(posedge clk_i) begin
    waiting_q <= rst_ni && valid && !ready;
    data_q <= data;
    keep_q <= keep;
    last_q <= last;
    err_q <= err;
  end

  // Bytes that do not count may change.
  for (genvar i = 0; i < KeepW; i++) begin : g_care
    assign care[8*i +: 8] = {8{keep_q[i]}};
  end
  assign mask = (data ^ data_q) & care;
  assign held = !waiting_q || (valid && keep == keep_q && last == last_q &&
      mask == '0 && (!last || err == err_q));
  assign contiguous = !valid || (keep[0] && (keep & (keep + 1'b1)) == '0);
  assign full = !valid || last || (&keep);

  if (Assume) begin : g_assume
    `ASSUME(Held, held)
    `ASSUME(KeepContiguous, contiguous)
    `ASSUME(KeepFull, full)
  end else begin : g_assert
    `ASSERT(Held, held)
    `ASSERT(KeepContiguous, contiguous)
    `ASSERT(KeepFull, full)
  end
endmodule

`default_nettype wire
