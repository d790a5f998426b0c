// SPDX-License-Identifier: Apache-2.0
// AXI4 write master for several clients (AMBA AXI4 A3.4). Every burst uses the ID WriteId, so
// responses come in issue order. A client asks for one burst at a time: it lies inside one aligned
// block of 256 bytes (never crosses 4 KB) and its data are ready to be streamed without waiting for
// anything else. Completion (B) is reported per burst, in the client's own order, with its tag.
// One burst per cycle is issued, one beat per cycle is written; up to MaxOpen bursts outstanding.
`default_nettype none
`include "ph_assert.svh"

module dma_write #(
    parameter int unsigned NumClients = 5,  // 1..8
    parameter int unsigned AxiW = 128,      // data bits, 128
    parameter int unsigned MaxOpen = 32,    // bursts outstanding, a power of two, 4..128
    parameter logic [3:0] WriteId = 4'd3,
    parameter logic [3:0] AxCache = 4'b0011,
    parameter logic [2:0] AxProt = 3'b000
) (
    input  wire logic                         clk_i,
    input  wire logic                         rst_ni,
    // Bursts: address of the first byte, beats - 1, a tag that comes back with the completion.
    input  wire logic [NumClients-1:0]        wr_req_valid,
    output logic [NumClients-1:0]             wr_req_ready,
    input  wire logic [64*NumClients-1:0]     wr_req_addr,
    input  wire logic [4*NumClients-1:0]      wr_req_beats,
    input  wire logic [NumClients-1:0]        wr_req_tag,
    // Data of the bursts in the order in which they were taken.
    input  wire logic [NumClients-1:0]        wr_dat_valid,
    output logic [NumClients-1:0]             wr_dat_ready,
    input  wire logic [AxiW*NumClients-1:0]   wr_dat_data,
    input  wire logic [AxiW/8*NumClients-1:0] wr_dat_strb,
    // Completions: one pulse per burst.
    output logic [NumClients-1:0]             wr_done,
    output logic                              wr_done_tag,
    output logic                              wr_done_err,
    output logic                              busy_o,
    // AXI4
    output logic [3:0]                        m_axi_awid,
    output logic [63:0]                       m_axi_awaddr,
    output logic [7:0]                        m_axi_awlen,
    output logic [2:0]                        m_axi_awsize,
    output logic [1:0]                        m_axi_awburst,
    output logic [3:0]                        m_axi_awcache,
    output logic [2:0]                        m_axi_awprot,
    output logic                              m_axi_awvalid,
    input  wire logic                         m_axi_awready,
    output logic [AxiW-1:0]                   m_axi_wdata,
    output logic [AxiW/8-1:0]                 m_axi_wstrb,
    output logic                              m_axi_wlast,
    output logic                              m_axi_wvalid,
    input  wire logic                         m_axi_wready,
    input  wire logic [3:0]                   m_axi_bid,
    input  wire logic [1:0]                   m_axi_bresp,
    input  wire logic                         m_axi_bvalid,
    output logic                              m_axi_bready
);
  localparam int unsigned SelW = NumClients > 1 ? $clog2(NumClients) : 1;
  if (AxiW != 128) begin : g_bad_width
    $fatal(1, "dma_write: AxiW must be 128");
  end
  if (NumClients < 1 || NumClients > 8) begin : g_bad_clients
    $fatal(1, "dma_write: NumClients must be 1..8");
  end
  if (MaxOpen < 4 || MaxOpen > 128 || (MaxOpen & (MaxOpen - 1)) != 0) begin : g_bad_open
    $fatal(1, "dma_write: MaxOpen must be a power of two, 4..128");
  end

  // --- Address channel: round robin over the clients ---
  logic [SelW-1:0] pick, aw_client_q;
  logic pick_valid, take, open_ready;
  arb_rr #(.NumReq(NumClients)) u_arb_rr (
      .clk_i,
      .rst_ni,
      .req_i(wr_req_valid),
      .take_i(take),
      .valid_o(pick_valid),
      .pick_o(pick)
  );
  assign take = pick_valid && open_ready && (!m_axi_awvalid || m_axi_awready);
  always_comb begin
    wr_req_ready = '0;
    wr_req_ready[pick] = take;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_axi_awvalid <= 1'b0;
    end else if (take) begin
      m_axi_awvalid <= 1'b1;
    end else if (m_axi_awready) begin
      m_axi_awvalid <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (take) begin
      m_axi_awaddr <= wr_req_addr[64*pick +: 64];
      aw_client_q <= pick;
      m_axi_awlen <= {4'd0, wr_req_beats[4*pick +: 4]};
    end
  end
  assign m_axi_awid = WriteId;
  assign m_axi_awsize = 3'd4;
  assign m_axi_awburst = 2'b01;
  assign m_axi_awcache = AxCache;
  assign m_axi_awprot = AxProt;

  // --- Data channel: bursts in the order of their addresses, none before its address is taken ---
  logic order_ready, order_valid, order_pop, beat;
  logic [$clog2(MaxOpen):0] order_count;
  logic [SelW-1:0] src;
  logic [3:0] src_beats, beat_q;
  fifo_small #(.Width(SelW + 4), .Depth(MaxOpen)) u_order (
      .clk_i, .rst_ni,
      .wr_valid(m_axi_awvalid && m_axi_awready), .wr_ready(order_ready),
      .wr_data({aw_client_q, m_axi_awlen[3:0]}),
      .rd_valid(order_valid), .rd_ready(order_pop), .rd_data({src, src_beats}),
      .count_o(order_count)
  );
  assign beat = order_valid && wr_dat_valid[src] && (!m_axi_wvalid || m_axi_wready);
  assign order_pop = beat && beat_q == src_beats;
  always_comb begin
    wr_dat_ready = '0;
    wr_dat_ready[src] = beat;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q <= '0;
      m_axi_wvalid <= 1'b0;
    end else begin
      if (beat) beat_q <= order_pop ? 4'd0 : beat_q + 4'd1;
      if (beat) m_axi_wvalid <= 1'b1;
      else if (m_axi_wready) m_axi_wvalid <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (beat) begin
      m_axi_wdata <= wr_dat_data[AxiW*src +: AxiW];
      m_axi_wstrb <= wr_dat_strb[AxiW/8*src +: AxiW/8];
      m_axi_wlast <= order_pop;
    end
  end

  // --- Responses ---
  logic open_valid, open_tag;
  logic [SelW-1:0] open_client;
  logic [$clog2(MaxOpen):0] open_count;
  fifo_small #(.Width(SelW + 1), .Depth(MaxOpen)) u_open (
      .clk_i, .rst_ni,
      .wr_valid(take), .wr_ready(open_ready), .wr_data({pick, wr_req_tag[pick]}),
      .rd_valid(open_valid), .rd_ready(m_axi_bvalid), .rd_data({open_client, open_tag}),
      .count_o(open_count)
  );
  assign m_axi_bready = 1'b1;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_done <= '0;
    end else begin
      wr_done <= '0;
      if (m_axi_bvalid && open_valid) wr_done[open_client] <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (m_axi_bvalid) begin
      wr_done_tag <= open_tag;
      wr_done_err <= m_axi_bresp[1];
    end
  end

  logic unused_bits;
  assign unused_bits = ^{m_axi_bid, m_axi_bresp[0], order_ready, order_count};
  assign busy_o = (open_count != 0) || (wr_done != 0);

`ifdef FORMAL
`include "dma_write.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
