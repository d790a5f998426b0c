/* SPDX-License-Identifier: Apache-2.0 */
/* `commands` of scripts. None is ever run: the few that prepare a test are
 * understood. sysctl sets what the stack has settings for; what prepares
 * devices and routes of a real machine has nothing to do here.
 *
 * Of the shell's language they use quotes, $((arithmetic)), redirections,
 * comments, lines that go on behind a backslash, and ; & | between commands. */
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"

enum { WORD = 256, WORDS = 40, MTU_LEAST = 576, MTU_MOST = 9000 };

struct words {
  unsigned count;
  char word[WORDS][WORD];
};

/* ---- Arithmetic --------------------------------------------------------- */

static int64_t sum(const char **at, unsigned depth);

static int64_t factor(const char **at, unsigned depth) {
  *at += strspn(*at, " \t");
  if (**at == '(' && depth > 0) {
    ++*at;
    int64_t value = sum(at, depth - 1);
    *at += strspn(*at, " \t");
    *at += **at == ')';
    return value;
  }
  char *end;
  int64_t value = strtoll(*at, &end, 0);
  *at = end;
  return value;
}

static int64_t product(const char **at, unsigned depth) {
  int64_t value = factor(at, depth);
  for (;;) {
    *at += strspn(*at, " \t");
    char op = **at;
    if (op != '*' && op != '/') {
      return value;
    }
    ++*at;
    int64_t right = factor(at, depth);
    uint64_t times = (uint64_t)value * (uint64_t)right;
    value = op == '*' ? (int64_t)times : right > 0 ? value / right : 0;
  }
}

static int64_t sum(const char **at, unsigned depth) {
  int64_t value = product(at, depth);
  for (;;) {
    *at += strspn(*at, " \t");
    char op = **at;
    if (op != '+' && op != '-') {
      return value;
    }
    ++*at;
    uint64_t right = (uint64_t)product(at, depth);
    value = (int64_t)(op == '+' ? (uint64_t)value + right
                                : (uint64_t)value - right);
  }
}

/* ---- Words -------------------------------------------------------------- */

static void put(char word[WORD], size_t *n, char c) {
  if (*n < WORD - 1) {
    word[(*n)++] = c;
  }
}

/* $((64*1024)) at `p`; returns what is behind it, or `p`. */
static const char *arithmetic(const char *p, char word[WORD], size_t *n) {
  char digits[24];
  if (strncmp(p, "$((", 3) != 0) {
    return p;
  }
  const char *at = p + 3;
  int64_t value = sum(&at, 8);
  if (strncmp(at, "))", 2) != 0) {
    return p;
  }
  snprintf(digits, sizeof(digits), "%lld", (long long)value);
  for (const char *c = digits; *c; c++) {
    put(word, n, *c);
  }
  return at + 2;
}

/* One word at `p`, quotes taken off. */
static const char *read_word(const char *p, char word[WORD]) {
  size_t n = 0;
  char mark = '\0';
  while (*p && (mark || !strchr(" \t\r\n;&|", *p))) {
    const char *behind = mark == '\'' ? p : arithmetic(p, word, &n);
    if (behind != p) {
      p = behind;
      continue;
    }
    if (mark ? *p == mark : *p == '"' || *p == '\'') {
      mark = mark ? '\0' : *p;
    } else {
      put(word, &n, *p);
    }
    p++;
  }
  word[n] = '\0';
  return p;
}

/* `> file`, `2>/dev/null`, `2>&1` at `p`: what is behind it, or `p`. */
static const char *redirection(const char *p) {
  const char *at = p + strspn(p, "0123456789");
  char file[WORD];
  if (*at == '&' && at[1] == '>') {
    at++;
  }
  if (*at != '>' && *at != '<') {
    return p;
  }
  at += strspn(at, "><&");
  return read_word(at + strspn(at, " \t"), file);
}

/* The words up to the command's end; returns what is behind it. */
static const char *read_command(const char *p, struct words *words) {
  words->count = 0;
  while (*p) {
    if (strncmp(p, "\\\n", 2) == 0) {
      p += 2;
    } else if (strchr(" \t\r", *p)) {
      p++;
    } else if (*p == '#') {
      p += strcspn(p, "\n");
    } else if (redirection(p) != p) {
      p = redirection(p);
    } else if (strchr("\n;&|", *p)) {
      return p + 1;
    } else if (words->count < WORDS) {
      p = read_word(p, words->word[words->count++]);
    } else {
      p = read_word(p, words->word[WORDS - 1]);
    }
  }
  return p;
}

/* ---- Commands ----------------------------------------------------------- */

/* net.ipv4.tcp_sack=1, net/ipv4/tcp_sack=1, /proc/sys/net/ipv4/tcp_sack=1. */
static bool assignment(struct run *run, unsigned line, char *word) {
  static const char proc[] = "/proc/sys/";
  char *name = word, *equals = strchr(word, '=');
  if (!equals) {
    return true; /* it is only looked at */
  }
  *equals = '\0';
  name += strncmp(name, proc, sizeof(proc) - 1) == 0 ? sizeof(proc) - 1 : 0;
  for (char *p = name; *p; p++) {
    *p = *p == '/' ? '.' : *p;
  }
  return run_sysctl(run, line, name, equals + 1);
}

static bool is_setup(const char *name) {
  static const char *const names[] = {
      "ip",        "tc",          "ethtool",
      "ifconfig",  "modprobe",    "kldload",
      "kldunload", "route",       "sockstat",
      "nstat",     "ss",          "netstat",
      "sync",      "true",        "echo",
      "sleep",     "grep",        "cat",
      "rm",        "mkdir",       "tcpdump",
      "killall",   "arp",         "ndp",
      "logger",    "defaults.sh", "set_sysctls.py",
      "conntrack", "test",        "exit",
      "iptables",  "ip6tables",   "dmesg",
      "date",      "wc",          "dd"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (strcmp(name, names[i]) == 0) {
      return true;
    }
  }
  /* What set_sysctls.py leaves behind. */
  return strncmp(name, "sysctl_restore_", 15) == 0;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* ip link set dev tun0 mtu 9000, before the stack is there. */
static void set_mtu(struct run *run, const struct words *words) {
  for (unsigned i = 1; i + 1 < words->count; i++) {
    long mtu = strtol(words->word[i + 1], NULL, 10);
    if (strcmp(words->word[i], "mtu") == 0 && !run->world && mtu >= MTU_LEAST &&
        mtu <= MTU_MOST) {
      run->settings.mtu = (uint16_t)mtu;
    }
  }
}

static bool one_command(struct run *run, unsigned line, struct words *words) {
  const char *name = words->count ? base_name(words->word[0]) : "true";
  bool sysctl = strcmp(name, "sysctl") == 0;
  bool setter = strcmp(name, "set_sysctls.py") == 0;
  if (!sysctl && !is_setup(name)) {
    return run_wrong(run, line,
                     "the command '%.80s' is not known here, and commands are "
                     "never run.",
                     words->word[0]);
  }
  for (unsigned i = 1; (sysctl || setter) && i < words->count; i++) {
    if (words->word[i][0] != '-' && !assignment(run, line, words->word[i])) {
      return false;
    }
  }
  if (strcmp(name, "ip") == 0 || strcmp(name, "ifconfig") == 0) {
    set_mtu(run, words);
  }
  return true;
}

bool run_command(struct run *run, unsigned line, const char *text) {
  if (lacks_queue(text)) {
    return run_skip(run, line, lacks_queue(text));
  }
  struct words *words = calloc(1, sizeof(*words));
  bool good = words != NULL;
  while (good && *text) {
    text = read_command(text, words);
    good = one_command(run, line, words);
  }
  free(words);
  return good;
}
