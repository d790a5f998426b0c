// SPDX-License-Identifier: Apache-2.0
// Rules of virtio_status (Virtio 1.2 2.1, 2.2, 3.1.1).
//  1. FEATURES_OK stands only beside a legal set: offered, with VERSION_1, TSO only with CSUM.
//  2. The set does not change while FEATURES_OK stands.
//  3. DRIVER_OK only after FEATURES_OK, FEATURES_OK only after DRIVER, NEEDS_RESET after DRIVER_OK.
//  4. No bit falls but by reset; after reset all are zero.
//  5. DeviceFeatures shows nothing that was not offered.
//  6. A Status write sets each of its bits by that bit's own rule, whatever stands beside it and
//     whether or not the write is counted as wrong: ACKNOWLEDGE, DRIVER, FAILED always, FEATURES_OK
//     with DRIVER and a legal set, DRIVER_OK with FEATURES_OK. Nothing else sets them.
//  7. A write is counted exactly if it has a bit that 2.1 does not know or that may not be set yet,
//     or lacks one that is set (but NEEDS_RESET); 0, the reset, never is.
`RESET_FIRST
logic [63:0] f_features_q;
logic [7:0] f_status_q;
logic f_live_q, f_clear_q;
logic [7:0] f_set, f_set_q;
logic f_refused;
// What this write may set, from the state and the set alone; bits 4 and 5 are reserved, NEEDS_RESET
// is the device's.
always_comb begin
  f_set = wdata_i[7:0] & 8'h83;
  f_set[3] = wdata_i[3] && status_o[1] && (features_o & ~Offered) == 64'd0 && !alien_q &&
             features_o[virtio_pkg::FeatVersion1] &&
             (!features_o[virtio_pkg::FeatHostTso4] || features_o[virtio_pkg::FeatCsum]) &&
             (!features_o[virtio_pkg::FeatHostEcn] || features_o[virtio_pkg::FeatHostTso4]);
  f_set[2] = wdata_i[2] && status_o[3];
end
assign f_refused = (wdata_i & ~{24'd0, f_set | status_o | 8'h40}) != 32'd0 ||
                   (status_o & 8'hbf & ~wdata_i[7:0]) != 8'd0;
always_ff @(posedge clk_i) begin
  f_live_q <= rst_ni && !clear_i;
  f_clear_q <= !rst_ni || clear_i;
  f_features_q <= features_o;
  f_status_q <= status_o;
  f_set_q <= we_i && offset_i == virtio_pkg::RegStatus ? f_set : 8'd0;
end
`ASSERT(FeaturesLegal, !features_ok_o ||
    ((features_o & ~Offered) == 64'd0 && features_o[virtio_pkg::FeatVersion1] &&
     (!features_o[virtio_pkg::FeatHostTso4] || features_o[virtio_pkg::FeatCsum]) &&
     (!features_o[virtio_pkg::FeatHostEcn] || features_o[virtio_pkg::FeatHostTso4])))
`ASSERT(FeaturesFrozen, !f_live_q || !f_status_q[virtio_pkg::StatusFeaturesOk] ||
                        features_o == f_features_q)
`ASSERT(StepsInOrder, (!driver_ok_o || features_ok_o) &&
                      (!features_ok_o || status_o[virtio_pkg::StatusDriver]) &&
                      (!status_o[virtio_pkg::StatusNeedsReset] || driver_ok_o))
`ASSERT(BitsStay, !f_live_q || (f_status_q & ~status_o) == 8'd0)
`ASSERT(ResetClears, !f_clear_q || (status_o == 8'd0 && features_o == 64'd0))
`ASSERT(OnlyOffered, dev_features_o == 32'd0 || dev_features_o == Offered[31:0] ||
                     dev_features_o == Offered[63:32])
`ASSERT(EachBitAlone, !f_live_q || (status_o & 8'hbf) == ((f_status_q | f_set_q) & 8'hbf))
`ASSERT(CountedExactly, status_bad_o == (wdata_i != 32'd0 && f_refused))
`COVER(DriverOk, driver_ok_o && features_o[virtio_pkg::FeatHostTso4])
`COVER(NeedsReset, status_o[virtio_pkg::StatusNeedsReset])
`COVER(FailedBesideWrong, status_o == 8'h82 && f_set_q[7] && f_status_q == 8'h02)
