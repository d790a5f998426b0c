/* SPDX-License-Identifier: Apache-2.0 */
/* Error numbers. Calls return `-PH_E...`; the values are Linux's, asserted
 * against the host's <errno.h> in tests/stack/test_abi.c. */
#ifndef PH_BASE_ERRNO_H
#define PH_BASE_ERRNO_H

#define PH_ERRNO_MAP(X)                                \
  X(EPERM, 1, "operation not permitted")               \
  X(ENOENT, 2, "no such entry")                        \
  X(EINTR, 4, "interrupted")                           \
  X(EIO, 5, "input/output error")                      \
  X(ENXIO, 6, "no such device or address")             \
  X(EBADF, 9, "bad descriptor")                        \
  X(EAGAIN, 11, "would block")                         \
  X(ENOMEM, 12, "out of memory")                       \
  X(EACCES, 13, "permission denied")                   \
  X(EFAULT, 14, "bad address")                         \
  X(EBUSY, 16, "busy")                                 \
  X(EEXIST, 17, "exists")                              \
  X(ENODEV, 19, "no such device")                      \
  X(EINVAL, 22, "invalid argument")                    \
  X(ENFILE, 23, "too many open files in system")       \
  X(EMFILE, 24, "too many open descriptors")           \
  X(ENOTTY, 25, "inappropriate control operation")     \
  X(ENOSPC, 28, "no space left")                       \
  X(EPIPE, 32, "broken pipe")                          \
  X(EDOM, 33, "out of domain")                         \
  X(ERANGE, 34, "out of range")                        \
  X(ENOSYS, 38, "not implemented")                     \
  X(EPROTO, 71, "protocol error")                      \
  X(EBADMSG, 74, "bad message")                        \
  X(EOVERFLOW, 75, "value too large")                  \
  X(ENOTSOCK, 88, "not a socket")                      \
  X(EDESTADDRREQ, 89, "destination address required")  \
  X(EMSGSIZE, 90, "message too long")                  \
  X(EPROTOTYPE, 91, "wrong protocol for socket")       \
  X(ENOPROTOOPT, 92, "protocol option not available")  \
  X(EPROTONOSUPPORT, 93, "protocol not supported")     \
  X(ESOCKTNOSUPPORT, 94, "socket type not supported")  \
  X(EOPNOTSUPP, 95, "operation not supported")         \
  X(EPFNOSUPPORT, 96, "protocol family not supported") \
  X(EAFNOSUPPORT, 97, "address family not supported")  \
  X(EADDRINUSE, 98, "address in use")                  \
  X(EADDRNOTAVAIL, 99, "address not available")        \
  X(ENETDOWN, 100, "network is down")                  \
  X(ENETUNREACH, 101, "network unreachable")           \
  X(ECONNABORTED, 103, "connection aborted")           \
  X(ECONNRESET, 104, "connection reset")               \
  X(ENOBUFS, 105, "no buffer space")                   \
  X(EISCONN, 106, "already connected")                 \
  X(ENOTCONN, 107, "not connected")                    \
  X(ESHUTDOWN, 108, "shut down")                       \
  X(ETIMEDOUT, 110, "timed out")                       \
  X(ECONNREFUSED, 111, "connection refused")           \
  X(EHOSTDOWN, 112, "host is down")                    \
  X(EHOSTUNREACH, 113, "host unreachable")             \
  X(EALREADY, 114, "already in progress")              \
  X(EINPROGRESS, 115, "in progress")

enum ph_errno {
#define X(name, value, text) PH_##name = value,
  PH_ERRNO_MAP(X)
#undef X
};

/* The text of `error` (positive or negative); never NULL. */
const char *ph_strerror(int error);

#endif
