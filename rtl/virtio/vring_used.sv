// SPDX-License-Identifier: Apache-2.0
// Back end of a split virtqueue (Virtio 1.2 2.7.8, 2.7.10): collects used elements and publishes
// them in batches of up to 64: elements, their responses, used.idx, its response, then the event
// is read and the interrupt decided. The elements of the next batch are written while the index of
// the previous one is on its way. A used_t comes in only after its payload has been acknowledged.
`default_nettype none

module vring_used #(
    parameter int unsigned Depth = 128  // used elements held, a power of two >= 64
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       run_i,
    input  wire logic                       event_idx_i,
    input  wire logic [15:0]                cfg_size,
    input  wire logic [63:0]                cfg_driver,
    input  wire logic [63:0]                cfg_device,
    input  wire logic                       used_valid,
    output logic                            used_ready,
    input  wire logic [ph_pkg::UsedW-1:0]   used,         // ph_pkg::used_t
    // Read of used_event or avail.flags
    output logic                            req_valid,
    input  wire logic                       req_ready,
    output logic [63:0]                     req_addr,
    output logic [12:0]                     req_len,
    input  wire logic                       rsp_valid,
    input  wire logic [127:0]               rsp_data,
    // Write client
    output logic                            wr_req_valid,
    input  wire logic                       wr_req_ready,
    output logic [63:0]                     wr_req_addr,
    output logic [3:0]                      wr_req_beats,
    output logic                            wr_req_tag,
    output logic                            wr_dat_valid,
    input  wire logic                       wr_dat_ready,
    output logic [127:0]                    wr_dat_data,
    output logic [15:0]                     wr_dat_strb,
    input  wire logic                       wr_done,
    input  wire logic                       wr_done_tag,
    input  wire logic                       wr_done_err,
    // Interrupt wanted: pulse, with the number of elements it stands for
    output logic                            irq_o,
    output logic [15:0]                     irq_count_o,
    output logic                            quiet_o,
    output logic                            busy_o
);
  typedef enum logic [2:0] {
    StIdle,      // nothing to publish
    StSegment,   // hand the address of the batch to the packer
    StElements,  // one element per cycle
    StWait,      // responses of the elements
    StIndex,     // hand over used.idx
    StIndexData
  } state_e;
  state_e state_q, state_d;

  ph_pkg::used_t in_used;
  logic fifo_valid, fifo_pop;
  logic [15:0] fifo_head;
  logic [31:0] fifo_len;
  localparam int unsigned CountW = $clog2(Depth) + 1;
  logic [CountW-1:0] fifo_count;
  logic [15:0] idx_q;           // used.idx once the current batch is published
  logic [15:0] slot, to_end;
  logic [6:0] batch, left_q;
  logic seg_valid, seg_ready, room, packer_quiet, packer_busy;
  logic [63:0] seg_addr;
  logic [16:0] seg_len;
  logic [4:0] push;
  logic [127:0] push_data;

  assign in_used = used;
  fifo_small #(.Width(48), .Depth(Depth)) u_fifo (
      .clk_i, .rst_ni,
      .wr_valid(used_valid), .wr_ready(used_ready), .wr_data({in_used.head, in_used.len}),
      .rd_valid(fifo_valid), .rd_ready(fifo_pop), .rd_data({fifo_head, fifo_len}),
      .count_o(fifo_count)
  );

  assign slot = idx_q & (cfg_size - 16'd1);
  assign to_end = cfg_size - slot;
  always_comb begin
    batch = fifo_count > CountW'(64) ? 7'd64 : 7'(fifo_count);
    if (to_end < {9'd0, batch}) batch = to_end[6:0];
  end

  assign seg_valid = state_q == StSegment || state_q == StIndex;
  assign seg_addr = state_q == StSegment ? cfg_device + 64'd4 + {45'd0, slot, 3'd0}
                                         : cfg_device + 64'd2;
  assign seg_len = state_q == StSegment ? {7'd0, left_q, 3'd0} : 17'd2;
  assign fifo_pop = state_q == StElements && room;
  always_comb begin
    push = 5'd0;
    push_data = {64'd0, fifo_len, 16'd0, fifo_head};
    if (fifo_pop) push = 5'd8;
    if (state_q == StIndexData) begin
      push_data = {112'd0, idx_q};
      if (room) push = 5'd2;
    end
  end

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StIdle: if (run_i && fifo_valid) state_d = StSegment;
      StSegment: if (seg_ready) state_d = StElements;
      StElements: if (fifo_pop && left_q == 7'd1) state_d = StWait;
      // Tag 1 marks the last burst of the elements; responses come in order.
      StWait: if (wr_done && wr_done_tag) state_d = run_i && !wr_done_err ? StIndex : StIdle;
      StIndex: if (seg_ready) state_d = StIndexData;
      StIndexData: if (room) state_d = StIdle;
      default: state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      idx_q <= '0;
      left_q <= '0;
    end else begin
      state_q <= state_d;
      if (state_q == StIdle && state_d == StSegment) left_q <= batch;
      if (state_q == StSegment && seg_ready) idx_q <= idx_q + {9'd0, left_q};
      if (fifo_pop) left_q <= left_q - 7'd1;
    end
  end

  write_packer #(.BeatDepth(64), .BurstDepth(16)) u_packer (
      .clk_i, .rst_ni,
      .seg_valid, .seg_ready, .seg_addr, .seg_len, .seg_tag(state_q == StSegment),
      .push, .push_data, .room,
      .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .quiet_o(packer_quiet), .busy_o(packer_busy)
  );

  // --- Event (2.7.7, 2.7.10): after the response of used.idx ---
  // The index being written; a new one is written only after the responses of its elements, hence
  // after that of the index before.
  logic [15:0] writing_q, published_q, asked_q, decided_q;
  logic pending_q, reading_q;
  logic idx_done, req_fire, want;
  logic [15:0] event_value, since, fresh;
  logic [63:0] event_addr;
  assign idx_done = wr_done && writing_valid_q;
  logic writing_valid_q;

  assign event_addr = event_idx_i ? cfg_driver + 64'd4 + {47'd0, cfg_size, 1'b0} : cfg_driver;
  assign req_valid = run_i && pending_q && !reading_q;
  assign req_addr = event_addr;
  assign req_len = 13'd2;
  assign req_fire = req_valid && req_ready;
  assign event_value = rsp_data[16*event_addr[3:1] +: 16];
  assign fresh = asked_q - decided_q;
  assign since = asked_q - event_value - 16'd1;
  assign want = event_idx_i ? since < fresh : !event_value[0];

  // The index is handed over when every response of its elements has come, so the first response
  // after that is the index's own.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      writing_valid_q <= 1'b0;
      pending_q <= 1'b0;
      reading_q <= 1'b0;
      published_q <= '0;
      decided_q <= '0;
      writing_q <= '0;
      asked_q <= '0;
    end else begin
      if (state_q == StIndex && seg_ready) begin
        writing_valid_q <= 1'b1;
        writing_q <= idx_q;
      end else if (idx_done) begin
        writing_valid_q <= 1'b0;
        end
      if (idx_done && !wr_done_err) begin
        published_q <= writing_q;
        pending_q <= 1'b1;
      end else if (req_fire) begin
        pending_q <= 1'b0;
      end
      if (req_fire) begin
        reading_q <= 1'b1;
        asked_q <= published_q;
      end else if (rsp_valid) begin
        reading_q <= 1'b0;
      end
      if (reading_q && rsp_valid) decided_q <= asked_q;
    end
  end
  assign irq_o = reading_q && rsp_valid && want && run_i;
  assign irq_count_o = fresh;

  assign quiet_o = (state_q == StIdle) && packer_quiet && !reading_q;
  assign busy_o = (state_d != state_q) || packer_busy || reading_q || req_valid ||
                  state_q != StIdle || (used_valid && used_ready);

  logic unused_bits;
  assign unused_bits = ^{in_used.queue, in_used.publish, event_addr[0]};
endmodule

`default_nettype wire
