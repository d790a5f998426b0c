// SPDX-License-Identifier: Apache-2.0
// Front end of the split virtqueues, descriptors (Virtio 1.2 2.7.5): walks many chains of all
// queues at once and hands on their elements in the order of each available ring. A chain has a
// context in a table; its number is {queue, slot}, so no queue takes the place of another. The
// first descriptor of a chain is asked for at once; a chained one when its predecessor has been
// read; an indirect table (2.7.5.3) in bursts of up to 4, which its `next` fields are expected to
// follow in order. A bad chain ends with an element that has `error` and `last`. Elements of even
// queues go to the receive mover, of odd queues to the transmit mover, a chain at a time.
// One descriptor per cycle in and one element out, over all queues.
`default_nettype none

module vring_walk #(
    parameter int unsigned NumQueues = 2,       // 2..16
    parameter int unsigned TableMax = 1024,     // entries of an indirect table, 1..4095
    parameter int unsigned Slots = 32,          // chains of a queue, 4..32, a power of two
    localparam int unsigned QueueW = $clog2(NumQueues),
    localparam int unsigned SlotW = $clog2(Slots),
    localparam int unsigned TagW = SlotW + 17
) (
    input  wire logic                      clk_i,
    input  wire logic                      rst_ni,
    input  wire logic [NumQueues-1:0]      clear_i,      // forget the queue; only when it is quiet
    input  wire logic [NumQueues-1:0]      run_i,
    input  wire logic                      indirect_i,   // VIRTIO_F_INDIRECT_DESC accepted
    // Configuration: of the queue that asks, and of the one whose answer comes
    output logic [QueueW-1:0]              ask_queue,
    input  wire logic [63:0]               ask_desc,
    input  wire logic [15:0]               rsp_size,
    input  wire logic [63:0]               rsp_desc,
    input  wire logic [NumQueues-1:0]      head_valid,
    output logic                           head_take,    // of ask_queue
    input  wire logic [15:0]               head,         // < size of ask_queue
    // Reads of ask_queue; space for the answer is in this module
    output logic                           req_valid,
    input  wire logic                      req_ready,
    output logic [63:0]                    req_addr,
    output logic [12:0]                    req_len,
    output logic [TagW-1:0]                req_tag,
    input  wire logic                      rsp_valid,
    input  wire logic [QueueW-1:0]         rsp_queue,
    input  wire logic [TagW-1:0]           rsp_tag,
    input  wire logic [2:0]                rsp_beat,
    input  wire logic                      rsp_last,
    input  wire logic [127:0]              rsp_data,
    // Elements: 0 to the receive mover, 1 to the transmit mover
    output logic [1:0]                     desc_valid,
    input  wire logic [1:0]                desc_ready,
    output logic [2*ph_pkg::DescW-1:0]     desc,         // ph_pkg::desc_t each
    output logic [NumQueues-1:0]           empty_o,      // no chain is held
    output logic                           busy_o,
    output logic                           err_chain_o   // pulse: a chain was bad
);
  localparam int unsigned SlotDepth = 8;  // elements held per chain
  localparam int unsigned Chains = NumQueues * Slots;

  if (Slots < 4 || Slots > 32 || Slots != (1 << SlotW)) begin : g_bad_slots
    $fatal(1, "vring_walk: Slots must be a power of two, 4..32");
  end

  // --- State of each queue. Slots are used in order: alloc_q takes the next chain, out_q hands on
  // the oldest ---
  logic [SlotW*NumQueues-1:0] alloc_q, out_q;
  logic [(SlotW+1)*NumQueues-1:0] used_q;
  logic [3*NumQueues-1:0] rd_q;      // elements of the oldest chain that have left
  logic [NumQueues-1:0] first_q;     // none of them

  // --- State of each chain, indexed by {queue, slot} ---
  logic [Chains-1:0] need_q;         // the next descriptor must be asked for
  logic [Chains-1:0] done_q;         // the walk has ended
  logic [Chains-1:0] bad_q;          // and the last element is an error
  logic [4*Chains-1:0] fill_q;       // elements held, 0..8
  logic [15:0] head_mem [0:Chains-1];
  logic [95:0] elem_mem [0:Chains*SlotDepth-1];

  // Context of a walk, written only when a descriptor has been looked at.
  localparam int unsigned CtxW = 60 + 16 + 16 + 16 + 1 + 3;
  logic [CtxW-1:0] ctx_mem [0:Chains-1];

  // --- Request: the next queue that has one; of it the oldest chain, else a new one ---
  logic [NumQueues-1:0] can;
  logic [Chains-1:0] ready;          // needs a descriptor and has space for a burst
  logic [Slots-1:0] ask_ready;
  logic [SlotW-1:0] want, turn, ask_out, ask_alloc;
  logic want_valid, can_valid, fresh, req_fire;
  logic [CtxW-1:0] want_ctx;
  logic [59:0] want_base;
  logic [15:0] want_idx, want_entries, want_rest;
  logic want_table;
  logic [2:0] want_n;
  logic [15:0] req_idx;
  logic [59:0] req_base;
  logic [2:0] req_n;

  always_comb begin
    ready = '0;
    if (need_q != '0) begin  // seldom: saves a simulator the search
      for (int i = 0; i < Chains; i++) ready[i] = need_q[i] && fill_q[4*i +: 4] <= 4'd4;
    end
    for (int i = 0; i < NumQueues; i++) begin
      can[i] = run_i[i] && (ready[Slots*i +: Slots] != 0 ||
                            (head_valid[i] && !used_q[(SlotW+1)*i + SlotW]));
    end
  end
  arb_rr #(.NumReq(NumQueues)) u_ask (
      .clk_i, .rst_ni, .req_i(can), .take_i(req_fire), .valid_o(can_valid), .pick_o(ask_queue)
  );
  assign ask_ready = ready[Slots*ask_queue +: Slots];
  assign ask_out = out_q[SlotW*ask_queue +: SlotW];
  assign ask_alloc = alloc_q[SlotW*ask_queue +: SlotW];
  always_comb begin
    want = ask_out;
    want_valid = 1'b0;
    turn = '0;
    if (ask_ready != '0) begin
      for (int i = Slots - 1; i >= 0; i--) begin
        turn = ask_out + SlotW'(i);
        if (ask_ready[turn]) begin
          want = turn;
          want_valid = 1'b1;
        end
      end
    end
  end
  logic [18:0] unused_want;
  assign want_ctx = ctx_mem[{ask_queue, want}];
  assign {want_base, want_idx, want_entries, unused_want[18:3], want_table, unused_want[2:0]} =
      want_ctx;
  assign want_rest = want_entries - want_idx;
  assign want_n = !want_table ? 3'd1 : want_rest > 16'd4 ? 3'd4 : want_rest[2:0];

  assign fresh = !want_valid;
  assign req_idx = fresh ? head : want_idx;
  assign req_base = fresh ? ask_desc[63:4] : want_base;
  assign req_n = fresh ? 3'd1 : want_n;
  assign req_valid = can_valid;
  assign req_addr = {req_base + {44'd0, req_idx}, 4'd0};
  assign req_len = {6'd0, req_n, 4'd0};
  assign req_fire = req_valid && req_ready;
  assign head_take = req_fire && fresh;

  // --- The answer: which chain, whether its first, the first descriptor of the burst ---
  logic tag_fresh;
  logic [SlotW-1:0] tag_slot;
  logic [QueueW+SlotW-1:0] tag_chain;
  logic [15:0] tag_idx;
  assign req_tag = {fresh ? ask_alloc : want, fresh, req_idx};
  assign {tag_slot, tag_fresh, tag_idx} = rsp_tag;
  assign tag_chain = {rsp_queue, tag_slot};

  // --- A descriptor arrives ---
  logic [1:0] skip_q;                 // the rest of this burst is not on the chain, by direction
  logic [59:0] ctx_base;
  logic [15:0] ctx_idx, ctx_entries, ctx_seen;
  logic ctx_table;
  logic [2:0] ctx_wr;
  logic [63:0] d_addr;
  logic [31:0] d_len;
  logic [15:0] d_next;
  logic d_has_next, d_write, d_indirect;
  logic look, bad, to_table, store, finish, follow, more;
  logic [15:0] cur_idx, limit, seen;

  assign d_addr = rsp_data[63:0];
  assign d_len = rsp_data[95:64];
  assign d_has_next = rsp_data[96 + virtio_pkg::DescFlagNext];
  assign d_write = rsp_data[96 + virtio_pkg::DescFlagWrite];
  assign d_indirect = rsp_data[96 + virtio_pkg::DescFlagIndirect];
  assign d_next = rsp_data[127:112];

  always_comb begin
    {ctx_base, ctx_idx, ctx_entries, ctx_seen, ctx_table, ctx_wr} = ctx_mem[tag_chain];
    if (tag_fresh) begin
      ctx_base = rsp_desc[63:4];
      ctx_entries = rsp_size;
      ctx_seen = '0;
      ctx_table = 1'b0;
      ctx_wr = '0;
    end
  end
  assign look = rsp_valid && !skip_q[rsp_queue[0]];
  assign cur_idx = tag_idx + {13'd0, rsp_beat};
  assign limit = ctx_entries;                 // queue size, or entries of the table
  assign seen = ctx_seen + 16'd1;
  // A table: whole descriptors, at least one, not nested, not chained (2.7.5.3.1), 16-byte aligned
  // so that no descriptor is split over two beats.
  assign to_table = d_indirect && !ctx_table && indirect_i && !d_has_next && d_len[3:0] == 0 &&
                    d_len != 0 && d_len <= 32'(16 * TableMax) && d_addr[3:0] == 0;
  // A chain with as many elements as its table has entries and still a next one is a loop.
  // Every element of an even queue is device-writable, none of an odd queue (5.1.2).
  assign bad = d_indirect ? !to_table
                          : (d_write == rsp_queue[0]) ||
                            (d_has_next && (d_next >= limit || seen >= limit));
  assign store = look && !to_table;
  assign finish = store && (bad || !d_has_next);
  assign follow = look && !finish && !to_table;
  // The next descriptor is the next beat of this burst.
  assign more = follow && d_next == cur_idx + 16'd1 && !rsp_last;
  assign err_chain_o = store && bad;

  always_ff @(posedge clk_i) begin
    if (look) begin
      if (to_table) begin
        ctx_mem[tag_chain] <= {d_addr[63:4], 16'd0, d_len[19:4], 16'd0, 1'b1, ctx_wr};
      end else begin
        ctx_mem[tag_chain] <= {ctx_base, d_next, ctx_entries, seen, ctx_table, ctx_wr + 3'd1};
      end
    end
    if (store) elem_mem[{tag_chain, ctx_wr}] <= {d_addr, bad ? 32'd0 : d_len};
    if (head_take) head_mem[{ask_queue, ask_alloc}] <= head;
  end

  // --- Elements leave: the next queue whose oldest chain has one and whose mover has a place ---
  logic [NumQueues-1:0] may;
  logic [QueueW-1:0] from;
  logic [SlotW-1:0] oldest;
  logic [QueueW+SlotW-1:0] from_chain;
  logic take, take_last;
  logic [3:0] from_fill;
  logic [2:0] from_rd;
  logic [1:0] place;
  logic [1:0] open_q;                  // a mover is inside a chain
  logic [2*QueueW-1:0] open_queue_q;   // and of which queue
  logic [Chains-1:0] put, get;         // elements into and out of the slots
  assign place = ~desc_valid | desc_ready;
  always_comb begin
    oldest = '0;
    for (int i = 0; i < NumQueues; i++) begin
      oldest = out_q[SlotW*i +: SlotW];
      may[i] = run_i[i] && fill_q[4*(Slots*i + 32'(oldest)) +: 4] != 0 && place[i%2] &&
               (!open_q[i%2] || open_queue_q[QueueW*(i%2) +: QueueW] == QueueW'(i));
    end
  end
  arb_rr #(.NumReq(NumQueues)) u_from (
      .clk_i, .rst_ni, .req_i(may), .take_i(take), .valid_o(take), .pick_o(from)
  );
  assign from_chain = {from, out_q[SlotW*from +: SlotW]};
  assign from_fill = fill_q[4*from_chain +: 4];
  assign from_rd = rd_q[3*from +: 3];
  assign take_last = take && done_q[from_chain] && from_fill == 4'd1;
  always_comb begin
    put = '0;
    get = '0;
    put[tag_chain] = store;
    get[from_chain] = take;
  end

  // Counts of each queue
  logic [NumQueues-1:0] enter, leave;
  always_comb begin
    enter = '0;
    leave = '0;
    enter[ask_queue] = head_take;
    leave[from] = take_last;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      alloc_q <= '0;
      out_q <= '0;
      used_q <= '0;
      rd_q <= '0;
      first_q <= '1;
    end else begin
      for (int i = 0; i < NumQueues; i++) begin
        if (clear_i[i]) begin
          alloc_q[SlotW*i +: SlotW] <= '0;
          out_q[SlotW*i +: SlotW] <= '0;
          used_q[(SlotW+1)*i +: SlotW+1] <= '0;
          rd_q[3*i +: 3] <= '0;
          first_q[i] <= 1'b1;
        end else begin
          if (enter[i]) alloc_q[SlotW*i +: SlotW] <= alloc_q[SlotW*i +: SlotW] + 1'b1;
          if (leave[i]) out_q[SlotW*i +: SlotW] <= out_q[SlotW*i +: SlotW] + 1'b1;
          if (enter[i] != leave[i]) begin
            used_q[(SlotW+1)*i +: SlotW+1] <= enter[i] ? used_q[(SlotW+1)*i +: SlotW+1] + 1'b1
                                                       : used_q[(SlotW+1)*i +: SlotW+1] - 1'b1;
          end
          if (take && from == QueueW'(i)) begin
            rd_q[3*i +: 3] <= take_last ? 3'd0 : from_rd + 3'd1;
            first_q[i] <= take_last;
          end
        end
      end
    end
  end

  // Progress of each chain
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      need_q <= '0;
      done_q <= '0;
      bad_q <= '0;
      fill_q <= '0;
      skip_q <= '0;
    end else begin
      if (req_fire && want_valid) need_q[{ask_queue, want}] <= 1'b0;
      if (rsp_valid) skip_q[rsp_queue[0]] <= !rsp_last && (skip_q[rsp_queue[0]] || !more);
      if ((look && to_table) || (follow && !more)) need_q[tag_chain] <= 1'b1;
      if (finish) done_q[tag_chain] <= 1'b1;
      if (finish) bad_q[tag_chain] <= bad;
      if (take_last) done_q[from_chain] <= 1'b0;
      if (store || take) begin
        for (int i = 0; i < Chains; i++) begin
          if (put[i] && !get[i]) fill_q[4*i +: 4] <= fill_q[4*i +: 4] + 4'd1;
          if (!put[i] && get[i]) fill_q[4*i +: 4] <= fill_q[4*i +: 4] - 4'd1;
        end
      end
      for (int i = 0; i < NumQueues; i++) begin
        if (clear_i[i]) begin
          need_q[Slots*i +: Slots] <= '0;
          done_q[Slots*i +: Slots] <= '0;
          fill_q[4*Slots*i +: 4*Slots] <= '0;
        end
      end
    end
  end

  // Towards the movers
  ph_pkg::desc_t elem;
  always_comb begin
    elem.queue = 8'(from);
    elem.head = head_mem[from_chain];
    {elem.addr, elem.len} = elem_mem[{from_chain, from_rd}];
    elem.first = first_q[from];
    elem.last = take_last;
    elem.write = !from[0];
    elem.error = take_last && bad_q[from_chain];
  end
  for (genvar m = 0; m < 2; m++) begin : g_mover
    logic taken, cleared;
    assign taken = take && from[0] == (m == 1);
    assign cleared = clear_i[open_queue_q[QueueW*m +: QueueW]];  // of the last queue that took
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        desc_valid[m] <= 1'b0;
        open_q[m] <= 1'b0;
        open_queue_q[QueueW*m +: QueueW] <= '0;
      end else if (taken) begin
        desc_valid[m] <= 1'b1;
        open_q[m] <= !take_last;
        open_queue_q[QueueW*m +: QueueW] <= from;
      end else begin
        if (desc_ready[m] || cleared) desc_valid[m] <= 1'b0;
        if (cleared) open_q[m] <= 1'b0;
      end
    end
    always_ff @(posedge clk_i) begin
      if (taken) desc[ph_pkg::DescW*m +: ph_pkg::DescW] <= elem;
    end
  end

  always_comb begin
    for (int i = 0; i < NumQueues; i++) begin
      empty_o[i] = used_q[(SlotW+1)*i +: SlotW+1] == 0 &&
                   !(desc_valid[i%2] && open_queue_q[QueueW*(i%2) +: QueueW] == QueueW'(i));
    end
  end
  assign busy_o = req_valid || take || (desc_valid & desc_ready) != 0;

  logic unused_bits;
  assign unused_bits = ^{unused_want, ctx_idx, rsp_data[111:99], ask_desc[3:0], rsp_desc[3:0]};
endmodule

`default_nettype wire
