/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), to compare what was sent with what was received. */
#ifndef PH_SIM_CORE_SHA256_H
#define PH_SIM_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
  uint32_t state[8];
  uint64_t length; /* bytes so far */
  uint8_t block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_update(struct sha256 *sha, const void *data, size_t len);

/* Writes 64 hexadecimal digits and a NUL; `sha` stays as it is, so that more
 * may follow. */
void sha256_hex(const struct sha256 *sha, char hex[65]);

#endif
