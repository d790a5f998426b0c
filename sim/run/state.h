/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's stack says of itself at one moment: interfaces, routes, sockets
 * and counters, as lines of words. Written by every run with --state and by a
 * running session to whoever connects to its --control socket; read by netstat
 * and diagnose.
 *
 *   packhorse state 1
 *   host NAME NANOSECONDS
 *   interface NAME MTU UP RX_PACKETS RX_BYTES TX_PACKETS TX_BYTES TX_BUSY
 *   route DESTINATION/LENGTH NEXT_HOP INTERFACE     (next hop "-": on the link)
 *   socket PROTOCOL STATE RECV_Q SEND_Q LOCAL PORT REMOTE PORT CWND SSTHRESH
 *          SND_WND RCV_WND MSS SRTT_NS RTO_NS RETRANSMISSIONS
 *          (state "-": none; port 0: none yet)
 *   limits BYTES_SENT IDLE SENDER SEND_BUFFER RECEIVER RECEIVE_BUFFER
 *          CONGESTION WIRE        (ns each, of the socket of the line before)
 *   counter NAME VALUE
 *
 * What follows a host line is of that host. */
#ifndef PH_SIM_RUN_STATE_H
#define PH_SIM_RUN_STATE_H

#include <stdio.h>

#include "stack/base/stack.h"

#define STATE_TITLE "packhorse state 1\n"

/* The lines of one host; the title is the caller's. */
void state_write_host(FILE *to, const char *name, struct ph_stack *stack);

#endif
