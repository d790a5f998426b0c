// SPDX-License-Identifier: Apache-2.0
// 10G Ethernet transmit: frames to XGMII (802.3-2022 clauses 3, 4 and 46). Adds preamble and SFD,
// pads to 60 bytes, appends the FCS and keeps the gap with deficit idle count (46.3.1.4).
// Five cycles from a client's first beat (which waits one cycle for the preamble) to XGMII, one
// beat per cycle, outputs registered. A frame with `tx_err` on any beat, or whose client has no
// beat when it is due (underrun), leaves with four error codes in the place of the FCS; after an
// underrun the rest of the client's frame is taken and dropped.
`default_nettype none
`include "ph_assert.svh"

module mac_10g_tx (
    input  wire logic        clk_i,
    input  wire logic        rst_ni,
    input  wire logic        tx_valid,
    output logic             tx_ready,
    input  wire logic [63:0] tx_data,
    input  wire logic [7:0]  tx_keep,
    input  wire logic        tx_last,
    input  wire logic        tx_err,            // on any beat
    output logic [63:0]      xgmii_txd_o,
    output logic [7:0]       xgmii_txc_o,
    input  wire logic        cfg_tx_enable,     // low: no frame starts
    input  wire logic [7:0]  cfg_tx_ifg,        // bytes from terminate to start; 8..255, nominal 12
    output logic             stat_tx_good,      // pulses, one cycle, once per frame
    output logic             stat_tx_err,       // left as an errored frame, underruns included
    output logic             stat_tx_underrun,
    output logic             stat_tx_unicast,   // these three: good frames
    output logic             stat_tx_multicast,
    output logic             stat_tx_broadcast,
    output logic [15:0]      stat_tx_bytes,     // with stat_tx_good: frame bytes with pad and FCS
    output logic             tx_busy_o
);
  localparam logic [7:0] XgmiiIdle = 8'h07;  // 802.3-2022 table 46-3
  localparam logic [7:0] XgmiiStart = 8'hfb;
  localparam logic [7:0] XgmiiTerminate = 8'hfd;
  localparam logic [7:0] XgmiiError = 8'hfe;
  localparam logic [63:0] PreambleWord = {8'hd5, {6{8'h55}}, XgmiiStart};
  localparam logic [3:0] PadBeat = 4'd7;  // 60 = 7 * 8 + 4

  typedef enum logic [1:0] {
    StGap,   // between frames; with wait_q = 0 a frame may start in this cycle
    StData,  // the client's beats, one per cycle
    StPad    // zeros up to 60 bytes
  } state_e;

  // --- Which word goes out in this cycle, as if every frame began on lane 0 ----------------------
  state_e state_q, state_d;
  logic [5:0] wait_q, wait_d;        // cycles until a frame may start
  logic lane4_q, lane4_d;            // the frame starts on lane 4
  logic [1:0] deficit_q, deficit_d;  // how much earlier than the gap asks frames have started
  logic err_q, err_d;                // this frame leaves as errored
  logic drain_q, drain_d;            // dropping the rest of a frame after its underrun
  logic [3:0] beat_q, beat_d;        // beats so far, up to PadBeat + 1
  logic [15:0] len_q, len_d;         // bytes so far

  logic start, data_word, last_word, underrun, short_word;
  logic [3:0] client_bytes, bytes;
  logic [63:0] word;

  always_comb begin
    client_bytes = 4'd1;
    for (int i = 1; i < 8; i++) if (tx_keep[i]) client_bytes = 4'(i + 1);
  end

  assign start = state_q == StGap && wait_q == '0 && tx_valid && cfg_tx_enable && !drain_q;
  assign underrun = state_q == StData && !tx_valid;
  assign tx_ready = state_q == StData || drain_q;
  assign data_word = state_q != StGap;
  // The frame's payload ends in this word or has ended before.
  assign short_word = state_q == StPad || underrun || tx_last;
  assign last_word = data_word && short_word && beat_q >= PadBeat;

  always_comb begin
    bytes = 4'd8;
    if (state_q == StData && !underrun && tx_last) bytes = client_bytes;
    if (short_word && beat_q == PadBeat && (state_q == StPad || underrun || bytes < 4'd4)) begin
      bytes = 4'd4;
    end else if (short_word && beat_q < PadBeat) begin
      bytes = 4'd8;
    end
    word = '0;
    if (state_q == StData && tx_valid) begin
      for (int i = 0; i < 8; i++) if (tx_keep[i]) word[8*i +: 8] = tx_data[8*i +: 8];
    end
  end

  // The gap runs from terminate to the next start, which must lie on a multiple of four bytes: the
  // frame starts `back` bytes early if the deficit then stays below four, else 4 - back bytes late.
  // Counted in columns of four bytes from the first byte of this word.
  logic [7:0] ifg;
  logic [8:0] span;
  logic [1:0] back;
  logic [2:0] owed;
  logic [7:0] next_column;

  assign ifg = cfg_tx_ifg < 8'd8 ? 8'd8 : cfg_tx_ifg;
  assign span = {5'b0, bytes} + {1'b0, ifg};
  assign back = span[1:0];
  assign owed = {1'b0, deficit_q} + {1'b0, back};
  assign next_column = {1'b0, span[8:2]} + 8'd1 + {7'b0, lane4_q} + {7'b0, owed[2]};

  always_comb begin
    state_d = state_q;
    wait_d = wait_q;
    lane4_d = lane4_q;
    deficit_d = deficit_q;
    err_d = err_q;
    drain_d = drain_q && !(tx_valid && tx_last);
    beat_d = beat_q;
    len_d = len_q;
    unique case (state_q)
      StData, StPad: begin
        err_d = err_q || underrun || (state_q == StData && tx_valid && tx_err);
        if (underrun) drain_d = 1'b1;
        if (beat_q <= PadBeat) beat_d = beat_q + 1'b1;
        len_d = len_q + {12'b0, bytes};
        if (short_word) state_d = StPad;
        if (last_word) begin
          state_d = StGap;
          wait_d = 6'(next_column[7:1] - 1'b1);
          lane4_d = next_column[0];
          deficit_d = owed[1:0];
        end
      end
      default: begin  // StGap
        err_d = 1'b0;
        beat_d = '0;
        len_d = 16'd4;
        if (wait_q != '0) begin
          wait_d = wait_q - 1'b1;
        end else if (start) begin
          state_d = StData;
        end else begin
          // The line is idle: nothing is owed, and the next frame starts on lane 0.
          lane4_d = 1'b0;
          deficit_d = '0;
        end
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StGap;
      wait_q <= '0;
      lane4_q <= 1'b0;
      deficit_q <= '0;
      err_q <= 1'b0;
      drain_q <= 1'b0;
      beat_q <= '0;
      len_q <= 16'd4;
    end else begin
      state_q <= state_d;
      wait_q <= wait_d;
      lane4_q <= lane4_d;
      deficit_q <= deficit_d;
      err_q <= err_d;
      drain_q <= drain_d;
      beat_q <= beat_d;
      len_q <= len_d;
    end
  end

  // --- Three stages: a = the word, b = CRC window, c = FCS ---------------------------------------
  logic a_start_q, b_start_q, c_start_q;
  logic a_data_q, b_data_q, c_data_q;  // a word of the frame
  logic a_last_q, b_last_q, c_last_q;
  logic a_err_q, b_err_q, c_err_q;     // with last
  logic a_lane4_q, b_lane4_q, c_lane4_q;
  logic [3:0] a_bytes_q, b_bytes_q, c_bytes_q;
  logic [63:0] a_word_q, b_word_q, c_word_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {a_start_q, b_start_q, c_start_q} <= '0;
      {a_data_q, b_data_q, c_data_q} <= '0;
      {a_last_q, b_last_q, c_last_q} <= '0;
      {a_lane4_q, b_lane4_q, c_lane4_q} <= '0;
    end else begin
      {a_start_q, b_start_q, c_start_q} <= {start, a_start_q, b_start_q};
      {a_data_q, b_data_q, c_data_q} <= {data_word, a_data_q, b_data_q};
      {a_last_q, b_last_q, c_last_q} <= {last_word, a_last_q, b_last_q};
      // Holds through the gap, so that what is left of the frame still leaves in its lanes.
      {a_lane4_q, b_lane4_q, c_lane4_q} <= {start ? lane4_q : a_lane4_q, a_lane4_q, b_lane4_q};
    end
  end
  always_ff @(posedge clk_i) begin
    if (data_word) begin
      a_word_q <= word;
      a_bytes_q <= bytes;
      a_err_q <= err_d;
    end
    if (a_data_q) begin
      b_word_q <= a_word_q;
      b_bytes_q <= a_bytes_q;
      b_err_q <= a_err_q;
    end
    if (b_data_q) begin
      c_word_q <= b_word_q;
      c_bytes_q <= b_bytes_q;
      c_err_q <= b_err_q;
    end
  end

  logic [31:0] crc_q, crc_next, rest, b_rest_q, tail_crc, c_fcs_q;
  logic [63:0] window, b_window_q;

  crc32_d64 u_crc_body (
      .en_i(a_data_q),
      .data_i(a_word_q ^ {32'b0, crc_q}),
      .crc_o(crc_next)
  );
  crc32_align u_crc32_align (
      .crc_i(crc_q),
      .data_i(a_word_q),
      .bytes_i(a_bytes_q),
      .window_o(window),
      .rest_o(rest)
  );
  crc32_d64 u_crc_tail (
      .en_i(b_last_q),
      .data_i(b_window_q),
      .crc_o(tail_crc)
  );
  always_ff @(posedge clk_i) begin
    if (a_start_q) crc_q <= '1;
    else if (a_data_q) crc_q <= crc_next;
    if (a_last_q) begin
      b_window_q <= window;
      b_rest_q <= rest;
    end
    if (b_last_q) c_fcs_q <= ~(tail_crc ^ b_rest_q);
  end

  // --- Assembly: the last data word, FCS and terminate fill up to 13 bytes -----------------------
  logic [103:0] tail_d, tail_shift;
  logic [12:0] tail_c, tail_c_shift;
  logic [63:0] asm_d, out_q;
  logic [7:0] asm_c, out_c_q;
  logic [39:0] spill_q;   // what of it belongs to the next word
  logic [4:0] spill_c_q;
  logic out_lane4_q;

  // FCS (or error codes) and terminate are shifted to their place as differences from idle, so that
  // the zeros around them mean idle.
  always_comb begin
    tail_shift = '0;
    tail_c_shift = '0;
    tail_d = '0;
    tail_c = '0;
    if (c_last_q) begin
      tail_shift = {64'b0, {XgmiiTerminate, c_err_q ? {4{XgmiiError}} : c_fcs_q} ^
          {5{XgmiiIdle}}} << {c_bytes_q, 3'b0};
      tail_c_shift = {8'b0, 1'b0, {4{!c_err_q}}} << c_bytes_q;
      tail_d = tail_shift ^ {13{XgmiiIdle}};
      tail_c = ~tail_c_shift;
      for (int i = 0; i < 8; i++) begin
        if (4'(i) < c_bytes_q) begin
          tail_d[8*i +: 8] = c_word_q[8*i +: 8];
          tail_c[i] = 1'b0;
        end
      end
    end
  end

  always_comb begin
    asm_d = {{3{XgmiiIdle}}, spill_q};
    asm_c = {3'h7, spill_c_q};
    if (c_start_q) begin
      asm_d = PreambleWord;
      asm_c = 8'h01;
    end else if (c_data_q) begin
      asm_d = c_last_q ? tail_d[63:0] : c_word_q;
      asm_c = c_last_q ? tail_c[7:0] : 8'h00;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !c_last_q) begin
      spill_q <= {5{XgmiiIdle}};
      spill_c_q <= 5'h1f;
    end else begin
      spill_q <= tail_d[103:64];
      spill_c_q <= tail_c[12:8];
    end
  end

  // --- Lane 4: half a word later -----------------------------------------------------------------
  logic [31:0] half_q;
  logic [3:0] half_c_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_q <= {8{XgmiiIdle}};
      out_c_q <= '1;
      out_lane4_q <= 1'b0;
      half_q <= {4{XgmiiIdle}};
      half_c_q <= '1;
      xgmii_txd_o <= {8{XgmiiIdle}};
      xgmii_txc_o <= '1;
    end else begin
      out_q <= asm_d;
      out_c_q <= asm_c;
      out_lane4_q <= c_lane4_q;
      half_q <= out_lane4_q ? out_q[63:32] : {4{XgmiiIdle}};
      half_c_q <= out_lane4_q ? out_c_q[7:4] : 4'hf;
      xgmii_txd_o <= out_lane4_q ? {out_q[31:0], half_q} : out_q;
      xgmii_txc_o <= out_lane4_q ? {out_c_q[3:0], half_c_q} : out_c_q;
    end
  end

  // --- Statistics --------------------------------------------------------------------------------
  logic group_q, broadcast_q;  // of the destination address in the first word

  always_ff @(posedge clk_i) begin
    if (data_word && beat_q == '0) begin
      group_q <= word[0];
      broadcast_q <= &word[47:0];
    end
    stat_tx_good <= rst_ni && last_word && !err_d;
    stat_tx_err <= rst_ni && last_word && err_d;
    stat_tx_underrun <= rst_ni && underrun;
    stat_tx_unicast <= rst_ni && last_word && !err_d && !group_q;
    stat_tx_multicast <= rst_ni && last_word && !err_d && group_q && !broadcast_q;
    stat_tx_broadcast <= rst_ni && last_word && !err_d && broadcast_q;
    if (last_word) stat_tx_bytes <= len_d;
  end

  // --- Activity ----------------------------------------------------------------------------------
  logic [3:0] leaving_q;  // stages after c: word, its spill, lane 4's half, the output

  always_ff @(posedge clk_i) begin
    if (!rst_ni) leaving_q <= '0;
    else leaving_q <= {leaving_q[2:0], c_start_q || c_data_q};
  end
  assign tx_busy_o = state_q != StGap || wait_q != '0 || lane4_q || (|deficit_q) || (|beat_q) ||
      a_start_q || a_data_q || b_start_q || b_data_q || c_start_q || c_data_q || (|leaving_q);

  // --- Power-up: the values of reset, so that the line is idle before the first reset, too -------
  initial begin
    state_q = StGap;
    wait_q = '0;
    lane4_q = 1'b0;
    deficit_q = '0;
    err_q = 1'b0;
    drain_q = 1'b0;
    beat_q = '0;
    len_q = 16'd4;
    {a_start_q, b_start_q, c_start_q} = '0;
    {a_data_q, b_data_q, c_data_q} = '0;
    {a_last_q, b_last_q, c_last_q} = '0;
    {a_lane4_q, b_lane4_q, c_lane4_q} = '0;
    spill_q = {5{XgmiiIdle}};
    spill_c_q = 5'h1f;
    out_q = {8{XgmiiIdle}};
    out_c_q = '1;
    out_lane4_q = 1'b0;
    half_q = {4{XgmiiIdle}};
    half_c_q = '1;
    xgmii_txd_o = {8{XgmiiIdle}};
    xgmii_txc_o = '1;
    {stat_tx_good, stat_tx_err, stat_tx_underrun} = '0;
    {stat_tx_unicast, stat_tx_multicast, stat_tx_broadcast} = '0;
    leaving_q = '0;
  end

  // 1. A beat that is due and absent is the only way into an underrun.
  // 2. A frame carries at least 64 bytes.
  `ASSERT(UnderrunIsErrored, !stat_tx_underrun || err_q)
  `ASSERT(FrameNotShort, !stat_tx_good || stat_tx_bytes >= 16'd64)
`ifdef PH_PROPERTIES
  stream_props #(.DataW(64)) u_tx_props (
      .clk_i, .rst_ni, .valid(tx_valid), .ready(tx_ready), .data(tx_data), .keep(tx_keep),
      .last(tx_last), .err(tx_err));
`endif
endmodule

`default_nettype wire
