/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of sequence ranges: a splay tree (Sleator and Tarjan, 1985, top-down)
 * with its elements also in a list.
 *
 * The tree needs no balance data, and its cost adapts to how TCP looks things
 * up: the element found last is at the root, taking elements off the front one
 * after the other is amortized O(1), any access is amortized O(log n), also
 * for an adversary's order. Sequence numbers are compared modulo 2^32, which
 * is an order because all of them lie inside one window.
 */
#include "stack/tcp/tcp_internal.h"

/* Bring the range with `seq`, or the last one on the way there, to the root.
 */
static struct tcp_range *splay(struct tcp_range *t, uint32_t seq) {
  struct tcp_range header; /* of which only this is used: */
  header.left = header.right = NULL;
  struct tcp_range *l = &header; /* greatest of those below */
  struct tcp_range *r = &header; /* smallest of those above */
  while (t->seq != seq) {
    if (seq_lt(seq, t->seq)) {
      struct tcp_range *child = t->left;
      if (!child) {
        break;
      }
      if (seq_lt(seq, child->seq)) { /* rotate right */
        t->left = child->right;
        child->right = t;
        t = child;
        if (!t->left) {
          break;
        }
      }
      r->left = t;
      r = t;
      t = t->left;
    } else {
      struct tcp_range *child = t->right;
      if (!child) {
        break;
      }
      if (seq_gt(seq, child->seq)) { /* rotate left */
        t->right = child->left;
        child->left = t;
        t = child;
        if (!t->right) {
          break;
        }
      }
      l->right = t;
      l = t;
      t = t->right;
    }
  }
  l->right = t->left;
  r->left = t->right;
  t->left = header.right;
  t->right = header.left;
  return t;
}

struct tcp_range *tcp_ranges_floor(struct tcp_ranges *set, uint32_t seq) {
  if (!set->root) {
    return NULL;
  }
  set->root = splay(set->root, seq);
  return seq_leq(set->root->seq, seq) ? set->root : set->root->prev;
}

void tcp_ranges_insert_among(struct tcp_ranges *set, struct tcp_range *range) {
  struct tcp_range *before = tcp_ranges_floor(set, range->seq);
  struct tcp_range *root = set->root;
  range->left = range->right = NULL;
  if (before == root) {
    range->right = root->right;
    range->left = root;
    root->right = NULL;
  } else {
    range->left = root->left;
    range->right = root;
    root->left = NULL;
  }
  set->root = range;

  range->prev = before;
  range->next = before ? before->next : set->first;
  *(range->prev ? &range->prev->next : &set->first) = range;
  range->next->prev = range; /* the last is another */
}

static void take_out(struct tcp_ranges *set, struct tcp_range *range) {
  if (set->root != range) {
    set->root = splay(set->root, range->seq);
  }
  if (!range->left) {
    set->root = range->right;
  } else { /* the greatest on the left has no right child once splayed */
    struct tcp_range *right = range->right;
    set->root = splay(range->left, range->seq);
    set->root->right = right;
  }
}

void tcp_ranges_remove(struct tcp_ranges *set, struct tcp_range *range) {
  if (set->first == set->last) {
    set->root = set->first = set->last = NULL;
    return;
  }
  if (PH_SHORT_WAYS && range == set->first && set->root->left == range) {
    set->root->left = range->right; /* as most often: nothing to search */
  } else {
    take_out(set, range);
  }
  *(range->prev ? &range->prev->next : &set->first) = range->next;
  *(range->next ? &range->next->prev : &set->last) = range->prev;
}
