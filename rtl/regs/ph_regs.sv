// SPDX-License-Identifier: Apache-2.0
// The vendor page (docs/registers.md): identification, MAC control, error status, interrupt
// moderation and statistics. Every number comes from ph_regs_pkg, which is generated from
// packhorse.rdl. An access is answered in the next cycle; one that means nothing is counted and
// ignored. Reading the low word of a statistic latches its high word.
`default_nettype none

module ph_regs #(
  parameter int unsigned DataW         = 64,
  parameter int unsigned AxiW          = 128,
  parameter int unsigned NumQueues     = 2,
  parameter int unsigned QueueSizeMax  = 1024,
  parameter logic [47:0] MacAddr       = 48'h02_50_48_00_00_01,  /// byte 0 in bits 47:40
  parameter int unsigned Mtu           = 1500,                   /// 68..9000
  parameter int unsigned MaxFrameLimit = 9216                    /// largest value of MAX_FRAME
) (
  input  wire logic                              clk_i,
  input  wire logic                              rst_ni,
  // From virtio_mmio
  input  wire logic                              reg_req_i,
  input  wire logic                              reg_we_i,
  input  wire logic [11:0]                       reg_addr_i,
  input  wire logic [31:0]                       reg_wdata_i,
  input  wire logic [3:0]                        reg_wstrb_i,
  output logic                                   reg_gnt_o,
  output logic [31:0]                            reg_rdata_o,
  input  wire logic                              driver_ok_i,  // station address and MTU are locked
  // Configuration, quasi-static
  output logic                                   cfg_tx_enable_o,
  output logic                                   cfg_rx_enable_o,
  output logic                                   cfg_promiscuous_o,
  output logic                                   cfg_all_multicast_o,
  output logic                                   cfg_link_up_o,
  output logic [7:0]                             cfg_ifg_o,
  output logic [15:0]                            cfg_max_frame_o,
  output logic [47:0]                            cfg_mac_addr_o,  // byte 0 in bits 47:40
  output logic [15:0]                            cfg_mtu_o,
  output logic [7:0]                             cfg_irq_count_o,
  output logic [15:0]                            cfg_irq_ticks_o,
  // Events, one-cycle pulses numbered by ph_regs_pkg
  input  wire logic [ph_regs_pkg::NumStats-1:0]  stat_i,
  input  wire logic [15:0]                       stat_tx_bytes_i,  // with stat_i[StatTxBytes]
  input  wire logic [15:0]                       stat_rx_bytes_i,  // with stat_i[StatRxBytes]
  input  wire logic [ph_regs_pkg::NumErrors-1:0] error_i,
  output logic                                   busy_o
);

  if (Mtu < 68 || Mtu > 9000) begin : g_bad_mtu
    $fatal(1, "Mtu must be 68..9000");
  end

  localparam int unsigned NumStats = ph_regs_pkg::NumStats;
  localparam int unsigned IdxW = $clog2(NumStats);
  localparam logic [NumStats-1:0] AddsBytes =
      (NumStats'(1) << ph_regs_pkg::StatTxBytes) | (NumStats'(1) << ph_regs_pkg::StatRxBytes);
  localparam int unsigned StatEnd = 32'(ph_regs_pkg::StatBase) + 8 * NumStats;

  // --- Registers ---------------------------------------------------------------------------------
  logic        tx_enable_q, rx_enable_q, promiscuous_q, all_multicast_q, link_up_q;
  logic [7:0]  ifg_q, irq_count_q;
  logic [15:0] max_frame_q, mtu_q, irq_ticks_q;
  logic [47:0] mac_addr_q;
  logic [ph_regs_pkg::NumErrors-1:0] error_q;

  logic        is_stat;
  logic [8:0]  stat_offset;
  assign is_stat     = reg_addr_i >= ph_regs_pkg::StatBase && 32'(reg_addr_i) < StatEnd;
  assign stat_offset = 9'(reg_addr_i - ph_regs_pkg::StatBase);

  // --- Write -------------------------------------------------------------------------------------
  logic        write, write_ok;
  logic [31:0] wdata;
  assign write = reg_req_i && reg_we_i;
  assign wdata = reg_wdata_i;

  always_comb begin
    unique case (reg_addr_i)
      ph_regs_pkg::MacControlOffset:    write_ok = !(|wdata[31:5]);
      ph_regs_pkg::MacIfgOffset:        write_ok = !(|wdata[31:8]) && wdata[7:0] >= 8'd12;
      ph_regs_pkg::MaxFrameOffset:      write_ok = wdata >= 32'd64 && wdata <= MaxFrameLimit;
      ph_regs_pkg::StationLowOffset:    write_ok = !driver_ok_i;
      ph_regs_pkg::StationHighOffset:   write_ok = !driver_ok_i && !(|wdata[31:16]);
      ph_regs_pkg::MtuOffset:           write_ok = !driver_ok_i && wdata >= 32'd68 &&
                                                   wdata <= 32'd9000;
      ph_regs_pkg::ErrorStatusOffset:   write_ok = !(|wdata[31:ph_regs_pkg::NumErrors]);
      ph_regs_pkg::IrqModerationOffset: write_ok = !(|wdata[15:8]);
      default:                          write_ok = 1'b0;
    endcase
    if (reg_wstrb_i != 4'hf) write_ok = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tx_enable_q     <= ph_regs_pkg::MacControlTxEnableReset;
      rx_enable_q     <= ph_regs_pkg::MacControlRxEnableReset;
      promiscuous_q   <= ph_regs_pkg::MacControlPromiscuousReset;
      all_multicast_q <= ph_regs_pkg::MacControlAllMulticastReset;
      link_up_q       <= ph_regs_pkg::MacControlLinkUpReset;
      ifg_q           <= ph_regs_pkg::MacIfgBytesReset;
      max_frame_q     <= ph_regs_pkg::MaxFrameBytesReset;
      mac_addr_q      <= MacAddr;
      mtu_q           <= 16'(Mtu);
      irq_count_q     <= ph_regs_pkg::IrqModerationCountReset;
      irq_ticks_q     <= ph_regs_pkg::IrqModerationTicksReset;
    end else if (write && write_ok) begin
      unique case (reg_addr_i)
        ph_regs_pkg::MacControlOffset: begin
          tx_enable_q     <= wdata[ph_regs_pkg::MacControlTxEnableLsb];
          rx_enable_q     <= wdata[ph_regs_pkg::MacControlRxEnableLsb];
          promiscuous_q   <= wdata[ph_regs_pkg::MacControlPromiscuousLsb];
          all_multicast_q <= wdata[ph_regs_pkg::MacControlAllMulticastLsb];
          link_up_q       <= wdata[ph_regs_pkg::MacControlLinkUpLsb];
        end
        ph_regs_pkg::MacIfgOffset:   ifg_q <= wdata[7:0];
        ph_regs_pkg::MaxFrameOffset: max_frame_q <= wdata[15:0];
        ph_regs_pkg::StationLowOffset:
          mac_addr_q[47:16] <= {wdata[7:0], wdata[15:8], wdata[23:16], wdata[31:24]};
        ph_regs_pkg::StationHighOffset: mac_addr_q[15:0] <= {wdata[7:0], wdata[15:8]};
        ph_regs_pkg::MtuOffset:      mtu_q <= wdata[15:0];
        ph_regs_pkg::IrqModerationOffset: begin
          irq_count_q <= wdata[ph_regs_pkg::IrqModerationCountLsb +: 8];
          irq_ticks_q <= wdata[ph_regs_pkg::IrqModerationTicksLsb +: 16];
        end
        default: ;
      endcase
    end
  end

  // --- Read --------------------------------------------------------------------------------------
  logic        read_ok;
  logic [31:0] word;
  always_comb begin
    word    = 32'd0;
    read_ok = 1'b1;
    unique case (reg_addr_i)
      ph_regs_pkg::IdOffset:           word = ph_regs_pkg::IdIdReset;
      ph_regs_pkg::VersionOffset:
        word = {ph_regs_pkg::VersionMajorReset, ph_regs_pkg::VersionMinorReset};
      ph_regs_pkg::WidthsOffset:       word = {16'(AxiW), 16'(DataW)};
      ph_regs_pkg::QueuesOffset:       word = {16'(QueueSizeMax), 16'(NumQueues)};
      ph_regs_pkg::CapabilitiesOffset:
        word = {29'd0, ph_regs_pkg::CapabilitiesRxCsumReset, ph_regs_pkg::CapabilitiesTso4Reset,
                ph_regs_pkg::CapabilitiesTxCsumReset};
      ph_regs_pkg::MacControlOffset:
        word = {27'd0, link_up_q, all_multicast_q, promiscuous_q, rx_enable_q, tx_enable_q};
      ph_regs_pkg::MacIfgOffset:       word = {24'd0, ifg_q};
      ph_regs_pkg::MaxFrameOffset:     word = {16'd0, max_frame_q};
      ph_regs_pkg::StationLowOffset:
        word = {mac_addr_q[23:16], mac_addr_q[31:24], mac_addr_q[39:32], mac_addr_q[47:40]};
      ph_regs_pkg::StationHighOffset:  word = {16'd0, mac_addr_q[7:0], mac_addr_q[15:8]};
      ph_regs_pkg::MtuOffset:          word = {16'd0, mtu_q};
      ph_regs_pkg::ErrorStatusOffset:  word = 32'(error_q);
      ph_regs_pkg::IrqModerationOffset: word = {irq_ticks_q, 8'd0, irq_count_q};
      default:                         read_ok = is_stat && reg_addr_i[1:0] == 2'b00;
    endcase
  end

  // The answer comes in the next cycle: a word that was decoded now, or a counter from its RAM.
  logic        gnt_q, low_q, high_q;
  logic [31:0] word_q, latch_q;
  logic [63:0] counter;
  logic        read_counter;
  assign read_counter = reg_req_i && !reg_we_i && is_stat && stat_offset[2:0] == 3'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      gnt_q <= 1'b0;
    end else begin
      gnt_q <= reg_req_i;
    end
    if (reg_req_i) begin
      word_q <= word;
      low_q  <= read_counter;
      high_q <= is_stat && stat_offset[2:0] == 3'd4;
    end
    if (!rst_ni) latch_q <= 32'd0;
    else if (gnt_q && low_q) latch_q <= counter[63:32];
  end
  assign reg_gnt_o   = gnt_q;
  assign reg_rdata_o = low_q ? counter[31:0] : high_q ? latch_q : word_q;

  // --- Events ------------------------------------------------------------------------------------
  logic                              access_bad;
  logic [NumStats-1:0]               stat;
  logic [NumStats*16-1:0]            amount;
  logic [ph_regs_pkg::NumErrors-1:0] error;
  assign access_bad = reg_req_i && !(reg_we_i ? write_ok : read_ok);

  always_comb begin
    stat   = stat_i;
    error  = error_i;
    amount = '0;
    if (access_bad) begin
      stat[ph_regs_pkg::StatRegisterErrors] = 1'b1;
      error[ph_regs_pkg::ErrorRegister]     = 1'b1;
    end
    amount[16*ph_regs_pkg::StatTxBytes +: 16] = stat_tx_bytes_i;
    amount[16*ph_regs_pkg::StatRxBytes +: 16] = stat_rx_bytes_i;
  end

  logic counters_busy;
  ph_counters #(.NumStats(NumStats), .AddsAmount(AddsBytes), .AmountW(16)) u_counters (
    .clk_i, .rst_ni,
    .event_i(stat),
    .amount_i(amount),
    .read_i(read_counter),
    .read_idx_i(stat_offset[3 +: IdxW]),
    .rdata_o(counter),
    .busy_o(counters_busy)
  );

  // Write 1 to clear; an event of the same cycle wins.
  logic [ph_regs_pkg::NumErrors-1:0] error_clear;
  assign error_clear = (write && write_ok && reg_addr_i == ph_regs_pkg::ErrorStatusOffset) ?
      wdata[ph_regs_pkg::NumErrors-1:0] : '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) error_q <= '0;
    else error_q <= (error_q & ~error_clear) | error;
  end

  assign cfg_tx_enable_o     = tx_enable_q;
  assign cfg_rx_enable_o     = rx_enable_q;
  assign cfg_promiscuous_o   = promiscuous_q;
  assign cfg_all_multicast_o = all_multicast_q;
  assign cfg_link_up_o       = link_up_q;
  assign cfg_ifg_o           = ifg_q;
  assign cfg_max_frame_o     = max_frame_q;
  assign cfg_mac_addr_o      = mac_addr_q;
  assign cfg_mtu_o           = mtu_q;
  assign cfg_irq_count_o     = irq_count_q;
  assign cfg_irq_ticks_o     = irq_ticks_q;
  assign busy_o              = counters_busy || gnt_q;

endmodule

`default_nettype wire
