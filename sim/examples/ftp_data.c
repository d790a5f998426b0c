/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends of FTP do with a data connection (RFC 959 3.2). */
#include <stdio.h>
#include <string.h>

#include "sim/examples/ftp_data.h"

enum { PIECE = 4096 };

bool ftp_address(int fd, bool ours, struct sockaddr_in *v4) {
  struct sockaddr_storage any;
  socklen_t len = sizeof(any);
  if ((ours ? getsockname(fd, (struct sockaddr *)&any, &len)
            : getpeername(fd, (struct sockaddr *)&any, &len)) != 0) {
    return false;
  }
  if (any.ss_family == AF_INET) {
    memcpy(v4, &any, sizeof(*v4));
    return true;
  }
  struct sockaddr_in6 v6;
  memcpy(&v6, &any, sizeof(v6));
  *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = v6.sin6_port};
  memcpy(&v4->sin_addr, v6.sin6_addr.s6_addr + 12, 4);
  return IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
}

int ftp_listen(int control, char text[FTP_ADDRESS]) {
  struct sockaddr_in at;
  uint8_t ip[4], port[2];
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  bool good = fd >= 0 && ftp_address(control, true, &at);
  at.sin_port = 0;
  /* Who comes may be gone before he is accepted. */
  good = good && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
         listen(fd, 1) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
         ftp_address(fd, true, &at);
  if (!good) {
    if (fd >= 0) {
      close(fd);
    }
    return -1;
  }
  memcpy(ip, &at.sin_addr, sizeof(ip));
  memcpy(port, &at.sin_port, sizeof(port));
  snprintf(text, FTP_ADDRESS, "%d,%d,%d,%d,%d,%d", ip[0], ip[1], ip[2], ip[3],
           port[0], port[1]);
  return fd;
}

int ftp_accept(int control, int listener) {
  struct pollfd in = {.fd = listener, .events = POLLIN};
  struct sockaddr_in theirs, data;
  int fd = poll(&in, 1, FTP_PATIENCE_MS) == 1 ? net_accept(listener) : -1;
  if (fd >= 0 && (!ftp_address(control, false, &theirs) ||
                  !ftp_address(fd, false, &data) ||
                  theirs.sin_addr.s_addr != data.sin_addr.s_addr)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

int ftp_connect(const struct sockaddr_in *at) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0 && (!net_patient(fd) ||
                  connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

bool ftp_parse(const char *text, struct sockaddr_in *at) {
  unsigned n[6];
  uint8_t bytes[6];
  if (sscanf(text, "%u,%u,%u,%u,%u,%u", &n[0], &n[1], &n[2], &n[3], &n[4],
             &n[5]) != 6) {
    return false;
  }
  for (int i = 0; i < 6; i++) {
    if (n[i] > 255) {
      return false;
    }
    bytes[i] = (uint8_t)n[i];
  }
  *at = (struct sockaddr_in){.sin_family = AF_INET};
  memcpy(&at->sin_addr, bytes, 4);
  memcpy(&at->sin_port, bytes + 4, 2);
  return true;
}

bool ftp_give(int fd, FILE *file, bool ascii, struct ftp_count *count) {
  char piece[PIECE], lines[2 * PIECE];
  size_t n;
  *count = (struct ftp_count){0, NET_SUM_START};
  while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
      if (ascii && piece[i] == '\n') {
        lines[len++] = '\r';
      }
      lines[len++] = piece[i];
    }
    if (!net_send(fd, lines, len)) {
      return false;
    }
    count->bytes += n;
    count->sum = net_sum(count->sum, piece, n);
  }
  return !ferror(file);
}

bool ftp_take(int fd, FILE *file, bool ascii, struct ftp_count *count) {
  char piece[PIECE];
  ssize_t n;
  *count = (struct ftp_count){0, NET_SUM_START};
  while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
    size_t len = 0;
    for (ssize_t i = 0; i < n; i++) {
      if (!ascii || piece[i] != '\r') {
        piece[len++] = piece[i];
      }
    }
    if (fwrite(piece, 1, len, file) != len) {
      return false;
    }
    count->bytes += len;
    count->sum = net_sum(count->sum, piece, len);
  }
  return n == 0;
}
