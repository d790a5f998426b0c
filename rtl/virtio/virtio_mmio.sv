// SPDX-License-Identifier: Apache-2.0
// virtio-mmio version 2 register file of a network device (Virtio 1.2 4.2.2, 2.1, 5.1.4).
// Page 0 (0x000) is the standard's; page 1 (0x1000) is forwarded to the vendor page, rtl/regs.
// An access takes 3 cycles from its last address or data beat to the response, one more in page 1;
// Status<-0 and QueueReady<-0 are answered only when the ring engine is idle: after the response
// there is no DMA of the old life (Linux does not poll). A wrong access is counted and ignored, but
// for Status: each bit is judged alone (virtio_status), one that may not be set is counted once for
// the write and refuses no other.
`default_nettype none
`include "ph_assert.svh"

module virtio_mmio #(
  parameter int unsigned NumQueues     = 2,     /// 1..64
  parameter int unsigned QueueSizeMax  = 1024,  /// power of two, 2..32768
  parameter bit          OfferPlatform = 1'b1,  /// offer ACCESS_PLATFORM and ORDER_PLATFORM
  parameter logic [63:0] FeatureMask   = 64'hffff_ffff_ffff_ffff  /// 0 bits are never offered
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,
  // AXI4-Lite slave
  input  wire logic [12:0]          s_axil_awaddr,
  input  wire logic                 s_axil_awvalid,
  output logic                      s_axil_awready,
  input  wire logic [31:0]          s_axil_wdata,
  input  wire logic [3:0]           s_axil_wstrb,
  input  wire logic                 s_axil_wvalid,
  output logic                      s_axil_wready,
  output logic [1:0]                s_axil_bresp,
  output logic                      s_axil_bvalid,
  input  wire logic                 s_axil_bready,
  input  wire logic [12:0]          s_axil_araddr,
  input  wire logic                 s_axil_arvalid,
  output logic                      s_axil_arready,
  output logic [31:0]               s_axil_rdata,
  output logic [1:0]                s_axil_rresp,
  output logic                      s_axil_rvalid,
  input  wire logic                 s_axil_rready,
  // Configuration space contents, from the vendor page
  input  wire logic [47:0]          cfg_mac_addr_i,  // byte 0 of the address in bits 47:40
  input  wire logic [15:0]          cfg_mtu_i,
  input  wire logic                 cfg_link_up_i,
  // Ring engine
  output logic                      driver_ok_o,
  output logic [63:0]               features_o,      // accepted set, constant while driver_ok_o
  output logic [NumQueues-1:0]      queue_ready_o,
  output logic                      notify_valid_o,  // one-cycle pulse, no ready
  output logic [7:0]                notify_queue_o,
  input  wire logic [7:0]           qcfg_queue_i,
  output logic [15:0]               qcfg_size_o,     // of the queue asked for in the cycle before
  output logic [63:0]               qcfg_desc_o,
  output logic [63:0]               qcfg_driver_o,
  output logic [63:0]               qcfg_device_o,
  output logic                      dev_stop_o,
  input  wire logic                 dev_idle_i,
  output logic [NumQueues-1:0]      queue_stop_o,
  input  wire logic [NumQueues-1:0] queue_idle_i,
  input  wire logic                 isr_used_i,      // pulse: used buffer notification
  input  wire logic                 needs_reset_i,   // pulse: DEVICE_NEEDS_RESET
  output logic                      irq_o,           // level
  // Vendor page
  output logic                      reg_req_o,       // one cycle; answered by reg_gnt_i
  output logic                      reg_we_o,
  output logic [11:0]               reg_addr_o,
  output logic [31:0]               reg_wdata_o,
  output logic [3:0]                reg_wstrb_o,
  input  wire logic                 reg_gnt_i,
  input  wire logic [31:0]          reg_rdata_i,
  output logic                      stat_err_register_o,
  output logic                      busy_o
);

  if (NumQueues < 1 || NumQueues > 64) begin : g_bad_num_queues
    $fatal(1, "NumQueues must be 1..64");
  end
  if (QueueSizeMax < 2 || QueueSizeMax > 32768 || (QueueSizeMax & (QueueSizeMax - 1)) != 0)
  begin : g_bad_queue_size
    $fatal(1, "QueueSizeMax must be a power of two, 2..32768");
  end

  // TSO without CSUM is no legal offer, nor is ECN without TSO (5.1.3.1).
  localparam logic [63:0] Built =
      (64'd1 << virtio_pkg::FeatVersion1) | (64'd1 << virtio_pkg::FeatCsum) |
      (64'd1 << virtio_pkg::FeatGuestCsum) | (64'd1 << virtio_pkg::FeatMac) |
      (64'd1 << virtio_pkg::FeatMtu) | (64'd1 << virtio_pkg::FeatStatus) |
      (64'd1 << virtio_pkg::FeatSpeedDuplex) | (64'd1 << virtio_pkg::FeatIndirectDesc) |
      (64'd1 << virtio_pkg::FeatEventIdx) |
      (FeatureMask[virtio_pkg::FeatCsum] ? (64'd1 << virtio_pkg::FeatHostTso4) : 64'd0) |
      (FeatureMask[virtio_pkg::FeatCsum] && FeatureMask[virtio_pkg::FeatHostTso4] ?
           (64'd1 << virtio_pkg::FeatHostEcn) : 64'd0) |
      (OfferPlatform ? (64'd1 << virtio_pkg::FeatAccessPlatform) |
                       (64'd1 << virtio_pkg::FeatOrderPlatform) : 64'd0);
  localparam logic [63:0] Offered = Built & (FeatureMask | (64'd1 << virtio_pkg::FeatVersion1));

  // --- Access ------------------------------------------------------------------------------------
  logic        req, we, ack, port_busy;
  logic [12:0] addr;
  logic [31:0] wdata, rdata, page0_rdata;
  logic [3:0]  wstrb;

  axil_port #(.AddrW(13)) u_port (
    .clk_i, .rst_ni,
    .s_axil_awaddr, .s_axil_awvalid, .s_axil_awready,
    .s_axil_wdata, .s_axil_wstrb, .s_axil_wvalid, .s_axil_wready,
    .s_axil_bresp, .s_axil_bvalid, .s_axil_bready,
    .s_axil_araddr, .s_axil_arvalid, .s_axil_arready,
    .s_axil_rdata, .s_axil_rresp, .s_axil_rvalid, .s_axil_rready,
    .req_o(req), .we_o(we), .addr_o(addr), .wdata_o(wdata), .wstrb_o(wstrb),
    .ack_i(ack), .rdata_i(rdata), .busy_o(port_busy)
  );

  typedef enum logic [2:0] {
    StIdle,       // a page 0 access is decoded and answered in its first cycle
    StVendor,     // page 1: waiting for reg_gnt_i
    StResetArm,   // dev_stop_o is new: dev_idle_i does not know of it yet
    StReset,      // waiting for dev_idle_i
    StQueueArm,   // likewise for one queue
    StQueueStop
  } state_e;
  state_e state_q, state_d;

  logic        write0, read0;  // page 0 access, decoded in this cycle
  logic        full;           // all four bytes are written
  logic [11:0] offset;
  assign offset = {addr[11:2], 2'b00};
  assign write0 = req && we && !addr[12] && state_q == StIdle;
  assign read0  = req && !we && !addr[12] && state_q == StIdle;
  assign full   = wstrb == 4'hf;

  // --- Registers ---------------------------------------------------------------------------------
  logic [7:0]           queue_sel_q;
  logic                 queue_sel_ok_q;
  logic [NumQueues-1:0] queue_ready_q;
  logic [1:0]           isr_q;
  logic                 link_up_q;
  logic                 started_q;  // link_up_q holds the first value after rst_ni
  logic [7:0]           generation_q;
  logic                 do_reset, queue_stopped;

  logic [31:0] dev_features;
  logic [7:0]  status;
  logic        status_bad, features_ok, driver_ok;
  logic [63:0] features;

  virtio_status #(.Offered(Offered)) u_status (
    .clk_i, .rst_ni,
    .clear_i(do_reset),
    .we_i(write0 && full),
    .offset_i(offset),
    .wdata_i(wdata),
    .needs_reset_i,
    .dev_features_o(dev_features),
    .status_o(status),
    .status_bad_o(status_bad),
    .features_ok_o(features_ok),
    .driver_ok_o(driver_ok),
    .features_o(features)
  );

  // The queue whose registers are visible.
  logic queue_cfg_ok, queue_complete, queue_is_ready;
  assign queue_cfg_ok = queue_sel_ok_q && features_ok && !queue_is_ready;

  // --- Write decode ------------------------------------------------------------------------------
  logic wr_status_zero, wr_notify, wr_queue, wr_queue_ready, write_bad;
  logic size_bad, ready_bad, notify_ok;

  assign wr_status_zero = write0 && full && offset == virtio_pkg::RegStatus && wdata == 32'd0;
  assign wr_notify      = write0 && full && offset == virtio_pkg::RegQueueNotify;
  assign wr_queue_ready = write0 && full && offset == virtio_pkg::RegQueueReady;
  assign wr_queue       = write0 && full && queue_cfg_ok;

  assign size_bad  = wdata == 32'd0 || wdata > QueueSizeMax || (wdata & (wdata - 32'd1)) != 32'd0;
  assign ready_bad = !queue_sel_ok_q || (|wdata[31:1]) ||
                     (wdata[0] && !queue_is_ready && !(features_ok && queue_complete));

  always_comb begin
    write_bad = !full;
    unique case (offset)
      virtio_pkg::RegDeviceFeaturesSel, virtio_pkg::RegDriverFeaturesSel,
      virtio_pkg::RegQueueSel, virtio_pkg::RegShmSel: ;
      virtio_pkg::RegDriverFeatures: write_bad = !full || features_ok;
      virtio_pkg::RegQueueSize:      write_bad = !full || !queue_cfg_ok || size_bad;
      virtio_pkg::RegQueueReady:     write_bad = !full || ready_bad;
      virtio_pkg::RegQueueNotify:    write_bad = !full || !notify_ok;
      virtio_pkg::RegInterruptAck:   write_bad = !full || (|wdata[31:2]);
      virtio_pkg::RegStatus:         write_bad = !full || status_bad;
      virtio_pkg::RegQueueDescLow:   write_bad = !full || !queue_cfg_ok || (|wdata[3:0]);
      virtio_pkg::RegQueueDriverLow: write_bad = !full || !queue_cfg_ok || wdata[0];
      virtio_pkg::RegQueueDeviceLow: write_bad = !full || !queue_cfg_ok || (|wdata[1:0]);
      virtio_pkg::RegQueueDescHigh, virtio_pkg::RegQueueDriverHigh,
      virtio_pkg::RegQueueDeviceHigh: write_bad = !full || !queue_cfg_ok;
      default: write_bad = 1'b1;  // read-only, absent, or the configuration space
    endcase
  end

  // --- Read decode -------------------------------------------------------------------------------
  logic read_bad;
  always_comb begin
    page0_rdata = 32'd0;
    read_bad    = |addr[1:0];  // bytes and halves exist only in the configuration space
    unique case (offset)
      virtio_pkg::RegMagicValue:       page0_rdata = virtio_pkg::MagicValue;
      virtio_pkg::RegVersion:          page0_rdata = virtio_pkg::Version;
      virtio_pkg::RegDeviceId:         page0_rdata = virtio_pkg::DeviceIdNet;
      virtio_pkg::RegVendorId:         page0_rdata = virtio_pkg::VendorId;
      virtio_pkg::RegDeviceFeatures:   page0_rdata = dev_features;
      virtio_pkg::RegQueueSizeMax:     page0_rdata = queue_sel_ok_q ? QueueSizeMax : 32'd0;
      virtio_pkg::RegQueueReady:       page0_rdata = {31'd0, queue_is_ready};
      virtio_pkg::RegInterruptStatus:  page0_rdata = {30'd0, isr_q};
      virtio_pkg::RegStatus:           page0_rdata = {24'd0, status};
      virtio_pkg::RegShmLenLow, virtio_pkg::RegShmLenHigh,
      virtio_pkg::RegShmBaseLow, virtio_pkg::RegShmBaseHigh:
        page0_rdata = 32'hffff_ffff;   // no such region (4.2.2.1)
      virtio_pkg::RegConfigGeneration: page0_rdata = {24'd0, generation_q};
      // struct virtio_net_config (5.1.4), little endian; any size, so any alignment.
      virtio_pkg::RegConfig: begin
        page0_rdata = {cfg_mac_addr_i[23:16], cfg_mac_addr_i[31:24],
                       cfg_mac_addr_i[39:32], cfg_mac_addr_i[47:40]};
        read_bad = 1'b0;
      end
      virtio_pkg::RegConfig + 12'h4: begin
        page0_rdata = {15'd0, link_up_q, cfg_mac_addr_i[7:0], cfg_mac_addr_i[15:8]};
        read_bad = 1'b0;
      end
      virtio_pkg::RegConfig + 12'h8: begin  // max_virtqueue_pairs, mtu
        page0_rdata = {cfg_mtu_i, 16'd1};
        read_bad = 1'b0;
      end
      virtio_pkg::RegConfig + 12'hc: begin  // speed in Mb/s
        page0_rdata = virtio_pkg::SpeedMbps;
        read_bad = 1'b0;
      end
      virtio_pkg::RegConfig + 12'h10: begin  // duplex: 1 is full, whatever 5.1.4.2 says
        page0_rdata = 32'd1;
        read_bad = 1'b0;
      end
      virtio_pkg::RegConfig + 12'h14: read_bad = 1'b0;  // supported_hash_types: none
      default: read_bad = 1'b1;
    endcase
  end

  // --- Sequencer ---------------------------------------------------------------------------------
  logic start_reset, start_queue_stop, queue_idle;
  assign start_reset      = wr_status_zero;
  assign start_queue_stop = wr_queue_ready && !write_bad && queue_is_ready && !wdata[0];

  always_comb begin
    state_d       = state_q;
    ack           = 1'b0;
    do_reset      = 1'b0;
    queue_stopped = 1'b0;
    unique case (state_q)
      StIdle: begin
        if (req && addr[12]) state_d = StVendor;
        else if (start_reset) state_d = StResetArm;
        else if (start_queue_stop) state_d = StQueueArm;
        else ack = req;
      end
      StVendor: begin
        ack = reg_gnt_i;
        if (reg_gnt_i) state_d = StIdle;
      end
      StResetArm: state_d = StReset;
      StReset: begin
        ack      = dev_idle_i;
        do_reset = dev_idle_i;
        if (dev_idle_i) state_d = StIdle;
      end
      StQueueArm: state_d = StQueueStop;
      StQueueStop: begin
        ack           = queue_idle;
        queue_stopped = queue_idle;
        if (queue_idle) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
  end

  assign reg_req_o   = req && addr[12] && state_q == StIdle;
  assign reg_we_o    = we;
  assign reg_addr_o  = addr[11:0];
  assign reg_wdata_o = wdata;
  assign reg_wstrb_o = wstrb;
  assign rdata       = state_q == StVendor ? reg_rdata_i : page0_rdata;
  assign dev_stop_o  = state_q == StResetArm || state_q == StReset;

  // --- Interrupt and configuration change --------------------------------------------------------
  // A new event beats a simultaneous acknowledge: `set` is applied last.
  logic       link_changed;
  logic [1:0] isr_set, isr_clear;
  assign link_changed = started_q && cfg_link_up_i != link_up_q;
  assign isr_set[0]   = isr_used_i && driver_ok;
  assign isr_set[1]   = driver_ok &&
      (needs_reset_i || (link_changed && features[virtio_pkg::FeatStatus]));
  assign isr_clear    = (write0 && full && offset == virtio_pkg::RegInterruptAck) ?
      wdata[1:0] : 2'b00;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || do_reset) isr_q <= 2'b00;
    else isr_q <= (isr_q & ~isr_clear) | isr_set;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      started_q    <= 1'b0;
      link_up_q    <= 1'b0;
      generation_q <= 8'd0;
    end else begin
      started_q <= 1'b1;
      link_up_q <= cfg_link_up_i;
      if (link_changed) generation_q <= generation_q + 8'd1;
    end
  end
  assign irq_o = isr_q[0] || isr_q[1];

  // --- Queues ------------------------------------------------------------------------------------
  virtio_queue_regs #(.NumQueues(NumQueues)) u_queue_regs (
    .clk_i, .rst_ni,
    .clear_i(do_reset),
    .sel_i(queue_sel_q),
    .sel_ok_i(queue_sel_ok_q),
    .we_i(wr_queue && !write_bad),
    .offset_i(offset),
    .wdata_i(wdata),
    .complete_o(queue_complete),
    .qcfg_queue_i, .qcfg_size_o, .qcfg_desc_o, .qcfg_driver_o, .qcfg_device_o
  );

  always_comb begin
    queue_is_ready = 1'b0;
    queue_idle     = 1'b1;
    notify_ok      = 1'b0;
    queue_stop_o   = '0;
    for (int q = 0; q < NumQueues; q++) begin
      if (queue_sel_ok_q && queue_sel_q == 8'(q)) begin
        queue_is_ready  = queue_ready_q[q];
        queue_idle      = queue_idle_i[q];
        queue_stop_o[q] = state_q == StQueueArm || state_q == StQueueStop;
      end
      if (wdata == 32'(q)) notify_ok = driver_ok && queue_ready_q[q];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || do_reset) begin
      queue_sel_q    <= 8'd0;
      queue_sel_ok_q <= 1'b1;
      queue_ready_q  <= '0;
    end else begin
      if (write0 && full && offset == virtio_pkg::RegQueueSel) begin
        queue_sel_q    <= wdata[7:0];
        queue_sel_ok_q <= wdata < NumQueues;
      end
      for (int q = 0; q < NumQueues; q++) begin
        if (queue_sel_q == 8'(q)) begin
          if (wr_queue_ready && !write_bad && wdata[0]) queue_ready_q[q] <= 1'b1;
          if (queue_stopped) queue_ready_q[q] <= 1'b0;
        end
      end
    end
  end

  assign driver_ok_o         = driver_ok;
  assign features_o          = features;
  assign queue_ready_o       = queue_ready_q;
  assign notify_valid_o      = wr_notify && notify_ok;
  assign notify_queue_o      = wdata[7:0];
  assign stat_err_register_o = (write0 && write_bad) || (read0 && read_bad);
  assign busy_o              = port_busy || state_q != StIdle || link_changed;

`ifdef FORMAL
`include "virtio_mmio.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
