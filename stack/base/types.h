/* SPDX-License-Identifier: Apache-2.0 */
/* Small shared things: the four memory functions, helpers for sizes, and the
 * 16-byte network address that every layer above IP sees. */
#ifndef PH_BASE_TYPES_H
#define PH_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The only functions that the environment must supply. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* -ffreestanding makes each of them a call; the compiler's own knowledge of
 * them turns small constant sizes into moves. A file that defines them (the
 * environment's) takes the macros off first, with #undef. */
#define memcpy(...) __builtin_memcpy(__VA_ARGS__)
#define memset(...) __builtin_memset(__VA_ARGS__)
#define memcmp(...) __builtin_memcmp(__VA_ARGS__)

#define PH_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PH_CONTAINER_OF(pointer, type, member) \
  ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define PH_MUST_USE __attribute__((warn_unused_result))
/* PH_APART: kept out of its caller, so that the way that is usual there stays
 * short. PH_APART_IF_SMALL: kept out of it where it is size that matters:
 * inside of it, with more variables than there are registers, it would be
 * longer than the call. Of what is neither then the compiler decides. */
#ifdef __OPTIMIZE_SIZE__
#define PH_APART
#define PH_APART_IF_SMALL __attribute__((noinline))
#else
#define PH_APART __attribute__((noinline))
#define PH_APART_IF_SMALL
#endif
/* Nearly always so: what follows is laid out in one line, and for speed. */
#define PH_USUAL(condition) __builtin_expect((condition), 1)
/* PH_INLINE: made anew for each caller, who gives constants that leave parts of
 * it out; unless it is size that matters. PH_SHARED: then all callers share one
 * copy. PH_SHORT_WAYS: is there a short way for what is usual, beside the whole
 * way that does the same? */
#ifdef __OPTIMIZE_SIZE__
#define PH_INLINE inline
#define PH_SHARED __attribute__((noinline, unused))
#define PH_SHORT_WAYS false
#else
#define PH_INLINE inline __attribute__((always_inline))
#define PH_SHARED __attribute__((unused))
#define PH_SHORT_WAYS true
#endif

/* A piece of memory, as in readv(). */
struct ph_iovec {
  void *iov_base;
  size_t iov_len;
};

static inline uint64_t ph_min_u64(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
static inline uint64_t ph_max_u64(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}
static inline uint32_t ph_min_u32(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}
static inline uint32_t ph_max_u32(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

/* An IPv6 address, or an IPv4 address mapped as ::ffff:a.b.c.d (RFC 4291
 * 2.5.5.2). Bytes in network order. The unspecified address of either family
 * is `::` respectively `::ffff:0.0.0.0`. */
struct ph_addr {
  _Alignas(8) uint8_t bytes[16];
};

static inline bool ph_addr_equal(const struct ph_addr *a,
                                 const struct ph_addr *b) {
  /* Bytes read as words: without the attribute a compiler may leave out the
   * stores before it (C11 6.5p7). */
  typedef uint64_t __attribute__((may_alias)) word;
  const word *x = (const word *)(const void *)a->bytes;
  const word *y = (const word *)(const void *)b->bytes;
  return x[0] == y[0] && x[1] == y[1];
}

static inline bool ph_addr_is_v4(const struct ph_addr *a) {
  typedef uint64_t __attribute__((may_alias)) word; /* as above */
  uint32_t middle;
  memcpy(&middle, a->bytes + 8, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  middle = __builtin_bswap32(middle);
#endif
  return *(const word *)(const void *)a->bytes == 0 && middle == 0xffff;
}

/* `ip` in host order: 0x0a000001 is 10.0.0.1. */
static inline struct ph_addr ph_addr_v4(uint32_t ip) {
  static const struct ph_addr any = {
      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};
  struct ph_addr a = any;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  ip = __builtin_bswap32(ip);
#endif
  memcpy(a.bytes + 12, &ip, 4);
  return a;
}

static inline uint32_t ph_addr_to_v4(const struct ph_addr *a) {
  uint32_t ip;
  memcpy(&ip, a->bytes + 12, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  ip = __builtin_bswap32(ip);
#endif
  return ip;
}

#endif
