// SPDX-License-Identifier: Apache-2.0
// For tests only: the rings for any number of queues, joined to dma_read and dma_write as rtl/top
// joins them. The movers are the test program: elements come out taken apart, 0 receive, 1 transmit.
`default_nettype none

module vring_dma #(
    parameter int unsigned NumQueues = 6,
    localparam int unsigned QueueW = $clog2(NumQueues)
) (
    input  wire logic                 clk_i,
    input  wire logic                 rst_ni,
    output logic                      busy_o,
    input  wire logic [NumQueues-1:0] clear_i,
    input  wire logic [NumQueues-1:0] run_i,
    input  wire logic [NumQueues-1:0] kick_i,
    output logic [NumQueues-1:0]      empty_o,
    output logic [NumQueues-1:0]      quiet_o,
    input  wire logic                 cfg_load_i,
    input  wire logic [QueueW-1:0]    cfg_queue,
    input  wire logic [15:0]          cfg_size,
    input  wire logic [63:0]          cfg_desc,
    input  wire logic [63:0]          cfg_driver,
    input  wire logic [63:0]          cfg_device,
    output logic [1:0]                desc_valid,
    input  wire logic [1:0]           desc_ready,
    output logic [15:0]               desc_queue,
    output logic [31:0]               desc_head,
    output logic [63:0]               desc_addr0,
    output logic [63:0]               desc_addr1,
    output logic [63:0]               desc_len,
    output logic [7:0]                desc_flags,  // {first, last, write, error} each
    input  wire logic [1:0]           used_valid,
    output logic [1:0]                used_ready,
    input  wire logic [15:0]          used_queue,
    input  wire logic [31:0]          used_head,
    input  wire logic [63:0]          used_len,
    output logic                      err_o,
    output logic                      irq_o,
    output logic [3:0]                m_axi_arid,
    output logic [63:0]               m_axi_araddr,
    output logic [7:0]                m_axi_arlen,
    output logic [2:0]                m_axi_arsize,
    output logic [1:0]                m_axi_arburst,
    output logic                      m_axi_arvalid,
    input  wire logic                 m_axi_arready,
    input  wire logic [3:0]           m_axi_rid,
    input  wire logic [127:0]         m_axi_rdata,
    input  wire logic [1:0]           m_axi_rresp,
    input  wire logic                 m_axi_rlast,
    input  wire logic                 m_axi_rvalid,
    output logic                      m_axi_rready,
    output logic [3:0]                m_axi_awid,
    output logic [63:0]               m_axi_awaddr,
    output logic [7:0]                m_axi_awlen,
    output logic [2:0]                m_axi_awsize,
    output logic [1:0]                m_axi_awburst,
    output logic                      m_axi_awvalid,
    input  wire logic                 m_axi_awready,
    output logic [127:0]              m_axi_wdata,
    output logic [15:0]               m_axi_wstrb,
    output logic                      m_axi_wlast,
    output logic                      m_axi_wvalid,
    input  wire logic                 m_axi_wready,
    input  wire logic [3:0]           m_axi_bid,
    input  wire logic [1:0]           m_axi_bresp,
    input  wire logic                 m_axi_bvalid,
    output logic                      m_axi_bready
);
  logic [1:0] rd_req_valid, rd_req_ready, rd_rsp_valid;
  logic [127:0] rd_req_addr, rd_rsp_data;
  logic [25:0] rd_req_len;
  logic [1:0] wr_req_valid, wr_req_ready, wr_req_tag, wr_dat_valid, wr_dat_ready, wr_done;
  logic [127:0] wr_req_addr;
  logic [7:0] wr_req_beats;
  logic [255:0] wr_dat_data;
  logic [31:0] wr_dat_strb;
  logic rd_rsp_err, wr_done_tag, wr_done_err, ring_busy, read_busy, write_busy;
  logic err_jump, err_head, err_chain;
  logic [15:0] irq_count;
  logic [2*ph_pkg::DescW-1:0] desc;
  ph_pkg::desc_t rx, tx;
  assign rx = desc[ph_pkg::DescW-1:0];
  assign tx = desc[2*ph_pkg::DescW-1:ph_pkg::DescW];
  assign desc_queue = {tx.queue, rx.queue};
  assign desc_head = {tx.head, rx.head};
  assign desc_addr0 = rx.addr;
  assign desc_addr1 = tx.addr;
  assign desc_len = {tx.len, rx.len};
  assign desc_flags = {tx.first, tx.last, tx.write, tx.error,
                       rx.first, rx.last, rx.write, rx.error};

  vring #(.NumQueues(NumQueues)) u_vring (
      .clk_i, .rst_ni, .clear_i, .run_i, .kick_i, .event_idx_i(1'b1), .indirect_i(1'b1),
      .cfg_load_i, .cfg_queue, .cfg_size, .cfg_desc, .cfg_driver, .cfg_device,
      .desc_valid, .desc_ready, .desc,
      .rx_used_valid(used_valid[0]), .rx_used_ready(used_ready[0]),
      .rx_used({used_queue[7:0], used_head[15:0], used_len[31:0], 1'b1}),
      .tx_used_valid(used_valid[1]), .tx_used_ready(used_ready[1]),
      .tx_used({used_queue[15:8], used_head[31:16], used_len[63:32], 1'b1}),
      .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len, .rd_rsp_valid, .rd_rsp_data,
      .rd_rsp_err,
      .wr_req_valid(wr_req_valid[0]), .wr_req_ready(wr_req_ready[0]),
      .wr_req_addr(wr_req_addr[63:0]), .wr_req_beats(wr_req_beats[3:0]),
      .wr_req_tag(wr_req_tag[0]), .wr_dat_valid(wr_dat_valid[0]), .wr_dat_ready(wr_dat_ready[0]),
      .wr_dat_data(wr_dat_data[127:0]), .wr_dat_strb(wr_dat_strb[15:0]),
      .wr_done(wr_done[0]), .wr_done_tag, .wr_done_err,
      .ev_req_valid(wr_req_valid[1]), .ev_req_ready(wr_req_ready[1]),
      .ev_req_addr(wr_req_addr[127:64]), .ev_dat_valid(wr_dat_valid[1]),
      .ev_dat_ready(wr_dat_ready[1]), .ev_dat_data(wr_dat_data[255:128]),
      .ev_dat_strb(wr_dat_strb[31:16]), .ev_done(wr_done[1]),
      .irq_o, .irq_count_o(irq_count), .empty_o, .quiet_o, .busy_o(ring_busy),
      .err_jump_o(err_jump), .err_head_o(err_head), .err_chain_o(err_chain)
  );
  assign wr_req_beats[7:4] = 4'd0;
  assign wr_req_tag[1] = 1'b0;
  assign err_o = err_jump || err_head || err_chain;

  logic [3:0] arcache, awcache;
  logic [2:0] arprot, awprot;
  dma_read #(.NumClients(2), .FirstId(1)) u_dma_read (
      .clk_i, .rst_ni, .busy_o(read_busy), .rd_req_valid, .rd_req_ready, .rd_req_addr,
      .rd_req_len, .rd_rsp_valid, .rd_rsp_data, .rd_rsp_err, .m_axi_arid, .m_axi_araddr,
      .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arcache(arcache),
      .m_axi_arprot(arprot), .m_axi_arvalid, .m_axi_arready, .m_axi_rid, .m_axi_rdata,
      .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready
  );
  dma_write #(.NumClients(2)) u_dma_write (
      .clk_i, .rst_ni, .busy_o(write_busy), .wr_req_valid, .wr_req_ready, .wr_req_addr,
      .wr_req_beats, .wr_req_tag, .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .wr_done_tag, .wr_done_err, .m_axi_awid, .m_axi_awaddr, .m_axi_awlen,
      .m_axi_awsize, .m_axi_awburst, .m_axi_awcache(awcache), .m_axi_awprot(awprot),
      .m_axi_awvalid, .m_axi_awready, .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid,
      .m_axi_wready, .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );
  assign busy_o = ring_busy || read_busy || write_busy;

  logic unused_bits;
  assign unused_bits = ^{irq_count, arcache, awcache, arprot, awprot};
endmodule

`default_nettype wire
