/* SPDX-License-Identifier: Apache-2.0 */
/* The processor: which software runs when, and what it costs. */
#include <stdlib.h>
#include <string.h>

#include "sim/host/host_internal.h"
#include "sim/wire/link.h"

/* --- Local time ----------------------------------------------------------- */

static struct cost_counts count_work(const struct host *host) {
  const struct ph_stats *stats = &host->stack.stats;
  return (struct cost_counts){{
      [COST_entry] = host->app_entries,
      [COST_interrupt] = host->interrupts,
      [COST_timer] = host->timers,
      [COST_socket_call] = stats->SocketCalls,
      [COST_segment_in] = stats->EthInFrames,
      [COST_segment_out] = stats->EthOutFrames,
      [COST_segment_cut] = stats->SwSegments,
      [COST_byte_copied] = stats->CopiedBytes,
      [COST_byte_summed] = stats->SwChecksumBytes + stats->SwVerifyBytes,
      [COST_register_read] = host->register_reads,
      [COST_register_write] = host->register_writes,
  }};
}

sim_time host_time(const struct host *host) {
  struct cost_counts now = count_work(host);
  return host->local + cost_of(host->config.cost, &host->counted, &now);
}

void host_clock(struct host *host) {
  struct cost_counts now = count_work(host);
  host->local += cost_of(host->config.cost, &host->counted, &now);
  host->counted = now;
  ph_stack_set_now(&host->stack, host->local / SIM_NS);
}

static sim_time align_up(const struct host *host, sim_time time) {
  sim_time grain = host->ops->grain;
  return time > SIM_NEVER - grain ? SIM_NEVER
                                  : (time + grain - 1) / grain * grain;
}

void host_sync(struct host *host) {
  host_clock(host);
  host->local = align_up(host, host->local);
  host->stalled = true;
  coro_yield(host->running->coro);
  ph_stack_set_now(&host->stack, host->local / SIM_NS);
}

/* --- Coroutines ----------------------------------------------------------- */

static void task_body(void *arg) {
  struct host_task *task = arg;
  task->fn(task->host, task->arg);
}

struct host_task *host_task_make(struct host *host,
                                 void (*fn)(struct host *host, void *arg),
                                 void *arg) {
  struct host_task *task = sim_alloc(sizeof(*task));
  *task = (struct host_task){.host = host, .fn = fn, .arg = arg};
  task->coro = coro_create(task_body, task, CORO_STACK_SIZE);
  task->deadline = SIM_NEVER;
  struct host_task **end = &host->tasks;
  while (*end) {
    end = &(*end)->next;
  }
  *end = task;
  return task;
}

void host_spawn(struct host *host, sim_time start,
                void (*fn)(struct host *host, void *arg), void *arg) {
  struct host_task *task = host_task_make(host, fn, arg);
  task->waiting = true;
  task->object = task;
  task->deadline = start;
  host->live_tasks++;
}

static void make_ready(struct host *host, struct host_task *task,
                       bool timed_out) {
  task->waiting = false;
  task->timed_out = timed_out;
  task->deadline = SIM_NEVER;
  task->queued_next = NULL;
  *host->ready_end = task;
  host->ready_end = &task->queued_next;
}

static struct host_task *take_ready(struct host *host) {
  struct host_task *task = host->ready;
  host->ready = task->queued_next;
  if (!host->ready) {
    host->ready_end = &host->ready;
  }
  return task;
}

int host_wait(void *ctx, void *object, uint32_t events, uint64_t deadline_ns) {
  struct host *host = ctx;
  struct host_task *task = host->running;
  host_clock(host);
  task->waiting = true;
  task->object = object;
  task->events = events;
  task->deadline =
      deadline_ns > SIM_NEVER / SIM_NS ? SIM_NEVER : deadline_ns * SIM_NS;
  coro_yield(task->coro);
  ph_stack_set_now(&host->stack, host->local / SIM_NS);
  return task->timed_out ? -PH_ETIMEDOUT : 0;
}

void host_wake(void *ctx, void *object, uint32_t events) {
  const uint32_t always = PH_POLLERR | PH_POLLHUP | PH_POLLRDHUP | PH_POLLNVAL;
  struct host *host = ctx;
  for (struct host_task *task = host->tasks; task; task = task->next) {
    if (task->waiting && task->object == object &&
        (task->events & events || events & always || !task->events)) {
      make_ready(host, task, false);
    }
  }
}

static void task_ended(struct host *host, struct host_task *task) {
  struct host_task **link = &host->tasks;
  while (*link != task) {
    link = &(*link)->next;
  }
  *link = task->next;
  coro_destroy(task->coro);
  free(task);
  host->live_tasks--;
}

/* Every NIC whose line is high; true if the stack has work. */
static bool take_interrupts(struct host *host) {
  bool work = false;
  for (unsigned i = 0; i < host->port_count; i++) {
    host->current = &host->ports[i];
    if (host->port_count == 1 || host->ops->irq(host->current)) {
      work |= host->ops->interrupt(host->current);
    }
  }
  return work;
}

/* The kernel's coroutine: one piece of work per entry. */
void host_kernel(struct host *host, void *arg) {
  (void)arg;
  for (;;) {
    switch (host->kernel_work) {
      case HOST_ENTRY_START:
        host_boot(host);
        break;
      case HOST_ENTRY_INTERRUPT:
        if (take_interrupts(host)) {
          host_clock(host);
          ph_stack_poll(&host->stack, host->local / SIM_NS);
        }
        break;
      default:
        ph_stack_poll(&host->stack, host->local / SIM_NS);
        break;
    }
    coro_yield(host->kernel->coro);
  }
}

/* --- Choosing ------------------------------------------------------------- */

static sim_time next_timer(const struct host *host) {
  uint64_t deadline_ns = ph_stack_next_deadline(&host->stack);
  return deadline_ns > SIM_NEVER / SIM_NS ? SIM_NEVER : deadline_ns * SIM_NS;
}

static sim_time next_sleeper(const struct host *host) {
  sim_time next = SIM_NEVER;
  for (const struct host_task *task = host->tasks; task; task = task->next) {
    if (task->waiting) {
      next = sim_time_min(next, task->deadline);
    }
  }
  return next;
}

/* When software goes on: a multiple of the NIC's clock period. */
static sim_time software_next(const struct host *host) {
  if (!host->started || host->stalled || host->ready) {
    return align_up(host, host->local);
  }
  sim_time next = sim_time_min(host->irq_since, next_timer(host));
  next = sim_time_min(next, next_sleeper(host));
  return align_up(host, sim_time_max(next, host->local));
}

static void wake_sleepers(struct host *host) {
  for (struct host_task *task = host->tasks; task; task = task->next) {
    if (task->waiting && task->deadline <= host->local) {
      make_ready(host, task, true);
    }
  }
}

/* Interrupts come first, but never twice in a row while an application waits
 * for its turn. */
static struct host_task *choose(struct host *host) {
  wake_sleepers(host);
  bool irq = host->irq_since <= host->local;
  if (!host->started) {
    host->started = true;
    host->kernel_work = HOST_ENTRY_START;
    return host->kernel;
  }
  if (irq && !(host->ready && host->last_was_interrupt)) {
    host->kernel_work = HOST_ENTRY_INTERRUPT;
    host->interrupts++;
    host->last_was_interrupt = true;
    return host->kernel;
  }
  host->last_was_interrupt = false;
  if (next_timer(host) <= host->local) {
    host->kernel_work = HOST_ENTRY_TIMER;
    host->timers++;
    return host->kernel;
  }
  if (host->ready) {
    host->app_entries++;
    return take_ready(host);
  }
  return NULL;
}

/* --- Running -------------------------------------------------------------- */

static const char *entry_name(const struct host *host) {
  static const char *const names[] = {"start", "interrupt", "timer"};
  return host->running == host->kernel ? names[host->kernel_work]
                                       : "application";
}

static void end_entry(struct host *host) {
  struct host_task *task = host->running;
  host_clock(host);
  host->cpu_ps += host->local - host->entry_begin;
  const uint64_t facts[] = {
      host->local, host->stack.stats.SocketCalls, host->stack.stats.CopiedBytes,
      host->stack.stats.EthInFrames, host->stack.stats.EthOutFrames};
  host_event(host, host->entry_begin, EVENT_CHANNEL_ENTRY, facts,
             sizeof(facts));
  if (host->config.timeline) {
    host_note(host, &(struct timeline_event){.name = entry_name(host),
                                             .track = TIMELINE_CPU,
                                             .begin = host->entry_begin,
                                             .end = host->local});
  }
  if (host->config.probe) {
    host->config.probe(host->config.probe_ctx, host, host->local);
  }
  host->running = NULL;
  if (coro_done(task->coro)) {
    task_ended(host, task);
  }
}

static void run_software(struct host *host, sim_time time) {
  if (host->stalled) {
    host->stalled = false;
  } else {
    host->local = sim_time_max(host->local, time);
    host->entry_begin = host->local;
    host->running = choose(host);
    if (!host->running) {
      return;
    }
    host->total_entries++;
    host->local += host->config.cost->entry_least;
    host_clock(host);
  }
  coro_resume(host->running->coro);
  if (!host->stalled) {
    end_entry(host);
  }
}

/* The time up to which every NIC is simulated. */
static sim_time nics_time(const struct host *host) {
  sim_time time = SIM_NEVER;
  for (unsigned i = 0; i < host->port_count; i++) {
    time = sim_time_min(time, host->ops->time(&host->ports[i]));
  }
  return time;
}

static sim_time nics_next(const struct host *host) {
  sim_time next = SIM_NEVER;
  for (unsigned i = 0; i < host->port_count; i++) {
    next = sim_time_min(next, host->ops->next(&host->ports[i]));
  }
  return next;
}

static void update_irq(struct host *host) {
  bool irq = false;
  for (unsigned i = 0; i < host->port_count; i++) {
    irq |= host->ops->irq(&host->ports[i]);
  }
  if (!irq) {
    host->irq_since = SIM_NEVER;
  } else if (host->irq_since == SIM_NEVER) {
    host->irq_since = nics_time(host);
  }
}

static void take_inbox(struct host_port *port, sim_time until) {
  struct sim_event event;
  while (sim_heap_next(&port->inbox) < until &&
         sim_heap_pop(&port->inbox, &event)) {
    port->host->ops->receive(port, event.payload, event.time);
  }
}

/* Run every NIC up to `target`; with `stop_on_irq` none beyond the rise of an
 * interrupt line. Nobody knows before where that is, so several NICs then go on
 * together, to the end of the next grain in which one of them does anything. */
static void run_nics(struct host *host, sim_time target, bool stop_on_irq) {
  const struct host_nic_ops *ops = host->ops;
  if (host->port_count > 1 && stop_on_irq) {
    sim_time next = sim_time_max(nics_next(host), nics_time(host));
    next = sim_time_add(next / ops->grain * ops->grain, ops->grain);
    target = sim_time_min(target, next);
  }
  for (unsigned i = 0; i < host->port_count; i++) {
    if (ops->time(&host->ports[i]) < target) {
      ops->run(&host->ports[i], target, stop_on_irq);
    }
  }
}

void host_advance(struct host *host, sim_time until) {
  sim_time grain = host->ops->grain;
  until = until / grain * grain;
  for (unsigned i = 0; i < host->port_count; i++) {
    take_inbox(&host->ports[i], until);
  }
  for (;;) {
    sim_time software = software_next(host);
    sim_time now = nics_time(host);
    sim_time target = sim_time_min(software, until);
    if (now < target) {
      /* While the processor is busy nobody looks at the interrupt lines. */
      bool busy = now < host->local;
      if (busy) {
        target = sim_time_min(target, align_up(host, host->local));
      }
      run_nics(host, target, !busy && host->irq_since == SIM_NEVER);
      update_irq(host);
      continue;
    }
    if (software > until || until - software < LINK_DELAY_MIN) {
      return;
    }
    run_software(host, software);
    update_irq(host);
  }
}

sim_time host_next(const struct host *host) {
  sim_time next = sim_time_min(software_next(host), nics_next(host));
  for (unsigned i = 0; i < host->port_count; i++) {
    next = sim_time_min(next, sim_heap_next(&host->ports[i].inbox));
  }
  return next;
}
