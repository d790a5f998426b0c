/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them. */
#ifndef PH_SIM_RUN_ADDRESS_H
#define PH_SIM_RUN_ADDRESS_H

#include "stack/base/types.h"

enum { ADDRESS_TEXT = 48 };

/* Dotted for IPv4, RFC 5952 for IPv6; returns `text`. */
const char *address_text(const struct ph_addr *address,
                         char text[ADDRESS_TEXT]);

#endif
