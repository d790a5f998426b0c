// SPDX-License-Identifier: Apache-2.0
// Packhorse: a network interface that is a VIRTIO 1.2 network device (virtio-mmio, split rings),
// with checksum and TCP segmentation offload and a 10G MAC. AXI4-Lite for registers, AXI4 for rings
// and data, a level interrupt, XGMII. Wiring only: the host's half is here, the wire's half in
// packhorse_wire. Ports: docs/architecture.md, "Ports of packhorse_top"; docs/blocks/top.md.
`default_nettype none
`include "ph_assert.svh"

module packhorse_top #(
  parameter int unsigned DataW         = 64,                     /// 64
  parameter int unsigned AxiW          = 128,                    /// 128
  parameter int unsigned NumQueues     = 2,                      /// 2: receive, transmit
  parameter int unsigned QueueSizeMax  = 1024,                   /// power of two, 2..1024
  parameter logic [47:0] MacAddr       = 48'h02_50_48_00_00_01,  /// byte 0 in bits 47:40
  parameter int unsigned Mtu           = 1500,                   /// 68..9000
  parameter bit          OfferPlatform = 1'b1,                   /// ACCESS_ and ORDER_PLATFORM
  parameter logic [3:0]  AxCache       = 4'b0011,
  parameter logic [2:0]  AxProt        = 3'b000,
  parameter int unsigned SegmentBuffer = 16384,                  /// bytes; above a frame
  parameter int unsigned TxFifoDepth   = 4096,                   /// beats; above 2 frames
  parameter int unsigned RxFifoDepth   = 4096                    /// beats; 2048 or more
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic             mac_tx_clk_i,
  input  wire logic             mac_tx_rst_ni,
  input  wire logic             mac_rx_clk_i,
  input  wire logic             mac_rx_rst_ni,
  // Time and activity
  input  wire logic             tick_i,         // one-cycle pulse, nominal 1 us
  output logic                  timer_armed_o,  // a tick matters
  output logic                  busy_o,         // low: idle inputs change no state
  output logic                  irq_o,          // level
  // AXI4-Lite slave
  input  wire logic [12:0]      s_axil_awaddr,
  input  wire logic [2:0]       s_axil_awprot,
  input  wire logic             s_axil_awvalid,
  output logic                  s_axil_awready,
  input  wire logic [31:0]      s_axil_wdata,
  input  wire logic [3:0]       s_axil_wstrb,
  input  wire logic             s_axil_wvalid,
  output logic                  s_axil_wready,
  output logic [1:0]            s_axil_bresp,
  output logic                  s_axil_bvalid,
  input  wire logic             s_axil_bready,
  input  wire logic [12:0]      s_axil_araddr,
  input  wire logic [2:0]       s_axil_arprot,
  input  wire logic             s_axil_arvalid,
  output logic                  s_axil_arready,
  output logic [31:0]           s_axil_rdata,
  output logic [1:0]            s_axil_rresp,
  output logic                  s_axil_rvalid,
  input  wire logic             s_axil_rready,
  // AXI4 master
  output logic [3:0]            m_axi_arid,
  output logic [63:0]           m_axi_araddr,
  output logic [7:0]            m_axi_arlen,
  output logic [2:0]            m_axi_arsize,
  output logic [1:0]            m_axi_arburst,
  output logic [3:0]            m_axi_arcache,
  output logic [2:0]            m_axi_arprot,
  output logic                  m_axi_arvalid,
  input  wire logic             m_axi_arready,
  input  wire logic [3:0]       m_axi_rid,
  input  wire logic [AxiW-1:0]  m_axi_rdata,
  input  wire logic [1:0]       m_axi_rresp,
  input  wire logic             m_axi_rlast,
  input  wire logic             m_axi_rvalid,
  output logic                  m_axi_rready,
  output logic [3:0]            m_axi_awid,
  output logic [63:0]           m_axi_awaddr,
  output logic [7:0]            m_axi_awlen,
  output logic [2:0]            m_axi_awsize,
  output logic [1:0]            m_axi_awburst,
  output logic [3:0]            m_axi_awcache,
  output logic [2:0]            m_axi_awprot,
  output logic                  m_axi_awvalid,
  input  wire logic             m_axi_awready,
  output logic [AxiW-1:0]       m_axi_wdata,
  output logic [AxiW/8-1:0]     m_axi_wstrb,
  output logic                  m_axi_wlast,
  output logic                  m_axi_wvalid,
  input  wire logic             m_axi_wready,
  input  wire logic [3:0]       m_axi_bid,
  input  wire logic [1:0]       m_axi_bresp,
  input  wire logic             m_axi_bvalid,
  output logic                  m_axi_bready,
  // XGMII, lane 0 in the lowest bits
  output logic [63:0]           xgmii_txd_o,
  output logic [7:0]            xgmii_txc_o,
  input  wire logic [63:0]      xgmii_rxd_i,
  input  wire logic [7:0]       xgmii_rxc_i
);

  if (DataW != 64 || AxiW != 128 || NumQueues != 2) begin : g_bad_build
    $fatal(1, "this version is built for DataW 64, AxiW 128 and NumQueues 2");
  end

  localparam int unsigned NumStats  = ph_regs_pkg::NumStats;
  localparam int unsigned NumErrors = ph_regs_pkg::NumErrors;

  // --- Registers ---------------------------------------------------------------------------------
  logic                 driver_ok, notify_valid, dev_stop, dev_idle, isr_used, needs_reset;
  logic [63:0]          features, qcfg_desc, qcfg_driver, qcfg_device;
  logic [NumQueues-1:0] queue_ready, queue_stop, queue_idle;
  logic [7:0]           notify_queue, qcfg_queue, cfg_ifg, cfg_irq_count;
  logic [15:0]          qcfg_size, cfg_max_frame, cfg_mtu, cfg_irq_ticks;
  logic [47:0]          cfg_mac_addr;
  logic                 reg_req, reg_we, reg_gnt, err_register, mmio_busy, regs_busy;
  logic [11:0]          reg_addr;
  logic [31:0]          reg_wdata, reg_rdata;
  logic [3:0]           reg_wstrb;
  logic                 cfg_tx_enable, cfg_rx_enable, cfg_promiscuous, cfg_all_multicast;
  logic                 cfg_link_up;
  logic [NumStats-1:0]  stat, wire_stat;
  logic [NumErrors-1:0] error;
  logic [15:0]          stat_tx_bytes, stat_rx_bytes;

  virtio_mmio #(
    .NumQueues(NumQueues), .QueueSizeMax(QueueSizeMax), .OfferPlatform(OfferPlatform)
  ) u_mmio (
    .clk_i, .rst_ni,
    .s_axil_awaddr, .s_axil_awvalid, .s_axil_awready,
    .s_axil_wdata, .s_axil_wstrb, .s_axil_wvalid, .s_axil_wready,
    .s_axil_bresp, .s_axil_bvalid, .s_axil_bready,
    .s_axil_araddr, .s_axil_arvalid, .s_axil_arready,
    .s_axil_rdata, .s_axil_rresp, .s_axil_rvalid, .s_axil_rready,
    .cfg_mac_addr_i(cfg_mac_addr), .cfg_mtu_i(cfg_mtu), .cfg_link_up_i(cfg_link_up),
    .driver_ok_o(driver_ok), .features_o(features), .queue_ready_o(queue_ready),
    .notify_valid_o(notify_valid), .notify_queue_o(notify_queue),
    .qcfg_queue_i(qcfg_queue), .qcfg_size_o(qcfg_size), .qcfg_desc_o(qcfg_desc),
    .qcfg_driver_o(qcfg_driver), .qcfg_device_o(qcfg_device),
    .dev_stop_o(dev_stop), .dev_idle_i(dev_idle),
    .queue_stop_o(queue_stop), .queue_idle_i(queue_idle),
    .isr_used_i(isr_used), .needs_reset_i(needs_reset), .irq_o,
    .reg_req_o(reg_req), .reg_we_o(reg_we), .reg_addr_o(reg_addr), .reg_wdata_o(reg_wdata),
    .reg_wstrb_o(reg_wstrb), .reg_gnt_i(reg_gnt), .reg_rdata_i(reg_rdata),
    .stat_err_register_o(err_register), .busy_o(mmio_busy)
  );

  ph_regs #(
    .DataW(DataW), .AxiW(AxiW), .NumQueues(NumQueues), .QueueSizeMax(QueueSizeMax),
    .MacAddr(MacAddr), .Mtu(Mtu)
  ) u_regs (
    .clk_i, .rst_ni,
    .reg_req_i(reg_req), .reg_we_i(reg_we), .reg_addr_i(reg_addr), .reg_wdata_i(reg_wdata),
    .reg_wstrb_i(reg_wstrb), .reg_gnt_o(reg_gnt), .reg_rdata_o(reg_rdata),
    .driver_ok_i(driver_ok),
    .cfg_tx_enable_o(cfg_tx_enable), .cfg_rx_enable_o(cfg_rx_enable),
    .cfg_promiscuous_o(cfg_promiscuous), .cfg_all_multicast_o(cfg_all_multicast),
    .cfg_link_up_o(cfg_link_up), .cfg_ifg_o(cfg_ifg), .cfg_max_frame_o(cfg_max_frame),
    .cfg_mac_addr_o(cfg_mac_addr), .cfg_mtu_o(cfg_mtu),
    .cfg_irq_count_o(cfg_irq_count), .cfg_irq_ticks_o(cfg_irq_ticks),
    .stat_i(stat), .stat_tx_bytes_i(stat_tx_bytes), .stat_rx_bytes_i(stat_rx_bytes),
    .error_i(error), .busy_o(regs_busy)
  );

  // --- Rings and DMA -----------------------------------------------------------------------------
  logic                       tx_valid, tx_ready, tx_last, tx_err;
  logic                       rx_valid, rx_ready, rx_last;
  logic [DataW-1:0]           tx_data, rx_data;
  logic [DataW/8-1:0]         tx_keep, rx_keep;
  logic [ph_pkg::TxMetaW-1:0] tx_meta;
  logic [ph_pkg::RxMetaW-1:0] rx_meta;
  logic [2:0]                 rd_req_valid, rd_req_ready, rd_rsp_valid;
  logic [191:0]               rd_req_addr;
  logic [38:0]                rd_req_len;
  logic [AxiW-1:0]            rd_rsp_data;
  logic                       rd_rsp_err, wr_done_tag, wr_done_err;
  logic [2:0]                 wr_req_valid, wr_req_ready, wr_req_tag, wr_dat_valid, wr_dat_ready;
  logic [2:0]                 wr_done;
  logic [191:0]               wr_req_addr;
  logic [11:0]                wr_req_beats;
  logic [3*AxiW-1:0]          wr_dat_data;
  logic [3*AxiW/8-1:0]        wr_dat_strb;
  logic                       tx_packet, rx_packet, rx_no_buffer, rx_too_long, err_avail_jump;
  logic                       err_head, err_chain, err_header, err_axi_read, err_axi_write;
  logic                       engine_busy, dma_read_busy, dma_write_busy;

  virtio_engine u_engine (
    .clk_i, .rst_ni, .tick_i, .timer_armed_o, .busy_o(engine_busy),
    .driver_ok, .features, .queue_ready, .notify_valid, .notify_queue,
    .qcfg_queue, .qcfg_size, .qcfg_desc, .qcfg_driver, .qcfg_device,
    .dev_stop, .dev_idle, .queue_stop, .queue_idle, .isr_used, .needs_reset,
    .cfg_irq_count, .cfg_irq_ticks,
    .tx_valid, .tx_ready, .tx_data, .tx_keep, .tx_last, .tx_err, .tx_meta,
    .rx_valid, .rx_ready, .rx_data, .rx_keep, .rx_last, .rx_meta,
    .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len,
    .rd_rsp_valid, .rd_rsp_data, .rd_rsp_err,
    .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
    .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
    .wr_done, .wr_done_tag, .wr_done_err,
    .stat_tx_packets(tx_packet), .stat_rx_packets(rx_packet),
    .stat_rx_drop_no_buffer(rx_no_buffer), .stat_rx_drop_too_long(rx_too_long),
    .stat_err_avail_jump(err_avail_jump), .stat_err_bad_head(err_head),
    .stat_err_bad_chain(err_chain), .stat_err_bad_header(err_header),
    .stat_err_axi_read(err_axi_read), .stat_err_axi_write(err_axi_write)
  );

  dma_read #(.NumClients(3), .AxiW(AxiW), .AxCache(AxCache), .AxProt(AxProt)) u_dma_read (
    .clk_i, .rst_ni, .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len,
    .rd_rsp_valid, .rd_rsp_data, .rd_rsp_err, .busy_o(dma_read_busy),
    .m_axi_arid, .m_axi_araddr, .m_axi_arlen, .m_axi_arsize, .m_axi_arburst, .m_axi_arcache,
    .m_axi_arprot, .m_axi_arvalid, .m_axi_arready,
    .m_axi_rid, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready
  );

  dma_write #(.NumClients(3), .AxiW(AxiW), .AxCache(AxCache), .AxProt(AxProt)) u_dma_write (
    .clk_i, .rst_ni, .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
    .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
    .wr_done, .wr_done_tag, .wr_done_err, .busy_o(dma_write_busy),
    .m_axi_awid, .m_axi_awaddr, .m_axi_awlen, .m_axi_awsize, .m_axi_awburst, .m_axi_awcache,
    .m_axi_awprot, .m_axi_awvalid, .m_axi_awready,
    .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
    .m_axi_bid, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );

  // --- Transmit offload, and the wire's half -----------------------------------------------------
  logic               cut_valid, cut_ready, cut_last, cut_drop, offload_tx_busy, wire_busy;
  logic [DataW-1:0]   cut_data;
  logic [DataW/8-1:0] cut_keep;
  logic [32:0]        cut_patch;
  logic               tx_csum, tx_super_segment, tx_segment;
  logic               drop_bad_csum, drop_bad_gso, drop_error, drop_oversize;
  logic [15:0]        max_frame;  // without FCS
  assign max_frame = cfg_max_frame - 16'd4;

  offload_tx #(.DataW(DataW), .MaxFrame(SegmentBuffer)) u_offload_tx (
    .clk_i, .rst_ni, .flush_i(1'b0), .cfg_max_frame(max_frame), .busy_o(offload_tx_busy),
    .s_valid(tx_valid), .s_ready(tx_ready), .s_data(tx_data), .s_keep(tx_keep), .s_last(tx_last),
    .s_err(tx_err), .s_meta(tx_meta),
    .m_valid(cut_valid), .m_ready(cut_ready), .m_data(cut_data), .m_keep(cut_keep),
    .m_last(cut_last), .m_drop(cut_drop), .m_patch(cut_patch),
    .stat_tx_super_segments(tx_super_segment), .stat_tx_segments(tx_segment),
    .stat_tx_csum(tx_csum), .stat_tx_drop_bad_csum(drop_bad_csum),
    .stat_tx_drop_bad_gso(drop_bad_gso),
    .stat_tx_drop_error(drop_error), .stat_tx_drop_oversize(drop_oversize)
  );

  packhorse_wire #(
    .DataW(DataW), .TxFifoDepth(TxFifoDepth), .RxFifoDepth(RxFifoDepth)
  ) u_wire (
    .clk_i, .rst_ni, .mac_tx_clk_i, .mac_tx_rst_ni, .mac_rx_clk_i, .mac_rx_rst_ni,
    .tx_valid(cut_valid), .tx_ready(cut_ready), .tx_data(cut_data), .tx_keep(cut_keep),
    .tx_last(cut_last), .tx_drop(cut_drop), .tx_patch(cut_patch),
    .rx_valid, .rx_ready, .rx_data, .rx_keep, .rx_last, .rx_meta,
    .cfg_tx_enable_i(cfg_tx_enable), .cfg_rx_enable_i(cfg_rx_enable),
    .cfg_promiscuous_i(cfg_promiscuous), .cfg_all_multicast_i(cfg_all_multicast),
    .cfg_ifg_i(cfg_ifg), .cfg_max_frame_i(cfg_max_frame), .cfg_mac_addr_i(cfg_mac_addr),
    .stat_o(wire_stat), .stat_tx_bytes_o(stat_tx_bytes), .stat_rx_bytes_o(stat_rx_bytes),
    .busy_o(wire_busy),
    .xgmii_txd_o, .xgmii_txc_o, .xgmii_rxd_i, .xgmii_rxc_i
  );

  // --- Events ------------------------------------------------------------------------------------
  always_comb begin
    stat = wire_stat;
    stat[ph_regs_pkg::StatTxChains]       = tx_packet;
    stat[ph_regs_pkg::StatRxChains]       = rx_packet;
    stat[ph_regs_pkg::StatRxNoBuffer]     = rx_no_buffer;
    stat[ph_regs_pkg::StatRxTooLong]      = rx_too_long;
    stat[ph_regs_pkg::StatChainErrors]    = err_chain;
    stat[ph_regs_pkg::StatRingErrors]     = err_avail_jump || err_head;
    stat[ph_regs_pkg::StatHeaderErrors]   = err_header;
    stat[ph_regs_pkg::StatAxiReadErrors]  = err_axi_read;
    stat[ph_regs_pkg::StatAxiWriteErrors] = err_axi_write;
    stat[ph_regs_pkg::StatRegisterErrors] = err_register;
    stat[ph_regs_pkg::StatNotifications]  = notify_valid;
    stat[ph_regs_pkg::StatInterrupts]     = isr_used;
    stat[ph_regs_pkg::StatTxSuperSegments] = tx_super_segment;
    stat[ph_regs_pkg::StatTxSegments]     = tx_segment;
    stat[ph_regs_pkg::StatTxCsumInserted] = tx_csum;
    stat[ph_regs_pkg::StatTxOffloadDrops] =
        wire_stat[ph_regs_pkg::StatTxOffloadDrops] || drop_bad_csum || drop_bad_gso || drop_error ||
        drop_oversize;
    error = '0;
    error[ph_regs_pkg::ErrorTxFrame]   = wire_stat[ph_regs_pkg::StatTxErrors];
    error[ph_regs_pkg::ErrorRxFrame]   =
        wire_stat[ph_regs_pkg::StatRxFcsErrors] || wire_stat[ph_regs_pkg::StatRxRunts] ||
        wire_stat[ph_regs_pkg::StatRxOversize] || wire_stat[ph_regs_pkg::StatRxCodeErrors];
    error[ph_regs_pkg::ErrorRxDrop]    =
        rx_no_buffer || rx_too_long || wire_stat[ph_regs_pkg::StatRxOverflows];
    error[ph_regs_pkg::ErrorTxRequest] = err_header || stat[ph_regs_pkg::StatTxOffloadDrops];
    error[ph_regs_pkg::ErrorChain]     = err_chain;
    error[ph_regs_pkg::ErrorRing]      = err_avail_jump || err_head;
    error[ph_regs_pkg::ErrorAxiRead]   = err_axi_read;
    error[ph_regs_pkg::ErrorAxiWrite]  = err_axi_write;
    error[ph_regs_pkg::ErrorRegister]  = err_register;
  end

  // --- Activity ----------------------------------------------------------------------------------
  // Held for some cycles, which cover a changed configuration on its way to the MAC's clocks.
  logic busy;
  assign busy = mmio_busy || regs_busy || engine_busy || dma_read_busy || dma_write_busy ||
                offload_tx_busy || wire_busy;
  busy_hold #(.Cycles(8)) u_busy_hold (.clk_i, .rst_ni, .busy_i(busy), .busy_o);

  logic unused_prot;  // every access is equal
  assign unused_prot = (^s_axil_awprot) ^ (^s_axil_arprot);

`ifdef PH_PROPERTIES
  axil_props #(.AddrW(13)) u_axil_props (
    .clk_i, .rst_ni,
    .awaddr(s_axil_awaddr), .awvalid(s_axil_awvalid), .awready(s_axil_awready),
    .wdata(s_axil_wdata), .wstrb(s_axil_wstrb), .wvalid(s_axil_wvalid), .wready(s_axil_wready),
    .bresp(s_axil_bresp), .bvalid(s_axil_bvalid), .bready(s_axil_bready),
    .araddr(s_axil_araddr), .arvalid(s_axil_arvalid), .arready(s_axil_arready),
    .rdata(s_axil_rdata), .rresp(s_axil_rresp), .rvalid(s_axil_rvalid), .rready(s_axil_rready)
  );
  axi_props #(.DataW(AxiW)) u_axi_props (
    .clk_i, .rst_ni,
    .arid(m_axi_arid), .araddr(m_axi_araddr), .arlen(m_axi_arlen), .arsize(m_axi_arsize),
    .arburst(m_axi_arburst), .arvalid(m_axi_arvalid), .arready(m_axi_arready),
    .rlast(m_axi_rlast), .rvalid(m_axi_rvalid), .rready(m_axi_rready),
    .awid(m_axi_awid), .awaddr(m_axi_awaddr), .awlen(m_axi_awlen), .awsize(m_axi_awsize),
    .awburst(m_axi_awburst), .awvalid(m_axi_awvalid), .awready(m_axi_awready),
    .wdata(m_axi_wdata), .wstrb(m_axi_wstrb), .wlast(m_axi_wlast), .wvalid(m_axi_wvalid),
    .wready(m_axi_wready), .bvalid(m_axi_bvalid), .bready(m_axi_bready)
  );
`endif

endmodule

`default_nettype wire
