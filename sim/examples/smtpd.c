/* SPDX-License-Identifier: Apache-2.0 */
/* smtpd PORT [MAILS]: a small mail receiver (RFC 5321). It takes mail for
 * anybody and shows it; nothing is relayed or kept. It ends when the session
 * ends in which it took so many mails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/example.h"

/* RFC 5321 4.5.3.1: a command has at most 512 bytes, a line of text 1000, a
 * path 256, all with what ends them. */
enum { LINE_MAX_BYTES = 1001, COMMAND_MAX = 510, PATH_MAX_BYTES = 256 };
enum { TO_MAX = 100 };

struct session {
  struct net_lines lines;
  bool greeted; /* EHLO or HELO came */
  unsigned to;  /* recipients of the mail that is being made */
  char from[PATH_MAX_BYTES];
  long mails;
};

static void forget(struct session *session) {
  session->to = 0;
  session->from[0] = 0;
}

static bool reply(const struct session *session, const char *text) {
  return net_print(session->lines.fd, "%s\r\n", text);
}

/* <user@host> behind "FROM:" or "TO:". 0, or what the client did wrong. */
static int parse_path(const char *args, const char *word,
                      char path[PATH_MAX_BYTES]) {
  size_t len = strlen(word);
  if (strncasecmp(args, word, len) != 0) {
    return 501;
  }
  const char *begin = args + len + strspn(args + len, " ");
  const char *end = strchr(begin, '>');
  if (*begin != '<' || !end || end - begin >= PATH_MAX_BYTES) {
    return 501;
  }
  /* Parameters are extensions', and there are none (RFC 5321 4.1.1.11). */
  if (end[1] != 0) {
    return 555;
  }
  snprintf(path, PATH_MAX_BYTES, "%.*s", (int)(end - begin + 1), begin);
  return 0;
}

static bool mail_from(struct session *session, const char *args) {
  if (!session->greeted || session->from[0]) {
    return reply(session, "503 bad sequence of commands");
  }
  int wrong = parse_path(args, "FROM:", session->from);
  return reply(session, wrong == 555 ? "555 no such parameter"
                        : wrong      ? "501 expected FROM:<path>"
                                     : "250 OK");
}

static bool rcpt_to(struct session *session, const char *args) {
  char path[PATH_MAX_BYTES];
  if (!session->from[0]) {
    return reply(session, "503 bad sequence of commands");
  }
  if (session->to == TO_MAX) {
    return reply(session, "452 too many recipients");
  }
  int wrong = parse_path(args, "TO:", path);
  if (wrong || strcmp(path, "<>") == 0) {
    return reply(session, wrong == 555 ? "555 no such parameter"
                                       : "501 expected TO:<path>");
  }
  session->to++;
  say("mail from %s to %s", session->from, path);
  return reply(session, "250 OK");
}

/* RFC 5321 4.5.2: a line that begins with a dot has one more than was written;
 * a dot alone ends the mail. */
static bool data(struct session *session) {
  char line[LINE_MAX_BYTES];
  unsigned lines = 0;
  if (session->to == 0) {
    return reply(session, session->from[0] ? "554 no valid recipients"
                                           : "503 bad sequence of commands");
  }
  if (!reply(session, "354 end with a dot alone on a line")) {
    return false;
  }
  while (net_line(&session->lines, line, sizeof(line)) >= 0) {
    if (strcmp(line, ".") == 0) {
      say("%u lines", lines);
      session->mails++;
      forget(session);
      return reply(session, "250 OK, taken");
    }
    lines++;
    say("| %s", line[0] == '.' ? line + 1 : line);
  }
  return false; /* a mail without an end is none */
}

/* False: the session ends. */
static bool obey(struct session *session, char *line) {
  char *args = line + strcspn(line, " ");
  args += *args ? 1 : 0;
  bool hello = strncasecmp(line, "EHLO ", 5) == 0;
  if (strlen(line) > COMMAND_MAX) {
    return reply(session, "500 line too long");
  }
  if (hello || strncasecmp(line, "HELO ", 5) == 0) {
    forget(session);
    session->greeted = *args != 0;
    return reply(session, !*args  ? "501 who are you?"
                          : hello ? "250-packhorse\r\n250 8BITMIME"
                                  : "250 packhorse");
  }
  if (strncasecmp(line, "MAIL ", 5) == 0) {
    return mail_from(session, args);
  }
  if (strncasecmp(line, "RCPT ", 5) == 0) {
    return rcpt_to(session, args);
  }
  if (strcasecmp(line, "DATA") == 0) {
    return data(session);
  }
  if (strcasecmp(line, "RSET") == 0) {
    forget(session);
    return reply(session, "250 OK");
  }
  if (strncasecmp(line, "NOOP", 4) == 0) {
    return reply(session, "250 OK");
  }
  if (strncasecmp(line, "VRFY ", 5) == 0) {
    return reply(session, "252 can't say, but send it");
  }
  if (strcasecmp(line, "QUIT") == 0) {
    (void)reply(session, "221 bye");
    return false;
  }
  return reply(session, "500 no such command");
}

int example_smtpd(int argc, char **argv) {
  long most = argc > 1 ? atol(argv[1]) : 0, mails = 0;
  int listener = net_listen(argv[0], 8);
  if (listener < 0) {
    return 1;
  }
  while (most == 0 || mails < most) {
    char line[LINE_MAX_BYTES];
    int fd = net_accept(listener);
    struct session session = {.lines = {.fd = fd}};
    bool alive = fd >= 0 && reply(&session, "220 packhorse");
    while (alive && net_line(&session.lines, line, sizeof(line)) >= 0) {
      alive = obey(&session, line);
    }
    if (fd < 0) {
      break;
    }
    if (session.lines.too_long) {
      net_farewell(fd, "500 line too long\r\n");
    }
    mails += session.mails;
    close(fd);
  }
  close(listener);
  return most != 0 && mails < most;
}
