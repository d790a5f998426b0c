/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of a run between its hosts as a ladder: a lane for each host, a
 * rung for each frame, in words (ARP, DHCP, DNS, ICMP, ...). */
#ifndef PH_SIM_EXPLAIN_LADDER_H
#define PH_SIM_EXPLAIN_LADDER_H

#include "sim/run/run.h"

struct ladder;

/* Begins to look; after run_start() of a run that has a capture. */
struct ladder *ladder_new(const struct run *run);

/* A frame is seen; for who watches the capture for more than the picture. */
void ladder_see(void *ladder, const struct capture_packet *packet);

/* After run_finish(): writes the picture and frees it; `path` NULL: only that.
 * False after a sentence on stderr. */
bool ladder_draw(struct ladder *ladder, const char *title, const char *path);

#endif
