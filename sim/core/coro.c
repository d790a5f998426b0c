/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/coro.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "sim/core/util.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORO_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CORO_ASAN 1
#endif

#ifdef CORO_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

struct coro {
  void (*fn)(void *arg);
  void *arg;
  void *mapping; /* guard page, then the stack */
  size_t mapping_size;
  void *stack;
  size_t stack_size;
  ucontext_t own, main;
  bool done;
  /* What AddressSanitizer needs to follow the switch. */
  void *own_fake, *main_fake;
  const void *main_stack;
  size_t main_stack_size;
};

static void switch_to_own(struct coro *coro) {
#ifdef CORO_ASAN
  __sanitizer_start_switch_fiber(&coro->main_fake, coro->stack,
                                 coro->stack_size);
#endif
  swapcontext(&coro->main, &coro->own);
#ifdef CORO_ASAN
  __sanitizer_finish_switch_fiber(coro->main_fake, NULL, NULL);
#endif
}

/* On the coroutine's stack, right after a switch to it. */
static void arrived(struct coro *coro) {
#ifdef CORO_ASAN
  __sanitizer_finish_switch_fiber(coro->own_fake, &coro->main_stack,
                                  &coro->main_stack_size);
#else
  (void)coro;
#endif
}

static void switch_to_main(struct coro *coro, bool last) {
#ifdef CORO_ASAN
  __sanitizer_start_switch_fiber(last ? NULL : &coro->own_fake,
                                 coro->main_stack, coro->main_stack_size);
#else
  (void)last;
#endif
  swapcontext(&coro->own, &coro->main);
}

/* makecontext() hands over ints: the pointer comes in two halves. */
static void entry(unsigned high, unsigned low) {
  struct coro *coro =
      (struct coro *)((uintptr_t)high << 16 << 16 | (uintptr_t)low);
  arrived(coro);
  coro->fn(coro->arg);
  coro->done = true;
  switch_to_main(coro, true);
}

struct coro *coro_create(void (*fn)(void *arg), void *arg, size_t stack_size) {
  struct coro *coro = sim_alloc(sizeof(*coro));
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  coro->fn = fn;
  coro->arg = arg;
  coro->stack_size = (stack_size + page - 1) / page * page;
  coro->mapping_size = coro->stack_size + page;
  coro->mapping = mmap(NULL, coro->mapping_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (coro->mapping == MAP_FAILED ||
      mprotect(coro->mapping, page, PROT_NONE) != 0 ||
      getcontext(&coro->own) != 0) {
    sim_fatal("no memory for a coroutine's stack");
  }
  coro->stack = (char *)coro->mapping + page;
  coro->own.uc_stack.ss_sp = coro->stack;
  coro->own.uc_stack.ss_size = coro->stack_size;
  coro->own.uc_link = NULL;
  uintptr_t self = (uintptr_t)coro;
  makecontext(&coro->own, (void (*)(void))(uintptr_t)entry, 2,
              (unsigned)(self >> 16 >> 16), (unsigned)self);
  return coro;
}

void coro_destroy(struct coro *coro) {
  if (coro) {
    munmap(coro->mapping, coro->mapping_size);
    free(coro);
  }
}

void coro_resume(struct coro *coro) {
  switch_to_own(coro);
}

void coro_yield(struct coro *coro) {
  switch_to_main(coro, false);
  arrived(coro);
}

bool coro_done(const struct coro *coro) {
  return coro->done;
}
