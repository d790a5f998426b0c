/* SPDX-License-Identifier: Apache-2.0 */
/* The network virtual terminal of Telnet (RFC 854), for both ends: commands
 * inside the stream of data, and the Synch, which overtakes data. */
#ifndef PH_SIM_EXAMPLES_NVT_H
#define PH_SIM_EXAMPLES_NVT_H

#include "sim/examples/example.h"

struct nvt {
  int fd;
  uint8_t command;  /* IAC, or what came behind it; 0: data */
  bool sub;         /* inside IAC SB ... IAC SE */
  bool synch;       /* urgent data are under way: data are dropped up to DM */
  bool interrupted; /* IP or BRK came; the reader clears it */
  /* The reader clears them: Synchs that ended, and what they dropped. */
  size_t synchs, dropped;
};

/* On a connection; false: it can't be used. */
bool nvt_init(struct nvt *nvt, int fd);

/* What has come, without commands, of which options are refused. The number of
 * bytes, perhaps 0; -1: the connection ended. Waits if nothing has come. */
int nvt_take(struct nvt *nvt, char *data, size_t size);

/* Lines of text, each with its CR LF: bytes 255 are doubled. */
bool nvt_print(const struct nvt *nvt, const char *text);

/* Interrupt the process at the other end (with `interrupt`), and have it drop
 * what was sent before: IAC IP, then the Synch, which is IAC DM with TCP's
 * urgent pointer behind it. */
bool nvt_synch(const struct nvt *nvt, bool interrupt);

#endif
