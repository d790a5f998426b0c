// SPDX-License-Identifier: Apache-2.0
// Per-queue configuration of virtio-mmio (Virtio 1.2 4.2.2: QueueSize, QueueDesc, QueueDriver,
// QueueDevice), in RAM indexed by queue number. One write port for the registers, one read port for
// the ring engine: the answer comes in the cycle after the question. `complete_o` tells that every
// word of the selected queue was written since the last device reset, so that a queue never starts
// on addresses of an old life.
`default_nettype none
`include "ph_assert.svh"

module virtio_queue_regs #(
  parameter int unsigned NumQueues = 2  /// 1..64
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        clear_i,     // device reset: forget what was written
  input  wire logic [7:0]  sel_i,
  input  wire logic        sel_ok_i,
  input  wire logic        we_i,        // offset_i is checked: a legal value for this queue
  input  wire logic [11:0] offset_i,
  input  wire logic [31:0] wdata_i,
  output logic             complete_o,
  input  wire logic [7:0]  qcfg_queue_i,
  output logic [15:0]      qcfg_size_o,
  output logic [63:0]      qcfg_desc_o,
  output logic [63:0]      qcfg_driver_o,
  output logic [63:0]      qcfg_device_o
);

  localparam int unsigned IdxW = NumQueues > 1 ? $clog2(NumQueues) : 1;
  localparam int unsigned NumWords = 7;

  // Which word is written: bit 0 size, then low and high of desc, driver, device.
  logic [NumWords-1:0] word;
  always_comb begin
    word = '0;
    unique case (offset_i)
      virtio_pkg::RegQueueSize:       word[0] = we_i;
      virtio_pkg::RegQueueDescLow:    word[1] = we_i;
      virtio_pkg::RegQueueDescHigh:   word[2] = we_i;
      virtio_pkg::RegQueueDriverLow:  word[3] = we_i;
      virtio_pkg::RegQueueDriverHigh: word[4] = we_i;
      virtio_pkg::RegQueueDeviceLow:  word[5] = we_i;
      virtio_pkg::RegQueueDeviceHigh: word[6] = we_i;
      default: word = '0;
    endcase
  end

  logic [15:0] size_mem        [0:NumQueues-1];
  logic [31:0] desc_low_mem    [0:NumQueues-1];
  logic [31:0] desc_high_mem   [0:NumQueues-1];
  logic [31:0] driver_low_mem  [0:NumQueues-1];
  logic [31:0] driver_high_mem [0:NumQueues-1];
  logic [31:0] device_low_mem  [0:NumQueues-1];
  logic [31:0] device_high_mem [0:NumQueues-1];

  logic [IdxW-1:0] wr_idx, rd_idx;
  assign wr_idx = sel_i[IdxW-1:0];
  assign rd_idx = qcfg_queue_i[IdxW-1:0];

  always_ff @(posedge clk_i) begin
    if (word[0]) size_mem[wr_idx] <= wdata_i[15:0];
    if (word[1]) desc_low_mem[wr_idx] <= wdata_i;
    if (word[2]) desc_high_mem[wr_idx] <= wdata_i;
    if (word[3]) driver_low_mem[wr_idx] <= wdata_i;
    if (word[4]) driver_high_mem[wr_idx] <= wdata_i;
    if (word[5]) device_low_mem[wr_idx] <= wdata_i;
    if (word[6]) device_high_mem[wr_idx] <= wdata_i;
    qcfg_size_o   <= size_mem[rd_idx];
    qcfg_desc_o   <= {desc_high_mem[rd_idx], desc_low_mem[rd_idx]};
    qcfg_driver_o <= {driver_high_mem[rd_idx], driver_low_mem[rd_idx]};
    qcfg_device_o <= {device_high_mem[rd_idx], device_low_mem[rd_idx]};
  end

  // What was written, per queue.
  logic [NumQueues-1:0] complete;
  for (genvar q = 0; q < NumQueues; q++) begin : g_queue
    logic [NumWords-1:0] written_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear_i) written_q <= '0;
      else if (sel_i == 8'(q)) written_q <= written_q | word;
    end
    assign complete[q] = sel_ok_i && sel_i == 8'(q) && (&written_q);
  end
  assign complete_o = |complete;

`ifdef FORMAL
`include "virtio_queue_regs.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
