/* SPDX-License-Identifier: Apache-2.0 */
/* What is played. The wire is slow enough to see what happens one after the
 * other; ARP takes the first frame of each direction, the client's SYN and ACK
 * are its frames 2 and 3. */
#include "sim/explain/scenario.h"

#include <stdio.h>
#include <string.h>

#include "sim/explain/scenario_claims.h"

#define WIRE "rate=100Mbps delay=1ms "

enum {
  MSS = 1460,
  WAIT_CLOSED = 61000000, /* longer than TIME-WAIT, in microseconds */
};

static const struct scenario scenarios[] = {
    {
        .name = "handshake",
        .title = "how a connection begins (RFC 9293 3.5)",
        .idea = "Each side chooses where its sequence numbers begin and tells "
                "the other with a SYN; each SYN is acknowledged. What both may "
                "use stands in the options of the SYNs.",
        .wire = WIRE,
        .client = {{ACT_CONNECT, 0}, {ACT_SLEEP_US, 3000}},
        .server = {{ACT_ACCEPT, 0}, {ACT_SLEEP_US, 3000}},
        .conclude = scenario_claims_handshake,
    },
    {
        .name = "loss",
        .title = "a lost segment is found by its successors and sent again "
                 "(RFC 2018, 8985)",
        .idea = "The receiver keeps what comes behind a gap and says in every "
                "ACK which byte it waits for and, by SACK, what it has. The "
                "sender sees that later segments have arrived, and sends only "
                "the missing one again, long before its timer.",
        .wire = WIRE "client>server: drop=6",
        .client = {{ACT_CONNECT, 0}, {ACT_WRITE, 8 * MSS}, {ACT_CLOSE, 0}},
        .server = {{ACT_ACCEPT, 0}, {ACT_READ, 8 * MSS + 1}, {ACT_CLOSE, 0}},
        .conclude = scenario_claims_loss,
    },
    {
        .name = "dupack",
        .title = "three duplicate ACKs mean a loss (RFC 5681 3.2)",
        .idea = "Without SACK the receiver can only repeat the ACK of the byte "
                "that it waits for, once for each segment that comes behind "
                "the gap. The third repetition makes the sender send the "
                "segment again: fast retransmit.",
        .wire = WIRE "client>server: drop=5",
        .features = {.sack = PH_TCP_OFF},
        .client = {{ACT_CONNECT, 0}, {ACT_WRITE, 7 * MSS}, {ACT_CLOSE, 0}},
        .server = {{ACT_ACCEPT, 0}, {ACT_READ, 7 * MSS + 1}, {ACT_CLOSE, 0}},
        .conclude = scenario_claims_dupack,
    },
    {
        .name = "reorder",
        .title = "an order that the wire changed is not a loss (RFC 8985 6.2)"
                 "",
        .idea = "A segment that others pass looks like a lost one at first. "
                "RACK waits a little before it calls a segment lost, the "
                "longer the more often this path has changed the order. If "
                "the segment comes in that time, nothing is sent again.",
        .wire = WIRE "client>server: reorder=8,11",
        .client = {{ACT_CONNECT, 0},
                   {ACT_WRITE, 6 * MSS},
                   {ACT_SLEEP_US, 20000},
                   {ACT_WRITE, 8 * MSS},
                   {ACT_SLEEP_US, 20000},
                   {ACT_CLOSE, 0}},
        .server = {{ACT_ACCEPT, 0}, {ACT_READ, 14 * MSS + 1}, {ACT_CLOSE, 0}},
        .conclude = scenario_claims_reorder,
    },
    {
        .name = "zero-window",
        .title = "a receiver that does not read stops the sender (RFC 9293 "
                 "3.8.6.1)",
        .idea = "Every ACK says how much room the receive buffer has. When it "
                "is full the sender stops, and asks from time to time, ever "
                "less often, whether there is room: the window update could "
                "have been lost.",
        .wire = WIRE,
        .rcvbuf = 8192,
        .client = {{ACT_CONNECT, 0}, {ACT_WRITE, 16384}, {ACT_CLOSE, 0}},
        .server = {{ACT_ACCEPT, 0},
                   {ACT_SLEEP_US, 2000000},
                   {ACT_READ, 16384},
                   {ACT_CLOSE, 0}},
        .conclude = scenario_claims_zero_window,
    },
    {
        .name = "nagle",
        .title = "small writes wait for an ACK and leave together (RFC 9293 "
                 "3.7.4)",
        .idea = "While data are unacknowledged, less than a full segment is "
                "held back: slow typing leaves at once, many small writes "
                "become one segment. TCP_NODELAY switches it off.",
        .wire = WIRE,
        .client = {{ACT_CONNECT, 0},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_SLEEP_US, 60000},
                   {ACT_NODELAY, 0},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_WRITE, 100},
                   {ACT_SLEEP_US, 60000},
                   {ACT_CLOSE, 0}},
        .server = {{ACT_ACCEPT, 0}, {ACT_READ, 801}, {ACT_CLOSE, 0}},
        .conclude = scenario_claims_nagle,
    },
    {
        .name = "close",
        .title = "how a connection ends, each direction for itself (RFC 9293 "
                 "3.6)",
        .idea = "A FIN says: I send no more. The other direction stays open "
                "until its own FIN. Whoever closes first waits in TIME-WAIT, "
                "so that a FIN whose ACK was lost still finds an answer and no "
                "old segment meets a new connection.",
        .wire = WIRE,
        .client = {{ACT_CONNECT, 0},
                   {ACT_WRITE, 300},
                   {ACT_SHUTDOWN, 0},
                   {ACT_READ, 2001},
                   {ACT_CLOSE, 0},
                   {ACT_SLEEP_US, WAIT_CLOSED}},
        .server = {{ACT_ACCEPT, 0},
                   {ACT_READ, 301},
                   {ACT_SLEEP_US, 5000},
                   {ACT_WRITE, 2000},
                   {ACT_CLOSE, 0}},
        .conclude = scenario_claims_close,
    },
};

enum { COUNT = sizeof(scenarios) / sizeof(scenarios[0]) };

const struct scenario *scenario_find(const char *name) {
  for (int i = 0; i < COUNT; i++) {
    if (name && strcmp(name, scenarios[i].name) == 0) {
      return &scenarios[i];
    }
  }
  return NULL;
}

bool scenario_known(const char *name) {
  if (scenario_find(name)) {
    return true;
  }
  fprintf(stderr, "packhorse: scenario %s: expected", name ? name : "");
  for (int i = 0; i < COUNT; i++) {
    fprintf(stderr, "%s%s",
            i == 0          ? " "
            : i + 1 < COUNT ? ", "
                            : " or ",
            scenarios[i].name);
  }
  fprintf(stderr, ".\n");
  return false;
}

void scenario_list(void) {
  for (int i = 0; i < COUNT; i++) {
    printf("  %-12s %s\n", scenarios[i].name, scenarios[i].title);
  }
  printf("\n");
}
