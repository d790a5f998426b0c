/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packetdrill/stack_so.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "sim/core/util.h"

/* How long the heir may take in real time. */
#define HAND_OVER_NS 50000000L

/* ---- Threads ------------------------------------------------------------ */

static void give_way(struct so *so) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += HAND_OVER_NS;
  until.tv_sec += until.tv_nsec / 1000000000L;
  until.tv_nsec %= 1000000000L;
  while (so->handing_over &&
         pthread_cond_timedwait(&so->changed, &so->lock, &until) != ETIMEDOUT) {
  }
  so->handing_over = false;
}

/* The sleeping call that is done, unlinked, or NULL. */
static struct so_call *take_done(struct so *so) {
  struct so_call **link = &so->sleeping;
  while (*link && !(*link)->world.done) {
    link = &(*link)->next;
  }
  struct so_call *call = *link;
  if (call) {
    *link = call->next;
    call->next = NULL;
  }
  return call;
}

void so_wake(struct so *so) {
  struct so_call *call;
  while ((call = take_done(so))) {
    so->handing_over = true;
    so->heir = call->thread;
    pthread_cond_broadcast(&so->changed);
    give_way(so);
  }
}

void so_pass(struct so *so, int64_t until_ns, bool stop_on_packet) {
  do {
    /* packetdrill has one call that may sleep. */
    world_run(so->world, until_ns, stop_on_packet,
              so->sleeping ? &so->sleeping->world : NULL);
    so_wake(so);
  } while (world_now(so->world) < until_ns &&
           !(stop_on_packet && world_first(so->world)));
}

static void body(struct ph_stack *stack, void *arg) {
  struct so_call *call = arg;
  call->result = call->fn(stack, call->args);
}

long so_run(struct so *so, long (*fn)(struct ph_stack *stack, void *args),
            void *args) {
  struct so_call call = {.fn = fn, .args = args, .thread = pthread_self()};
  call.world.fn = body;
  call.world.arg = &call;
  pthread_mutex_lock(&so->lock);
  world_start(so->world, &call.world);
  if (!call.world.done) {
    call.next = so->sleeping;
    /* It leaves the list before this function returns. */
    /* cppcheck-suppress autoVariables */
    so->sleeping = &call;
  }
  so_wake(so);
  while (!call.world.done) {
    pthread_cond_wait(&so->changed, &so->lock);
  }
  pthread_mutex_unlock(&so->lock);
  return call.result;
}

/* ---- Descriptors -------------------------------------------------------- */

int so_fd_make(struct so *so, int live) {
  int fd = eventfd(0, EFD_CLOEXEC);
  if (fd >= SO_FDS) {
    close(fd);
    fd = -1;
  }
  if (fd < 0) {
    return -EMFILE;
  }
  so->live[fd] = live + 1;
  return fd;
}

int so_fd(const struct so *so, int fd) {
  bool ours = fd >= 0 && fd < SO_FDS && so->live[fd];
  return ours ? so->live[fd] - 1 : fd < 0 ? -1 : 1 << 20;
}

/* ---- Making ------------------------------------------------------------- */

/* 192.168.255.253: no address that packetdrill's users give the host. */
static const uint32_t gateway_ip = 0xc0a8fffd;

static bool set_flag(const char *flag, enum host_nic *nic,
                     enum run_profile *profile, bool *push_bursts,
                     uint16_t *longer) {
  if (strcmp(flag, "nic=rtl") == 0 || strcmp(flag, "nic=soft") == 0) {
    *nic = flag[4] == 'r' ? HOST_NIC_RTL : HOST_NIC_SOFT;
    return true;
  }
  if (strcmp(flag, "profile=bsd") == 0 || strcmp(flag, "profile=linux") == 0) {
    *profile = flag[8] == 'b' ? RUN_PROFILE_BSD : RUN_PROFILE_LINUX;
    return true;
  }
  if (strcmp(flag, "push=burst") == 0 || strcmp(flag, "push=write") == 0) {
    *push_bursts = flag[5] == 'b';
    return true;
  }
  if (strcmp(flag, "mtu=1500") == 0 || strcmp(flag, "mtu=1520") == 0) {
    *longer = flag[6] == '2' ? 20 : 0; /* as packetdrill's own runner has it */
    return true;
  }
  fprintf(stderr,
          "libpackhorse_packetdrill: --so_flags: '%s' is none of nic=soft, "
          "nic=rtl, profile=linux, profile=bsd, push=write, push=burst, "
          "mtu=1500, mtu=1520.\n",
          flag);
  return false;
}

struct so *so_create(const char *flags) {
  enum host_nic nic = HOST_NIC_SOFT;
  enum run_profile profile = RUN_PROFILE_LINUX;
  char *copy = strdup(flags ? flags : ""), *rest = copy, *flag;
  bool good = copy != NULL, push_bursts = false;
  uint16_t longer = 0;
  while (good && (flag = strsep(&rest, ", "))) {
    good = !*flag || set_flag(flag, &nic, &profile, &push_bursts, &longer);
  }
  free(copy);
  if (!good) {
    return NULL;
  }
  struct so *so = sim_alloc(sizeof(*so));
  settings_profile(&so->settings, profile);
  so->settings.tcp.features.push_bursts = push_bursts;
  so->settings.gateway_ip = gateway_ip;
  so->settings.mapped = true; /* both families */
  so->settings.mtu = (uint16_t)(so->settings.mtu + longer);
  so->world = settings_world(&so->settings, nic);
  pthread_mutex_init(&so->lock, NULL);
  pthread_cond_init(&so->changed, NULL);
  return so;
}

void so_destroy(struct so *so) {
  pthread_mutex_lock(&so->lock);
  so->ended = so->sleeping != NULL;
  for (struct so_call *call = so->sleeping; call; call = call->next) {
    call->result = -EINTR;
    call->world.done = true;
  }
  so->sleeping = NULL;
  pthread_cond_broadcast(&so->changed);
  pthread_mutex_unlock(&so->lock);
  /* A thread that leaves its call now still needs the lock: then all stays. */
  if (!so->ended) {
    world_destroy(so->world);
    pthread_cond_destroy(&so->changed);
    pthread_mutex_destroy(&so->lock);
    free(so);
  }
}
