/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/core/util.h"
#include "sim/explain/scenario.h"

enum { PORT = 5001, BUFFER = 65536 };

/* An application: the list of what it does, and where it is. */
struct player {
  struct scenario_run *run;
  unsigned host;
  const struct scenario_do *list;
  int listener, fd;
  uint8_t *buffer;
};

static const char *const call_names[] = {
    [ACT_CONNECT] = "connect",     [ACT_ACCEPT] = "accept",
    [ACT_WRITE] = "write",         [ACT_READ] = "read",
    [ACT_NODELAY] = "TCP_NODELAY", [ACT_SHUTDOWN] = "shutdown",
    [ACT_CLOSE] = "close",
};

static void note(struct player *player, struct host *host,
                 enum record_kind kind, enum scenario_act act, long value) {
  record_note(&player->run->record, kind, player->host, host_time(host),
              call_names[act], value);
}

/* One call, with a note before and one behind it. */
static long call(struct player *player, struct host *host,
                 struct scenario_do what) {
  struct ph_stack *stack = host_stack(host);
  struct ph_addr server = run_address(&player->run->run, RUN_SERVER);
  const struct app_peer peer = app_peer(
      ph_addr_to_v4(&server),
      player->run->options.ipv6 ? &server : &(struct ph_addr){{0}}, PORT);
  int one = 1;
  long result = 0;
  note(player, host, RECORD_CALL, what.act, what.n);
  switch (what.act) {
    case ACT_CONNECT:
      player->fd = ph_socket(stack, peer.family, PH_SOCK_STREAM, 0);
      result = ph_connect(stack, player->fd, &peer.address, peer.len);
      break;
    case ACT_ACCEPT:
      player->fd = ph_accept(stack, player->listener, NULL, NULL);
      result = player->fd < 0 ? player->fd : 0;
      break;
    case ACT_WRITE:
      result = ph_send(stack, player->fd, player->buffer, what.n, 0);
      break;
    case ACT_READ:
      result = ph_recv(stack, player->fd, player->buffer, what.n, 0);
      break;
    case ACT_NODELAY:
      result = ph_setsockopt(stack, player->fd, PH_IPPROTO_TCP, PH_TCP_NODELAY,
                             &one, sizeof(one));
      break;
    case ACT_SHUTDOWN:
      result = ph_shutdown(stack, player->fd, PH_SHUT_WR);
      break;
    case ACT_CLOSE:
      result = ph_close(stack, player->fd);
      break;
    default:
      break;
  }
  note(player, host, RECORD_RETURN, what.act, result);
  return result;
}

/* One line of the list; false: a call failed. */
static bool act(struct player *player, struct host *host,
                struct scenario_do what) {
  if (what.act == ACT_SLEEP_US) {
    struct app_env env = host_app_env(host);
    env.sleep_ns(env.ctx, what.n * UINT64_C(1000));
    return true;
  }
  for (;;) {
    long result = call(player, host, what);
    if (result < 0) {
      player->run->error[player->host] = (int)result;
      return false;
    }
    if (what.act == ACT_READ) {
      player->run->bytes[player->host] += (uint64_t)result;
    }
    if ((what.act != ACT_READ && what.act != ACT_WRITE) || result == 0 ||
        (uint32_t)result >= what.n) {
      return true;
    }
    what.n -= (uint32_t)result;
  }
}

static void play(struct host *host, void *arg) {
  struct player *player = arg;
  for (const struct scenario_do *at = player->list; at->act != ACT_END; at++) {
    if (!act(player, host, *at)) {
      return;
    }
  }
}

static void serve(struct host *host, void *arg) {
  struct player *player = arg;
  player->listener =
      app_listen(host_stack(host), PORT, 4, player->run->options.ipv6);
  if (player->listener < 0) {
    player->run->error[player->host] = player->listener;
    return;
  }
  play(host, arg);
}

/* The run's options: what the user said, and what the scenario needs. */
static void set_options(struct scenario_run *run,
                        const struct options *options) {
  char error[256];
  const struct scenario *scenario = run->scenario;
  run->options = *options;
  run->options.record = &run->record;
  run->options.tcp.features = scenario->features;
  if (options->ipv6) { /* segments are as long as over IPv4 */
    run->options.mtu = (uint16_t)(options->mtu + 20);
  }
  if (scenario->rcvbuf) {
    run->options.rcvbuf = scenario->rcvbuf;
  }
  if (!link_config_parse(&run->options.link, scenario->wire, error,
                         sizeof(error))) {
    abort();
  }
}

int scenario_play(struct scenario_run *run, const struct scenario *scenario,
                  const struct options *options) {
  *run = (struct scenario_run){.scenario = scenario};
  record_init(&run->record);
  set_options(run, options);
  if (!run_start(&run->run, &run->options)) {
    return 2;
  }
  struct player players[RECORD_HOSTS] = {
      {.run = run, .host = RUN_CLIENT, .list = scenario->client},
      {.run = run, .host = RUN_SERVER, .list = scenario->server}};
  for (int i = 0; i < RECORD_HOSTS; i++) {
    players[i].buffer = sim_alloc(BUFFER);
  }
  host_spawn(run->run.sim.host[RUN_SERVER], 0, serve, &players[RUN_SERVER]);
  host_spawn(run->run.sim.host[RUN_CLIENT], RUN_CLIENT_START, play,
             &players[RUN_CLIENT]);
  run_simulate(&run->run, 3);
  int status = run_finish(&run->run) ? 0 : 1;
  record_close(&run->record);
  for (int i = 0; i < RECORD_HOSTS; i++) {
    free(players[i].buffer);
  }
  return status;
}

void scenario_free(struct scenario_run *run) {
  record_destroy(&run->record);
}
