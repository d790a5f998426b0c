/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/diagnose/connection.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

/* The same connection, at whatever place. Ports may be used again, with another
 * first sequence number. */
static int compare_ends(const struct flow *a, const struct flow *b) {
  for (int i = 0; i < 2; i++) {
    const struct flow_end *x = &a->end[i], *y = &b->end[i];
    int order = memcmp(x->address.bytes, y->address.bytes, 16);
    if (order == 0) {
      order = x->port != y->port ? (x->port < y->port ? -1 : 1) : 0;
    }
    if (order == 0 && x->syn_seen && y->syn_seen && x->first != y->first) {
      order = x->first < y->first ? -1 : 1;
    }
    if (order) {
      return order;
    }
  }
  return 0;
}

static int64_t began(const struct flow *flow) {
  return flow->count ? flow->segments[0].ns : 0;
}

static int by_ends(const void *a, const void *b) {
  const struct flow *x = *(const struct flow *const *)a;
  const struct flow *y = *(const struct flow *const *)b;
  int order = compare_ends(x, y);
  return order ? order : x < y ? -1 : x > y;
}

static int by_begin(const void *a, const void *b) {
  const struct connection *x = a, *y = b;
  int64_t one = began(x->flow), other = began(y->flow);
  if (one != other) {
    return one < other ? -1 : 1;
  }
  return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static void judge(struct connection *connection, const struct flow *flow) {
  connection->flow = flow;
  for (unsigned i = 0; i < 2; i++) {
    limit_of_flow(flow, i, &connection->way[i]);
  }
  connection->sender = connection->way[1].bytes > connection->way[0].bytes;
}

/* Of two places: both directions are there, and then the sender is near. */
static bool sees_more(const struct connection *a, const struct connection *b) {
  const struct limit_report *x = &a->way[a->sender], *y = &b->way[b->sender];
  return x->known != y->known ? x->known : x->outer_ns < y->outer_ns;
}

void connections_find(struct connections *connections,
                      const struct flows *flows, const char *place) {
  const struct flow **sorted = sim_alloc((flows->count + 1) * sizeof(*sorted));
  size_t count = 0;
  for (size_t i = 0; i < flows->count; i++) {
    if (!place || strcmp(flows->flow[i].place, place) == 0) {
      sorted[count++] = &flows->flow[i];
    }
  }
  qsort(sorted, count, sizeof(*sorted), by_ends);
  connections->connection =
      sim_alloc((count + 1) * sizeof(*connections->connection));
  connections->count = 0;
  for (size_t i = 0; i < count; i++) {
    struct connection seen;
    judge(&seen, sorted[i]);
    bool again = i > 0 && compare_ends(sorted[i - 1], sorted[i]) == 0 &&
                 sorted[i - 1]->place_id != sorted[i]->place_id;
    connections->count += !again;
    struct connection *best = &connections->connection[connections->count - 1];
    if (!again || sees_more(&seen, best)) {
      *best = seen;
    }
  }
  qsort(connections->connection, connections->count,
        sizeof(*connections->connection), by_begin);
  free(sorted);
}

void connections_free(struct connections *connections) {
  free(connections->connection);
  connections->connection = NULL;
  connections->count = 0;
}
