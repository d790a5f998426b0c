/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them. */
#ifndef PH_SIM_RUN_ADDRESS_H
#define PH_SIM_RUN_ADDRESS_H

#include "stack/base/types.h"

enum { ADDRESS_TEXT = 48, ADDRESS_PORT_TEXT = 64 };

/* Dotted for IPv4, RFC 5952 for IPv6; returns `text`. */
const char *address_text(const struct ph_addr *address,
                         char text[ADDRESS_TEXT]);

/* "10.0.0.1:80", "[fd00::1]:80" (RFC 3986 3.2.2). */
void address_and_port(char text[ADDRESS_PORT_TEXT], const char *address,
                      unsigned port);
void address_with_port(char text[ADDRESS_PORT_TEXT],
                       const struct ph_addr *address, unsigned port);

#endif
