/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/address.h"

#include <arpa/inet.h>

const char *address_text(const struct ph_addr *address,
                         char text[ADDRESS_TEXT]) {
  bool v4 = ph_addr_is_v4(address);
  inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? 12 : 0), text,
            ADDRESS_TEXT);
  return text;
}
