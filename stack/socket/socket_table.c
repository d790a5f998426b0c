/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: which are open, and the lowest that is free (POSIX.1-2017
 * 2.14), in a time that does not depend on how many there are. */
#include "stack/socket/socket_internal.h"

enum { WORD_BITS = 64 };

static void mark_free(struct sock_table *table, uint32_t index) {
  for (int level = 0; level < SOCK_MAP_LEVELS; level++) {
    uint64_t *word = &table->free_map[level][index / WORD_BITS];
    uint64_t was = *word;
    *word |= 1ull << index % WORD_BITS;
    if (was != 0) {
      return; /* so the bits above are set */
    }
    index /= WORD_BITS;
  }
}

static void mark_used(struct sock_table *table, uint32_t index) {
  for (int level = 0; level < SOCK_MAP_LEVELS; level++) {
    uint64_t *word = &table->free_map[level][index / WORD_BITS];
    *word &= ~(1ull << index % WORD_BITS);
    if (*word != 0) {
      return;
    }
    index /= WORD_BITS;
  }
}

/* The lowest, or UINT32_MAX. */
static uint32_t lowest_free(const struct sock_table *table) {
  uint32_t index = 0;
  for (int level = SOCK_MAP_LEVELS; level-- > 0;) {
    uint64_t word = table->free_map[level][index];
    if (word == 0) {
      return UINT32_MAX;
    }
    index = index * WORD_BITS + (uint32_t)__builtin_ctzll(word);
  }
  return index;
}

int sock_table_init(struct ph_stack *stack, struct sock_table *table,
                    uint32_t count) {
  if (count == 0 || count > SOCK_MAP_MAX) {
    return -PH_EINVAL;
  }
  uint32_t words = count;
  for (int level = 0; level < SOCK_MAP_LEVELS; level++) {
    words = (words + WORD_BITS - 1) / WORD_BITS;
    table->free_map[level] = ph_stack_alloc(stack, words * sizeof(uint64_t));
    if (!table->free_map[level]) {
      return -PH_ENOMEM;
    }
  }
  table->socks = ph_stack_alloc(stack, count * sizeof(*table->socks));
  if (!table->socks) {
    return -PH_ENOMEM;
  }
  table->count = count;
  for (uint32_t i = 0; i < count; i++) {
    mark_free(table, i);
  }
  return 0;
}

int sock_missing(const struct ph_stack *stack, int fd) {
  return sock_get(stack, fd) ? -PH_ENOTSOCK : -PH_EBADF;
}

int sock_alloc(struct ph_stack *stack, struct ph_sock **out) {
  struct sock_table *table = sock_table_of(stack);
  uint32_t fd = lowest_free(table);
  if (fd == UINT32_MAX) {
    return -PH_EMFILE;
  }
  mark_used(table, fd);
  struct ph_sock *sock = &table->socks[fd];
  *sock = (struct ph_sock){
      .generation = sock->generation,
      .pollers = sock->pollers, /* they wait for the descriptor's slot */
      .open = true,
      .sndbuf = table->default_sndbuf,
  };
  *out = sock;
  return (int)fd;
}

void sock_release(struct ph_stack *stack, struct ph_sock *sock) {
  struct sock_table *table = sock_table_of(stack);
  if (sock->watches || sock->is_epoll) {
    table->epoll->forget(stack, sock);
  }
  sock->open = false;
  sock->generation++;
  sock->tcp = NULL;
  sock->udp = NULL;
  mark_free(table, (uint32_t)(sock - table->socks));
  /* Whoever waits finds it closed. */
  sock_notify(stack, sock, PH_POLLNVAL);
}
