// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite slave port: turns the five channels into one access at a time.
// `req` rises with a stable access and falls after the cycle in which `ack` is high; `ack` may come
// in the first cycle of `req` or any time later. Reads and writes that wait together alternate.
// Latency: 1 cycle from the last channel's handshake to `req`, 1 from `ack` to B or R.
// Every response is OKAY: what is wrong with an access is counted, not signalled (AMBA AXI B1.1).
`default_nettype none
`include "ph_assert.svh"

module axil_port #(
  parameter int unsigned AddrW = 13  /// 3..32
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  // AXI4-Lite slave
  input  wire logic [AddrW-1:0] s_axil_awaddr,
  input  wire logic             s_axil_awvalid,
  output logic                  s_axil_awready,
  input  wire logic [31:0]      s_axil_wdata,
  input  wire logic [3:0]       s_axil_wstrb,
  input  wire logic             s_axil_wvalid,
  output logic                  s_axil_wready,
  output logic [1:0]            s_axil_bresp,
  output logic                  s_axil_bvalid,
  input  wire logic             s_axil_bready,
  input  wire logic [AddrW-1:0] s_axil_araddr,
  input  wire logic             s_axil_arvalid,
  output logic                  s_axil_arready,
  output logic [31:0]           s_axil_rdata,
  output logic [1:0]            s_axil_rresp,
  output logic                  s_axil_rvalid,
  input  wire logic             s_axil_rready,
  // One access at a time
  output logic                  req_o,
  output logic                  we_o,
  output logic [AddrW-1:0]      addr_o,
  output logic [31:0]           wdata_o,
  output logic [3:0]            wstrb_o,
  input  wire logic             ack_i,
  input  wire logic [31:0]      rdata_i,  // valid with ack_i
  output logic                  busy_o
);

  if (AddrW < 3 || AddrW > 32) begin : g_bad_addr_w
    $fatal(1, "AddrW must be 3..32");
  end

  // Each request channel has one holding register; it is free again when its access is answered.
  logic             aw_full_q, w_full_q, ar_full_q;
  logic [AddrW-1:0] awaddr_q, araddr_q;
  logic [31:0]      wdata_q, rdata_q;
  logic [3:0]       wstrb_q;
  logic             bvalid_q, rvalid_q;
  logic             run_q;    // an access is presented
  logic             write_q;  // it is a write; also the last one served, for alternation

  logic write_waits, read_waits, start_write;
  assign write_waits = aw_full_q && w_full_q && !bvalid_q;
  assign read_waits  = ar_full_q && !rvalid_q;
  assign start_write = write_waits && (!read_waits || !write_q);

  assign s_axil_awready = !aw_full_q;
  assign s_axil_wready  = !w_full_q;
  assign s_axil_arready = !ar_full_q;
  assign s_axil_bresp   = 2'b00;
  assign s_axil_rresp   = 2'b00;
  assign s_axil_bvalid  = bvalid_q;
  assign s_axil_rvalid  = rvalid_q;
  assign s_axil_rdata   = rdata_q;

  assign req_o   = run_q;
  assign we_o    = write_q;
  assign addr_o  = write_q ? awaddr_q : araddr_q;
  assign wdata_o = wdata_q;
  assign wstrb_o = wstrb_q;
  assign busy_o  = aw_full_q || w_full_q || ar_full_q || bvalid_q || rvalid_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      aw_full_q <= 1'b0;
      w_full_q  <= 1'b0;
      ar_full_q <= 1'b0;
      bvalid_q  <= 1'b0;
      rvalid_q  <= 1'b0;
      run_q     <= 1'b0;
      write_q   <= 1'b0;
    end else begin
      if (s_axil_awvalid && !aw_full_q) aw_full_q <= 1'b1;
      if (s_axil_wvalid && !w_full_q) w_full_q <= 1'b1;
      if (s_axil_arvalid && !ar_full_q) ar_full_q <= 1'b1;
      if (s_axil_bready) bvalid_q <= 1'b0;
      if (s_axil_rready) rvalid_q <= 1'b0;
      if (!run_q && (write_waits || read_waits)) begin
        run_q   <= 1'b1;
        write_q <= start_write;
      end
      if (run_q && ack_i) begin
        run_q <= 1'b0;
        if (write_q) begin
          aw_full_q <= 1'b0;
          w_full_q  <= 1'b0;
          bvalid_q  <= 1'b1;
        end else begin
          ar_full_q <= 1'b0;
          rvalid_q  <= 1'b1;
        end
      end
    end
  end

  // Payload is not reset.
  always_ff @(posedge clk_i) begin
    if (s_axil_awvalid && !aw_full_q) awaddr_q <= s_axil_awaddr;
    if (s_axil_arvalid && !ar_full_q) araddr_q <= s_axil_araddr;
    if (s_axil_wvalid && !w_full_q) begin
      wdata_q <= s_axil_wdata;
      wstrb_q <= s_axil_wstrb;
    end
    if (run_q && ack_i && !write_q) rdata_q <= rdata_i;
  end

  // An access that is presented holds its request registers, and its response has a place.
  `ASSERT(RunHoldsRequest, !run_q || (write_q ? aw_full_q && w_full_q && !bvalid_q
                                              : ar_full_q && !rvalid_q))

`ifdef FORMAL
`include "axil_port.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
