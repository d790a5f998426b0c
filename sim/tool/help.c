/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/help.h"

#include <stdio.h>
#include <string.h>

#include "sim/core/cost.h"

static void help_cpu(void) {
  printf(
      "What software costs in simulated time, picoseconds per unit. A file "
      "for --cpu has\nlines 'name picoseconds'; what it does not name keeps "
      "this value. --cpu ideal\ncharges 1 ns per entry and nothing else.\n"
      "\n");
  struct cost_table costs;
  char error[8];
  if (cost_table_load(&costs, "default", error, sizeof(error))) {
    for (int i = 0; i < COST_COUNT; i++) {
      printf("%-15s %7llu  # %s\n", cost_item_name((enum cost_item)i),
             (unsigned long long)costs.ps[i],
             cost_item_reason((enum cost_item)i));
    }
  }
}

static void help_wire(void) {
  printf(
      "--wire takes one line of words:\n\n"
      "  delay=1us     from the end of a frame to its begin at the other end\n"
      "  rate=10Gbps   of the wire\n"
      "  seed=7        of the faults (the run's)\n"
      "  queue=100     frames that may wait for the wire, or bytes: 64KiB\n"
      "  ecn=20        mark ECN-capable packets that find so many frames "
      "waiting,\n                or so many bytes: 30KiB\n"
      "  mtu=1400      lose longer IP packets that may not be fragmented, "
      "without a word\n"
      "  drop=3,7      lose the third and seventh frame of a direction\n"
      "  loss=0.01     lose frames with this probability\n"
      "  dup= reorder= fcs= flip=   the same: numbers or a probability\n\n"
      "fcs damages a frame, which the FCS shows; flip flips a bit of an IPv4 "
      "packet\nand repairs the FCS, so that only checksums show it.\n\n"
      "Words hold for both directions, behind 'a>b:' or 'b>a:' for that one "
      "alone,\nbehind 'both:' for both again; delay, rate and seed are the "
      "whole link's. a is\nthe client, b the server: 'client>server:' and "
      "'server>client:' say the same.\nOf 'replay' a is the host, b the "
      "recording.\n\n"
      "  --wire 'delay=5us server>client: drop=3,7 client>server: loss=0.01'"
      "\n");
}

static void help_topology(void) {
  printf(
      "--topology takes hosts and the links between them in one line:\n\n"
      "  client - r1 - r2 - server           a host, two routers, a host\n"
      "  client,client2 - r1 - server        each of the left has a link to "
      "r1\n"
      "  client - r1 - server; r1 - other    a name that comes again is the "
      "same host\n"
      "  r1 -[rate=1Gbps delay=5ms]- r2      words of a link: those of 'help "
      "wire', and\n"
      "                                      mtu=1400, of the NICs at both "
      "ends (a black\n"
      "                                      hole is only in --wire); a>b is "
      "left to right\n"
      "  r1(nic=soft offload=none)           words of a host: nic=rtl|soft,\n"
      "                                      offload=all|csum|none, "
      "forward=yes|no,\n"
      "                                      lro=yes|no (nic=soft: coalesce "
      "what comes)\n\n"
      "What a link or host does not say is as --wire, --mtu, --nic and "
      "--offload say. A\nhost with several links is a router unless it says "
      "forward=no. Names are of\nletters and digits. The client is --from "
      "(the host called client, or the first),\nthe server --to (server, or "
      "the last).\n\n"
      "Link k, from 0 in the order of the text, is 10.0.k.0/24 and "
      "fd00:0:0:k::/64; its\nleft end has address 1 in it, its right end 2. "
      "Routes lead over the fewest links.\n\n"
      "  packhorse download --nic soft --ecn --topology 'client - r1 "
      "-[rate=100Mbps\n    delay=5ms queue=64KiB ecn=30KiB]- r2 - server'\n");
}

bool help_topic(const char *topic) {
  bool cpu = strcmp(topic, "cpu") == 0;
  bool wire = strcmp(topic, "wire") == 0;
  bool topology = strcmp(topic, "topology") == 0;
  if (cpu) {
    help_cpu();
  }
  if (wire) {
    help_wire();
  }
  if (topology) {
    help_topology();
  }
  return cpu || wire || topology;
}
