/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/netstat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/tool/snmp.h"
#include "sim/run/state.h"

enum { LINE = 1024, ENTRIES_MAX = 1 << 20 };

/* --- Reading -------------------------------------------------------------- */

/* Room for one more in an array of `*count`; NULL when there are too many. */
static void *more(void *array, size_t *count, size_t size) {
  void **to = array;
  if ((*count & (*count + 1)) == 0) { /* full at 2^n - 1 */
    void *larger =
        *count < ENTRIES_MAX ? realloc(*to, (2 * *count + 1) * size) : NULL;
    if (!larger) {
      return NULL;
    }
    *to = larger;
  }
  return memset((char *)*to + (*count)++ * size, 0, size);
}

#define MORE(array, count) more((void *)&(array), &(count), sizeof(*(array)))
#define WORD "%63s"

static bool read_interface(struct netstat_host *host, const char *line) {
  struct netstat_interface *i = MORE(host->interfaces, host->interface_count);
  return i && sscanf(line,
                     "interface " WORD " %u %u %" SCNu64 " %" SCNu64 " %" SCNu64
                     " %" SCNu64 " %" SCNu64,
                     i->name, &i->mtu, &i->up, &i->rx_packets, &i->rx_bytes,
                     &i->tx_packets, &i->tx_bytes, &i->tx_busy) == 8;
}

static bool read_route(struct netstat_host *host, const char *line) {
  struct netstat_route *r = MORE(host->routes, host->route_count);
  return r &&
         sscanf(line, "route %63[0-9a-f.:]/%u " WORD " " WORD, r->destination,
                &r->prefix_len, r->next_hop, r->interface) == 4 &&
         r->prefix_len <= 128;
}

static bool read_socket(struct netstat_host *host, const char *line) {
  struct netstat_socket *s = MORE(host->sockets, host->socket_count);
  return s && sscanf(line,
                     "socket " WORD " " WORD " %u %u " WORD " %u " WORD
                     " %u %u %u %u %u %u %" SCNu64 " %" SCNu64 " %" SCNu64,
                     s->protocol, s->state, &s->recv_queue, &s->send_queue,
                     s->local, &s->local_port, s->remote, &s->remote_port,
                     &s->cwnd, &s->ssthresh, &s->snd_wnd, &s->rcv_wnd, &s->mss,
                     &s->srtt_ns, &s->rto_ns, &s->retransmissions) == 16;
}

static bool read_limits(struct netstat_host *host, const char *line) {
  if (host->socket_count == 0) {
    return false;
  }
  struct netstat_socket *s = &host->sockets[host->socket_count - 1];
  uint64_t *ns = s->limit_ns;
  return sscanf(line,
                "limits %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                &s->bytes_sent, &ns[0], &ns[1], &ns[2], &ns[3], &ns[4], &ns[5],
                &ns[6]) == 8;
}

static bool read_counter(struct netstat_host *host, const char *line) {
  struct netstat_counter *c = MORE(host->counters, host->counter_count);
  return c &&
         sscanf(line, "counter " WORD " %" SCNu64, c->name, &c->value) == 2;
}

static bool read_host(struct netstat *netstat, const char *line) {
  struct netstat_host *host = MORE(netstat->hosts, netstat->host_count);
  return host &&
         sscanf(line, "host " WORD " %" SCNu64, host->name, &host->now_ns) == 2;
}

static bool read_line(struct netstat *netstat, const char *line) {
  static const struct {
    const char *word;
    bool (*read)(struct netstat_host *host, const char *line);
  } kinds[] = {{"interface ", read_interface},
               {"route ", read_route},
               {"socket ", read_socket},
               {"limits ", read_limits},
               {"counter ", read_counter}};
  if (strncmp(line, "host ", 5) == 0) {
    return read_host(netstat, line);
  }
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (strncmp(line, kinds[i].word, strlen(kinds[i].word)) == 0) {
      return netstat->host_count > 0 &&
             kinds[i].read(&netstat->hosts[netstat->host_count - 1], line);
    }
  }
  return false;
}

bool netstat_read(struct netstat *netstat, FILE *from) {
  char line[LINE];
  unsigned number = 1;
  *netstat = (struct netstat){0};
  if (!fgets(line, sizeof(line), from) || strcmp(line, STATE_TITLE) != 0) {
    snprintf(netstat->why, sizeof(netstat->why),
             "this is no state that a run wrote with --state");
    return false;
  }
  while (fgets(line, sizeof(line), from)) {
    number++;
    if (!strchr(line, '\n') || !read_line(netstat, line)) {
      snprintf(netstat->why, sizeof(netstat->why), "line %u is none of a state",
               number);
      return false;
    }
  }
  if (netstat->host_count == 0) {
    snprintf(netstat->why, sizeof(netstat->why), "it names no host");
    return false;
  }
  return true;
}

void netstat_free(struct netstat *netstat) {
  for (size_t i = 0; i < netstat->host_count; i++) {
    struct netstat_host *host = &netstat->hosts[i];
    free(host->interfaces);
    free(host->routes);
    free(host->sockets);
    free(host->counters);
  }
  free(netstat->hosts);
}

/* --- Printing ------------------------------------------------------------- */

/* RFC 9293 has hyphens, netstat its own names. */
static void classic_state(const char *state, char text[NETSTAT_WORD]) {
  static const char *const others[][2] = {{"SYN-RECEIVED", "SYN_RECV"},
                                          {"FIN-WAIT-1", "FIN_WAIT1"},
                                          {"FIN-WAIT-2", "FIN_WAIT2"},
                                          {"-", ""}};
  snprintf(text, NETSTAT_WORD, "%s", state);
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    if (strcmp(state, others[i][0]) == 0) {
      snprintf(text, NETSTAT_WORD, "%s", others[i][1]);
    }
  }
  for (char *at = text; *at; at++) {
    *at = *at == '-' ? '_' : *at;
  }
}

static void end_text(const char *address, unsigned port,
                     char text[NETSTAT_WORD + 16]) {
  char number[12];
  snprintf(number, sizeof(number), "%u", port);
  snprintf(text, NETSTAT_WORD + 16, "%s:%s", address, port ? number : "*");
}

static void print_socket(const struct netstat_socket *s, bool wide) {
  char local[NETSTAT_WORD + 16], remote[NETSTAT_WORD + 16], state[NETSTAT_WORD];
  classic_state(s->state, state);
  end_text(s->local, s->local_port, local);
  end_text(s->remote, s->remote_port, remote);
  bool more = wide && s->mss && s->remote_port;
  printf("%-5s %6u %6u %-23s %-23s %-*s", s->protocol, s->recv_queue,
         s->send_queue, local, remote, more ? 11 : 0, state);
  if (more) {
    printf(" cwnd %u ssthresh %u snd_wnd %u rcv_wnd %u mss %u", s->cwnd,
           s->ssthresh, s->snd_wnd, s->rcv_wnd, s->mss);
    printf(" srtt %.3f ms rto %.3f ms retrans %" PRIu64,
           (double)s->srtt_ns * 1e-6, (double)s->rto_ns * 1e-6,
           s->retransmissions);
  }
  printf("\n");
}

static bool listens(const struct netstat_socket *s) {
  return strcmp(s->state, "LISTEN") == 0 ||
         (strncmp(s->protocol, "udp", 3) == 0 && s->remote_port == 0);
}

static void print_sockets(const struct netstat_host *host, unsigned what) {
  printf(
      "Proto Recv-Q Send-Q Local Address           Foreign Address         "
      "State\n");
  for (size_t i = 0; i < host->socket_count; i++) {
    if (what & NETSTAT_LISTENING || !listens(&host->sockets[i])) {
      print_socket(&host->sockets[i], what & NETSTAT_WIDE);
    }
  }
}

static void print_routes(const struct netstat_host *host) {
  printf("Destination                 Gateway                 Iface\n");
  for (size_t i = 0; i < host->route_count; i++) {
    const struct netstat_route *r = &host->routes[i];
    char text[NETSTAT_WORD + 16];
    snprintf(text, sizeof(text), "%s/%u", r->destination, r->prefix_len);
    printf("%-27s %-23s %s\n", r->prefix_len ? text : "default",
           strcmp(r->next_hop, "-") == 0 ? "*" : r->next_hop, r->interface);
  }
}

static void print_interfaces(const struct netstat_host *host) {
  printf(
      "Iface      MTU     RX-OK      RX-bytes     TX-OK      TX-bytes   "
      "TX-BUSY Flg\n");
  for (size_t i = 0; i < host->interface_count; i++) {
    const struct netstat_interface *n = &host->interfaces[i];
    printf("%-8s %5u %9" PRIu64 " %13" PRIu64 " %9" PRIu64 " %13" PRIu64
           " %9" PRIu64 " %s\n",
           n->name, n->mtu, n->rx_packets, n->rx_bytes, n->tx_packets,
           n->tx_bytes, n->tx_busy, n->up ? "U" : "-");
  }
}

static const struct netstat_counter *find(const struct netstat_host *host,
                                          const char *name) {
  for (size_t i = 0; i < host->counter_count; i++) {
    if (strcmp(host->counters[i].name, name) == 0) {
      return &host->counters[i];
    }
  }
  return NULL;
}

/* RFC 4022 tcpCurrEstab: ESTABLISHED and CLOSE-WAIT. */
static uint64_t established(const struct netstat_host *host) {
  uint64_t count = 0;
  for (size_t i = 0; i < host->socket_count; i++) {
    const char *state = host->sockets[i].state;
    count +=
        strcmp(state, "ESTABLISHED") == 0 || strcmp(state, "CLOSE-WAIT") == 0;
  }
  return count;
}

static bool has_linux_name(const char *ours) {
  for (size_t i = 0; i < snmp_count; i++) {
    if (strcmp(snmp_names[i].ours, ours) == 0) {
      return true;
    }
  }
  return false;
}

static void print_counters(const struct netstat_host *host) {
  const char *group = "";
  for (size_t i = 0; i < snmp_count; i++) {
    const struct snmp_name *row = &snmp_names[i];
    const struct netstat_counter *counter = find(host, row->ours);
    bool current = strcmp(row->name, "CurrEstab") == 0;
    if (!counter && !current) {
      continue;
    }
    if (strcmp(group, row->group) != 0) {
      group = row->group;
      printf("%s:\n", group);
    }
    printf("    %-24s %" PRIu64 "\n", row->name,
           current ? established(host) : counter->value);
  }
  printf("Packhorse:\n");
  for (size_t i = 0; i < host->counter_count; i++) {
    if (!has_linux_name(host->counters[i].name)) {
      printf("    %-24s %" PRIu64 "\n", host->counters[i].name,
             host->counters[i].value);
    }
  }
}

void netstat_print(const struct netstat_host *host, unsigned what) {
  printf("%s, at %" PRIu64 ".%06" PRIu64 " s\n", host->name,
         host->now_ns / 1000000000, host->now_ns / 1000 % 1000000);
  if (what & NETSTAT_INTERFACES) {
    print_interfaces(host);
  }
  if (what & NETSTAT_ROUTES) {
    print_routes(host);
  }
  if (what & NETSTAT_COUNTERS) {
    print_counters(host);
  }
  if (!(what & (NETSTAT_INTERFACES | NETSTAT_ROUTES | NETSTAT_COUNTERS))) {
    print_sockets(host, what);
  }
}
