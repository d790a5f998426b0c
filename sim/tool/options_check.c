/* SPDX-License-Identifier: Apache-2.0 */
/* Which options go together, and what follows from them. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/core/util.h"
#include "sim/tool/example.h"
#include "sim/tool/options_parse.h"
#include "sim/tool/options_arq.h"
#include "sim/explain/scenario.h"

static int check_words(const struct options *options) {
  if (options->command == COMMAND_REPLAY && !options->file) {
    fprintf(stderr,
            "packhorse: replay: expected a recording, as in 'packhorse replay "
            "FILE'.\n");
    return 2;
  }
  if (options->mss > options->mtu - 40) {
    fprintf(stderr, "packhorse: --mss %u: at most %u fit into the MTU of %u.\n",
            options->mss, options->mtu - 40u, options->mtu);
    return 2;
  }
  if (options->ipv6 && options->mtu < 1280) {
    fprintf(stderr, "packhorse: --mtu %u: IPv6 needs 1280 at least.\n",
            options->mtu);
    return 2;
  }
  if ((options->from || options->to) && !options->topology) {
    fprintf(stderr,
            "packhorse: --from, --to: they name hosts of --topology.\n");
    return 2;
  }
  if (options->command == COMMAND_SCENARIO) {
    return scenario_known(options->topic) ? 0 : 2;
  }
  if (options->command == COMMAND_EXAMPLE &&
      !example_known(options->topic, options->ipv6)) {
    return 2;
  }
  if (options->state_at_us && !options->state) {
    fprintf(stderr, "packhorse: --state-at: it says when --state is taken.\n");
    return 2;
  }
  if (options->picture && !options->explain &&
      options->command != COMMAND_PING && options->command != COMMAND_DHCP) {
    fprintf(stderr,
            "packhorse: --picture %s: it shows the packet that --explain "
            "names.\n",
            options->picture);
    return 2;
  }
  if (options->report && options->explain) {
    fprintf(stderr, "packhorse: --report %s: not together with --explain.\n",
            options->report);
    return 2;
  }
  if (options->explain && options->json) {
    fprintf(stderr,
            "packhorse: --explain %s: it prints text, --json one object.\n",
            options->explain);
    return 2;
  }
  if (options->waves && options->nic == HOST_NIC_SOFT) {
    fprintf(stderr, "packhorse: --waves: only --nic rtl has waves.\n");
    return 2;
  }
  return 0;
}

static int check_topology(struct options *options) {
  options->watch = options->command == COMMAND_DHCP ||
                   (options->command == COMMAND_PING && options->picture);
  options->path_mtu = options->mtu;
  options->path_rate_bps = options->link.rate_bps;
  if (options->autoconf && !(options->topology && options->ipv6)) {
    fprintf(stderr,
            "packhorse: --autoconf: it needs -6 and routers in --topology.\n");
    return 2;
  }
  if (!options->topology) {
    return 0;
  }
  struct topology_defaults defaults = options_topology_defaults(options);
  struct topology *topology = sim_alloc(sizeof(*topology));
  int status = 0;
  if (!topology_parse(topology, options->topology, &defaults)) {
    fprintf(stderr, "packhorse: --topology: %s.\n", topology->error);
    status = 2;
  } else {
    options->path_mtu = topology_path_mtu(topology);
    options->path_rate_bps = topology_path_rate(topology);
  }
  free(topology);
  return status;
}

int options_check(struct options *options) {
  if (options->command == COMMAND_REPORT) {
    options->command = COMMAND_DOWNLOAD;
  }
  int status = check_words(options) | options_arq_check(options);
  return status ? status : check_topology(options);
}
