/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as the other end of the wire: its frames go to one host at their
 * recorded times, or as fast as the wire carries them, in simulated time.
 *
 * The host is end a of a link, the recording end b, so that the link's rate,
 * delay, queue and faults work as between two hosts. A frame enters the link
 * with its last byte at its recorded time; the first one does so at
 * REPLAY_START, when the host is surely up.
 *
 * A recording does not react to what the host sends, with one exception: ARP
 * requests for addresses that its frames came from are answered with the
 * Ethernet address that they came from. Without that the host could not answer
 * anybody.
 */
#ifndef PH_SIM_HOST_REPLAY_H
#define PH_SIM_HOST_REPLAY_H

#include "sim/host/host.h"
#include "sim/wire/link.h"
#include "sim/wire/pcap.h"

#define REPLAY_START (300 * SIM_US)
#define REPLAY_DRAIN (100 * SIM_MS) /* simulated after the last frame */
#define REPLAY_SPAN_S 1000000       /* longest recording, at recorded times */

enum { REPLAY_NEIGHBOURS = 4096 };

/* Who sent IPv4 packets in the recording so far, by a hash of the address. */
struct replay_neighbour {
  uint32_t ip; /* 0: nobody */
  uint8_t mac[6];
};

struct replay_stats {
  uint64_t recorded, sent, bytes; /* frames; sent: on the link, with FCS */
  uint64_t own;                   /* left out: the host itself had sent them */
  uint64_t cut;  /* recorded in part: zeros stand for the rest */
  uint64_t back; /* recorded before the one in front: sent right after it */
  uint64_t arp_answers;
};

struct replay {
  /* Set by the caller before replay_run(). */
  struct capture *capture; /* the host's, or NULL */
  bool line_rate;          /* ignore the recorded times */

  struct pcap pcap;
  struct link link;
  struct host *host;
  uint8_t mac[6];
  bool first_known;
  pcap_time first;
  struct frame *next; /* the next of the recording, NULL: there is none */
  bool next_error;    /* it ended with an error code */
  sim_time next_end;
  sim_time last_end;       /* of what entered the link */
  sim_time last_arrival;   /* at the host */
  struct sim_heap answers; /* to ARP requests: frames, by time */
  uint64_t steps;
  struct replay_neighbour neighbours[REPLAY_NEIGHBOURS];
  struct replay_stats stats;
};

/* Reads the whole recording once, `only` as for pcap_open(). False: it can't
 * be replayed, replay->pcap.why says why. The data must stay until the end. */
bool replay_open(struct replay *replay, const uint8_t *data, size_t size,
                 const char *only, bool line_rate);

/* Makes the link and the host, whose emit is filled in here. */
void replay_start(struct replay *replay, const struct host_config *host,
                  const struct link_config *link, uint64_t seed);

/* Replays all of it and simulates REPLAY_DRAIN more. */
void replay_run(struct replay *replay);

/* Frees host and link. */
void replay_close(struct replay *replay);

#endif
