/* SPDX-License-Identifier: Apache-2.0 */
/* FTP's data connections, for both ends: who connects to whom, and how a file
 * becomes bytes on the wire. IPv4 only, as PORT and PASV are (RFC 959). */
#ifndef PH_SIM_EXAMPLES_FTP_DATA_H
#define PH_SIM_EXAMPLES_FTP_DATA_H

#include <stdio.h>

#include "sim/examples/example.h"

enum { FTP_ADDRESS = 32, FTP_PATIENCE_MS = 30000 };

/* Our or the peer's end of a connection; false: it is not IPv4. */
bool ftp_address(int fd, bool ours, struct sockaddr_in *v4);

/* A listener at the address of `control`, and that as PORT and PASV write it;
 * -1. */
int ftp_listen(int control, char text[FTP_ADDRESS]);
/* The data connection that comes to it; only from the host of `control`: nobody
 * else may steal or plant a file (RFC 2577 3). -1: none came in time. */
int ftp_accept(int control, int listener);

/* The data connection that we make, or -1. */
int ftp_connect(const struct sockaddr_in *at);

/* h1,h2,h3,h4,p1,p2 */
bool ftp_parse(const char *text, struct sockaddr_in *at);

/* A file to a connection and back, and what it was. With `ascii` lines end with
 * CR LF there and with LF here (3.1.1.1). False: it is not whole. */
struct ftp_count {
  size_t bytes;
  uint32_t sum;
};
bool ftp_give(int fd, FILE *file, bool ascii, struct ftp_count *count);
bool ftp_take(int fd, FILE *file, bool ascii, struct ftp_count *count);

#endif
