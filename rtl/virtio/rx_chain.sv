// SPDX-License-Identifier: Apache-2.0
// Receive mover, first half: loads whole chains of device-writable elements into two banks, so that
// the space of a chain is known before a frame is written. At most 32 elements and 65562 bytes of a
// chain are used; elements of no bytes and what lies beyond are skipped. One element per cycle.
`default_nettype none
`include "ph_assert.svh"

module rx_chain (
    input  wire logic                     clk_i,
    input  wire logic                     rst_ni,
    input  wire logic                     run_i,
    input  wire logic                     desc_valid,
    output logic                          desc_ready,
    input  wire logic [ph_pkg::DescW-1:0] desc,
    // The oldest loaded chain
    output logic                          chain_valid,
    input  wire logic                     chain_free,   // it has been used: one-cycle pulse
    output logic                          chain_bad,
    output logic [7:0]                    chain_queue,
    output logic [15:0]                   chain_head,
    output logic [17:0]                   chain_space,  // bytes
    input  wire logic [4:0]               elem_index,   // combinational read of its elements
    output logic [63:0]                   elem_addr,
    output logic [16:0]                   elem_len,
    output logic                          busy_o
);
  localparam int unsigned Enough = 65562;

  ph_pkg::desc_t d;
  logic load_q, use_q;              // bank being loaded, bank being used
  logic [1:0] full_q, bad_q;
  logic [5:0] count_q, count;
  logic [17:0] space_q, space;
  logic [16:0] len;
  logic fire, store;
  logic [80:0] elem_mem [0:63];
  logic [23:0] head_mem [0:1];
  logic [17:0] space_mem [0:1];

  assign d = desc;
  assign desc_ready = run_i && !full_q[load_q];
  assign fire = desc_valid && desc_ready;
  assign count = d.first ? 6'd0 : count_q;
  assign space = d.first ? 18'd0 : space_q;
  assign len = d.len > 32'(Enough) ? 17'(Enough) : d.len[16:0];
  assign store = fire && !d.error && len != 0 && !count[5] && space < 18'(Enough);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      load_q <= 1'b0;
      use_q <= 1'b0;
      full_q <= '0;
    end else begin
      if (fire && d.last) begin
        full_q[load_q] <= 1'b1;
        load_q <= !load_q;
      end
      if (chain_free) begin
        full_q[use_q] <= 1'b0;
        use_q <= !use_q;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (store) elem_mem[{load_q, count[4:0]}] <= {d.addr, len};
    if (fire) begin
      count_q <= store ? count + 6'd1 : count;
      space_q <= store ? space + {1'b0, len} : space;
      if (d.last) begin
        bad_q[load_q] <= d.error;
        head_mem[load_q] <= {d.queue, d.head};
        space_mem[load_q] <= store ? space + {1'b0, len} : space;
      end
    end
  end

  assign chain_valid = full_q[use_q];
  assign chain_bad = bad_q[use_q];
  assign {chain_queue, chain_head} = head_mem[use_q];
  assign chain_space = space_mem[use_q];
  assign {elem_addr, elem_len} = elem_mem[{use_q, elem_index}];
  assign busy_o = fire || chain_free;

  logic unused_bits;
  assign unused_bits = d.write;

`ifdef FORMAL
`include "rx_chain.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
