/* SPDX-License-Identifier: Apache-2.0 */
/* Capture to pcapng (draft-ietf-opsawg-pcapng): one file, several interfaces,
 * simulated time in nanoseconds, packet ids and comments. Frames that the wire
 * damaged are flagged as the standard says (epb_flags, link-layer errors) and
 * say so in a comment.
 *
 * Packets may be added a little out of order; they are written sorted by time,
 * to the picosecond, when nothing earlier can come any more.
 */
#ifndef PH_SIM_WIRE_CAPTURE_H
#define PH_SIM_WIRE_CAPTURE_H

#include "sim/wire/frame.h"

struct capture;

/* Opens `path` for writing; NULL: writes nothing. NULL: it can't be written;
 * errno says why. */
struct capture *capture_open(const char *path);

/* A packet as it goes into the file. */
struct capture_packet {
  sim_time time;
  unsigned interface;
  unsigned marks; /* enum frame_mark */
  uint64_t id;
  uint32_t len, wire_len; /* of `data`; of the packet */
  const uint8_t *data;    /* until the call returns */
};

/* `seen` is called with every packet, in the order of the file. */
typedef void capture_seen_fn(void *ctx, const struct capture_packet *packet);
void capture_watch(struct capture *capture, capture_seen_fn *seen, void *ctx);

/* A new interface, before the first packet; returns its number. `fcs_len`: how
 * many bytes of each packet are FCS. */
unsigned capture_interface(struct capture *capture, const char *name,
                           const char *description, unsigned fcs_len);

enum capture_direction { CAPTURE_IN = 1, CAPTURE_OUT = 2 };

/* Adds a copy of a packet, of which the file gets 65600 bytes at most. `marks`
 * are enum frame_mark; `comment` may be NULL; `id` 0: none. */
void capture_add(struct capture *capture, unsigned interface, sim_time time,
                 enum capture_direction direction, const uint8_t *data,
                 uint32_t len, unsigned marks, uint64_t id,
                 const char *comment);

/* Nothing earlier than `time` will be added any more. */
void capture_flush(struct capture *capture, sim_time time);

/* Writes the rest and closes. False if anything could not be written. */
bool capture_close(struct capture *capture);

uint64_t capture_packets(const struct capture *capture);

#endif
