// SPDX-License-Identifier: Apache-2.0
// Station filter: looks at the destination address, the first six bytes of a frame
// (802.3-2022 3.2.3 and 4.2.4.1.1). Combinational.
`default_nettype none

module mac_filter (
    input  wire logic [47:0] addr_i,         // first byte on the wire in bits 7:0
    input  wire logic [47:0] cfg_mac_addr,   // first byte on the wire in bits 47:40
    input  wire logic        cfg_promisc,    // every frame
    input  wire logic        cfg_allmulti,   // every group address
    output logic             accept_o,
    output logic             group_o,        // group address, broadcast included
    output logic             broadcast_o
);
  logic [47:0] station;
  for (genvar i = 0; i < 6; i++) begin : g_swap
    assign station[8*i +: 8] = cfg_mac_addr[8*(5-i) +: 8];
  end

  assign group_o = addr_i[0];
  assign broadcast_o = &addr_i;
  assign accept_o = cfg_promisc || broadcast_o || (group_o && cfg_allmulti) || addr_i == station;
endmodule

`default_nettype wire
