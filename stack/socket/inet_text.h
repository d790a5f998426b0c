/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text: what <arpa/inet.h> has, with the same results. Binary
 * addresses are bytes in network order. */
#ifndef PH_SOCKET_INET_TEXT_H
#define PH_SOCKET_INET_TEXT_H

#include "stack/socket/socket.h"

enum { PH_INET_ADDRSTRLEN = 16, PH_INET6_ADDRSTRLEN = 46 };

/* 1 and `to` (4 or 16 bytes) is filled; 0: `text` is no such address;
 * -PH_EAFNOSUPPORT. */
int ph_inet_pton(int family, const char *text, void *to);

/* The classic forms, too: one to four parts, each decimal, octal (0) or
 * hexadecimal (0x); the last fills what is left. 1, or 0. */
int ph_inet_aton(const char *text, void *to);

/* `to`, or NULL: `size` is too small, or no such family. IPv6 after RFC 5952,
 * but as in Linux ::a.b.c.d keeps its dots. */
const char *ph_inet_ntop(int family, const void *from, char *to, size_t size);

/* Unsigned decimal at `text`, at most `most`: how many characters it took; 0:
 * none, or more than `most`. */
size_t ph_text_number(const char *text, uint32_t most, uint32_t *value);

/* Append `value` in decimal; returns the end, which is not terminated. */
char *ph_text_put_number(char *to, uint32_t value);

#endif
