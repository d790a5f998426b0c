/* SPDX-License-Identifier: Apache-2.0 */
/* One function per command; each returns the exit status. */
#ifndef PH_SIM_TOOL_COMMANDS_H
#define PH_SIM_TOOL_COMMANDS_H

#include "sim/tool/options_parse.h"

int command_transfer(const struct options *options); /* download, throughput */
int command_arq(const struct options *options);      /* throughput --arq */
int command_echo(const struct options *options);     /* ping, udp */
int command_traceroute(const struct options *options);
int command_tap(const struct options *options);
int command_replay(const struct options *options);
int command_scenario(const struct options *options);
int command_packet(const struct options *options);
int command_netstat(const struct options *options);
int command_resolve(const struct options *options);
int command_dhcp(const struct options *options);
int command_example(const struct options *options);
int command_report(const struct options *options); /* of a recording */
int command_diagnose(const struct options *options);

#endif
