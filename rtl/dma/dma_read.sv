// SPDX-License-Identifier: Apache-2.0
// AXI4 read master for several clients (AMBA AXI4 A3.4, A5.3). Client i uses AXI ID FirstId + i, so
// its data come back in request order and no reorder buffer is needed. A request is cut at every
// multiple of BurstBytes, hence never crosses 4 KB. A client asks only after it has reserved space
// for every beat of the answer: RREADY is constant 1 and the answer has no ready.
// One burst per cycle is issued; 2 cycles from request to AR, 1 from R to the answer.
`default_nettype none
`include "ph_assert.svh"

module dma_read #(
    parameter int unsigned NumClients = 3,    // 1..8
    parameter int unsigned AxiW = 128,        // data bits, 128
    parameter int unsigned BurstBytes = 256,  // longest burst and its alignment, 16..4096
    parameter logic [3:0] FirstId = 4'd0,
    parameter logic [3:0] AxCache = 4'b0011,
    parameter logic [2:0] AxProt = 3'b000
) (
    input  wire logic                     clk_i,
    input  wire logic                     rst_ni,
    // Requests: a valid one may be withdrawn until it is taken. Length 1..4096 bytes.
    input  wire logic [NumClients-1:0]    rd_req_valid,
    output logic [NumClients-1:0]         rd_req_ready,
    input  wire logic [64*NumClients-1:0] rd_req_addr,
    input  wire logic [13*NumClients-1:0] rd_req_len,
    // Answers: bus beats as they are (byte at address a in lane a mod 16), in request order.
    output logic [NumClients-1:0]         rd_rsp_valid,
    output logic [AxiW-1:0]               rd_rsp_data,
    output logic                          rd_rsp_err,
    output logic                          busy_o,
    // AXI4
    output logic [3:0]                    m_axi_arid,
    output logic [63:0]                   m_axi_araddr,
    output logic [7:0]                    m_axi_arlen,
    output logic [2:0]                    m_axi_arsize,
    output logic [1:0]                    m_axi_arburst,
    output logic [3:0]                    m_axi_arcache,
    output logic [2:0]                    m_axi_arprot,
    output logic                          m_axi_arvalid,
    input  wire logic                     m_axi_arready,
    input  wire logic [3:0]               m_axi_rid,
    input  wire logic [AxiW-1:0]          m_axi_rdata,
    input  wire logic [1:0]               m_axi_rresp,
    input  wire logic                     m_axi_rlast,
    input  wire logic                     m_axi_rvalid,
    output logic                          m_axi_rready
);
  localparam int unsigned BoundW = $clog2(BurstBytes);
  localparam int unsigned SelW = NumClients > 1 ? $clog2(NumClients) : 1;
  if (AxiW != 128) begin : g_bad_width
    $fatal(1, "dma_read: AxiW must be 128");
  end
  if (NumClients < 1 || NumClients > 8) begin : g_bad_clients
    $fatal(1, "dma_read: NumClients must be 1..8");
  end
  if (BurstBytes < 16 || BurstBytes > 4096 || BurstBytes != (1 << BoundW)) begin : g_bad_burst
    $fatal(1, "dma_read: BurstBytes must be a power of two, 16..4096");
  end

  // --- Round robin over the clients ---
  logic [SelW-1:0] pick;
  logic pick_valid, take;
  arb_rr #(.NumReq(NumClients)) u_arb_rr (
      .clk_i,
      .rst_ni,
      .req_i(rd_req_valid),
      .take_i(take),
      .valid_o(pick_valid),
      .pick_o(pick)
  );

  // --- The request that is being cut ---
  logic cur_valid_q;
  logic [63:0] cur_addr_q;
  logic [12:0] cur_len_q;
  logic [SelW-1:0] cur_client_q;
  logic [12:0] to_bound, burst_len, burst_span;
  logic issue, final_burst;
  logic [8:0] open_q;  // bursts whose last beat has not come

  assign to_bound = 13'(BurstBytes) - 13'(cur_addr_q[BoundW-1:0]);
  assign final_burst = cur_len_q <= to_bound;
  assign burst_len = final_burst ? cur_len_q : to_bound;
  assign burst_span = burst_len + {9'd0, cur_addr_q[3:0]} - 13'd1;
  assign issue = cur_valid_q && (!m_axi_arvalid || m_axi_arready) && !open_q[8];
  assign take = pick_valid && (!cur_valid_q || (issue && final_burst));
  always_comb begin
    rd_req_ready = '0;
    rd_req_ready[pick] = take;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      cur_valid_q <= 1'b0;
      m_axi_arvalid <= 1'b0;
    end else begin
      if (take) begin
        cur_valid_q <= 1'b1;
      end else if (issue && final_burst) begin
        cur_valid_q <= 1'b0;
      end
      if (issue) m_axi_arvalid <= 1'b1;
      else if (m_axi_arready) m_axi_arvalid <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (take) begin
      cur_addr_q <= rd_req_addr[64*pick +: 64];
      cur_len_q <= rd_req_len[13*pick +: 13];
      cur_client_q <= pick;
    end else if (issue) begin
      cur_addr_q <= cur_addr_q + {51'd0, burst_len};
      cur_len_q <= cur_len_q - burst_len;
    end
    if (issue) begin
      m_axi_arid <= FirstId + 4'(cur_client_q);
      m_axi_araddr <= cur_addr_q;
      m_axi_arlen <= burst_span[11:4];
    end
  end
  assign m_axi_arsize = 3'd4;
  assign m_axi_arburst = 2'b01;
  assign m_axi_arcache = AxCache;
  assign m_axi_arprot = AxProt;

  // --- Answers ---
  logic issued_last;
  assign m_axi_rready = 1'b1;
  logic unused_bits;
  assign unused_bits = ^{m_axi_rresp[0], burst_span[12], burst_span[3:0]};
  assign issued_last = m_axi_rvalid && m_axi_rlast;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q <= '0;
      rd_rsp_valid <= '0;
    end else begin
      if (issue && !issued_last) open_q <= open_q + 9'd1;
      else if (!issue && issued_last) open_q <= open_q - 9'd1;
      rd_rsp_valid <= '0;
      for (int i = 0; i < NumClients; i++) begin
        if (m_axi_rvalid && m_axi_rid == FirstId + 4'(i)) rd_rsp_valid[i] <= 1'b1;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (m_axi_rvalid) begin
      rd_rsp_data <= m_axi_rdata;
      rd_rsp_err <= m_axi_rresp[1];
    end
  end

  assign busy_o = cur_valid_q || m_axi_arvalid || (open_q != 0) || (rd_rsp_valid != 0);

`ifdef FORMAL
`include "dma_read.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
