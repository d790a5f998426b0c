/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict as a sentence. */
#include <stdio.h>

#include "sim/diagnose/limit.h"

const char *limit_name(enum limit limit) {
  static const char *const names[LIMIT_COUNT] = {
      "sending application", "send buffer",       "receiving application",
      "receive window",      "congestion window", "wire"};
  return names[limit];
}

unsigned limit_percent(const struct limit_report *report, enum limit limit) {
  if (report->total_ns <= 0) {
    return 0;
  }
  double share = (double)report->ns[limit] / (double)report->total_ns;
  return (unsigned)(share * 100 + 0.5);
}

/* What held the congestion window down. */
static void say_congestion(const struct limit_report *report, char *text,
                           size_t size) {
  unsigned percent = limit_percent(report, LIMIT_CONGESTION);
  if (report->again == 0) {
    snprintf(text, size,
             "For %u %% of the time the congestion window held the sender "
             "back: it was still growing, and nothing was lost.",
             percent);
    return;
  }
  snprintf(text, size,
           "For %u %% of the time the congestion window held the sender back "
           "while no queue stood: %llu of %llu segments had to be sent again; "
           "losses, not the rate of the path, set the pace.",
           percent, (unsigned long long)report->again,
           (unsigned long long)report->segments);
}

void limit_sentence(const struct limit_report *report, char *text,
                    size_t size) {
  unsigned percent = limit_percent(report, report->verdict);
  double rtt_ms = (double)report->base_rtt_ns / 1e6;
  double mbps = (double)report->bytes * 8e3 / (double)(report->total_ns + 1);
  if (!report->known) {
    snprintf(text, size, "Too little was sent to tell.");
    return;
  }
  switch (report->verdict) {
    case LIMIT_SENDER:
      snprintf(text, size,
               "For %u %% of the time all that was written had been sent: the "
               "application writes too slowly%s; the network is fine.",
               percent,
               report->recorded ? ", or its send buffer is too small" : "");
      break;
    case LIMIT_SEND_BUFFER:
      snprintf(text, size,
               "The send buffer was full of what waited for its "
               "acknowledgement for %u %% of the time: it is too small for a "
               "round trip of %.3g ms; the network is fine.",
               percent, rtt_ms);
      break;
    case LIMIT_RECEIVER:
      snprintf(text, size,
               "The receiver's buffer was full for %u %% of the time: the "
               "application there reads too slowly; the network is fine.",
               percent);
      break;
    case LIMIT_RECEIVE_BUFFER:
      snprintf(text, size,
               "All of the receive window was in flight for %u %% of the time: "
               "%u bytes are too few for a round trip of %.3g ms; the "
               "application there keeps up, and the network is fine.",
               percent, report->window_most, rtt_ms);
      break;
    case LIMIT_CONGESTION:
      say_congestion(report, text, size);
      break;
    default:
      snprintf(text, size,
               "A queue stood before the narrowest link for %u %% of the time: "
               "the path carries no more, %.3g Mb/s on average; applications "
               "and buffers are fine.",
               percent, mbps);
      break;
  }
}
