// SPDX-License-Identifier: Apache-2.0
// Back end of the split virtqueues (Virtio 1.2 2.7.8, 2.7.10): collects the used elements of each
// queue and publishes them in batches of up to 64: elements, their responses, used.idx, its
// response, then the event is read and the interrupt decided. One engine serves every queue: while
// one waits for a response, batches and indices of others are written; a queue's next elements are
// written while its index is on its way. A used_t comes in only after its payload has been
// acknowledged. One element per cycle.
`default_nettype none
`include "ph_assert.svh"

module vring_used #(
    parameter int unsigned NumQueues = 2,  // 2..16
    parameter int unsigned Depth = 128,    // elements held for each queue, a power of two >= 64
    localparam int unsigned QueueW = $clog2(NumQueues)
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic [NumQueues-1:0]       clear_i,      // forget the queue; only when it is quiet
    input  wire logic [NumQueues-1:0]       run_i,
    input  wire logic                       event_idx_i,
    // Configuration: of the queue that is published, and of the one whose event is read
    output logic [QueueW-1:0]               cfg_queue,
    input  wire logic [15:0]                cfg_size,
    input  wire logic [63:0]                cfg_device,
    output logic [QueueW-1:0]               req_queue,
    input  wire logic [15:0]                req_size,
    input  wire logic [63:0]                req_driver,
    // ph_pkg::used_t of the movers
    input  wire logic                       rx_used_valid,
    output logic                            rx_used_ready,
    input  wire logic [ph_pkg::UsedW-1:0]   rx_used,
    input  wire logic                       tx_used_valid,
    output logic                            tx_used_ready,
    input  wire logic [ph_pkg::UsedW-1:0]   tx_used,
    // Read of used_event or avail.flags of req_queue
    output logic                            req_valid,
    input  wire logic                       req_ready,
    output logic [63:0]                     req_addr,
    output logic [12:0]                     req_len,
    input  wire logic                       rsp_valid,
    input  wire logic [QueueW-1:0]          rsp_queue,
    input  wire logic [15:0]                rsp_half,
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
    output logic [NumQueues-1:0]            quiet_o,
    output logic                            busy_o
);
  localparam int unsigned AddrW = $clog2(Depth);
  localparam int unsigned PtrW = AddrW + 1;

  // --- State, indexed by the queue number ---
  logic [PtrW*NumQueues-1:0] put_q, get_q;   // elements in and out
  logic [NumQueues-1:0] elements_q;          // elements are written, their responses awaited
  logic [NumQueues-1:0] index_q;             // the responses have come: used.idx is due
  logic [NumQueues-1:0] writing_q;           // used.idx is written, its response awaited
  logic [NumQueues-1:0] pending_q;           // the event is to be read
  logic [NumQueues-1:0] reading_q;           // it is being read
  logic [NumQueues-1:0] idx_valid_q, decided_valid_q;  // the memories hold something; else 0
  logic [47:0] elem_mem [0:Depth*NumQueues-1];
  logic [15:0] idx_mem [0:NumQueues-1];        // used.idx once the current batch is published
  logic [15:0] writing_mem [0:NumQueues-1];    // used.idx on its way
  logic [15:0] published_mem [0:NumQueues-1];  // used.idx in memory
  logic [15:0] asked_mem [0:NumQueues-1];      // and when the event was asked for
  logic [15:0] decided_mem [0:NumQueues-1];    // and at the last decision

  // --- Elements come in: the receive mover first, which needs far less than every other cycle ---
  ph_pkg::used_t rx_elem, tx_elem, elem;
  logic [NumQueues-1:0] full, some;
  logic [PtrW-1:0] held, put_ptr;
  logic [QueueW-1:0] put_queue;
  logic rx_put, tx_put;
  assign rx_elem = rx_used;
  assign tx_elem = tx_used;
  always_comb begin
    held = '0;
    for (int i = 0; i < NumQueues; i++) begin
      held = put_q[PtrW*i +: PtrW] - get_q[PtrW*i +: PtrW];
      full[i] = held[AddrW];
      some[i] = held != 0;
    end
  end
  assign rx_used_ready = !full[rx_elem.queue[QueueW-1:0]];
  assign rx_put = rx_used_valid && rx_used_ready;
  assign tx_used_ready = !full[tx_elem.queue[QueueW-1:0]] && !rx_put;
  assign tx_put = tx_used_valid && tx_used_ready;
  assign elem = rx_put ? rx_elem : tx_elem;
  assign put_queue = elem.queue[QueueW-1:0];
  assign put_ptr = put_q[PtrW*put_queue +: PtrW];
  always_ff @(posedge clk_i) begin
    if (rx_put || tx_put) elem_mem[{put_queue, put_ptr[AddrW-1:0]}] <= {elem.head, elem.len};
  end

  // --- Batches and indices of the queues go to the packer one after the other ---
  typedef enum logic [1:0] {
    StIdle,    // choose a queue
    StSegment, // hand over the address
    StPush     // elements, one per cycle, or the index
  } state_e;
  state_e state_q, state_d;
  logic [NumQueues-1:0] can;
  logic [QueueW-1:0] pick, cur_q;
  logic can_valid, start, is_index_q, pop, room, seg_valid, seg_ready;
  logic [6:0] batch, left_q;
  logic [15:0] idx, slot, to_end;
  logic [PtrW-1:0] get_ptr, waiting;
  logic [63:0] seg_addr;
  logic [16:0] seg_len;
  logic [4:0] push;
  logic [127:0] push_data;
  logic [47:0] front;
  logic packer_quiet, packer_busy;

  assign can = run_i & ~elements_q & (index_q | some);
  arb_rr #(.NumReq(NumQueues)) u_turn (
      .clk_i, .rst_ni, .req_i(can), .take_i(start), .valid_o(can_valid), .pick_o(pick)
  );
  assign start = state_q == StIdle && can_valid;
  assign cfg_queue = state_q == StIdle ? pick : cur_q;
  assign idx = idx_valid_q[cfg_queue] ? idx_mem[cfg_queue] : 16'd0;
  assign slot = idx & (cfg_size - 16'd1);
  assign to_end = cfg_size - slot;
  assign get_ptr = get_q[PtrW*cfg_queue +: PtrW];
  assign waiting = put_q[PtrW*cfg_queue +: PtrW] - get_ptr;
  always_comb begin
    batch = waiting > PtrW'(64) ? 7'd64 : 7'(waiting);
    if (to_end < {9'd0, batch}) batch = to_end[6:0];
  end

  assign seg_valid = state_q == StSegment;
  assign seg_addr = is_index_q ? cfg_device + 64'd2 : cfg_device + 64'd4 + {45'd0, slot, 3'd0};
  assign seg_len = is_index_q ? 17'd2 : {7'd0, left_q, 3'd0};
  assign front = elem_mem[{cur_q, get_ptr[AddrW-1:0]}];
  assign pop = state_q == StPush && room && !is_index_q;
  always_comb begin
    push = 5'd0;
    push_data = is_index_q ? {112'd0, idx} : {64'd0, front[31:0], 16'd0, front[47:32]};
    if (state_q == StPush && room) push = is_index_q ? 5'd2 : 5'd8;
  end
  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StIdle: if (can_valid) state_d = StSegment;
      StSegment: if (seg_ready) state_d = StPush;
      StPush: if (room && (is_index_q || left_q == 7'd1)) state_d = StIdle;
      default: state_d = StIdle;
    endcase
  end

  write_packer #(.BeatDepth(64), .BurstDepth(16)) u_packer (
      .clk_i, .rst_ni,
      .seg_valid, .seg_ready, .seg_addr, .seg_len, .seg_tag(1'b1),
      .push, .push_data, .room,
      .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .quiet_o(packer_quiet), .busy_o(packer_busy)
  );

  // --- Responses: in order, tag 1 with the last burst of a segment. A queue has at most one batch
  // and one index on its way, so this is never full ---
  logic [QueueW-1:0] done_queue;
  logic done, done_index, index_done, open_room, open_valid;
  logic [QueueW+1:0] open_count;
  fifo_small #(.Width(QueueW + 1), .Depth(2 << QueueW)) u_open (
      .clk_i, .rst_ni,
      .wr_valid(seg_valid && seg_ready), .wr_ready(open_room), .wr_data({cur_q, is_index_q}),
      .rd_valid(open_valid), .rd_ready(done), .rd_data({done_queue, done_index}),
      .count_o(open_count)
  );
  assign done = wr_done && wr_done_tag;
  assign index_done = done && done_index;

  // --- Event (2.7.7, 2.7.10): after the response of used.idx ---
  logic [NumQueues-1:0] want_event;
  logic req_fire, decide, want;
  logic [15:0] asked, since, fresh;
  assign want_event = run_i & pending_q & ~reading_q;
  arb_rr #(.NumReq(NumQueues)) u_event (
      .clk_i, .rst_ni, .req_i(want_event), .take_i(req_fire), .valid_o(req_valid),
      .pick_o(req_queue)
  );
  assign req_addr = event_idx_i ? req_driver + 64'd4 + {47'd0, req_size, 1'b0} : req_driver;
  assign req_len = 13'd2;
  assign req_fire = req_valid && req_ready;
  assign decide = rsp_valid && reading_q[rsp_queue];
  assign asked = asked_mem[rsp_queue];
  assign fresh = asked - (decided_valid_q[rsp_queue] ? decided_mem[rsp_queue] : 16'd0);
  assign since = asked - rsp_half - 16'd1;
  assign want = event_idx_i ? since < fresh : !rsp_half[0];
  assign irq_o = decide && want && run_i[rsp_queue];
  assign irq_count_o = fresh;

  // --- State of the queues ---
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      is_index_q <= 1'b0;
      left_q <= '0;
      cur_q <= '0;
    end else begin
      state_q <= state_d;
      if (start) begin
        cur_q <= pick;
        is_index_q <= index_q[pick];
        left_q <= batch;
      end else if (pop) begin
        left_q <= left_q - 7'd1;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      put_q <= '0;
      get_q <= '0;
      elements_q <= '0;
      index_q <= '0;
      writing_q <= '0;
      pending_q <= '0;
      reading_q <= '0;
      idx_valid_q <= '0;
      decided_valid_q <= '0;
    end else begin
      if (rx_put || tx_put) put_q[PtrW*put_queue +: PtrW] <= put_ptr + 1'b1;
      if (pop) get_q[PtrW*cur_q +: PtrW] <= get_ptr + 1'b1;
      if (start && index_q[pick]) begin
        index_q[pick] <= 1'b0;
        writing_q[pick] <= 1'b1;
      end else if (start) begin
        elements_q[pick] <= 1'b1;
      end
      if (seg_valid && seg_ready) idx_valid_q[cur_q] <= 1'b1;
      // After an error the queue does not run any more.
      if (done && !done_index) begin
        elements_q[done_queue] <= 1'b0;
        index_q[done_queue] <= run_i[done_queue] && !wr_done_err;
      end
      if (index_done) writing_q[done_queue] <= 1'b0;
      if (req_fire) begin
        pending_q[req_queue] <= 1'b0;
        reading_q[req_queue] <= 1'b1;
      end
      if (index_done && !wr_done_err) pending_q[done_queue] <= 1'b1;
      if (decide) begin
        reading_q[rsp_queue] <= 1'b0;
        decided_valid_q[rsp_queue] <= 1'b1;
      end
      for (int i = 0; i < NumQueues; i++) begin
        if (clear_i[i]) begin
          put_q[PtrW*i +: PtrW] <= '0;
          get_q[PtrW*i +: PtrW] <= '0;
          index_q[i] <= 1'b0;
          pending_q[i] <= 1'b0;
          idx_valid_q[i] <= 1'b0;
          decided_valid_q[i] <= 1'b0;
        end
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (seg_valid && seg_ready && !is_index_q) idx_mem[cur_q] <= idx + {9'd0, left_q};
    if (seg_valid && seg_ready && is_index_q) writing_mem[cur_q] <= idx;
    if (index_done) published_mem[done_queue] <= writing_mem[done_queue];
    if (req_fire) asked_mem[req_queue] <= published_mem[req_queue];
    if (decide) decided_mem[rsp_queue] <= asked;
  end

  assign quiet_o = ~(elements_q | writing_q | reading_q);
  assign busy_o = can_valid || state_q != StIdle || packer_busy || quiet_o != {NumQueues{1'b1}} ||
                  req_valid || rx_put || tx_put;

  logic unused_bits;
  assign unused_bits = ^{elem.queue, elem.publish, rx_elem.queue, rx_elem.publish, tx_elem.queue,
                         tx_elem.publish, packer_quiet, open_room, open_valid, open_count};

`ifdef FORMAL
`include "vring_used.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
