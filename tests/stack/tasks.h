/* SPDX-License-Identifier: Apache-2.0 */
/* Applications with blocking calls on the two stacks of a tcp_pair: each runs
 * in a thread, but only one at a time and in a fixed order, so that runs
 * repeat. */
#ifndef PH_TESTS_STACK_TASKS_H
#define PH_TESTS_STACK_TASKS_H

#include "sim/apps/app.h"
#include "stack/udp/raw.h"
#include "tests/stack/tcp_pair.h"

struct tasks;

/* A pair whose stacks have UDP and sockets, and whose calls block. */
struct tasks *tasks_new(void);
/* Lets 30 s pass, then checks pools as pair_free() does. */
void tasks_free(struct tasks *tasks);

struct pair *tasks_pair(struct tasks *tasks);

/* Sleeps in virtual time. */
struct app_env tasks_env(struct tasks *tasks);

/* fn(stack of host, arg) runs at the next tasks_run(). */
void tasks_add(struct tasks *tasks, int host,
               void (*fn)(struct ph_stack *stack, void *arg), void *arg);

/* Run until all have returned; fails the test if that takes more than `ns`. */
void tasks_run(struct tasks *tasks, uint64_t ns);

#endif
