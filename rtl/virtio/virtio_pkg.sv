// SPDX-License-Identifier: Apache-2.0
// Numbers of the Virtio 1.2 specification that hardware and driver share: register offsets
// of virtio-mmio 2 (4.2.2), feature bits (5.1.3, 6), virtio_net_hdr (5.1.6), split rings (2.7).
`default_nettype none

package virtio_pkg;

  // virtio-mmio registers, byte offsets (4.2.2).
  localparam logic [11:0] RegMagicValue = 12'h000;
  localparam logic [11:0] RegVersion = 12'h004;
  localparam logic [11:0] RegDeviceId = 12'h008;
  localparam logic [11:0] RegVendorId = 12'h00c;
  localparam logic [11:0] RegDeviceFeatures = 12'h010;
  localparam logic [11:0] RegDeviceFeaturesSel = 12'h014;
  localparam logic [11:0] RegDriverFeatures = 12'h020;
  localparam logic [11:0] RegDriverFeaturesSel = 12'h024;
  localparam logic [11:0] RegQueueSel = 12'h030;
  localparam logic [11:0] RegQueueSizeMax = 12'h034;
  localparam logic [11:0] RegQueueSize = 12'h038;
  localparam logic [11:0] RegQueueReady = 12'h044;
  localparam logic [11:0] RegQueueNotify = 12'h050;
  localparam logic [11:0] RegInterruptStatus = 12'h060;
  localparam logic [11:0] RegInterruptAck = 12'h064;
  localparam logic [11:0] RegStatus = 12'h070;
  localparam logic [11:0] RegQueueDescLow = 12'h080;
  localparam logic [11:0] RegQueueDescHigh = 12'h084;
  localparam logic [11:0] RegQueueDriverLow = 12'h090;
  localparam logic [11:0] RegQueueDriverHigh = 12'h094;
  localparam logic [11:0] RegQueueDeviceLow = 12'h0a0;
  localparam logic [11:0] RegQueueDeviceHigh = 12'h0a4;
  localparam logic [11:0] RegShmSel = 12'h0ac;
  localparam logic [11:0] RegShmLenLow = 12'h0b0;
  localparam logic [11:0] RegShmLenHigh = 12'h0b4;
  localparam logic [11:0] RegShmBaseLow = 12'h0b8;
  localparam logic [11:0] RegShmBaseHigh = 12'h0bc;
  localparam logic [11:0] RegQueueReset = 12'h0c0;
  localparam logic [11:0] RegConfigGeneration = 12'h0fc;
  localparam logic [11:0] RegConfig = 12'h100;

  localparam logic [31:0] MagicValue = 32'h7472_6976;
  localparam logic [31:0] Version = 32'd2;
  localparam logic [31:0] DeviceIdNet = 32'd1;
  localparam logic [31:0] VendorId = 32'h4b43_4150;  // "PACK" in memory
  localparam logic [31:0] SpeedMbps = 32'd10000;

  // Device status bits (2.1).
  localparam int unsigned StatusAcknowledge = 0;
  localparam int unsigned StatusDriver = 1;
  localparam int unsigned StatusDriverOk = 2;
  localparam int unsigned StatusFeaturesOk = 3;
  localparam int unsigned StatusNeedsReset = 6;
  localparam int unsigned StatusFailed = 7;

  // Feature bit numbers.
  localparam int unsigned FeatCsum = 0;
  localparam int unsigned FeatGuestCsum = 1;
  localparam int unsigned FeatMtu = 3;
  localparam int unsigned FeatMac = 5;
  localparam int unsigned FeatHostTso4 = 11;
  localparam int unsigned FeatHostEcn = 13;
  localparam int unsigned FeatStatus = 16;
  localparam int unsigned FeatIndirectDesc = 28;
  localparam int unsigned FeatEventIdx = 29;
  localparam int unsigned FeatVersion1 = 32;
  localparam int unsigned FeatAccessPlatform = 33;
  localparam int unsigned FeatOrderPlatform = 36;
  localparam int unsigned FeatSpeedDuplex = 63;

  // struct virtio_net_hdr (5.1.6), 12 bytes with VERSION_1.
  localparam int unsigned NetHdrLen = 12;
  localparam int unsigned NetHdrFlagNeedsCsum = 0;
  localparam int unsigned NetHdrFlagDataValid = 1;
  localparam logic [7:0] GsoNone = 8'd0;
  localparam logic [7:0] GsoTcp4 = 8'd1;
  localparam logic [7:0] GsoEcn = 8'h80;

  // Split virtqueue (2.7): descriptor flags.
  localparam int unsigned DescFlagNext = 0;
  localparam int unsigned DescFlagWrite = 1;
  localparam int unsigned DescFlagIndirect = 2;

endpackage

`default_nettype wire
