// SPDX-License-Identifier: Apache-2.0
// Rules of virtio_status (Virtio 1.2 2.1, 2.2, 3.1.1).
//  1. FEATURES_OK stands only beside a legal set: offered, with VERSION_1, TSO only with CSUM.
//  2. The set does not change while FEATURES_OK stands.
//  3. DRIVER_OK only after FEATURES_OK, FEATURES_OK only after DRIVER, NEEDS_RESET after DRIVER_OK.
//  4. No bit falls but by reset; after reset all are zero.
//  5. DeviceFeatures shows nothing that was not offered.
//  6. A write that is judged bad never gives FEATURES_OK or DRIVER_OK.
`RESET_FIRST
logic [63:0] f_features_q;
logic [7:0] f_status_q;
logic f_live_q, f_clear_q, f_bad_q;
always_ff @(posedge clk_i) begin
  f_live_q <= rst_ni && !clear_i;
  f_clear_q <= !rst_ni || clear_i;
  f_features_q <= features_o;
  f_status_q <= status_o;
  f_bad_q <= rst_ni && !clear_i && we_i && offset_i == virtio_pkg::RegStatus && status_bad_o;
end
`ASSERT(FeaturesLegal, !features_ok_o ||
    ((features_o & ~Offered) == 64'd0 && features_o[virtio_pkg::FeatVersion1] &&
     (!features_o[virtio_pkg::FeatHostTso4] || features_o[virtio_pkg::FeatCsum])))
`ASSERT(FeaturesFrozen, !f_live_q || !f_status_q[virtio_pkg::StatusFeaturesOk] ||
                        features_o == f_features_q)
`ASSERT(StepsInOrder, (!driver_ok_o || features_ok_o) &&
                      (!features_ok_o || status_o[virtio_pkg::StatusDriver]) &&
                      (!status_o[virtio_pkg::StatusNeedsReset] || driver_ok_o))
`ASSERT(BitsStay, !f_live_q || (f_status_q & ~status_o) == 8'd0)
`ASSERT(ResetClears, !f_clear_q || (status_o == 8'd0 && features_o == 64'd0))
`ASSERT(OnlyOffered, dev_features_o == 32'd0 || dev_features_o == Offered[31:0] ||
                     dev_features_o == Offered[63:32])
`ASSERT(BadWriteGivesNothing, !f_bad_q || !f_live_q ||
    (driver_ok_o == f_status_q[virtio_pkg::StatusDriverOk] || f_status_q[virtio_pkg::StatusFeaturesOk]))
`ASSERT(IllegalSetRefused, !f_live_q || features_ok_o == f_status_q[virtio_pkg::StatusFeaturesOk] ||
                           !f_bad_q || f_status_q[virtio_pkg::StatusDriver])
`COVER(DriverOk, driver_ok_o && features_o[virtio_pkg::FeatHostTso4])
`COVER(NeedsReset, status_o[virtio_pkg::StatusNeedsReset])
