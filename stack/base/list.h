/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_BASE_LIST_H
#define PH_BASE_LIST_H

#include "stack/base/types.h"

/* Doubly linked circular lists with a sentinel. A neighbour is stored as its
 * distance, which takes half the memory of a pointer: all links of a list lie
 * in one arena, of at most 8 GiB. All zero, an element is its own neighbour:
 * outside any list, or an empty list. */
struct ph_link {
  int32_t next, prev; /* in units of 4 bytes */
};

static inline struct ph_link *ph_link_at(const struct ph_link *link,
                                         int32_t distance) {
  return (struct ph_link *)((uintptr_t)link +
                            (uintptr_t)((intptr_t)distance * 4));
}
static inline int32_t ph_link_distance(const struct ph_link *from,
                                       const struct ph_link *to) {
  return (int32_t)((intptr_t)((uintptr_t)to - (uintptr_t)from) >> 2);
}
static inline struct ph_link *ph_link_next(const struct ph_link *link) {
  return ph_link_at(link, link->next);
}
static inline struct ph_link *ph_link_prev(const struct ph_link *link) {
  return ph_link_at(link, link->prev);
}
static inline bool ph_link_linked(const struct ph_link *link) {
  return link->next != 0;
}
/* `b` comes behind `a`. */
static inline void ph_link_join(struct ph_link *a, struct ph_link *b) {
  a->next = ph_link_distance(a, b);
  b->prev = -a->next;
}
static inline void ph_link_remove(struct ph_link *link) {
  ph_link_join(ph_link_prev(link), ph_link_next(link));
  link->next = link->prev = 0;
}
static inline void ph_link_append(struct ph_link *list, struct ph_link *link) {
  ph_link_join(ph_link_prev(list), link);
  ph_link_join(link, list);
}
/* All elements of `from` go behind those of `to`. */
static inline void ph_link_move(struct ph_link *to, struct ph_link *from) {
  if (ph_link_linked(from)) {
    ph_link_join(ph_link_prev(to), ph_link_next(from));
    ph_link_join(ph_link_prev(from), to);
    from->next = from->prev = 0;
  }
}

#endif
