/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs: one source each, for three worlds. Compiled without
 * PACKHORSE they use Linux's sockets; with it this stack's, either on a host of
 * the simulation or driven by a thread in a real program. Everything else is
 * the same. docs/examples.md says how to run each.
 */
#ifndef PH_SIM_EXAMPLES_EXAMPLE_H
#define PH_SIM_EXAMPLES_EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef PACKHORSE
#define PACKHORSE_BSD_NAMES
#include "sim/threads/packhorse.h"
#else
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

/* A program: its words, without its name, and the exit status. It keeps nothing
 * in global variables: several may run in one process. */
typedef int example_fn(int argc, char **argv);
example_fn example_httpd, example_httpget, example_smtpd, example_smtpsend,
    example_ftpd, example_ftp, example_telnetd, example_telnet, example_chat;

struct example_program {
  const char *name, *usage, *text;
  example_fn *fn;
  int least, most; /* words */
};
/* NULL: there is none of that name. Ends with one without a name. */
const struct example_program *example_find(const char *name);
extern const struct example_program example_programs[];

/* Run it; with a wrong number of words one sentence and 2. */
int example_run(const struct example_program *program, int argc, char **argv);

/* ---- The world's ------------------------------------------------------ */
/* A line for the program's screen. */
void screen(const char *line);
/* The next line of its keyboard, without its end, for which it waits at most
 * `wait_ms` (< 0: for ever). 1: there is one; 0: none yet; -1: no more come. */
int keyboard(char *line, size_t size, int wait_ms);
/* Milliseconds since some moment in the past. */
int64_t now_ms(void);

/* ---- net.c ------------------------------------------------------------ */
/* A line on the program's screen; what could move its cursor is a `?`. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void net_clean(char *text);
/* A TCP connection, patient as below, or -1 with something said. */
int net_connect(const char *host, const char *port);
/* A TCP listener, on any address of both families if there are two. */
int net_listen(const char *port, int backlog);
/* A connection of a listener, or -1. Calls on it give up when the peer does
 * nothing for five minutes (RFC 5321 4.5.3.2.7): a server of one session at a
 * time would hang with it. */
int net_accept(int listener);
/* The same for a connection of one's own; false: it can't be used. */
bool net_patient(int fd);
enum { NET_PATIENCE_S = 300 };
/* All of it; false: the connection is broken. */
bool net_send(int fd, const void *data, size_t len);
bool net_print(int fd, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Lines of a connection that end with CR LF, or LF alone. */
struct net_lines {
  int fd;
  bool too_long;
  size_t at, len;
  char data[1024];
};
/* The next one without its end; its length, or -1: the connection ended, or
 * the line did not within `size` - 1 bytes (`too_long`) or in time, whose bytes
 * may come one by one. */
int net_line(struct net_lines *lines, char *line, size_t size);

/* The last words to a peer that has sent more than anybody will read: a close()
 * at once would take them back (RFC 1122 4.2.2.13). */
void net_farewell(int fd, const char *text);

/* FNV-1a: two ends that say the same number have the same bytes. */
#define NET_SUM_START UINT32_C(0x811c9dc5)
uint32_t net_sum(uint32_t sum, const void *data, size_t len);

#endif
