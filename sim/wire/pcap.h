/* SPDX-License-Identifier: Apache-2.0 */
/* Reads recordings: pcap (draft-ietf-opsawg-pcap: both byte orders, micro- and
 * nanoseconds) and pcapng (draft-ietf-opsawg-pcapng: sections of either byte
 * order, several interfaces, any resolution of time) of Ethernet frames.
 *
 * The file lies in memory and is never trusted: every length and index is
 * checked before it is used, what is wrong ends the reading with one sentence.
 */
#ifndef PH_SIM_WIRE_PCAP_H
#define PH_SIM_WIRE_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PCAP_FRAME_MAX = 262144, /* bytes of a frame, as tcpdump's MAXIMUM_SNAPLEN */
  PCAP_INTERFACES = 256,   /* of one section */
};

/* Picoseconds since the epoch of the recording's clock. */
__extension__ typedef __int128 pcap_time;

struct pcap_interface {
  uint16_t link_type;
  uint32_t snaplen;     /* 0: no limit */
  uint64_t units_per_s; /* of time stamps; 0: so fine that they are 0 */
  int64_t offset_s;     /* to be added to time stamps */
  uint8_t fcs_len;      /* bytes of each frame that are FCS: 0 or 4 */
  const uint8_t *name;  /* in the file, without a zero at its end */
  size_t name_len;
};

struct pcap_frame {
  const uint8_t *data; /* in the file */
  uint32_t len;        /* bytes that were recorded */
  uint32_t wire_len;   /* bytes that the frame had, at least len */
  unsigned fcs_len;    /* how many of wire_len are FCS: 0 or 4 */
  bool crc_error;      /* flagged: its FCS was wrong */
  bool symbol_error;   /* flagged: it ended with an error code */
  pcap_time time;
  unsigned interface; /* number in its section */
};

struct pcap {
  const uint8_t *data; /* the caller's, for as long as frames are read */
  size_t size, at;
  bool pcapng;
  bool big_endian; /* the file; of pcapng: the section */
  unsigned interfaces;
  struct pcap_interface interface[PCAP_INTERFACES];
  pcap_time last;   /* for frames without a time stamp: the one before */
  uint64_t frames;  /* met so far, on any interface */
  const char *only; /* name or number of the interface to read; NULL: all */
  bool any_link;    /* frames of every link type, not of Ethernet alone */
  bool only_met;    /* there is such an interface */
  char why[200];    /* what is wrong: a sentence without its full stop */
};

/* Starts to read `size` bytes at `data`. `only`: read frames of this interface
 * (a name, or a number from 0), NULL: of all. False: this is no recording of
 * Ethernet frames that can be read, `why` says why. */
bool pcap_open(struct pcap *pcap, const uint8_t *data, size_t size,
               const char *only);

/* The same for all interfaces, of whatever link type: the caller looks at
 * pcap->interface[frame->interface].link_type. */
bool pcap_open_any(struct pcap *pcap, const uint8_t *data, size_t size);

/* 1: the next frame is in `frame`; 0: there is none; -1: the rest can't be
 * read, `why` says why. */
int pcap_next(struct pcap *pcap, struct pcap_frame *frame);

/* Says what is wrong with the recording: writes `why`, and reading ends; -1. */
int pcap_wrong(struct pcap *pcap, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
