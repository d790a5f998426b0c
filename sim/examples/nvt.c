/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/examples/nvt.h"

#include <netinet/tcp.h>
#include <string.h>

/* RFC 854, page 14 */
enum {
  SE = 240,
  DM = 242,
  BRK = 243,
  IP = 244,
  AYT = 246,
  SB = 250,
  WILL = 251,
  WONT = 252,
  DO = 253,
  DONT = 254,
  IAC = 255
};

bool nvt_init(struct nvt *nvt, int fd) {
  int one = 1;
  *nvt = (struct nvt){.fd = fd};
  /* The DM stays in its place in the stream; a line goes at once, though the
   * one before it is not acknowledged. */
  return setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)) == 0 &&
         setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
}

/* The byte behind IAC. True: it is data. */
static bool take_command(struct nvt *nvt, uint8_t byte) {
  nvt->command = byte >= WILL && byte <= DONT ? byte : 0;
  nvt->sub = byte == SB || (nvt->sub && byte != SE);
  nvt->interrupted = nvt->interrupted || byte == IP || byte == BRK;
  nvt->synchs += nvt->synch && byte == DM;
  nvt->synch = nvt->synch && byte != DM;
  if (byte == AYT) {
    (void)nvt_print(nvt, "yes, I am here\r\n");
  }
  return byte == IAC && !nvt->sub;
}

/* Every option is refused: a WILL by DONT, a DO by WONT. The others are
 * answers. */
static void refuse(struct nvt *nvt, uint8_t option) {
  const uint8_t answer[3] = {IAC, nvt->command == WILL ? DONT : WONT, option};
  if (nvt->command == WILL || nvt->command == DO) {
    (void)net_send(nvt->fd, answer, sizeof(answer));
  }
  nvt->command = 0;
}

/* True: the byte is data for the reader. */
static bool is_data(struct nvt *nvt, uint8_t byte) {
  if (nvt->command > IAC - 5 && nvt->command != IAC) {
    refuse(nvt, byte);
    return false;
  }
  if (nvt->command == IAC) {
    if (!take_command(nvt, byte)) {
      return false;
    }
  } else if (byte == IAC) {
    nvt->command = IAC;
    return false;
  }
  bool wanted = !nvt->sub && byte != 0; /* CR NUL is a CR */
  nvt->dropped += wanted && nvt->synch;
  return wanted && !nvt->synch;
}

int nvt_take(struct nvt *nvt, char *data, size_t size) {
  struct pollfd in = {.fd = nvt->fd, .events = POLLIN | POLLPRI};
  if (poll(&in, 1, -1) < 0) {
    return -1;
  }
  nvt->synch = nvt->synch || in.revents & POLLPRI;
  ssize_t n = recv(nvt->fd, data, size, 0);
  int kept = 0;
  for (ssize_t i = 0; i < n; i++) {
    if (is_data(nvt, (uint8_t)data[i])) {
      data[kept++] = data[i];
    }
  }
  return n <= 0 ? -1 : kept;
}

bool nvt_print(const struct nvt *nvt, const char *text) {
  for (;;) {
    size_t len = strcspn(text, "\xff");
    if (!net_send(nvt->fd, text, len)) {
      return false;
    }
    if (!text[len]) {
      return true;
    }
    if (!net_send(nvt->fd, "\xff\xff", 2)) {
      return false;
    }
    text += len + 1;
  }
}

bool nvt_synch(const struct nvt *nvt, bool interrupt) {
  const uint8_t bytes[] = {IAC, IP, IAC, DM};
  size_t from = interrupt ? 0 : 2;
  /* The last byte is the urgent one. */
  return send(nvt->fd, bytes + from, sizeof(bytes) - from,
              MSG_OOB | MSG_NOSIGNAL) == (ssize_t)(sizeof(bytes) - from);
}
