/* SPDX-License-Identifier: Apache-2.0 */
/* topology = chain { ";" chain }
 * chain    = group { link group }
 * group    = host { "," host }
 * host     = name [ "(" word { word } ")" ]
 * link     = "-" [ "[" word { word } "]" "-" ]
 *
 * A link between groups joins each host of one with each of the other. A name
 * that comes again is the same host. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/run/topology_internal.h"

enum { MIN_MTU = 576, MIN_MTU_V6 = 1280, MAX_MTU = 9000, WORDS = 256 };

struct reader {
  struct topology *topology;
  const struct topology_defaults *defaults;
  const char *at;
};

struct group {
  unsigned hosts[SIM_HOSTS];
  unsigned count;
};

__attribute__((format(printf, 2, 3))) static bool complain(
    struct topology *topology, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(topology->error, sizeof(topology->error), format, args);
  va_end(args);
  return false;
}

/* --- Characters ----------------------------------------------------------- */

static char peek(struct reader *reader) {
  reader->at += strspn(reader->at, " \t\n");
  return *reader->at;
}

static bool take(struct reader *reader, char c) {
  bool there = peek(reader) == c;
  reader->at += there;
  return there;
}

/* What stands before `closing`, which is taken. */
static bool read_words(struct reader *reader, char closing, char words[WORDS]) {
  size_t len = strcspn(reader->at, (char[]){closing, 0});
  if (reader->at[len] != closing || len >= WORDS) {
    return complain(reader->topology,
                    "'%.20s' is not closed by '%c' within %d characters",
                    reader->at, closing, WORDS);
  }
  snprintf(words, WORDS, "%.*s", (int)len, reader->at);
  reader->at += len + 1;
  return true;
}

/* --- Hosts ---------------------------------------------------------------- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int find_host(const struct topology *topology, const char *name) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    if (strcmp(topology->hosts[i].name, name) == 0) {
      return (int)i;
    }
  }
  return -1;
}

/* One word of a host's parentheses. */
static bool set_host(struct topology *topology, struct topology_host *host,
                     const char *word) {
  static const struct {
    const char *word;
    int nic, offload, forward, lro;
  } words[] = {
      {"nic=rtl", HOST_NIC_RTL, -1, -1, -1},
      {"nic=soft", HOST_NIC_SOFT, -1, -1, -1},
      {"offload=all", -1, HOST_OFFLOAD_ALL, -1, -1},
      {"offload=csum", -1, HOST_OFFLOAD_CSUM, -1, -1},
      {"offload=none", -1, HOST_OFFLOAD_NONE, -1, -1},
      {"forward=yes", -1, -1, 1, -1},
      {"forward=no", -1, -1, 0, -1},
      {"lro=yes", -1, -1, -1, 1},
      {"lro=no", -1, -1, -1, 0},
  };
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (strcmp(word, words[i].word) == 0) {
      host->nic = words[i].nic >= 0 ? (enum host_nic)words[i].nic : host->nic;
      host->offload = words[i].offload >= 0
                          ? (enum host_offload)words[i].offload
                          : host->offload;
      host->lro = words[i].lro >= 0 ? words[i].lro > 0 : host->lro;
      if (words[i].forward >= 0) {
        host->no_forwarding = words[i].forward == 0;
      }
      return true;
    }
  }
  return complain(topology,
                  "'%.40s' of host %s is not valid, expected nic=rtl|soft, "
                  "offload=all|csum|none, forward=yes|no or lro=yes|no",
                  word, host->name);
}

static bool read_host(struct reader *reader, unsigned *index) {
  struct topology *topology = reader->topology;
  char name[TOPOLOGY_NAME] = "";
  size_t len = 0;
  for (peek(reader); is_letter(reader->at[len]) || reader->at[len] == '_' ||
                     (reader->at[len] >= '0' && reader->at[len] <= '9');
       len++) {
  }
  if (len == 0 || len >= TOPOLOGY_NAME || !is_letter(*reader->at)) {
    return complain(topology,
                    "expected a host's name (letters and digits, at most %d) "
                    "at '%.20s'",
                    TOPOLOGY_NAME - 1, reader->at);
  }
  memcpy(name, reader->at, len);
  reader->at += len;
  int found = find_host(topology, name);
  if (found < 0 && topology->host_count == SIM_HOSTS) {
    return complain(topology, "at most %d hosts", SIM_HOSTS);
  }
  *index = found < 0 ? topology->host_count++ : (unsigned)found;
  struct topology_host *host = &topology->hosts[*index];
  if (found < 0) {
    *host = (struct topology_host){.nic = reader->defaults->nic,
                                   .offload = reader->defaults->offload};
    memcpy(host->name, name, sizeof(name));
  }
  char words[WORDS];
  if (!take(reader, '(')) {
    return true;
  }
  if (!read_words(reader, ')', words)) {
    return false;
  }
  char *rest;
  for (char *word = strtok_r(words, " \t", &rest); word;
       word = strtok_r(NULL, " \t", &rest)) {
    if (!set_host(topology, host, word)) {
      return false;
    }
  }
  return true;
}

static bool read_group(struct reader *reader, struct group *group) {
  group->count = 0;
  do {
    unsigned host;
    if (group->count == SIM_HOSTS || !read_host(reader, &host)) {
      return group->count == SIM_HOSTS
                 ? complain(reader->topology, "at most %d hosts", SIM_HOSTS)
                 : false;
    }
    group->hosts[group->count++] = host;
  } while (take(reader, ','));
  return true;
}

/* --- Links ---------------------------------------------------------------- */

static bool add_link(struct topology *topology, unsigned left, unsigned right,
                     const struct link_config *link, uint16_t mtu) {
  const unsigned ends[2] = {left, right};
  unsigned index = topology->link_count++;
  if (index == SIM_LINKS) {
    return complain(topology, "at most %d links", SIM_LINKS);
  }
  if (left == right) {
    return complain(topology, "a link from %s to itself",
                    topology->hosts[left].name);
  }
  topology->links[index].link = *link;
  topology->mtu[index] = mtu;
  for (unsigned end = 0; end < 2; end++) {
    struct topology_host *host = &topology->hosts[ends[end]];
    if (host->port_count == HOST_PORTS) {
      return complain(topology, "host %s: at most %d links", host->name,
                      HOST_PORTS);
    }
    host->link_of[host->port_count] = index;
    topology->links[index].end[end] =
        (struct sim_end){ends[end], host->port_count++};
  }
  return true;
}

/* The words of a link are those of --wire, but `mtu`, which is that of the NICs
 * at its ends: nothing vanishes without a word. */
static bool read_link(struct reader *reader, struct link_config *link,
                      uint16_t *mtu) {
  struct topology *topology = reader->topology;
  char words[WORDS], error[240];
  uint32_t lost[2];
  *link = reader->defaults->link;
  *mtu = reader->defaults->mtu;
  if (!take(reader, '[')) {
    return true;
  }
  for (int d = 0; d < 2; d++) {
    lost[d] = link->way[d].mtu;
    link->way[d].mtu = 0;
  }
  if (!read_words(reader, ']', words)) {
    return false;
  }
  if (!link_config_parse(link, words, error, sizeof(error))) {
    return complain(topology, "[%.100s]%.120s", words, strchr(error, ':'));
  }
  uint32_t wanted = link->way[0].mtu ? link->way[0].mtu : link->way[1].mtu;
  if (wanted) {
    *mtu = (uint16_t)wanted;
  }
  for (int d = 0; d < 2; d++) {
    link->way[d].mtu = lost[d];
  }
  uint16_t least = reader->defaults->ipv6 ? MIN_MTU_V6 : MIN_MTU;
  if (*mtu < least || *mtu > MAX_MTU) {
    return complain(topology, "[%.100s]: expected an mtu from %u to %u", words,
                    least, MAX_MTU);
  }
  return take(reader, '-') ||
         complain(topology, "expected '-' behind [%.100s]", words);
}

static bool read_chain(struct reader *reader) {
  struct group left, right;
  struct link_config link;
  uint16_t mtu;
  if (!read_group(reader, &left)) {
    return false;
  }
  while (take(reader, '-')) {
    if (!read_link(reader, &link, &mtu) || !read_group(reader, &right)) {
      return false;
    }
    for (unsigned i = 0; i < left.count; i++) {
      for (unsigned k = 0; k < right.count; k++) {
        if (!add_link(reader->topology, left.hosts[i], right.hosts[k], &link,
                      mtu)) {
          return false;
        }
      }
    }
    left = right;
  }
  return true;
}

static bool read_text(struct reader *reader) {
  do {
    if (!read_chain(reader)) {
      return false;
    }
  } while (take(reader, ';') && peek(reader));
  return !peek(reader) ||
         complain(reader->topology,
                  "expected '-', ',', ';' or the end at '%.20s'", reader->at);
}

/* --- The two -------------------------------------------------------------- */

static void swap_hosts(struct topology *topology, unsigned a, unsigned b) {
  struct topology_host kept = topology->hosts[a];
  topology->hosts[a] = topology->hosts[b];
  topology->hosts[b] = kept;
  for (unsigned i = 0; i < 2 * topology->link_count; i++) {
    unsigned *host = &topology->links[i / 2].end[i % 2].host;
    *host = *host == a ? b : *host == b ? a : *host;
  }
}

/* `wanted` as host `index`; unless it is given, the one called `usual`, unless
 * there is none or it is taken, host `otherwise`. */
static bool choose(struct topology *topology, unsigned index,
                   const char *wanted, const char *usual, unsigned otherwise) {
  int found = find_host(topology, wanted ? wanted : usual);
  if (wanted && found < 0) {
    return complain(topology, "there is no host %.40s", wanted);
  }
  unsigned host = found < 0 ? otherwise : (unsigned)found;
  if (host < index && !wanted) {
    host = otherwise;
  }
  if (host < index) {
    return complain(topology, "%s is at both ends", topology->hosts[host].name);
  }
  swap_hosts(topology, index, host);
  return true;
}

bool topology_parse(struct topology *topology, const char *text,
                    const struct topology_defaults *defaults) {
  struct reader reader = {topology, defaults, text};
  memset(topology, 0, sizeof(*topology));
  if (!read_text(&reader)) {
    return false;
  }
  for (unsigned i = 0; i < topology->host_count; i++) {
    if (topology->hosts[i].lro && topology->hosts[i].nic == HOST_NIC_RTL) {
      return complain(topology, "host %s: only nic=soft has lro",
                      topology->hosts[i].name);
    }
    if (topology->hosts[i].port_count == 0) {
      return complain(topology, "host %s has no link", topology->hosts[i].name);
    }
  }
  if (!choose(topology, 0, defaults->from, "client", 0) ||
      !choose(topology, 1, defaults->to, "server", topology->host_count - 1)) {
    return false;
  }
  topology_give_addresses(topology, defaults->ipv6);
  if (defaults->ipv6 && defaults->autoconf) {
    topology_autoconfigure(topology);
  }
  topology_give_routes(topology, defaults->ipv6);
  return topology_find_path(topology) ||
         complain(topology, "no way leads from %s to %s",
                  topology->hosts[0].name, topology->hosts[1].name);
}
