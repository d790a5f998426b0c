/* SPDX-License-Identifier: Apache-2.0 */
/* build/packhorse: the simulator's command line. */
#include <stdio.h>

#include "sim/tool/commands.h"

int main(int argc, char **argv) {
  struct options options;
  int status = options_parse(&options, argc, argv);
  if (status) {
    return status;
  }
  if (options.help || (options.command == COMMAND_HELP && !options.topic)) {
    options_help(options.command);
    return 0;
  }
  switch (options.command) {
    case COMMAND_THROUGHPUT:
      if (options.arq_grid.modes) {
        return command_arq(&options);
      }
      return command_transfer(&options);
    case COMMAND_DOWNLOAD:
      return command_transfer(&options);
    case COMMAND_PING:
    case COMMAND_UDP:
      return command_echo(&options);
    case COMMAND_TRACEROUTE:
      return command_traceroute(&options);
    case COMMAND_TAP:
      return command_tap(&options);
    case COMMAND_REPLAY:
      return command_replay(&options);
    case COMMAND_SCENARIO:
      return command_scenario(&options);
    case COMMAND_PACKET:
      return command_packet(&options);
    case COMMAND_NETSTAT:
      return command_netstat(&options);
    case COMMAND_RESOLVE:
      return command_resolve(&options);
    case COMMAND_DHCP:
      return command_dhcp(&options);
    case COMMAND_EXAMPLE:
      return command_example(&options);
    case COMMAND_REPORT: /* of a recording; else it is a download */
      return command_report(&options);
    case COMMAND_DIAGNOSE:
      return command_diagnose(&options);
    default:
      break;
  }
  if (options_help_topic(options.topic)) {
    return 0;
  }
  fprintf(
      stderr,
      "packhorse: help %s: expected a command, 'cpu', 'wire' or 'topology'.\n",
      options.topic);
  return 2;
}
