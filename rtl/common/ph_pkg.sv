// SPDX-License-Identifier: Apache-2.0
// Fixed-width metadata that travels beside the streams, and the descriptor seam.
// Frozen: a front end per ring format produces `desc_t`, a back end per format consumes `used_t`
// (docs/decisions/0002-descriptor-seam.md). Metadata are valid and stable for the whole frame.
`default_nettype none

package ph_pkg;

  // Transmit metadata: what `struct virtio_net_hdr` asked for (Virtio 1.2 5.1.6). The header itself
  // never travels in the stream. Offsets count from the first byte of the Ethernet header.
  typedef struct packed {
    logic [7:0]  queue;        // transmit virtqueue index
    logic        needs_csum;   // VIRTIO_NET_HDR_F_NEEDS_CSUM
    logic [15:0] csum_start;   // first byte that is summed
    logic [15:0] csum_offset;  // checksum field, from csum_start
    logic [7:0]  gso_type;     // virtio_pkg::Gso*, with the ECN bit 0x80
    logic [15:0] gso_size;     // payload bytes of each segment
    logic        error;        // the chain or header was bad: drop the frame and count it
  } tx_meta_t;
  localparam int unsigned TxMetaW = 66;

  // Receive metadata: verdicts of rtl/offload on one frame.
  typedef struct packed {
    logic [7:0]  queue;       // receive virtqueue index
    logic        is_ipv4;     // EtherType 0x0800 and a well-formed header
    logic        is_ipv6;
    logic        is_frag;     // an IP fragment: the L4 checksum was not looked at
    logic        ip_csum_ok;  // IPv4 header checksum verified
    logic        is_tcp;
    logic        is_udp;
    logic        l4_csum_checked;  // an L4 checksum was present and summed
    logic        l4_csum_ok;       // and it was right: may become DATA_VALID
    logic [31:0] hash;         // Toeplitz hash; 0 until it is built
    logic [7:0]  l3_offset;    // bytes from the frame's start
    logic [7:0]  l4_offset;
    logic [15:0] length;       // frame bytes without FCS
    logic        error;        // bad FCS or damaged frame
  } rx_meta_t;
  localparam int unsigned RxMetaW = 81;

  // One element of a descriptor chain, in chain order. `first` and `last` bound the chain.
  typedef struct packed {
    logic [7:0]  queue;
    logic [15:0] head;   // id to return in the used ring
    logic [63:0] addr;   // bus address
    logic [31:0] len;    // bytes, bounded and checked by the front end
    logic        first;
    logic        last;
    logic        write;  // device-writable
    logic        error;  // only with last: the chain is bad, drop the packet, return the head
  } desc_t;
  localparam int unsigned DescW = 124;

  // One chain that the device has finished with. `publish` closes a batch: index and interrupt
  // may follow once the payload of every element before it has been acknowledged by memory.
  typedef struct packed {
    logic [7:0]  queue;
    logic [15:0] head;
    logic [31:0] len;    // bytes written into the buffers; 0 for transmit
    logic        publish;
  } used_t;
  localparam int unsigned UsedW = 57;

endpackage

`default_nettype wire
