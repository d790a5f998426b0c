// SPDX-License-Identifier: Apache-2.0
// 10G Ethernet receive: XGMII to frames without preamble and FCS (802.3-2022 clauses 3, 4, 46).
// Seven cycles from a word on XGMII to its beat, one beat per cycle, outputs registered;
// there is no ready. A frame that is short, long, damaged or has a wrong FCS ends with `rx_err` in
// its last beat; frames for other stations and fragments of up to four bytes leave no beat.
// The statistics come with the last beat. A frame counts under one cause only: code error, then
// oversize, runt, FCS. A frame that grows too long is cut there; its rest is passed over.
`default_nettype none
`include "ph_assert.svh"

module mac_10g_rx (
    input  wire logic        clk_i,
    input  wire logic        rst_ni,
    input  wire logic [63:0] xgmii_rxd_i,
    input  wire logic [7:0]  xgmii_rxc_i,
    output logic             rx_valid,
    output logic [63:0]      rx_data,
    output logic [7:0]       rx_keep,
    output logic             rx_last,
    output logic             rx_err,             // with last: drop the frame
    input  wire logic        cfg_rx_enable,      // low: no frame begins
    input  wire logic [15:0] cfg_rx_max_len,     // bytes, destination address to FCS
    input  wire logic [47:0] cfg_mac_addr,       // first byte on the wire in bits 47:40
    input  wire logic        cfg_promisc,
    input  wire logic        cfg_allmulti,
    output logic             stat_rx_good,       // pulses; for this station
    output logic [15:0]      stat_rx_bytes,      // with stat_rx_good, FCS included
    output logic             stat_rx_unicast,    // these three: with stat_rx_good
    output logic             stat_rx_multicast,
    output logic             stat_rx_broadcast,
    output logic             stat_rx_filtered,   // good, for another station
    output logic             stat_rx_bad_fcs,
    output logic             stat_rx_runt,       // under 64 bytes
    output logic             stat_rx_oversize,   // over cfg_rx_max_len
    output logic             stat_rx_code_err,   // control code inside, or a wrong preamble
    output logic             rx_busy_o
);
  // The state after a frame with its right FCS (802.3-2022 3.2.9), before the final complement.
  localparam logic [31:0] Residue = 32'hdebb20e3;
  localparam logic [16:0] MinLen = 17'd64;

  // --- Words -------------------------------------------------------------------------------------
  logic [63:0] word;
  logic [3:0] bytes;
  logic terminate, start, bad_start, align_busy;

  mac_10g_rx_align u_mac_10g_rx_align (
      .clk_i,
      .rst_ni,
      .xgmii_rxd_i,
      .xgmii_rxc_i,
      .word_o(word),
      .bytes_o(bytes),
      .terminate_o(terminate),
      .start_o(start),
      .bad_start_o(bad_start),
      .busy_o(align_busy)
  );

  // --- Frames ------------------------------------------------------------------------------------
  // A word is held back until the next one tells whether it, too, holds some of the FCS.
  logic open_q;                // inside a frame
  logic first_q;               // its first word comes now
  logic held_valid_q;
  logic [63:0] held_q;
  logic [15:0] len_q;          // bytes in whole words so far
  logic late_q;                // the last beat follows, one cycle after the frame's last word
  logic bad_start_q;
  logic accept_q, group_q, broadcast_q;
  logic accept, group, broadcast;

  logic whole, ends, over, code, runt, long_tail;
  logic [16:0] len;

  assign whole = bytes[3];
  assign len = {1'b0, len_q} + {13'b0, bytes};
  assign over = len > {1'b0, cfg_rx_max_len};
  assign code = !whole && !terminate;
  assign runt = len < MinLen;
  assign ends = open_q && (!whole || over);
  // The FCS begins inside this word, so that it is a beat of its own.
  assign long_tail = terminate && bytes > 4'd4;

  mac_filter u_mac_filter (
      .addr_i(word[47:0]),
      .cfg_mac_addr,
      .cfg_promisc,
      .cfg_allmulti,
      .accept_o(accept),
      .group_o(group),
      .broadcast_o(broadcast)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q <= 1'b0;
      first_q <= 1'b0;
      held_valid_q <= 1'b0;
      len_q <= '0;
      late_q <= 1'b0;
      bad_start_q <= 1'b0;
    end else begin
      late_q <= ends && long_tail;
      bad_start_q <= bad_start && cfg_rx_enable;
      if (start && cfg_rx_enable) begin
        open_q <= 1'b1;
        first_q <= 1'b1;
        held_valid_q <= 1'b0;
        len_q <= '0;
      end else if (ends) begin
        open_q <= 1'b0;
        first_q <= 1'b0;
        held_valid_q <= 1'b0;
      end else if (open_q) begin
        first_q <= 1'b0;
        held_valid_q <= 1'b1;
        len_q <= len[15:0];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (open_q) held_q <= word;
    if (open_q && first_q) begin
      accept_q <= accept;
      group_q <= group;
      broadcast_q <= broadcast;
    end
  end

  // --- FCS: the frame's last word passes a matrix of its own two cycles later --------------------
  logic [31:0] crc_q, crc_next, rest, rest_q, tail_crc;
  logic [63:0] window, window_q;
  logic check_q, fcs_good_q;

  crc32_d64 u_crc_body (
      .en_i(open_q),
      .data_i(word ^ {32'b0, crc_q}),
      .crc_o(crc_next)
  );
  crc32_align u_crc32_align (
      .crc_i(crc_q),
      .data_i(word),
      .bytes_i(bytes),
      .window_o(window),
      .rest_o(rest)
  );
  crc32_d64 u_crc_tail (
      .en_i(check_q),
      .data_i(window_q),
      .crc_o(tail_crc)
  );
  always_ff @(posedge clk_i) begin
    if (start) crc_q <= '1;
    else if (open_q) crc_q <= crc_next;
    if (ends) begin
      window_q <= window;
      rest_q <= rest;
    end
    check_q <= rst_ni && ends;
    if (check_q) fcs_good_q <= (tail_crc ^ rest_q) == Residue;
  end

  // --- Beats: 0 = now, then two stages in which the FCS is checked -------------------------------
  localparam int unsigned InfoW = 4 + 1 + 1 + 3 + 3 + 16;
  logic beat, last, event_now;
  logic [3:0] beat_bytes;
  logic s1_beat_q, s2_beat_q, s1_event_q, s2_event_q;
  logic [63:0] s1_data_q, s2_data_q;
  logic [InfoW-1:0] info, s1_info_q, s2_info_q;
  logic late_runt_q, late_over_q;
  logic [3:0] late_bytes_q;
  logic [15:0] late_len_q;

  always_ff @(posedge clk_i) begin
    if (ends) begin
      late_runt_q <= runt;
      late_over_q <= over;
      late_bytes_q <= bytes - 4'd4;
      late_len_q <= len[15:0];
    end
  end

  assign last = late_q || (ends && !long_tail);
  assign beat = late_q || held_valid_q;
  assign event_now = last || bad_start_q;

  always_comb begin
    beat_bytes = 4'd8;
    if (late_q) beat_bytes = late_bytes_q;
    else if (ends && !long_tail && terminate) beat_bytes = 4'd4 + bytes;
  end
  assign info = {
    beat_bytes, last, bad_start_q && !last,
    accept_q, group_q, broadcast_q,
    late_q ? {1'b0, late_over_q, late_runt_q} : {code, over, runt},
    late_q ? late_len_q : len[15:0]
  };

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {s1_beat_q, s2_beat_q, s1_event_q, s2_event_q} <= '0;
    end else begin
      s1_beat_q <= beat && (late_q || open_q) && accept_q;
      s2_beat_q <= s1_beat_q;
      s1_event_q <= event_now;
      s2_event_q <= s1_event_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (beat || event_now) begin
      s1_data_q <= held_q;
      s1_info_q <= info;
    end
    if (s1_beat_q || s1_event_q) begin
      s2_data_q <= s1_data_q;
      s2_info_q <= s1_info_q;
    end
  end

  // --- Verdict -----------------------------------------------------------------------------------
  logic [3:0] v_bytes;
  logic v_last, v_bad_start, v_accept, v_group, v_broadcast, v_code, v_over, v_runt, v_good, v_end;
  logic [15:0] v_len;

  assign {v_bytes, v_last, v_bad_start, v_accept, v_group, v_broadcast, v_code, v_over, v_runt,
          v_len} = s2_info_q;
  assign v_good = !v_code && !v_over && !v_runt && fcs_good_q;
  assign v_end = s2_event_q && v_last;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rx_valid <= 1'b0;
      {stat_rx_good, stat_rx_unicast, stat_rx_multicast, stat_rx_broadcast} <= '0;
      {stat_rx_filtered, stat_rx_bad_fcs, stat_rx_runt, stat_rx_oversize, stat_rx_code_err} <= '0;
    end else begin
      rx_valid <= s2_beat_q;
      stat_rx_good <= v_end && v_good && v_accept;
      stat_rx_unicast <= v_end && v_good && v_accept && !v_group;
      stat_rx_multicast <= v_end && v_good && v_accept && v_group && !v_broadcast;
      stat_rx_broadcast <= v_end && v_good && v_accept && v_broadcast;
      stat_rx_filtered <= v_end && v_good && !v_accept;
      stat_rx_code_err <= s2_event_q && (v_bad_start || v_code);
      stat_rx_oversize <= v_end && !v_code && v_over;
      stat_rx_runt <= v_end && !v_code && !v_over && v_runt;
      stat_rx_bad_fcs <= v_end && !v_code && !v_over && !v_runt && !fcs_good_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (s2_beat_q) begin
      rx_data <= s2_data_q;
      rx_last <= v_last;
      rx_err <= v_last && !v_good;
      for (int i = 0; i < 8; i++) rx_keep[i] <= 4'(i) < v_bytes;
    end
    if (v_end) stat_rx_bytes <= v_len;
  end

  // --- Activity ----------------------------------------------------------------------------------
  logic out_busy_q;
  always_ff @(posedge clk_i) out_busy_q <= rst_ni && (s2_beat_q || s2_event_q);
  assign rx_busy_o = align_busy || open_q || late_q || bad_start_q || check_q || s1_beat_q ||
      s1_event_q || s2_beat_q || s2_event_q || out_busy_q;

  // --- Power-up: the values of reset, so that nothing is received before the first reset ---------
  initial begin
    open_q = 1'b0;
    first_q = 1'b0;
    held_valid_q = 1'b0;
    len_q = '0;
    late_q = 1'b0;
    bad_start_q = 1'b0;
    check_q = 1'b0;
    {s1_beat_q, s2_beat_q, s1_event_q, s2_event_q} = '0;
    rx_valid = 1'b0;
    {stat_rx_good, stat_rx_unicast, stat_rx_multicast, stat_rx_broadcast} = '0;
    {stat_rx_filtered, stat_rx_bad_fcs, stat_rx_runt, stat_rx_oversize, stat_rx_code_err} = '0;
    out_busy_q = 1'b0;
  end

  // 1. A frame is reported under one cause.
  // 2. A good frame is within the limits.
  `ASSERT(OneCause, $onehot0({stat_rx_good, stat_rx_filtered, stat_rx_code_err, stat_rx_oversize,
                              stat_rx_runt, stat_rx_bad_fcs}))
  `ASSERT(GoodFrameNotShort, !stat_rx_good || stat_rx_bytes >= 16'd64)
`ifdef PH_PROPERTIES
  stream_props #(.DataW(64)) u_rx_props (
      .clk_i, .rst_ni, .valid(rx_valid), .ready(1'b1), .data(rx_data), .keep(rx_keep),
      .last(rx_last), .err(rx_err));
`endif
endmodule

`default_nettype wire
