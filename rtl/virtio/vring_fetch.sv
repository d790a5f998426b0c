// SPDX-License-Identifier: Apache-2.0
// Front end of the split virtqueues, available rings (Virtio 1.2 2.7.6, 2.7.13): reads avail.idx,
// then the new entries in bursts of up to 32, and hands on the heads. When nothing is left it
// writes avail_event (VIRTIO_F_EVENT_IDX), waits for the response and looks once more before the
// queue sleeps. An index that jumps by more than the queue size, or a head outside the table,
// breaks the ring. One engine serves every queue: state is indexed by the queue number, and in each
// cycle one queue makes one step: the one whose answer comes, else the next that can.
// One head per cycle; two memory latencies + 32 cycles for each 32 entries of a queue.
`default_nettype none

module vring_fetch #(
    parameter int unsigned NumQueues = 2,   // 2..16
    parameter int unsigned HeadDepth = 64,  // heads held for each queue, a power of two >= 64
    localparam int unsigned QueueW = $clog2(NumQueues)
) (
    input  wire logic                  clk_i,
    input  wire logic                  rst_ni,
    input  wire logic [NumQueues-1:0]  clear_i,        // forget the queue; only when it is quiet
    input  wire logic [NumQueues-1:0]  run_i,          // enabled and not stopping
    input  wire logic [NumQueues-1:0]  kick_i,         // notification: one-cycle pulse
    input  wire logic                  event_idx_i,    // VIRTIO_F_EVENT_IDX accepted
    output logic [QueueW-1:0]          cfg_queue,      // whose configuration is wanted
    input  wire logic [15:0]           cfg_size,
    input  wire logic [63:0]           cfg_driver,
    input  wire logic [63:0]           cfg_device,
    // Reads; space for the answer is in this module
    output logic                       req_valid,
    input  wire logic                  req_ready,
    output logic [QueueW-1:0]          req_queue,
    output logic [63:0]                req_addr,
    output logic [12:0]                req_len,
    input  wire logic                  rsp_valid,
    input  wire logic [QueueW-1:0]     rsp_queue,
    input  wire logic [127:0]          rsp_data,
    input  wire logic [15:0]           rsp_half,       // the 16 bits that were asked for
    input  wire logic                  rsp_err,
    // Writes of avail_event: one beat each
    output logic                       ev_req_valid,
    input  wire logic                  ev_req_ready,
    output logic [63:0]                ev_req_addr,
    output logic                       ev_dat_valid,
    input  wire logic                  ev_dat_ready,
    output logic [127:0]               ev_dat_data,
    output logic [15:0]                ev_dat_strb,
    input  wire logic                  ev_done,
    // Heads
    output logic [NumQueues-1:0]       head_valid,
    input  wire logic                  head_take,
    input  wire logic [QueueW-1:0]     head_queue,
    output logic [15:0]                head,           // the oldest of head_queue
    // Status
    output logic [NumQueues-1:0]       empty_o,        // asleep, and no head is held
    output logic [NumQueues-1:0]       quiet_o,        // nothing outstanding
    output logic                       busy_o,         // something moves or is outstanding
    output logic                       err_jump_o,     // pulse: avail.idx jumped
    output logic                       err_head_o      // pulse: head >= queue size
);
  // States of a queue
  localparam logic [3:0] StOff = 4'd0;       // not enabled
  localparam logic [3:0] StIdxReq = 4'd1;    // ask for avail.idx
  localparam logic [3:0] StIdxWait = 4'd2;
  localparam logic [3:0] StRing = 4'd3;      // entries are known: ask when a batch has space
  localparam logic [3:0] StRingWait = 4'd4;
  localparam logic [3:0] StArmReq = 4'd5;    // write avail_event
  localparam logic [3:0] StArmWait = 4'd6;
  localparam logic [3:0] StSleep = 4'd7;     // nothing left: wait for a notification
  localparam logic [3:0] StBroken = 4'd8;    // the ring made no sense: until clear

  localparam int unsigned HeadW = $clog2(HeadDepth);
  localparam int unsigned PtrW = HeadW + 1;

  // --- State, indexed by the queue number ---
  logic [4*NumQueues-1:0] state_q;
  logic [NumQueues-1:0] started_q;             // last_mem holds something
  logic [NumQueues-1:0] armed_valid_q, kick_q, acked_q;
  logic [6*NumQueues-1:0] left_q;              // entries of the burst still to hand on
  logic [3*NumQueues-1:0] beat_wr_q;           // its beats that have come
  logic [7*NumQueues-1:0] pos_q;               // byte position of the next entry
  logic [PtrW*NumQueues-1:0] head_wr_q, head_rd_q;
  logic [15:0] last_mem [0:NumQueues-1];       // next entry to fetch
  logic [15:0] idx_mem [0:NumQueues-1];        // avail.idx as read
  logic [15:0] armed_mem [0:NumQueues-1];      // avail_event in memory
  logic [127:0] beat_mem [0:8*NumQueues-1];    // entries as they came
  logic [15:0] head_mem [0:HeadDepth*NumQueues-1];

  // --- Which queue makes a step ---
  logic [NumQueues-1:0] can;
  logic [QueueW-1:0] s, pick;
  logic pick_valid, step, req_free;
  logic [PtrW-1:0] held;
  assign req_free = !req_valid;
  always_comb begin
    held = '0;
    for (int i = 0; i < NumQueues; i++) begin
      held = head_wr_q[PtrW*i +: PtrW] - head_rd_q[PtrW*i +: PtrW];
      head_valid[i] = held != 0;
      can[i] = 1'b0;
      unique case (state_q[4*i +: 4])
        StOff: can[i] = run_i[i];
        StIdxReq: can[i] = !run_i[i] || req_free;
        StRing: can[i] = !run_i[i] || (req_free && held <= PtrW'(HeadDepth - 32));
        StRingWait: can[i] = left_q[6*i +: 6] == 0 ||
                             pos_q[7*i + 4 +: 3] != beat_wr_q[3*i +: 3];
        StArmReq: can[i] = 1'b1;
        StArmWait: can[i] = acked_q[i];
        StSleep: can[i] = !run_i[i] || kick_q[i];
        default: can[i] = 1'b0;
      endcase
      empty_o[i] = ((state_q[4*i +: 4] == StSleep && !kick_q[i]) ||
                    state_q[4*i +: 4] == StBroken) && !head_valid[i];
      quiet_o[i] = state_q[4*i +: 4] != StIdxWait && state_q[4*i +: 4] != StRingWait &&
                   state_q[4*i +: 4] != StArmWait;
    end
  end
  arb_rr #(.NumReq(NumQueues)) u_turn (
      .clk_i, .rst_ni, .req_i(can), .take_i(pick_valid && !rsp_valid), .valid_o(pick_valid),
      .pick_o(pick)
  );
  assign s = rsp_valid ? rsp_queue : pick;
  assign step = rsp_valid || pick_valid;
  assign cfg_queue = s;

  // --- Its state ---
  logic [3:0] state, state_d;
  logic [15:0] last, idx, slot, to_end, ahead, jump, entry;
  logic [5:0] batch, left;
  logic [6:0] pos;
  logic [2:0] beat_wr;
  logic [127:0] beat;
  logic [PtrW-1:0] head_wr, head_rd;
  logic run, ask_idx, ask_ring, arm, arrive, hand;
  logic [63:0] ring_addr, idx_addr, ev_addr;

  assign state = state_q[4*s +: 4];
  assign left = left_q[6*s +: 6];
  assign pos = pos_q[7*s +: 7];
  assign beat_wr = beat_wr_q[3*s +: 3];
  assign head_wr = head_wr_q[PtrW*s +: PtrW];
  assign head_rd = head_rd_q[PtrW*head_queue +: PtrW];
  assign last = started_q[s] ? last_mem[s] : 16'd0;
  assign idx = idx_mem[s];
  assign run = run_i[s];
  assign slot = last & (cfg_size - 16'd1);
  assign to_end = cfg_size - slot;
  assign ahead = idx - last;
  always_comb begin
    batch = 6'd32;
    if (ahead < 16'd32) batch = ahead[5:0];
    if (to_end < {10'd0, batch}) batch = to_end[5:0];
  end
  assign ring_addr = cfg_driver + 64'd4 + {47'd0, slot, 1'b0};
  assign idx_addr = cfg_driver + 64'd2;
  assign ev_addr = cfg_device + 64'd4 + {45'd0, cfg_size, 3'd0};
  assign jump = rsp_half - last;
  assign beat = beat_mem[{s, pos[6:4]}];
  assign entry = beat[16*pos[3:1] +: 16];

  always_comb begin
    state_d = state;
    err_jump_o = 1'b0;
    err_head_o = 1'b0;
    ask_idx = 1'b0;
    ask_ring = 1'b0;
    arm = 1'b0;
    hand = 1'b0;
    arrive = rsp_valid && state == StRingWait;
    if (rsp_valid && state == StIdxWait) begin
      if (!run || rsp_err) begin
        state_d = StOff;
      end else if (jump > cfg_size) begin
        state_d = StBroken;
        err_jump_o = 1'b1;
      end else if (jump != 0) begin
        state_d = StRing;
      end else begin
        state_d = event_idx_i && !(armed_valid_q[s] && armed_mem[s] == last) ? StArmReq : StSleep;
      end
    end else if (!rsp_valid && pick_valid) begin
      unique case (state)
        StOff: state_d = StIdxReq;
        StIdxReq: begin
          ask_idx = run;
          state_d = run ? StIdxWait : StOff;
        end
        StRing: begin
          ask_ring = run;
          state_d = run ? StRingWait : StOff;
        end
        StRingWait: begin
          if (left == 0) begin
            state_d = !run ? StOff : ahead == 0 ? StIdxReq : StRing;
          end else if (entry >= cfg_size && run) begin
            state_d = StBroken;
            err_head_o = 1'b1;
          end else begin
            hand = 1'b1;
          end
        end
        StArmReq: begin
          arm = run;
          state_d = run ? StArmWait : StOff;
        end
        StArmWait: state_d = run ? StIdxReq : StOff;
        StSleep: state_d = run ? StIdxReq : StOff;
        default: state_d = StOff;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= '0;
      started_q <= '0;
      armed_valid_q <= '0;
      left_q <= '0;
      head_wr_q <= '0;
      head_rd_q <= '0;
    end else begin
      if (step) state_q[4*s +: 4] <= state_d;
      if (ask_ring) begin
        started_q[s] <= 1'b1;
        left_q[6*s +: 6] <= batch;
      end
      if (arm) armed_valid_q[s] <= 1'b1;
      if (hand) begin
        left_q[6*s +: 6] <= left - 6'd1;
        head_wr_q[PtrW*s +: PtrW] <= head_wr + 1'b1;
      end
      if (head_take) head_rd_q[PtrW*head_queue +: PtrW] <= head_rd + 1'b1;
      for (int i = 0; i < NumQueues; i++) begin
        if (clear_i[i]) begin
          state_q[4*i +: 4] <= StOff;
          started_q[i] <= 1'b0;
          armed_valid_q[i] <= 1'b0;
          left_q[6*i +: 6] <= '0;
          head_wr_q[PtrW*i +: PtrW] <= '0;
          head_rd_q[PtrW*i +: PtrW] <= '0;
        end
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (ask_ring) begin
      beat_wr_q[3*s +: 3] <= '0;
      pos_q[7*s +: 7] <= {3'd0, ring_addr[3:0]};
    end else if (hand) begin
      pos_q[7*s +: 7] <= pos + 7'd2;
    end else if (arrive) begin
      beat_wr_q[3*s +: 3] <= beat_wr + 3'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (ask_ring) last_mem[s] <= last + {10'd0, batch};
    if (rsp_valid && state == StIdxWait) idx_mem[s] <= rsp_half;
    if (arm) armed_mem[s] <= last;
    if (arrive) beat_mem[{s, beat_wr}] <= rsp_data;
    // Space for the batch was found before it was asked for.
    if (hand) head_mem[{s, head_wr[HeadW-1:0]}] <= entry;
  end
  assign head = head_mem[{head_queue, head_rd[HeadW-1:0]}];

  // --- Requests ---
  always_ff @(posedge clk_i) begin
    if (!rst_ni) req_valid <= 1'b0;
    else if (ask_idx || ask_ring) req_valid <= 1'b1;
    else if (req_ready) req_valid <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (ask_idx || ask_ring) begin
      req_queue <= s;
      req_addr <= ask_idx ? idx_addr : ring_addr;
      req_len <= ask_idx ? 13'd2 : {6'd0, batch, 1'b0};
    end
  end

  // --- avail_event: each queue has at most one write on its way, so these are never full ---
  logic [2:0] ev_room, ev_lane;
  logic [15:0] ev_value;
  logic [QueueW-1:0] ev_queue;
  logic [3*QueueW+2:0] ev_count;
  logic ev_open;
  logic [NumQueues-1:0] asks, acks;
  fifo_small #(.Width(64), .Depth(1 << QueueW)) u_ev_req (
      .clk_i, .rst_ni, .wr_valid(arm), .wr_ready(ev_room[0]), .wr_data(ev_addr),
      .rd_valid(ev_req_valid), .rd_ready(ev_req_ready), .rd_data(ev_req_addr),
      .count_o(ev_count[QueueW:0])
  );
  fifo_small #(.Width(19), .Depth(1 << QueueW)) u_ev_dat (
      .clk_i, .rst_ni, .wr_valid(arm), .wr_ready(ev_room[1]), .wr_data({ev_addr[3:1], last}),
      .rd_valid(ev_dat_valid), .rd_ready(ev_dat_ready), .rd_data({ev_lane, ev_value}),
      .count_o(ev_count[QueueW+1 +: QueueW+1])
  );
  fifo_small #(.Width(QueueW), .Depth(1 << QueueW)) u_ev_open (
      .clk_i, .rst_ni, .wr_valid(arm), .wr_ready(ev_room[2]), .wr_data(s),
      .rd_valid(ev_open), .rd_ready(ev_done), .rd_data(ev_queue),
      .count_o(ev_count[2*QueueW+2 +: QueueW+1])
  );
  assign ev_dat_data = {8{ev_value}};
  assign ev_dat_strb = 16'd3 << {ev_lane, 1'b0};

  // A notification is remembered until avail.idx is asked for, a response until its step.
  always_comb begin
    asks = '0;
    asks[s] = ask_idx;
    acks = '0;
    acks[ev_queue] = ev_done;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      kick_q <= '0;
      acked_q <= '0;
    end else begin
      kick_q <= ((kick_q & ~asks) | kick_i) & ~clear_i;
      for (int i = 0; i < NumQueues; i++) begin
        if (clear_i[i]) acked_q[i] <= 1'b0;
        else if (acks[i]) acked_q[i] <= 1'b1;
        else if (state_q[4*i +: 4] != StArmWait) acked_q[i] <= 1'b0;
      end
    end
  end

  assign busy_o = can != 0 || quiet_o != {NumQueues{1'b1}} || req_valid || head_take ||
                  kick_i != 0 || acked_q != 0;

  logic unused_bits;
  assign unused_bits = ^{ev_room, ev_count, ev_open, ev_addr[0]};
endmodule

`default_nettype wire
