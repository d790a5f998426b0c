/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse netstat: sockets, counters, routes and interfaces of the hosts of
 * a finished run (--state), or of a session that runs (tap --control). */
#include <string.h>

#include "sim/tool/commands.h"
#include "sim/tool/netstat.h"
#include "sim/tool/options_own.h"

enum { CODE_HOST = 256 };

static const struct option longs[] = {
    {"all", no_argument, NULL, 'a'},
    {"statistics", no_argument, NULL, 's'},
    {"route", no_argument, NULL, 'r'},
    {"interfaces", no_argument, NULL, 'i'},
    {"wide", no_argument, NULL, 'W'},
    {"host", required_argument, NULL, CODE_HOST},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: packhorse netstat [OPTION]... FILE\n\n"
    "The sockets of each host, one a line, as a run wrote them to FILE with "
    "--state;\nor now, of a session whose --control socket FILE is.\n\n"
    "  -a, --all           sockets that listen, too\n"
    "  -s, --statistics    counters under Linux's SNMP names\n"
    "  -r, --route         routes\n"
    "  -i, --interfaces    interfaces\n"
    "  -W, --wide          windows and times of connections, too\n"
    "      --host NAME     of this host only\n"
    "      --help          this text\n";

static int show(const struct netstat *netstat, const char *name,
                unsigned what) {
  bool any = false;
  for (size_t i = 0; i < netstat->host_count; i++) {
    if (!name || strcmp(netstat->hosts[i].name, name) == 0) {
      printf("%s", any ? "\n" : "");
      netstat_print(&netstat->hosts[i], what);
      any = true;
    }
  }
  if (!any) {
    fprintf(stderr, "packhorse: --host %s: no host of this state; ", name);
    fprintf(stderr, "the first is %s.\n", netstat->hosts[0].name);
    return 2;
  }
  return 0;
}

static int run(const char *file, const char *host, unsigned what) {
  bool is_state;
  FILE *from = netstat_open(file, &is_state);
  if (!from) {
    return 2;
  }
  struct netstat netstat;
  int status = 2;
  if (netstat_read(&netstat, from)) {
    status = show(&netstat, host, what);
  } else {
    fprintf(stderr, "packhorse: %s: %s.\n", file, netstat.why);
  }
  netstat_free(&netstat);
  fclose(from);
  return status;
}

static unsigned flag_of(int code) {
  switch (code) {
    case 'a':
      return NETSTAT_LISTENING;
    case 's':
      return NETSTAT_COUNTERS;
    case 'r':
      return NETSTAT_ROUTES;
    case 'i':
      return NETSTAT_INTERFACES;
    case 'W':
      return NETSTAT_WIDE;
    default:
      return 0;
  }
}

struct wish {
  const char *host;
  unsigned what;
};

static int take(void *ctx, int code, char *value) {
  struct wish *wish = ctx;
  wish->host = code == CODE_HOST ? value : wish->host;
  wish->what |= flag_of(code);
  return 0;
}

int command_netstat(const struct options *options) {
  static const struct options_own own = {
      .command = "netstat",
      .help = help,
      .operands =
          "one FILE, which a run wrote with --state, or a --control socket",
      .shorts = "asriWh",
      .longs = longs,
      .take = take,
  };
  struct wish wish = {0};
  char **file;
  int count =
      options_own_read(&own, &wish, options->arg_count, options->args, &file);
  return count > 0 ? run(file[0], wish.host, wish.what) : -count;
}
