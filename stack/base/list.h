/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_BASE_LIST_H
#define PH_BASE_LIST_H

#include "stack/base/types.h"

/* Doubly linked circular lists with a sentinel; an element outside any list
 * points to itself. */
struct ph_link {
  struct ph_link *next, *prev;
};

static inline void ph_link_init(struct ph_link *link) {
  link->next = link->prev = link;
}
static inline bool ph_link_linked(const struct ph_link *link) {
  return link->next != link;
}
static inline void ph_link_remove(struct ph_link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
  ph_link_init(link);
}
static inline void ph_link_append(struct ph_link *list, struct ph_link *link) {
  link->prev = list->prev;
  link->next = list;
  list->prev->next = link;
  list->prev = link;
}

#endif
