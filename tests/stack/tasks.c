/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above first */
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS_MAX = 8 };

struct task {
  struct tasks *tasks;
  struct ph_stack *stack;
  void (*fn)(struct ph_stack *stack, void *arg);
  void *arg;
  pthread_t thread;
  sem_t go;
  bool done, waiting, woken;
  const void *object;
  uint64_t deadline;
};

struct tasks {
  struct pair *pair;
  struct task task[TASKS_MAX];
  int count;
  struct task *running;
  sem_t back; /* the running task gave way */
};

/* In a task's thread: let the main thread go on until resumed. */
static void give_way(struct task *task) {
  sem_post(&task->tasks->back);
  sem_wait(&task->go);
}

static int wait_hook(void *ctx, void *object, uint32_t events,
                     uint64_t deadline) {
  struct tasks *tasks = ctx;
  struct task *task = tasks->running;
  (void)events;
  task->waiting = true;
  task->woken = false;
  task->object = object;
  task->deadline = deadline;
  give_way(task);
  task->waiting = false;
  return task->woken ? 0 : -PH_ETIMEDOUT;
}

static void wake_hook(void *ctx, void *object, uint32_t events) {
  struct tasks *tasks = ctx;
  (void)events;
  for (int i = 0; i < tasks->count; i++) {
    struct task *task = &tasks->task[i];
    task->woken |= task->waiting && task->object == object;
  }
}

static void sleep_hook(void *ctx, uint64_t ns) {
  struct tasks *tasks = ctx;
  uint64_t until = tasks->pair->now_ns + ns;
  wait_hook(ctx, NULL, 0, until);
}

static void random_hook(void *ctx, void *to, size_t n) {
  struct tasks *tasks = ctx;
  uint8_t *bytes = to;
  for (size_t i = 0; i < n; i++) {
    tasks->pair->rng = tasks->pair->rng * 1103515245u + 12345u;
    bytes[i] = (uint8_t)(tasks->pair->rng >> 16);
  }
}

struct tasks *tasks_new(void) {
  struct tasks *tasks = calloc(1, sizeof *tasks);
  assert_non_null(tasks);
  tasks->pair = pair_new(NULL);
  tasks->pair->platform = (struct ph_platform){.ctx = tasks,
                                               .random = random_hook,
                                               .wait = wait_hook,
                                               .wake = wake_hook};
  sem_init(&tasks->back, 0, 0);
  static const struct ph_socket_config config = {.max_sockets = 16};
  for (int i = 0; i < 2; i++) {
    struct ph_stack *stack = &tasks->pair->host[i].stack;
    if (!stack->module[PH_MODULE_UDP]) {
      assert_int_equal(ph_udp_init(stack), 0);
      assert_int_equal(ph_raw_init(stack), 0);
    }
    if (!stack->module[PH_MODULE_SOCKET]) {
      assert_int_equal(ph_socket_init(stack, &config), 0);
      assert_int_equal(ph_multicast_init(stack, 16), 0);
    }
  }
  return tasks;
}

void tasks_free(struct tasks *tasks) {
  pair_pass(tasks->pair, 30 * PAIR_S); /* ARP gives up what it still holds */
  sem_destroy(&tasks->back);
  pair_free(tasks->pair);
  free(tasks);
}

struct pair *tasks_pair(struct tasks *tasks) {
  return tasks->pair;
}

struct app_env tasks_env(struct tasks *tasks) {
  return (struct app_env){.ctx = tasks, .sleep_ns = sleep_hook};
}

static void *task_main(void *arg) {
  struct task *task = arg;
  sem_wait(&task->go);
  task->fn(task->stack, task->arg);
  task->done = true;
  sem_post(&task->tasks->back);
  return NULL;
}

void tasks_add(struct tasks *tasks, int host,
               void (*fn)(struct ph_stack *stack, void *arg), void *arg) {
  assert_in_range(tasks->count, 0, TASKS_MAX - 1);
  struct task *task = &tasks->task[tasks->count++];
  *task = (struct task){.tasks = tasks,
                        .stack = &tasks->pair->host[host].stack,
                        .fn = fn,
                        .arg = arg};
  sem_init(&task->go, 0, 0);
  assert_int_equal(pthread_create(&task->thread, NULL, task_main, task), 0);
}

static bool runnable(const struct tasks *tasks, const struct task *task) {
  return !task->done && (!task->waiting || task->woken ||
                         task->deadline <= tasks->pair->now_ns);
}

static bool any_runnable(struct pair *pair, void *ctx) {
  const struct tasks *tasks = ctx;
  (void)pair;
  for (int i = 0; i < tasks->count; i++) {
    if (runnable(tasks, &tasks->task[i])) {
      return true;
    }
  }
  return false;
}

static void resume(struct tasks *tasks, struct task *task) {
  ph_stack_set_now(task->stack, tasks->pair->now_ns);
  tasks->running = task;
  sem_post(&task->go);
  sem_wait(&tasks->back);
  tasks->running = NULL;
  ph_stack_poll(task->stack, tasks->pair->now_ns);
}

/* How long the pair may run before a task is due. */
static uint64_t until_due(const struct tasks *tasks, uint64_t end) {
  for (int i = 0; i < tasks->count; i++) {
    const struct task *task = &tasks->task[i];
    end = !task->done && task->deadline < end ? task->deadline : end;
  }
  return end - tasks->pair->now_ns;
}

void tasks_run(struct tasks *tasks, uint64_t ns) {
  uint64_t end = tasks->pair->now_ns + ns;
  for (;;) {
    int left = 0;
    for (int i = 0; i < tasks->count; i++) {
      struct task *task = &tasks->task[i];
      if (runnable(tasks, task)) {
        resume(tasks, task);
      }
      left += !task->done;
    }
    if (left == 0) {
      break;
    }
    if (!any_runnable(NULL, tasks)) {
      if (tasks->pair->now_ns >= end) {
        fail_msg("%d applications do not return", left);
      }
      (void)pair_run(tasks->pair, until_due(tasks, end), any_runnable, tasks);
    }
  }
  for (int i = 0; i < tasks->count; i++) {
    pthread_join(tasks->task[i].thread, NULL);
    sem_destroy(&tasks->task[i].go);
  }
  tasks->count = 0;
}
