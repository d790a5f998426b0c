/* SPDX-License-Identifier: Apache-2.0 */
/* Our counters under the names that Linux has for them (RFC 4293, 4022, 4113
 * and Linux's extensions): `netstat -s`. */
#ifndef PH_SIM_TOOL_SNMP_H
#define PH_SIM_TOOL_SNMP_H

#include <stddef.h>

struct snmp_name {
  const char *ours;  /* "IpInReceives": a field of struct ph_stats */
  const char *group; /* "Ip", "TcpExt" */
  const char *name;  /* "InReceives" */
};

/* Ordered by group. */
extern const struct snmp_name snmp_names[];
extern const size_t snmp_count;

#endif
