/* SPDX-License-Identifier: Apache-2.0 */
/* A session's control socket: whoever connects reads the host's state. */
#ifndef PH_SIM_TOOL_CONTROL_H
#define PH_SIM_TOOL_CONTROL_H

#include <stdbool.h>

#include "stack/base/stack.h"

struct control {
  const char *path; /* NULL: none */
  int fd;
};

/* `path` NULL: none. A socket that nobody serves any more is replaced, nothing
 * else is. False after a sentence on stderr. */
bool control_open(struct control *control, const char *path);
/* Answers all who have connected; never waits for them. */
void control_answer(struct control *control, const char *host,
                    struct ph_stack *stack);
void control_close(struct control *control);

#endif
