/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses, for who makes them. */
#ifndef PH_SOCKET_SOCKADDR_H
#define PH_SOCKET_SOCKADDR_H

#include "stack/socket/socket.h"

/* An address, with its zone, and a port in host order, as ph_sockaddr_in6 or
 * (not `v6`) ph_sockaddr_in. Returns its length. */
ph_socklen_t ph_sockaddr_make(bool v6, const struct ph_addr *ip, uint16_t port,
                              struct ph_sockaddr_in6 *out);

#endif
