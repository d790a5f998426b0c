/* SPDX-License-Identifier: Apache-2.0 */
/* Coroutines: software that may give way in the middle of a call, on a stack of
 * its own with a guard page below it (running over it is a fault at once, not
 * silent corruption). Annotated for AddressSanitizer.
 *
 * A coroutine is resumed from the main context only; coroutines do not resume
 * each other. Nothing here is global, so several simulations may live in one
 * process.
 */
#ifndef PH_SIM_CORE_CORO_H
#define PH_SIM_CORE_CORO_H

#include <stdbool.h>
#include <stddef.h>

enum { CORO_STACK_SIZE = 256 * 1024 };

struct coro;

/* A coroutine that will call fn(arg) when first resumed. The caller owns it.
 * Ends the program when memory is exhausted. */
struct coro *coro_create(void (*fn)(void *arg), void *arg, size_t stack_size);

/* Frees it, finished or not. What its stack owned is lost. Not from inside. */
void coro_destroy(struct coro *coro);

/* Run until it yields or its function returns. Main context only, never after
 * the function has returned. */
void coro_resume(struct coro *coro);

/* Give way; only from inside `coro`. Returns at the next coro_resume(). */
void coro_yield(struct coro *coro);

/* The function has returned. */
bool coro_done(const struct coro *coro);

#endif
