/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of Linux's struct tcp_info by name. */
#ifndef PH_SIM_PACKET_TCPINFO_H
#define PH_SIM_PACKET_TCPINFO_H

#include "stack/socket/socket.h"

enum { TCPINFO_BYTES = 512 };

struct tcpinfo {
  int fd; /* of the stack */
  int result;
  ph_socklen_t len;
  _Alignas(8) uint8_t bytes[TCPINFO_BYTES];
};

/* For run_in_stack(): fills a struct tcpinfo. */
void tcpinfo_ask(struct ph_stack *stack, void *tcpinfo);

enum tcpinfo_status { TCPINFO_GOOD, TCPINFO_ABSENT, TCPINFO_UNKNOWN };
enum tcpinfo_status tcpinfo_field(const struct tcpinfo *info, const char *name,
                                  double *value);

#endif
