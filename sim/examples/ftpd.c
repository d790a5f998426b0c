/* SPDX-License-Identifier: Apache-2.0 */
/* ftpd PORT DIR [SESSIONS]: a file server (RFC 959), one session at a time,
 * over IPv4. Commands have one connection, each file another: the client makes
 * it after PASV, the server after PORT. Anybody may read and write DIR. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/examples/ftp_data.h"

struct session {
  struct net_lines lines;
  const char *dir;
  bool ascii;            /* TYPE A, as it is at the beginning */
  int passive;           /* PASV: where the client comes; or -1 */
  struct sockaddr_in at; /* PORT: where we go; port 0: nowhere */
};

static bool reply(const struct session *session, const char *text) {
  return net_print(session->lines.fd, "%s\r\n", text);
}

/* The file that a command names: a plain one of DIR itself, not hidden. */
static FILE *open_file(const struct session *session, const char *name,
                       const char *mode) {
  char path[600];
  struct stat st;
  name += *name == '/';
  if (!*name || *name == '.' || strchr(name, '/') ||
      snprintf(path, sizeof(path), "%s/%s", session->dir, name) >=
          (int)sizeof(path)) {
    return NULL;
  }
  return stat(path, &st) != 0 || S_ISREG(st.st_mode) ? fopen(path, mode) : NULL;
}

static void forget_data(struct session *session) {
  if (session->passive >= 0) {
    close(session->passive);
  }
  session->passive = -1;
  session->at.sin_port = 0;
}

/* The data connection, or -1; the next file needs a new one. */
static int open_data(struct session *session) {
  int fd = -1;
  if (session->passive >= 0) {
    fd = ftp_accept(session->lines.fd, session->passive);
  } else if (session->at.sin_port != 0) {
    fd = ftp_connect(&session->at);
  }
  forget_data(session);
  return fd;
}

/* RETR, STOR and lists: `file` crosses. It is closed. */
static bool transfer(struct session *session, FILE *file, const char *what,
                     bool store) {
  struct ftp_count count = {0, 0};
  if (!file) {
    forget_data(session);
    return reply(session, "550 no such file");
  }
  bool alive = reply(session, "150 here it comes");
  int fd = open_data(session);
  bool good = fd >= 0 &&
              (store ? ftp_take : ftp_give)(fd, file, session->ascii, &count);
  good = fclose(file) == 0 && good;
  if (fd >= 0) {
    close(fd); /* the end of the file */
  }
  if (good) {
    say("%s: %zu bytes, sum %08x", what, count.bytes, count.sum);
  }
  return alive && reply(session, good      ? "226 done"
                                 : fd >= 0 ? "426 the connection broke"
                                           : "425 no data connection");
}

/* LIST tells sizes too. Lists are always text. */
static bool list(struct session *session, bool sizes) {
  struct dirent **names;
  FILE *text = tmpfile();
  int count = scandir(session->dir, &names, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    FILE *file = open_file(session, names[i]->d_name, "rb");
    if (file && text && fseek(file, 0, SEEK_END) == 0) {
      fprintf(text,
              sizes ? "-rw-rw-rw- 1 ftp ftp %8ld Jan 1 1970 %s\n" : "%.0ld%s\n",
              sizes ? ftell(file) : 0, names[i]->d_name);
    }
    if (file) {
      fclose(file);
    }
    free(names[i]);
  }
  if (count >= 0) {
    free(names);
  }
  if (text) {
    rewind(text);
  }
  bool was = session->ascii;
  session->ascii = true;
  bool alive = transfer(session, text, sizes ? "LIST" : "NLST", false);
  session->ascii = was;
  return alive;
}

static bool passive(struct session *session) {
  char text[FTP_ADDRESS];
  forget_data(session);
  session->passive = ftp_listen(session->lines.fd, text);
  return session->passive >= 0
             ? net_print(session->lines.fd, "227 come to (%s)\r\n", text)
             : reply(session, "425 no data connection");
}

/* Only to the client itself, and to no service of it (RFC 2577 3). */
static bool active(struct session *session, const char *args) {
  struct sockaddr_in peer;
  forget_data(session);
  if (!ftp_parse(args, &session->at) ||
      !ftp_address(session->lines.fd, false, &peer) ||
      peer.sin_addr.s_addr != session->at.sin_addr.s_addr ||
      ntohs(session->at.sin_port) < 1024) {
    session->at.sin_port = 0;
    return reply(session, "501 not there");
  }
  return reply(session, "200 OK");
}

/* False: the session ends. */
static bool obey(struct session *session, char *line) {
  /* What needs no more than its reply; `line` begins with the command. */
  static const char *const simple[][2] = {
      {"USER", "331 any password"}, {"PASS", "230 welcome"},
      {"NOOP", "200 OK"},           {"SYST", "215 UNIX Type: L8"},
      {"PWD", "257 \"/\""},         {"MODE S", "200 OK"},
      {"STRU F", "200 OK"},
  };
  char *args = line + strcspn(line, " ");
  args += *args ? 1 : 0;
  for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
    if (strncasecmp(line, simple[i][0], strlen(simple[i][0])) == 0) {
      return reply(session, simple[i][1]);
    }
  }
  if (strncasecmp(line, "TYPE ", 5) == 0 && strchr("AaIi", *args)) {
    session->ascii = strchr("Aa", *args);
    return reply(session, "200 OK");
  }
  if (strcasecmp(line, "PASV") == 0) {
    return passive(session);
  }
  if (strncasecmp(line, "PORT ", 5) == 0) {
    return active(session, args);
  }
  if (strncasecmp(line, "RETR ", 5) == 0) {
    return transfer(session, open_file(session, args, "rb"), line, false);
  }
  if (strncasecmp(line, "STOR ", 5) == 0) {
    return transfer(session, open_file(session, args, "wb"), line, true);
  }
  if (strncasecmp(line, "LIST", 4) == 0 || strncasecmp(line, "NLST", 4) == 0) {
    return list(session, strchr("Ll", *line));
  }
  bool quit = strcasecmp(line, "QUIT") == 0;
  return reply(session, quit ? "221 bye" : "502 not here") && !quit;
}

int example_ftpd(int argc, char **argv) {
  long most = argc > 2 ? atol(argv[2]) : 0;
  int listener = net_listen(argv[0], 8);
  for (long i = 0; listener >= 0 && (most == 0 || i < most); i++) {
    char line[512];
    struct session session = {.dir = argv[1], .ascii = true, .passive = -1};
    session.lines.fd = net_accept(listener);
    bool alive = session.lines.fd >= 0 && reply(&session, "220 packhorse");
    while (alive && net_line(&session.lines, line, sizeof(line)) >= 0) {
      alive = obey(&session, line);
    }
    if (session.lines.fd < 0) {
      return 1;
    }
    if (session.lines.too_long) {
      net_farewell(session.lines.fd, "500 line too long\r\n");
    }
    forget_data(&session);
    close(session.lines.fd);
  }
  if (listener >= 0) {
    close(listener);
  }
  return listener < 0;
}
