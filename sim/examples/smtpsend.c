/* SPDX-License-Identifier: Apache-2.0 */
/* smtpsend HOST PORT FROM TO...: sends the mail that is typed (RFC 5321), its
 * header, an empty line and its text. Each command waits for its reply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/example.h"

/* RFC 5321 4.5.3.1: a line of text has at most 998 bytes before its end. */
enum { TEXT_MAX = 998 };

/* The reply's code, 100 to 599; 0: the connection ended, or that was none. A
 * reply may have several lines, "250-..." up to "250 ..." (4.2.1). */
static int take_reply(struct net_lines *lines) {
  char line[600];
  do {
    if (net_line(lines, line, sizeof(line)) < 3 || line[0] < '1' ||
        line[0] > '5') {
      return 0;
    }
  } while (line[3] == '-');
  say("%s", line);
  return atoi(line);
}

/* Does the server answer with a code of this hundred? */
static bool is_answered(struct net_lines *lines, int hundred) {
  return take_reply(lines) / 100 == hundred;
}

/* Who we are: our address as a literal (4.1.3). */
static bool greet(struct net_lines *lines) {
  char host[64];
  struct sockaddr_storage us;
  socklen_t len = sizeof(us);
  if (getsockname(lines->fd, (struct sockaddr *)&us, &len) != 0 ||
      getnameinfo((struct sockaddr *)&us, len, host, sizeof(host), NULL, 0,
                  NI_NUMERICHOST) != 0) {
    return false;
  }
  const char *tag = us.ss_family == AF_INET6 ? "IPv6:" : "";
  /* 4.1.4: a server that does not know EHLO knows HELO. */
  return (net_print(lines->fd, "EHLO [%s%s]\r\n", tag, host) &&
          is_answered(lines, 2)) ||
         (net_print(lines->fd, "HELO [%s%s]\r\n", tag, host) &&
          is_answered(lines, 2));
}

/* The text, with one more dot in front of lines that begin with one (4.5.2). */
static bool send_text(struct net_lines *lines) {
  char line[TEXT_MAX + 1];
  while (keyboard(line, sizeof(line), -1) == 1) {
    const char *dot = line[0] == '.' ? "." : "";
    if (!net_print(lines->fd, "%s%s\r\n", dot, line)) {
      return false;
    }
  }
  return net_print(lines->fd, ".\r\n") && is_answered(lines, 2);
}

static bool send_mail(struct net_lines *lines, const char *from, char **to,
                      int count) {
  int taken = 0;
  if (!is_answered(lines, 2) || !greet(lines) ||
      !net_print(lines->fd, "MAIL FROM:<%s>\r\n", from) ||
      !is_answered(lines, 2)) {
    return false;
  }
  for (int i = 0; i < count; i++) {
    if (!net_print(lines->fd, "RCPT TO:<%s>\r\n", to[i])) {
      return false;
    }
    taken += is_answered(lines, 2);
  }
  return taken == count && net_print(lines->fd, "DATA\r\n") &&
         is_answered(lines, 3) && send_text(lines);
}

int example_smtpsend(int argc, char **argv) {
  struct net_lines lines = {.fd = net_connect(argv[0], argv[1])};
  if (lines.fd < 0) {
    return 1;
  }
  bool sent = send_mail(&lines, argv[2], argv + 3, argc - 3);
  if (net_print(lines.fd, "QUIT\r\n")) {
    (void)is_answered(&lines, 2);
  }
  close(lines.fd);
  say(sent ? "sent" : "not sent");
  return sent ? 0 : 1;
}
