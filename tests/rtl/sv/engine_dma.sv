// SPDX-License-Identifier: Apache-2.0
// For tests only: virtio_engine joined to dma_read and dma_write, as rtl/top joins them.
`default_nettype none

module engine_dma #(
    parameter int unsigned TxDataBeats = 512
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       tick_i,
    output logic                            timer_armed_o,
    output logic                            busy_o,
    // virtio_mmio (docs/architecture.md, "Seams in the RTL")
    input  wire logic                       driver_ok,
    input  wire logic [63:0]                features,
    input  wire logic [1:0]                 queue_ready,
    input  wire logic                       notify_valid,
    input  wire logic [7:0]                 notify_queue,
    output logic [7:0]                      qcfg_queue,
    input  wire logic [15:0]                qcfg_size,
    input  wire logic [63:0]                qcfg_desc,
    input  wire logic [63:0]                qcfg_driver,
    input  wire logic [63:0]                qcfg_device,
    input  wire logic                       dev_stop,
    output logic                            dev_idle,
    input  wire logic [1:0]                 queue_stop,
    output logic [1:0]                      queue_idle,
    output logic                            isr_used,
    output logic                            needs_reset,
    input  wire logic [7:0]                 cfg_irq_count,
    input  wire logic [15:0]                cfg_irq_ticks,
    // Frames
    output logic                            tx_valid,
    input  wire logic                       tx_ready,
    output logic [63:0]                     tx_data,
    output logic [7:0]                      tx_keep,
    output logic                            tx_last,
    output logic                            tx_err,
    output logic [ph_pkg::TxMetaW-1:0]      tx_meta,
    input  wire logic                       rx_valid,
    output logic                            rx_ready,
    input  wire logic [63:0]                rx_data,
    input  wire logic [7:0]                 rx_keep,
    input  wire logic                       rx_last,
    input  wire logic [ph_pkg::RxMetaW-1:0] rx_meta,
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
    input  wire logic [127:0]          m_axi_rdata,
    input  wire logic [1:0]               m_axi_rresp,
    input  wire logic                     m_axi_rlast,
    input  wire logic                     m_axi_rvalid,
    output logic                          m_axi_rready,
    output logic [3:0]                        m_axi_awid,
    output logic [63:0]                       m_axi_awaddr,
    output logic [7:0]                        m_axi_awlen,
    output logic [2:0]                        m_axi_awsize,
    output logic [1:0]                        m_axi_awburst,
    output logic [3:0]                        m_axi_awcache,
    output logic [2:0]                        m_axi_awprot,
    output logic                              m_axi_awvalid,
    input  wire logic                         m_axi_awready,
    output logic [127:0]                   m_axi_wdata,
    output logic [15:0]                 m_axi_wstrb,
    output logic                              m_axi_wlast,
    output logic                              m_axi_wvalid,
    input  wire logic                         m_axi_wready,
    input  wire logic [3:0]                   m_axi_bid,
    input  wire logic [1:0]                   m_axi_bresp,
    input  wire logic                         m_axi_bvalid,
    output logic                              m_axi_bready,
    // Statistics: one-cycle pulses
    output logic                            stat_tx_packets,
    output logic                            stat_rx_packets,
    output logic                            stat_rx_drop_no_buffer,
    output logic                            stat_rx_drop_too_long,
    output logic                            stat_err_avail_jump,
    output logic                            stat_err_bad_head,
    output logic                            stat_err_bad_chain,
    output logic                            stat_err_bad_header,
    output logic                            stat_err_axi_read,
    output logic                            stat_err_axi_write
);
  logic [2:0] rd_req_valid, rd_req_ready, rd_rsp_valid;
  logic [191:0] rd_req_addr;
  logic [38:0] rd_req_len;
  logic [127:0] rd_rsp_data;
  logic [2:0] wr_req_valid, wr_req_ready, wr_req_tag, wr_dat_valid, wr_dat_ready, wr_done;
  logic [191:0] wr_req_addr;
  logic [11:0] wr_req_beats;
  logic [383:0] wr_dat_data;
  logic [47:0] wr_dat_strb;
  logic rd_rsp_err, wr_done_tag, wr_done_err, engine_busy, read_busy, write_busy;

  virtio_engine #(.TxDataBeats(TxDataBeats)) u_engine (
      .clk_i, .rst_ni, .tick_i, .timer_armed_o, .busy_o(engine_busy), .driver_ok, .features,
      .queue_ready, .notify_valid, .notify_queue, .qcfg_queue, .qcfg_size, .qcfg_desc,
      .qcfg_driver, .qcfg_device, .dev_stop, .dev_idle, .queue_stop, .queue_idle, .isr_used,
      .needs_reset, .cfg_irq_count, .cfg_irq_ticks, .tx_valid, .tx_ready, .tx_data, .tx_keep,
      .tx_last, .tx_err, .tx_meta, .rx_valid, .rx_ready, .rx_data, .rx_keep, .rx_last, .rx_meta,
      .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len, .rd_rsp_valid, .rd_rsp_data,
      .rd_rsp_err, .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb, .wr_done, .wr_done_tag,
      .wr_done_err, .stat_tx_packets, .stat_rx_packets, .stat_rx_drop_no_buffer,
      .stat_rx_drop_too_long, .stat_err_avail_jump, .stat_err_bad_head, .stat_err_bad_chain,
      .stat_err_bad_header, .stat_err_axi_read, .stat_err_axi_write
  );
  dma_read #(.NumClients(3)) u_dma_read (
      .clk_i, .rst_ni, .busy_o(read_busy), .rd_req_valid, .rd_req_ready, .rd_req_addr,
      .rd_req_len, .rd_rsp_valid, .rd_rsp_data, .rd_rsp_err, .m_axi_arid, .m_axi_araddr,
      .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arcache, .m_axi_arprot,
      .m_axi_arvalid, .m_axi_arready, .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast,
      .m_axi_rvalid, .m_axi_rready
  );
  dma_write #(.NumClients(3)) u_dma_write (
      .clk_i, .rst_ni, .busy_o(write_busy), .wr_req_valid, .wr_req_ready, .wr_req_addr,
      .wr_req_beats, .wr_req_tag, .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .wr_done_tag, .wr_done_err, .m_axi_awid, .m_axi_awaddr, .m_axi_awlen,
      .m_axi_awsize, .m_axi_awburst, .m_axi_awcache, .m_axi_awprot, .m_axi_awvalid,
      .m_axi_awready, .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
      .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );
  assign busy_o = engine_busy || read_busy || write_busy;
endmodule

`default_nettype wire
