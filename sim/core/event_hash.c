/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/event_hash.h"

#include <string.h>

/* One step of a Merkle-Damgard chain: every input bit reaches every output bit
 * (the finalizer of MurmurHash3), and order matters. */
static uint64_t step(uint64_t h, uint64_t word) {
  h ^= word;
  h *= UINT64_C(0xff51afd7ed558ccd);
  h ^= h >> 32;
  h *= UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ h >> 29;
}

void event_hash_add(struct event_hash *hash, sim_time time,
                    enum event_channel channel, const void *data, size_t len) {
  uint64_t h = step(hash->value + 1, time);
  h = step(h, (uint64_t)channel << 56 | len);
  const uint8_t *p = data;
  for (; len >= 8; p += 8, len -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    h = step(h, word);
  }
  if (len) {
    uint64_t word = 0;
    memcpy(&word, p, len);
    h = step(h, word);
  }
  hash->value = h;
}

void event_hash_add_word(struct event_hash *hash, sim_time time,
                         enum event_channel channel, uint64_t word) {
  event_hash_add(hash, time, channel, &word, sizeof(word));
}
