// SPDX-License-Identifier: Apache-2.0
// Device status and feature negotiation (Virtio 1.2 2.1, 2.2, 3.1.1; registers of 4.2.2):
// DriverFeatures with its selector, and Status. Bits are set in their turn and cleared by a reset
// only. FEATURES_OK is refused for a set that was not offered, without VERSION_1, or with HOST_TSO4
// but no CSUM or HOST_ECN but no HOST_TSO4 (5.1.3.1); once given, the features are frozen.
// `status_bad_o` judges the Status write that `wdata_i` would be. Each bit is a step of its own
// (2.1): what is wrong with one does not refuse another. 2.2.2 says so of FEATURES_OK, which alone
// fails to be set; and FAILED, by which a driver gives up, must arrive whatever is written beside.
`default_nettype none
`include "ph_assert.svh"

module virtio_status #(
  parameter logic [63:0] Offered = 64'd0
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic        clear_i,         // device reset
  input  wire logic        we_i,            // a whole-word write to page 0
  input  wire logic [11:0] offset_i,
  input  wire logic [31:0] wdata_i,
  input  wire logic        needs_reset_i,   // pulse
  output logic [31:0]      dev_features_o,  // read value of DeviceFeatures
  output logic [7:0]       status_o,        // read value of Status
  output logic             status_bad_o,    // this Status write asks for what it may not
  output logic             features_ok_o,
  output logic             driver_ok_o,
  output logic [63:0]      features_o
);

  // A selector knows three values: word 0, word 1, and all that do not exist.
  logic        dev_high_q, dev_none_q, drv_high_q, drv_none_q;
  logic [63:0] features_q;
  logic        alien_q;  // features above 63 were asked for
  logic        acknowledge_q, driver_q, features_ok_q, driver_ok_q, failed_q, needs_reset_q;

  logic legal;
  assign legal = (features_q & ~Offered) == 64'd0 && !alien_q &&
      features_q[virtio_pkg::FeatVersion1] &&
      (!features_q[virtio_pkg::FeatHostTso4] || features_q[virtio_pkg::FeatCsum]) &&
      (!features_q[virtio_pkg::FeatHostEcn] || features_q[virtio_pkg::FeatHostTso4]);

  always_comb begin
    status_o = 8'd0;
    status_o[virtio_pkg::StatusAcknowledge] = acknowledge_q;
    status_o[virtio_pkg::StatusDriver]      = driver_q;
    status_o[virtio_pkg::StatusDriverOk]    = driver_ok_q;
    status_o[virtio_pkg::StatusFeaturesOk]  = features_ok_q;
    status_o[virtio_pkg::StatusNeedsReset]  = needs_reset_q;
    status_o[virtio_pkg::StatusFailed]      = failed_q;
  end

  // NEEDS_RESET may be written back or not: a driver that read Status before it rose is not wrong.
  logic [7:0] dropped;
  assign dropped = status_o & ~wdata_i[7:0] & ~(8'd1 << virtio_pkg::StatusNeedsReset);
  assign status_bad_o = wdata_i != 32'd0 &&
      ((|wdata_i[31:8]) || (|wdata_i[5:4]) || (|dropped) ||
       (wdata_i[virtio_pkg::StatusFeaturesOk] && !features_ok_q && !(legal && driver_q)) ||
       (wdata_i[virtio_pkg::StatusDriverOk] && !features_ok_q));

  logic wr_dev_sel, wr_drv_sel, wr_features, wr_status;
  assign wr_dev_sel  = we_i && offset_i == virtio_pkg::RegDeviceFeaturesSel;
  assign wr_drv_sel  = we_i && offset_i == virtio_pkg::RegDriverFeaturesSel;
  assign wr_features = we_i && offset_i == virtio_pkg::RegDriverFeatures;
  assign wr_status   = we_i && offset_i == virtio_pkg::RegStatus;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      dev_high_q <= 1'b0;
      dev_none_q <= 1'b0;
      drv_high_q <= 1'b0;
      drv_none_q <= 1'b0;
      features_q <= 64'd0;
      alien_q    <= 1'b0;
    end else begin
      if (wr_dev_sel) begin
        dev_high_q <= wdata_i[0];
        dev_none_q <= |wdata_i[31:1];
      end
      if (wr_drv_sel) begin
        drv_high_q <= wdata_i[0];
        drv_none_q <= |wdata_i[31:1];
      end
      if (wr_features && !features_ok_q) begin  // frozen by FEATURES_OK
        if (drv_none_q) alien_q <= |wdata_i;
        else if (drv_high_q) features_q[63:32] <= wdata_i;
        else features_q[31:0] <= wdata_i;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      acknowledge_q <= 1'b0;
      driver_q      <= 1'b0;
      features_ok_q <= 1'b0;
      driver_ok_q   <= 1'b0;
      failed_q      <= 1'b0;
      needs_reset_q <= 1'b0;
    end else begin
      if (wr_status) begin
        if (wdata_i[virtio_pkg::StatusAcknowledge]) acknowledge_q <= 1'b1;
        if (wdata_i[virtio_pkg::StatusDriver]) driver_q <= 1'b1;
        if (wdata_i[virtio_pkg::StatusFeaturesOk] && driver_q && legal) features_ok_q <= 1'b1;
        if (wdata_i[virtio_pkg::StatusDriverOk] && features_ok_q) driver_ok_q <= 1'b1;
        if (wdata_i[virtio_pkg::StatusFailed]) failed_q <= 1'b1;
      end
      if (needs_reset_i && driver_ok_q) needs_reset_q <= 1'b1;
    end
  end

  assign dev_features_o = dev_none_q ? 32'd0 : dev_high_q ? Offered[63:32] : Offered[31:0];
  assign features_ok_o  = features_ok_q;
  assign driver_ok_o    = driver_ok_q;
  assign features_o     = features_q;

`ifdef FORMAL
`include "virtio_status.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
