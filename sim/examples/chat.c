/* SPDX-License-Identifier: Apache-2.0 */
/* chat NAME GROUP PORT [ADDRESS]: all who have joined the multicast group GROUP
 * hear what one of them types; "/to NAME TEXT" goes to one alone, "/quit" ends.
 * ADDRESS is our own on the interface to use. UDP has no connections: a
 * datagram is one message, it may be lost, and the sender's address is all that
 * says who it is. IPv4.
 *
 * A datagram is one line of text: a letter for its kind, the sender's name, a
 * blank, and the rest. Two sockets: the group's, of which every member on a
 * host has one on the same port, and our own, from which everything is sent and
 * to which others answer.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/example.h"

enum { MEMBERS = 32, NAME = 16, LINE = 400, TICK_MS = 50 };
/* I am here; so am I (to one); text for all; text for one; I leave. */
enum { HELLO = 'h', HERE = 'H', ALL = 'a', ONE = 'o', BYE = 'b' };

struct member {
  char name[NAME]; /* "": free */
  struct sockaddr_in at;
};

struct chat {
  const char *name;
  int group, own;
  struct sockaddr_in to; /* the group */
  struct member members[MEMBERS];
};

/* A socket of the group: several on one host may have its port. */
static int open_group(const struct chat *chat, struct in_addr interface) {
  const struct ip_mreq mreq = {chat->to.sin_addr, interface};
  int one = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd >= 0 &&
      (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
       bind(fd, (const struct sockaddr *)&chat->to, sizeof(chat->to)) < 0 ||
       setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) <
           0)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static int open_own(struct in_addr interface) {
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = interface};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd >= 0 && (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
                  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface,
                             sizeof(interface)) < 0)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static void send_line(const struct chat *chat, const struct sockaddr_in *to,
                      char kind, const char *text) {
  char line[LINE + NAME + 4];
  int len = snprintf(line, sizeof(line), "%c%s %s", kind, chat->name, text);
  if (sendto(chat->own, line, (size_t)len, 0, (const struct sockaddr *)to,
             sizeof(*to)) < 0) {
    say("nothing was sent");
  }
}

/* NULL: nobody of that name is known. */
static struct member *find(struct chat *chat, const char *name) {
  for (int i = 0; i < MEMBERS; i++) {
    if (strcmp(chat->members[i].name, name) == 0) {
      return &chat->members[i];
    }
  }
  return NULL;
}

/* Who speaks, remembered if there is room; a name belongs to who had it first.
 * NULL: another. */
static const struct member *meet(struct chat *chat, const char *name,
                                 const struct sockaddr_in *from) {
  struct member *member = find(chat, name);
  if (!member && (member = find(chat, ""))) {
    snprintf(member->name, sizeof(member->name), "%s", name);
    member->at = *from;
    say("* %s is here", name);
  }
  return member && member->at.sin_addr.s_addr == from->sin_addr.s_addr &&
                 member->at.sin_port == from->sin_port
             ? member
             : NULL;
}

static void hear(struct chat *chat, int fd) {
  char line[LINE + NAME + 4], name[NAME], kind;
  struct sockaddr_in from;
  socklen_t from_len = sizeof(from);
  int text = 0;
  ssize_t len = recvfrom(fd, line, sizeof(line) - 1, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &from_len);
  if (len <= 0) {
    return;
  }
  line[len] = 0;
  net_clean(line); /* so that a name looks as it is */
  /* Our own voice comes back from the group. */
  if (sscanf(line, "%c%15s%n", &kind, name, &text) != 2 || line[text] != ' ' ||
      strcmp(name, chat->name) == 0 || !meet(chat, name, &from)) {
    return;
  }
  const char *said = line + text + 1;
  if (kind == HELLO) {
    send_line(chat, &from, HERE, "");
  } else if (kind == ALL || kind == ONE) {
    say("<%s>%s %s", name, kind == ONE ? " (to you)" : "", said);
  } else if (kind == BYE) {
    say("* %s has left", name);
    find(chat, name)->name[0] = 0;
  }
}

/* What was typed. False: the end. */
static bool speak(struct chat *chat, const char *line) {
  char name[NAME];
  int text = 0;
  if (strcmp(line, "/quit") == 0) {
    return false;
  }
  if (sscanf(line, "/to %15s %n", name, &text) == 1 && text > 0) {
    const struct member *member = find(chat, name);
    if (member) {
      send_line(chat, &member->at, ONE, line + text);
    } else {
      say("* %s is not here", name);
    }
  } else if (*line) {
    send_line(chat, &chat->to, ALL, line);
  }
  return true;
}

static void talk(struct chat *chat) {
  char line[LINE];
  int typed = 0;
  send_line(chat, &chat->to, HELLO, "");
  while (typed >= 0) {
    struct pollfd in[] = {{.fd = chat->group, .events = POLLIN},
                          {.fd = chat->own, .events = POLLIN}};
    if (poll(in, 2, TICK_MS) > 0) {
      for (int i = 0; i < 2; i++) {
        if (in[i].revents) {
          hear(chat, in[i].fd);
        }
      }
    }
    typed = keyboard(line, sizeof(line), 0);
    if (typed == 1 && !speak(chat, line)) {
      break;
    }
  }
  send_line(chat, &chat->to, BYE, "");
}

int example_chat(int argc, char **argv) {
  struct chat chat = {.name = argv[0], .to = {.sin_family = AF_INET}};
  struct in_addr interface = {.s_addr = htonl(INADDR_ANY)};
  chat.to.sin_port = htons((uint16_t)atoi(argv[2]));
  if (strlen(chat.name) >= NAME || !*chat.name || strchr(chat.name, ' ') ||
      inet_pton(AF_INET, argv[1], &chat.to.sin_addr) != 1 ||
      !IN_MULTICAST(ntohl(chat.to.sin_addr.s_addr)) ||
      (argc > 3 && inet_pton(AF_INET, argv[3], &interface) != 1)) {
    say("expected a short NAME, a GROUP such as 239.1.2.3, PORT, our ADDRESS");
    return 2;
  }
  chat.group = open_group(&chat, interface);
  chat.own = open_own(interface);
  bool good = chat.group >= 0 && chat.own >= 0;
  if (good) {
    talk(&chat);
  } else {
    say("the group can't be joined");
  }
  if (chat.group >= 0) {
    close(chat.group);
  }
  if (chat.own >= 0) {
    close(chat.own);
  }
  return good ? 0 : 1;
}
