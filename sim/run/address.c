/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char *address_text(const struct ph_addr *address,
                         char text[ADDRESS_TEXT]) {
  bool v4 = ph_addr_is_v4(address);
  inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? 12 : 0), text,
            ADDRESS_TEXT);
  return text;
}

void address_and_port(char text[ADDRESS_PORT_TEXT], const char *address,
                      unsigned port) {
  bool v6 = strchr(address, ':') != NULL;
  snprintf(text, ADDRESS_PORT_TEXT, "%s%.*s%s:%u", v6 ? "[" : "", ADDRESS_TEXT,
           address, v6 ? "]" : "", port & 0xffff);
}

void address_with_port(char text[ADDRESS_PORT_TEXT],
                       const struct ph_addr *address, unsigned port) {
  char plain[ADDRESS_TEXT];
  address_and_port(text, address_text(address, plain), port);
}
