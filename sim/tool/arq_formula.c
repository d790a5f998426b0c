/* SPDX-License-Identifier: Apache-2.0 */
/* The textbook: on average a frame fails q = p / (1 - p) times before it
 * arrives, and throughput is one frame per time that one takes, failures
 * included. The window lets N frames go per round trip, the wire one per T, so
 * that R is N T when the window is wider than the wire and a queue stands.
 *
 *   stop-and-wait     1 / (R + q T0)
 *   selective repeat  N / (R + q T0), at most (1 - p) / T
 *   go-back-N         frames up to a loss, k of them on average, then the time
 * D until it is noticed. A window leaves as a burst, so k frames take floor(k /
 * N) round trips and T for each of the rest. If the window fills the wire, N T
 * = R, that is 1 / (T + q D): with D = R = (1 + 2a) T the well-known (1 - p) /
 * (1 + 2 a p) of the wire's rate. */
#include <math.h>

#include "sim/tool/arq.h"

/* The time from sending a frame to noticing that it was lost: the third
 * duplicate ACK, by the third frame behind it that arrives; or, when of the
 * N - 1 behind it fewer do, T0 after the last progress. The last three of a
 * burst have theirs in the next one, which begins when the window moves; that
 * is no later if the window fills the wire. */
static double notice(const struct arq_model *m, double r) {
  double s = 1 - m->loss;
  double last =
      pow(s, m->window - 3) * (1 - pow(s, 3)) / (1 - pow(s, m->window));
  double gap = r - m->window * m->frame; /* between bursts */
  double few = 0;
  double ways = 1;
  double behind = m->window - 1;
  for (int i = 0; i < 3; i++) {
    few += ways * pow(1 - m->loss, i) * pow(m->loss, behind - i);
    ways = ways * (behind - i) / (i + 1);
  }
  return (1 - few) * (r + 3 * m->frame / s + last * gap) +
         few * (r + m->timeout * r);
}

static double go_back_n(const struct arq_model *m, double r) {
  double s = 1 - m->loss;
  if (m->loss <= 0) {
    return m->window / r;
  }
  double k = s / m->loss;
  double rounds = pow(s, m->window) / (1 - pow(s, m->window));
  double rest = k - m->window * rounds;
  return k / (rounds * r + rest * m->frame + notice(m, r));
}

double arq_formula(const struct arq_model *m) {
  double q = m->loss / (1 - m->loss);
  double queued = fmax(m->round_trip, m->window * m->frame);
  double frames; /* per second */
  if (m->mode == PH_TCP_ARQ_STOP_AND_WAIT) {
    frames = 1 / (m->round_trip + q * m->timeout * m->round_trip);
  } else if (m->mode == PH_TCP_ARQ_GO_BACK_N) {
    frames = go_back_n(m, queued);
  } else {
    frames = fmin(m->window / (m->round_trip + q * m->timeout * queued),
                  (1 - m->loss) / m->frame);
  }
  return frames * m->bytes * 8;
}
