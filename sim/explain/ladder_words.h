/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame says, in a few words. */
#ifndef PH_SIM_EXPLAIN_LADDER_WORDS_H
#define PH_SIM_EXPLAIN_LADDER_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { LADDER_TEXT = 96 };

enum ladder_kind {
  LADDER_ASKS,    /* a question, or data */
  LADDER_ANSWERS, /* an answer */
  LADDER_LINK,    /* ARP, neighbour discovery, groups */
};

/* `data` from the Ethernet header on. */
enum ladder_kind ladder_words(const uint8_t *data, size_t len,
                              char text[LADDER_TEXT]);

#endif
