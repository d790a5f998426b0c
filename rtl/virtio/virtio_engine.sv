// SPDX-License-Identifier: Apache-2.0
// Rings and movers of the network device (Virtio 1.2 2.7, 5.1.6): queue 0 receives, queue 1
// transmits. Wiring, the life of each queue (configure, run, stop, clear) and the error state.
// A stop lets every transaction finish, then resets all of the queue's state: `clear`.
// An AXI error or a broken ring stops both queues until dev_stop and asks for a device reset.
`default_nettype none

module virtio_engine #(
    parameter int unsigned TxDataBeats = 512,  // 16-byte beats of transmit data in flight or stored
    parameter int unsigned QueueSizeMax = 1024  // a queue of another size than 1..this never runs
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
    // Read clients: 0 transmit data, 1 transmit rings, 2 receive rings (docs/blocks/dma.md)
    output logic [2:0]                      rd_req_valid,
    input  wire logic [2:0]                 rd_req_ready,
    output logic [191:0]                    rd_req_addr,
    output logic [38:0]                     rd_req_len,
    input  wire logic [2:0]                 rd_rsp_valid,
    input  wire logic [127:0]               rd_rsp_data,
    input  wire logic                       rd_rsp_err,
    // Write clients: 0 receive payload, 1 used rings, 2 avail_event
    output logic [2:0]                      wr_req_valid,
    input  wire logic [2:0]                 wr_req_ready,
    output logic [191:0]                    wr_req_addr,
    output logic [11:0]                     wr_req_beats,
    output logic [2:0]                      wr_req_tag,
    output logic [2:0]                      wr_dat_valid,
    input  wire logic [2:0]                 wr_dat_ready,
    output logic [383:0]                    wr_dat_data,
    output logic [47:0]                     wr_dat_strb,
    input  wire logic [2:0]                 wr_done,
    input  wire logic                       wr_done_tag,
    input  wire logic                       wr_done_err,
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
  localparam int unsigned Rx = 0;  // queue indices
  localparam int unsigned Tx = 1;

  // --- Life of the queues ---
  logic [1:0] stopping, enabled, run, quiet, clear, configured_q, usable_q, cleared_q;
  logic [1:0] ring_quiet;
  logic size_ok;
  logic [1:0] kick, cfg_load, queue_rst_n;
  logic broken_q, break_now, tx_quiet, rx_quiet;
  assign stopping = queue_stop | {2{dev_stop}};
  assign enabled = queue_ready & {2{driver_ok && !broken_q}} & ~stopping;
  assign run = enabled & usable_q;
  assign quiet = {tx_quiet, rx_quiet} & ring_quiet;
  assign clear = stopping & quiet;
  assign queue_rst_n = {2{rst_ni}} & ~clear;
  assign queue_idle = queue_stop & cleared_q;
  assign dev_idle = dev_stop && cleared_q == 2'b11;
  assign kick[Rx] = notify_valid && notify_queue == 8'd0;
  assign kick[Tx] = notify_valid && notify_queue == 8'd1;

  // The configuration of a queue is read once it is enabled: select, then load a cycle later.
  // A size that is no power of two, or too large, leaves the queue without a life.
  typedef enum logic [1:0] { StIdle, StSelect, StLoad } state_e;
  state_e state_q;
  logic sel_q;
  assign qcfg_queue = {7'd0, sel_q};
  always_comb begin
    cfg_load = '0;
    cfg_load[sel_q] = state_q == StLoad && enabled[sel_q];
  end
  assign size_ok = qcfg_size != 0 && (qcfg_size & (qcfg_size - 16'd1)) == 0 &&
                   qcfg_size <= 16'(QueueSizeMax);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      sel_q <= 1'b0;
      configured_q <= '0;
      usable_q <= '0;
      cleared_q <= '0;
      broken_q <= 1'b0;
      needs_reset <= 1'b0;
    end else begin
      unique case (state_q)
        StIdle: if ((enabled & ~configured_q) != 0) begin
          sel_q <= !(enabled[Rx] && !configured_q[Rx]);
          state_q <= StSelect;
        end
        StSelect: state_q <= StLoad;
        default: state_q <= StIdle;
      endcase
      configured_q <= (configured_q | cfg_load) & ~clear;
      usable_q <= (usable_q | (cfg_load & {2{size_ok}})) & ~clear;
      cleared_q <= clear;
      needs_reset <= break_now && !broken_q && !dev_stop;
      if (dev_idle) broken_q <= 1'b0;
      else if (break_now) broken_q <= 1'b1;
    end
  end

  // --- Errors ---
  assign stat_err_axi_read = rd_rsp_valid != 0 && rd_rsp_err;
  assign stat_err_axi_write = wr_done != 0 && wr_done_err;
  assign break_now = stat_err_axi_read || stat_err_axi_write || stat_err_avail_jump ||
                     stat_err_bad_head;

  // --- Rings ---
  logic rx_used_valid, rx_used_ready, tx_used_valid, tx_used_ready, irq, ring_busy, err_chain;
  logic [1:0] desc_valid, desc_ready, ring_empty;
  logic [2*ph_pkg::DescW-1:0] desc;
  logic [ph_pkg::UsedW-1:0] rx_used, tx_used;
  logic [15:0] irq_count;
  vring #(.NumQueues(2)) u_vring (
      .clk_i, .rst_ni, .clear_i(clear), .run_i(run), .kick_i(kick),
      .event_idx_i(features[virtio_pkg::FeatEventIdx]),
      .indirect_i(features[virtio_pkg::FeatIndirectDesc]),
      .cfg_load_i(cfg_load != 0), .cfg_queue(sel_q), .cfg_size(qcfg_size),
      .cfg_desc(qcfg_desc), .cfg_driver(qcfg_driver), .cfg_device(qcfg_device),
      .desc_valid, .desc_ready, .desc,
      .rx_used_valid, .rx_used_ready, .rx_used, .tx_used_valid, .tx_used_ready, .tx_used,
      .rd_req_valid(rd_req_valid[2:1]), .rd_req_ready(rd_req_ready[2:1]),
      .rd_req_addr(rd_req_addr[64 +: 128]), .rd_req_len(rd_req_len[13 +: 26]),
      .rd_rsp_valid(rd_rsp_valid[2:1]), .rd_rsp_data, .rd_rsp_err,
      .wr_req_valid(wr_req_valid[1]), .wr_req_ready(wr_req_ready[1]),
      .wr_req_addr(wr_req_addr[64 +: 64]), .wr_req_beats(wr_req_beats[4 +: 4]),
      .wr_req_tag(wr_req_tag[1]), .wr_dat_valid(wr_dat_valid[1]), .wr_dat_ready(wr_dat_ready[1]),
      .wr_dat_data(wr_dat_data[128 +: 128]), .wr_dat_strb(wr_dat_strb[16 +: 16]),
      .wr_done(wr_done[1]), .wr_done_tag, .wr_done_err,
      .ev_req_valid(wr_req_valid[2]), .ev_req_ready(wr_req_ready[2]),
      .ev_req_addr(wr_req_addr[128 +: 64]), .ev_dat_valid(wr_dat_valid[2]),
      .ev_dat_ready(wr_dat_ready[2]), .ev_dat_data(wr_dat_data[256 +: 128]),
      .ev_dat_strb(wr_dat_strb[32 +: 16]), .ev_done(wr_done[2]),
      .irq_o(irq), .irq_count_o(irq_count), .empty_o(ring_empty), .quiet_o(ring_quiet),
      .busy_o(ring_busy), .err_jump_o(stat_err_avail_jump), .err_head_o(stat_err_bad_head),
      .err_chain_o(err_chain)
  );
  assign wr_req_beats[11:8] = 4'd0;
  assign wr_req_tag[2] = 1'b0;

  // --- Movers ---
  logic tx_busy, rx_busy, err_long;
  virtio_tx #(.DataBeats(TxDataBeats)) u_virtio_tx (
      .clk_i, .rst_ni(queue_rst_n[Tx]), .run_i(run[Tx]), .stop_i(!run[Tx]),
      .feat_csum_i(features[virtio_pkg::FeatCsum]),
      .feat_tso4_i(features[virtio_pkg::FeatHostTso4]),
      .feat_ecn_i(features[virtio_pkg::FeatHostEcn]),
      .desc_valid(desc_valid[Tx]), .desc_ready(desc_ready[Tx]),
      .desc(desc[ph_pkg::DescW*Tx +: ph_pkg::DescW]),
      .used_valid(tx_used_valid), .used_ready(tx_used_ready), .used(tx_used),
      .rd_req_valid(rd_req_valid[0]), .rd_req_ready(rd_req_ready[0]),
      .rd_req_addr(rd_req_addr[63:0]), .rd_req_len(rd_req_len[12:0]),
      .rd_rsp_valid(rd_rsp_valid[0]), .rd_rsp_data,
      .tx_valid, .tx_ready, .tx_data, .tx_keep, .tx_last, .tx_err, .tx_meta,
      .quiet_o(tx_quiet), .busy_o(tx_busy), .stat_tx_packets, .stat_err_bad_header,
      .stat_err_too_long(err_long)
  );
  virtio_rx u_virtio_rx (
      .clk_i, .rst_ni(queue_rst_n[Rx]), .run_i(run[Rx]),
      .feat_guest_csum_i(features[virtio_pkg::FeatGuestCsum]), .ring_empty_i(ring_empty[Rx]),
      .desc_valid(desc_valid[Rx]), .desc_ready(desc_ready[Rx]),
      .desc(desc[ph_pkg::DescW*Rx +: ph_pkg::DescW]),
      .used_valid(rx_used_valid), .used_ready(rx_used_ready), .used(rx_used),
      .rx_valid, .rx_ready, .rx_data, .rx_keep, .rx_last, .rx_meta,
      .wr_req_valid(wr_req_valid[0]), .wr_req_ready(wr_req_ready[0]),
      .wr_req_addr(wr_req_addr[63:0]), .wr_req_beats(wr_req_beats[3:0]),
      .wr_req_tag(wr_req_tag[0]), .wr_dat_valid(wr_dat_valid[0]), .wr_dat_ready(wr_dat_ready[0]),
      .wr_dat_data(wr_dat_data[127:0]), .wr_dat_strb(wr_dat_strb[15:0]),
      .wr_done(wr_done[0]), .wr_done_tag,
      .quiet_o(rx_quiet), .busy_o(rx_busy), .stat_rx_packets, .stat_rx_drop_no_buffer,
      .stat_rx_drop_too_long
  );
  // Two chains that turn bad in one cycle are counted as one.
  assign stat_err_bad_chain = err_chain || err_long;

  // --- Interrupt ---
  logic irq_busy;
  virtio_irq u_irq (
      .clk_i, .rst_ni(rst_ni && !dev_idle), .tick_i, .cfg_irq_count, .cfg_irq_ticks,
      .want(irq), .want_count(irq_count), .isr_used, .timer_armed_o, .busy_o(irq_busy)
  );

  assign busy_o = tx_busy || rx_busy || ring_busy || irq_busy || needs_reset ||
                  state_q != StIdle || (enabled & ~configured_q) != 0 ||
                  (stopping & ~cleared_q) != 0 || clear != cleared_q || (dev_idle && broken_q);

  logic unused_bits;
  assign unused_bits = ^{features[63:30], features[27:12], features[10:2], ring_empty[Tx]};
endmodule

`default_nettype wire
