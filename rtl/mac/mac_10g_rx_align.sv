// SPDX-License-Identifier: Apache-2.0
// Receive XGMII: turns words so that each frame begins on byte 0, and names what a word holds.
// Start may stand on lane 0 or 4 (802.3-2022 46.3.1.2); the preamble must be eight bytes with the
// SFD last and without control codes. Three cycles, one word per cycle, outputs registered.
// A new frame's preamble needs no word of its own, so that its `start_o` may come together with the
// last word of the frame before: a gap of the terminate character alone is enough.
`default_nettype none

module mac_10g_rx_align (
    input  wire logic        clk_i,
    input  wire logic        rst_ni,
    input  wire logic [63:0] xgmii_rxd_i,
    input  wire logic [7:0]  xgmii_rxc_i,
    output logic [63:0]      word_o,
    output logic [3:0]       bytes_o,      // data bytes before the first control code, 0..8
    output logic             terminate_o,  // that code is terminate
    output logic             start_o,      // the next word is the first of a frame
    output logic             bad_start_o,  // a start without a right preamble
    output logic             busy_o        // something else than idle is in here
);
  localparam logic [7:0] XgmiiIdle = 8'h07;  // 802.3-2022 table 46-3
  localparam logic [7:0] XgmiiStart = 8'hfb;
  localparam logic [7:0] XgmiiTerminate = 8'hfd;
  localparam logic [7:0] Sfd = 8'hd5;

  logic [63:0] new_q, old_q, word;
  logic [7:0] new_c_q, old_c_q, word_c;
  logic lane4_q;  // the newest frame began on lane 4
  logic start0, start4, head_good;
  logic [3:0] bytes;
  logic terminate;

  assign start0 = old_c_q[0] && old_q[7:0] == XgmiiStart;
  assign start4 = old_c_q[4] && old_q[39:32] == XgmiiStart;
  assign head_good = start4 ?
      old_c_q[7:5] == '0 && new_c_q[3:0] == '0 && new_q[31:24] == Sfd :
      old_c_q[7:1] == '0 && old_q[63:56] == Sfd;
  assign word = lane4_q ? {new_q[31:0], old_q[63:32]} : old_q;
  assign word_c = lane4_q ? {new_c_q[3:0], old_c_q[7:4]} : old_c_q;

  always_comb begin
    bytes = 4'd8;
    terminate = 1'b0;
    if (word_c != '0) for (int i = 7; i >= 0; i--) begin
      if (word_c[i]) begin
        bytes = 4'(i);
        terminate = word[8*i +: 8] == XgmiiTerminate;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      new_q <= {8{XgmiiIdle}};
      old_q <= {8{XgmiiIdle}};
      new_c_q <= '1;
      old_c_q <= '1;
      lane4_q <= 1'b0;
      start_o <= 1'b0;
      bad_start_o <= 1'b0;
      bytes_o <= '0;
      terminate_o <= 1'b0;
    end else begin
      new_q <= xgmii_rxd_i;
      old_q <= new_q;
      new_c_q <= xgmii_rxc_i;
      old_c_q <= new_c_q;
      if (start0 || start4) lane4_q <= start4;
      start_o <= (start0 || start4) && head_good;
      bad_start_o <= (start0 || start4) && !head_good;
      bytes_o <= bytes;
      terminate_o <= terminate;
    end
  end
  always_ff @(posedge clk_i) word_o <= word;

  // Activity: idle words follow each other through the stages.
  logic new_idle_q, old_idle_q, out_idle_q;
  always_ff @(posedge clk_i) begin
    new_idle_q <= !rst_ni || ((&xgmii_rxc_i) && xgmii_rxd_i == {8{XgmiiIdle}});
    old_idle_q <= !rst_ni || new_idle_q;
    out_idle_q <= !rst_ni || old_idle_q;
  end
  // Power-up: the values of reset.
  initial begin
    new_q = {8{XgmiiIdle}};
    old_q = {8{XgmiiIdle}};
    new_c_q = '1;
    old_c_q = '1;
    lane4_q = 1'b0;
    start_o = 1'b0;
    bad_start_o = 1'b0;
    bytes_o = '0;
    terminate_o = 1'b0;
    {new_idle_q, old_idle_q, out_idle_q} = '1;
  end
  assign busy_o = !new_idle_q || !old_idle_q || !out_idle_q;
endmodule

`default_nettype wire
