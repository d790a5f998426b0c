// SPDX-License-Identifier: Apache-2.0
// Front end of a split virtqueue, descriptors (Virtio 1.2 2.7.5): walks many chains at once, one
// slot each, and hands on their elements in the order of the available ring. The first descriptor
// of a chain is asked for at once; a chained one when its predecessor has been read; an indirect
// table (2.7.5.3) in bursts of up to 4, which its `next` fields are expected to follow in order.
// A bad chain ends with an element that has `error` and `last`. One descriptor per cycle.
`default_nettype none

module vring_walk #(
    parameter logic [7:0] Queue = 8'd0,
    parameter bit DeviceWrites = 1'b0,          // every element must have WRITE; else none may
    parameter int unsigned TableMax = 1024,     // entries of an indirect table, 1..4095
    parameter int unsigned Slots = 32           // chains walked at once, 4..32, a power of two
) (
    input  wire logic                  clk_i,
    input  wire logic                  rst_ni,
    input  wire logic                  run_i,
    input  wire logic                  indirect_i,   // VIRTIO_F_INDIRECT_DESC accepted
    input  wire logic [15:0]           cfg_size,
    input  wire logic [63:0]           cfg_desc,
    input  wire logic                  head_valid,
    output logic                       head_ready,
    input  wire logic [15:0]           head,         // < cfg_size
    // Reads; space for the answer is in this module
    output logic                       req_valid,
    input  wire logic                  req_ready,
    output logic [63:0]                req_addr,
    output logic [12:0]                req_len,
    input  wire logic                  rsp_valid,
    input  wire logic [127:0]          rsp_data,
    // Elements
    output logic                       desc_valid,
    input  wire logic                  desc_ready,
    output logic [ph_pkg::DescW-1:0]   desc,         // ph_pkg::desc_t
    output logic                       empty_o,      // no chain is held
    output logic                       busy_o,
    output logic                       err_chain_o   // pulse: a chain was bad
);
  localparam int unsigned SlotW = $clog2(Slots);
  localparam int unsigned SlotDepth = 8;  // elements held per slot

  if (Slots < 4 || Slots > 32 || Slots != (1 << SlotW)) begin : g_bad_slots
    $fatal(1, "vring_walk: Slots must be a power of two, 4..32");
  end

  // --- Slots, used in order: alloc_q takes the next chain, out_q hands on the oldest ---
  logic [SlotW-1:0] alloc_q, out_q;
  logic [SlotW:0] used_q;
  logic [Slots-1:0] need_q;   // the next descriptor must be asked for
  logic [Slots-1:0] done_q;   // the walk has ended
  logic [Slots-1:0] bad_q;    // and the last element is an error
  logic [4*Slots-1:0] fill_q; // elements held by each slot, 0..8
  logic [15:0] head_mem [0:Slots-1];
  logic [95:0] elem_mem [0:Slots*SlotDepth-1];

  // Context of a walk, written only when a descriptor has been looked at.
  localparam int unsigned CtxW = 60 + 16 + 16 + 16 + 1 + 3;
  logic [CtxW-1:0] ctx_mem [0:Slots-1];

  // --- Request: the oldest slot that needs one, else a new chain ---
  logic [SlotW-1:0] want, turn;
  logic want_valid, fresh, req_fire, tag_ready;
  logic [CtxW-1:0] want_ctx;
  logic [59:0] want_base;
  logic [15:0] want_idx, want_entries, want_rest;
  logic want_table;
  logic [2:0] want_n;
  logic [15:0] req_idx;
  logic [59:0] req_base;
  logic [2:0] req_n;
  logic [Slots-1:0] room;

  always_comb begin
    room = '0;
    want = out_q;
    want_valid = 1'b0;
    turn = '0;
    if (need_q != '0) begin  // seldom: saves a simulator the search
      for (int i = 0; i < Slots; i++) room[i] = fill_q[4*i +: 4] <= 4'd4;
      for (int i = Slots - 1; i >= 0; i--) begin
        turn = out_q + SlotW'(i);
        if (need_q[turn] && room[turn]) begin
          want = turn;
          want_valid = 1'b1;
        end
      end
    end
  end
  logic [18:0] unused_want;
  assign want_ctx = ctx_mem[want];
  assign {want_base, want_idx, want_entries, unused_want[18:3], want_table, unused_want[2:0]} =
      want_ctx;
  assign want_rest = want_entries - want_idx;
  assign want_n = !want_table ? 3'd1 : want_rest > 16'd4 ? 3'd4 : want_rest[2:0];

  assign fresh = !want_valid;
  assign req_idx = fresh ? head : want_idx;
  assign req_base = fresh ? cfg_desc[63:4] : want_base;
  assign req_n = fresh ? 3'd1 : want_n;
  assign req_valid = run_i && tag_ready &&
                     (want_valid || (head_valid && !used_q[SlotW]));
  assign req_addr = {req_base + {44'd0, req_idx}, 4'd0};
  assign req_len = {6'd0, req_n, 4'd0};
  assign req_fire = req_valid && req_ready;
  assign head_ready = req_fire && fresh;

  // --- What is outstanding, in order ---
  logic tag_valid, tag_fresh, tag_pop;
  logic [SlotW-1:0] tag_slot;
  logic [15:0] tag_idx;
  logic [2:0] tag_n, beat_q;
  logic [6:0] tag_count;
  fifo_small #(.Width(20 + SlotW), .Depth(64)) u_tag (
      .clk_i, .rst_ni,
      .wr_valid(req_fire), .wr_ready(tag_ready),
      .wr_data({fresh ? alloc_q : want, fresh, req_idx, req_n}),
      .rd_valid(tag_valid), .rd_ready(tag_pop),
      .rd_data({tag_slot, tag_fresh, tag_idx, tag_n}), .count_o(tag_count)
  );
  assign tag_pop = rsp_valid && beat_q + 3'd1 == tag_n;

  // --- A descriptor arrives ---
  logic skip_q;                       // the rest of this burst is not on the chain
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
    {ctx_base, ctx_idx, ctx_entries, ctx_seen, ctx_table, ctx_wr} = ctx_mem[tag_slot];
    if (tag_fresh) begin
      ctx_base = cfg_desc[63:4];
      ctx_entries = cfg_size;
      ctx_seen = '0;
      ctx_table = 1'b0;
      ctx_wr = '0;
    end
  end
  assign look = rsp_valid && tag_valid && !skip_q;
  assign cur_idx = tag_idx + {13'd0, beat_q};
  assign limit = ctx_entries;                 // queue size, or entries of the table
  assign seen = ctx_seen + 16'd1;
  // A table: whole descriptors, at least one, not nested, not chained (2.7.5.3.1), 16-byte aligned
  // so that no descriptor is split over two beats.
  assign to_table = d_indirect && !ctx_table && indirect_i && !d_has_next && d_len[3:0] == 0 &&
                    d_len != 0 && d_len <= 32'(16 * TableMax) && d_addr[3:0] == 0;
  // A chain with as many elements as its table has entries and still a next one is a loop.
  assign bad = d_indirect ? !to_table
                          : (d_write != DeviceWrites) ||
                            (d_has_next && (d_next >= limit || seen >= limit));
  assign store = look && !to_table;
  assign finish = store && (bad || !d_has_next);
  assign follow = look && !finish && !to_table;
  // The next descriptor is the next beat of this burst.
  assign more = follow && d_next == cur_idx + 16'd1 && !tag_pop;
  assign err_chain_o = store && bad;

  always_ff @(posedge clk_i) begin
    if (look) begin
      if (to_table) begin
        ctx_mem[tag_slot] <= {d_addr[63:4], 16'd0, d_len[19:4], 16'd0, 1'b1, ctx_wr};
      end else begin
        ctx_mem[tag_slot] <= {ctx_base, d_next, ctx_entries, seen, ctx_table, ctx_wr + 3'd1};
      end
    end
    if (store) elem_mem[{tag_slot, ctx_wr}] <= {d_addr, bad ? 32'd0 : d_len};
    if (head_ready) head_mem[alloc_q] <= head;
  end

  // --- Elements leave ---
  logic take, take_last;
  logic [3:0] out_fill;
  logic [2:0] rd_q;
  logic first_q, out_first_q, out_last_q, out_bad_q;
  logic [15:0] out_head_q;
  logic [95:0] out_elem_q;
  assign out_fill = fill_q[{out_q, 2'd0} +: 4];
  assign take = out_fill != 0 && (!desc_valid || desc_ready) && run_i;
  logic [Slots-1:0] put, get;  // elements into and out of the slots
  always_comb begin
    put = '0;
    get = '0;
    put[tag_slot] = store;
    get[out_q] = take;
  end
  assign take_last = take && done_q[out_q] && out_fill == 4'd1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      alloc_q <= '0;
      out_q <= '0;
      used_q <= '0;
      need_q <= '0;
      done_q <= '0;
      bad_q <= '0;
      beat_q <= '0;
      skip_q <= 1'b0;
      rd_q <= '0;
      first_q <= 1'b1;
      desc_valid <= 1'b0;
      fill_q <= '0;
    end else begin
      if (head_ready) alloc_q <= alloc_q + 1'b1;
      if (head_ready && !take_last) used_q <= used_q + 1'b1;
      else if (!head_ready && take_last) used_q <= used_q - 1'b1;
      if (req_fire && want_valid) need_q[want] <= 1'b0;
      if (rsp_valid) begin
        beat_q <= tag_pop ? 3'd0 : beat_q + 3'd1;
        skip_q <= !tag_pop && (skip_q || !more);
      end
      if ((look && to_table) || (follow && !more)) need_q[tag_slot] <= 1'b1;
      if (finish) done_q[tag_slot] <= 1'b1;
      if (finish) bad_q[tag_slot] <= bad;
      if (take_last) done_q[out_q] <= 1'b0;
      if (store || take) begin
        for (int i = 0; i < Slots; i++) begin
          if (put[i] && !get[i]) fill_q[4*i +: 4] <= fill_q[4*i +: 4] + 4'd1;
          if (!put[i] && get[i]) fill_q[4*i +: 4] <= fill_q[4*i +: 4] - 4'd1;
        end
      end
      if (take) begin
        rd_q <= take_last ? 3'd0 : rd_q + 3'd1;
        first_q <= take_last;
        desc_valid <= 1'b1;
      end else if (desc_ready) begin
        desc_valid <= 1'b0;
      end
      if (take_last) out_q <= out_q + 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (take) begin
      out_elem_q <= elem_mem[{out_q, rd_q}];
      out_head_q <= head_mem[out_q];
      out_first_q <= first_q;
      out_last_q <= take_last;
      out_bad_q <= take_last && bad_q[out_q];
    end
  end
  assign desc = {Queue, out_head_q, out_elem_q, out_first_q, out_last_q, DeviceWrites, out_bad_q};

  assign empty_o = used_q == 0 && !desc_valid;
  assign busy_o = tag_count != 0 || req_valid || take || (desc_valid && desc_ready);

  logic unused_bits;
  assign unused_bits = ^{unused_want, ctx_idx, rsp_data[111:99], cfg_desc[3:0]};
endmodule

`default_nettype wire
