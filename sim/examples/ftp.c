/* SPDX-License-Identifier: Apache-2.0 */
/* ftp HOST PORT DIR: a client of ftpd and others (RFC 959). Typed: ls, get
 * FILE, put FILE, active, passive, quit. Files come to DIR and from there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/ftp_data.h"

struct client {
  struct net_lines lines;
  const char *dir;
  bool active;
  char reply[600]; /* the last line of the last one */
};

/* The code of the next reply; 0: the connection ended. A reply may have several
 * lines, from "230-..." to one with the same code and a blank (4.2). */
static int take_reply(struct client *client) {
  char first[4] = "";
  do {
    if (net_line(&client->lines, client->reply, sizeof(client->reply)) < 0) {
      return 0;
    }
    if (!*first) {
      snprintf(first, sizeof(first), "%.3s", client->reply);
    }
  } while (strncmp(client->reply, first, 3) != 0 || client->reply[3] == '-');
  say("%s", client->reply);
  return atoi(client->reply);
}

/* One command; the hundred of its reply. */
static int ask(struct client *client, const char *command, const char *word) {
  return net_print(client->lines.fd, "%s%s%s\r\n", command, *word ? " " : "",
                   word)
             ? take_reply(client) / 100
             : 0;
}

/* Make ready for a file: the listener if the server comes to us, the connection
 * if we go there; -1. */
static int prepare(struct client *client) {
  char text[FTP_ADDRESS];
  struct sockaddr_in at, server;
  if (client->active) {
    int listener = ftp_listen(client->lines.fd, text);
    if (listener >= 0 && ask(client, "PORT", text) != 2) {
      close(listener);
      listener = -1;
    }
    return listener;
  }
  if (ask(client, "PASV", "") != 2) {
    return -1;
  }
  /* 227 and some words, then the numbers (RFC 1123 4.1.2.6); the address among
   * them could send us anywhere. */
  const char *numbers = client->reply + 3;
  numbers += strcspn(numbers, "0123456789");
  if (!ftp_parse(numbers, &at) ||
      !ftp_address(client->lines.fd, false, &server)) {
    return -1;
  }
  at.sin_addr = server.sin_addr;
  return ftp_connect(&at);
}

/* `file` crosses after `command`. True: the server says so too. */
static bool transfer(struct client *client, const char *command,
                     const char *word, FILE *file, bool store) {
  struct ftp_count count = {0, 0};
  bool good = false, list = *word == 0;
  if (ask(client, "TYPE", list ? "A" : "I") != 2) {
    return false;
  }
  int fd = prepare(client);
  if (fd < 0) {
    return false;
  }
  if (ask(client, command, word) == 1) {
    if (client->active) {
      int listener = fd;
      fd = ftp_accept(client->lines.fd, listener);
      close(listener);
    }
    good = fd >= 0 && (store ? ftp_give : ftp_take)(fd, file, list, &count);
    if (fd >= 0) {
      close(fd);
    }
    fd = -1;
    good = take_reply(client) / 100 == 2 && good;
  }
  if (fd >= 0) {
    close(fd);
  }
  if (good && !list) {
    say("%s %s: %zu bytes, sum %08x", command, word, count.bytes, count.sum);
  }
  return good;
}

static bool file(struct client *client, const char *name, bool store) {
  char path[600];
  if (!*name || strchr(name, '/') ||
      snprintf(path, sizeof(path), "%s/%s", client->dir, name) >=
          (int)sizeof(path)) {
    say("%s: no name of a file", name);
    return false;
  }
  FILE *local = fopen(path, store ? "rb" : "wb");
  if (!local) {
    say("%s can't be opened", path);
    return false;
  }
  bool good = transfer(client, store ? "STOR" : "RETR", name, local, store);
  good = fclose(local) == 0 && good;
  if (!good && !store) {
    (void)remove(path);
  }
  return good;
}

static bool list(struct client *client) {
  char line[300];
  FILE *text = tmpfile();
  bool good = text && transfer(client, "LIST", "", text, false);
  if (text) {
    rewind(text);
    while (good && fgets(line, sizeof(line), text)) {
      line[strcspn(line, "\n")] = 0;
      say("%s", line);
    }
    fclose(text);
  }
  return good;
}

static bool obey(struct client *client, const char *line) {
  if (strcmp(line, "ls") == 0) {
    return list(client);
  }
  if (strncmp(line, "get ", 4) == 0 || strncmp(line, "put ", 4) == 0) {
    return file(client, line + 4, *line == 'p');
  }
  bool active = strcmp(line, "active") == 0;
  if (active || strcmp(line, "passive") == 0) {
    client->active = active;
    return true;
  }
  say("expected ls, get FILE, put FILE, active, passive or quit");
  return false;
}

int example_ftp(int argc, char **argv) {
  char line[300];
  struct client client = {.dir = argv[2]};
  bool good = argc == 3;
  client.lines.fd = net_connect(argv[0], argv[1]);
  if (client.lines.fd < 0) {
    return 1;
  }
  /* 331: a password is wanted. */
  good = take_reply(&client) / 100 == 2 && good;
  int hundred = good ? ask(&client, "USER", "anonymous") : 0;
  hundred = hundred == 3 ? ask(&client, "PASS", "guest@") : hundred;
  good = hundred == 2;
  while (hundred == 2 && keyboard(line, sizeof(line), -1) == 1 &&
         strcmp(line, "quit") != 0) {
    good = obey(&client, line) && good;
  }
  (void)ask(&client, "QUIT", "");
  close(client.lines.fd);
  return good ? 0 : 1;
}
