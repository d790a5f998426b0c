// SPDX-License-Identifier: Apache-2.0
// Front end of a split virtqueue, available ring (Virtio 1.2 2.7.6, 2.7.13): reads avail.idx, then
// the new entries in bursts of up to 32, and hands on the heads. When nothing is left it writes
// avail_event (VIRTIO_F_EVENT_IDX), waits for the response and looks once more before it sleeps.
// An index that jumps by more than the queue size, or a head outside the table, breaks the ring.
// One head per cycle; two memory latencies + 32 cycles for each 32 entries.
`default_nettype none

module vring_fetch #(
    parameter int unsigned HeadDepth = 64  // heads held, a power of two >= 64
) (
    input  wire logic         clk_i,
    input  wire logic         rst_ni,
    input  wire logic         run_i,          // enabled and not stopping
    input  wire logic         kick_i,         // notification: one-cycle pulse
    input  wire logic         event_idx_i,    // VIRTIO_F_EVENT_IDX accepted
    input  wire logic [15:0]  cfg_size,
    input  wire logic [63:0]  cfg_driver,
    input  wire logic [63:0]  cfg_device,
    // Reads; space for the answer is in this module
    output logic              req_valid,
    input  wire logic         req_ready,
    output logic [63:0]       req_addr,
    output logic [12:0]       req_len,
    input  wire logic         rsp_valid,
    input  wire logic [127:0] rsp_data,
    input  wire logic         rsp_err,
    // Write of avail_event: one beat
    output logic              ev_req_valid,
    input  wire logic         ev_req_ready,
    output logic [63:0]       ev_addr,
    output logic [15:0]       ev_value,
    input  wire logic         ev_done,
    // Heads
    output logic              head_valid,
    input  wire logic         head_ready,
    output logic [15:0]       head,
    // Status
    output logic              empty_o,        // asleep, and no head is held
    output logic              quiet_o,        // nothing outstanding
    output logic              busy_o,         // something moves or is outstanding
    output logic              err_jump_o,     // pulse: avail.idx jumped
    output logic              err_head_o      // pulse: head >= queue size
);
  typedef enum logic [3:0] {
    StOff,       // not enabled
    StIdxReq,    // ask for avail.idx
    StIdxWait,
    StRing,      // entries are known: wait for space for a batch
    StRingReq,   // ask for the entries
    StRingWait,
    StArmReq,    // write avail_event
    StArmWait,
    StSleep,     // nothing left: wait for a notification
    StBroken     // the ring made no sense: until reset
  } state_e;
  state_e state_q, state_d;

  localparam int unsigned CountW = $clog2(HeadDepth) + 1;
  logic [15:0] last_q, idx_q;        // next entry to fetch; avail.idx as read
  logic [15:0] armed_q;              // avail_event in memory
  logic armed_valid_q, kick_q;
  logic [15:0] slot, to_end, ahead, idx_read, jump;
  logic [5:0] batch, left_q;         // entries of a burst; still to hand on
  logic [127:0] beat_mem [0:7];
  logic [2:0] beat_wr_q;             // beats that have come
  logic [6:0] pos_q;                 // byte position of the next entry
  logic [127:0] beat;
  logic [15:0] entry;
  logic entry_valid, fifo_ready;
  logic [CountW-1:0] fifo_count;
  logic [63:0] ring_addr;

  assign slot = last_q & (cfg_size - 16'd1);
  assign to_end = cfg_size - slot;
  assign ahead = idx_q - last_q;
  always_comb begin
    batch = 6'd32;
    if (ahead < 16'd32) batch = ahead[5:0];
    if (to_end < {10'd0, batch}) batch = to_end[5:0];
  end
  assign ring_addr = cfg_driver + 64'd4 + {47'd0, slot, 1'b0};
  // avail.idx stands at an even address, so it never straddles two beats.
  assign idx_read = rsp_data[16*idx_lane +: 16];
  assign jump = idx_read - last_q;
  logic [2:0] idx_lane;
  logic [63:0] idx_addr;
  assign idx_addr = cfg_driver + 64'd2;
  assign idx_lane = idx_addr[3:1];

  assign req_valid = run_i && (state_q == StIdxReq || state_q == StRingReq);
  assign req_addr = state_q == StIdxReq ? idx_addr : ring_addr;
  assign req_len = state_q == StIdxReq ? 13'd2 : {6'd0, batch, 1'b0};
  assign ev_req_valid = run_i && state_q == StArmReq;
  assign ev_addr = cfg_device + 64'd4 + {45'd0, cfg_size, 3'd0};
  assign ev_value = last_q;

  // Entries of the burst, one per cycle.
  assign beat = beat_mem[pos_q[6:4]];
  assign entry = beat[16*pos_q[3:1] +: 16];
  assign entry_valid = state_q == StRingWait && left_q != 0 && pos_q[6:4] != beat_wr_q;

  always_comb begin
    state_d = state_q;
    err_jump_o = 1'b0;
    err_head_o = 1'b0;
    unique case (state_q)
      StOff: if (run_i) state_d = StIdxReq;
      StIdxReq: begin
        if (!run_i) state_d = StOff;
        else if (req_ready) state_d = StIdxWait;
      end
      StIdxWait: if (rsp_valid) begin
        if (!run_i || rsp_err) begin
          state_d = StOff;
        end else if (jump > cfg_size) begin
          state_d = StBroken;
          err_jump_o = 1'b1;
        end else if (jump != 0) begin
          state_d = StRing;
        end else begin
          state_d = event_idx_i && !(armed_valid_q && armed_q == last_q) ? StArmReq : StSleep;
        end
      end
      StRing: begin
        if (!run_i) state_d = StOff;
        else if (fifo_count <= CountW'(HeadDepth - 32)) state_d = StRingReq;
      end
      StRingReq: begin
        if (!run_i) state_d = StOff;
        else if (req_ready) state_d = StRingWait;
      end
      StRingWait: begin
        if (entry_valid && entry >= cfg_size && run_i) begin
          state_d = StBroken;
          err_head_o = 1'b1;
        end else if (left_q == 0) begin
          if (!run_i) state_d = StOff;
          else state_d = ahead == 0 ? StIdxReq : StRing;
        end
      end
      StArmReq: begin
        if (!run_i) state_d = StOff;
        else if (ev_req_ready) state_d = StArmWait;
      end
      StArmWait: if (ev_done) state_d = run_i ? StIdxReq : StOff;
      StSleep: begin
        if (!run_i) state_d = StOff;
        else if (kick_q) state_d = StIdxReq;
      end
      StBroken: state_d = StBroken;
      default: state_d = StOff;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StOff;
      last_q <= '0;
      idx_q <= '0;
      armed_valid_q <= 1'b0;
      kick_q <= 1'b0;
      left_q <= '0;
      beat_wr_q <= '0;
      pos_q <= '0;
    end else begin
      state_q <= state_d;
      if (kick_i) kick_q <= 1'b1;
      else if (state_q == StIdxReq && state_d == StIdxWait) kick_q <= 1'b0;
      if (state_q == StIdxWait && rsp_valid) idx_q <= idx_read;
      if (state_q == StRingReq && state_d == StRingWait) begin
        left_q <= batch;
        beat_wr_q <= '0;
        pos_q <= {3'd0, ring_addr[3:0]};
        last_q <= last_q + {10'd0, batch};
      end else begin
        if (entry_valid) begin
          left_q <= left_q - 6'd1;
          pos_q <= pos_q + 7'd2;
        end
        if (state_q == StRingWait && rsp_valid) beat_wr_q <= beat_wr_q + 3'd1;
      end
      if (state_q == StArmReq && state_d == StArmWait) begin
        armed_valid_q <= 1'b1;
        armed_q <= last_q;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (state_q == StRingWait && rsp_valid) beat_mem[beat_wr_q] <= rsp_data;
  end

  // Space for the batch was found before it was asked for: the FIFO is never full here.
  fifo_small #(.Width(16), .Depth(HeadDepth)) u_heads (
      .clk_i, .rst_ni,
      .wr_valid(entry_valid && state_d != StBroken), .wr_ready(fifo_ready), .wr_data(entry),
      .rd_valid(head_valid), .rd_ready(head_ready), .rd_data(head), .count_o(fifo_count)
  );

  assign empty_o = ((state_q == StSleep && !kick_q) || state_q == StBroken) && !head_valid;
  assign quiet_o = state_q != StIdxWait && state_q != StRingWait && state_q != StArmWait;
  assign busy_o = (state_d != state_q) || !quiet_o || req_valid || ev_req_valid ||
                  (head_valid && head_ready) || kick_i;

  logic unused_bits;
  assign unused_bits = ^{idx_addr[0], fifo_ready};
endmodule

`default_nettype wire
