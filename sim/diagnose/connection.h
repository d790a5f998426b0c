/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of a recording, each from the place where it is seen best,
 * and the verdict on both directions. */
#ifndef PH_SIM_DIAGNOSE_CONNECTION_H
#define PH_SIM_DIAGNOSE_CONNECTION_H

#include "sim/diagnose/limit.h"

struct connection {
  const struct flow *flow;    /* as seen at the place next to its main sender */
  unsigned sender;            /* which of its ends sent more */
  struct limit_report way[2]; /* what end 0 sent, end 1 */
};

struct connections {
  struct connection *connection; /* in the order of their first segments */
  size_t count;
};

/* `place`: look at this place of the recording only; NULL: choose. */
void connections_find(struct connections *connections,
                      const struct flows *flows, const char *place);
void connections_free(struct connections *connections);

#endif
