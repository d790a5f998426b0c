/* SPDX-License-Identifier: Apache-2.0 */
/* A script of the packetdrill language as a tree. All of it lives in one arena,
 * which goes with the script. */
#ifndef PH_SIM_PACKET_AST_H
#define PH_SIM_PACKET_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Expressions: arguments and results of system calls ----------------- */

enum expr_kind {
  EXPR_ELLIPSIS, /* anything */
  EXPR_INT,
  EXPR_WORD,   /* a symbol */
  EXPR_STRING, /* text, text_len: bytes after escapes */
  EXPR_OR,     /* left | right */
  EXPR_LIST,   /* [items] */
  EXPR_STRUCT, /* {items} */
  EXPR_ASSIGN, /* text = right; left: what stood in parentheses behind text */
  EXPR_CALL,   /* text(items), such as htons(80) */
};

struct expr {
  enum expr_kind kind;
  unsigned line;
  int64_t number;
  const char *text; /* zero-terminated */
  size_t text_len;
  struct expr *left, *right;
  struct expr *items; /* first; they are linked through next */
  struct expr *next;
};

/* ---- Packets ------------------------------------------------------------ */

enum packet_kind { PACKET_TCP, PACKET_UDP, PACKET_ICMP };
enum tos_check { TOS_ANY, TOS_ECN, TOS_ECT01, TOS_ALL };
enum { PACKET_OPTIONS_MAX = 40, WINDOW_ANY = -1 };

struct icmp_spec {
  uint8_t type, code;
  bool has_quote;
  enum packet_kind quoted;
  uint32_t quoted_seq, quoted_len;
  uint16_t mtu, id;
};

struct packet_spec {
  bool inbound;
  enum packet_kind kind;
  enum tos_check tos_check;
  uint8_t tos, ttl;            /* ttl 0: any, and 64 inbound */
  uint16_t src_port, dst_port; /* 0: the flow's */
  uint32_t len;                /* payload bytes */
  /* TCP. */
  uint8_t flags; /* of the header's 13th byte */
  bool ae;       /* the bit above CWR (RFC 9768) */
  uint32_t seq, ack;
  int32_t win; /* WINDOW_ANY */
  uint16_t urg;
  bool any_seq; /* ...(len) */
  bool any_options;
  bool any_ts_val, any_ts_ecr; /* TS val ... ecr ... */
  uint8_t options[PACKET_OPTIONS_MAX];
  uint8_t options_len;
  struct icmp_spec icmp;
};

/* ---- Events ------------------------------------------------------------- */

enum time_kind {
  TIME_ABSOLUTE,
  TIME_RELATIVE,
  TIME_ANY,
  TIME_ABSOLUTE_RANGE,
  TIME_RELATIVE_RANGE,
};
enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_COMMAND, EVENT_CODE };

struct call_spec {
  bool blocking;
  int64_t end_us; /* blocking: when it returns */
  const char *name;
  struct expr *args; /* first */
  struct expr *result;
  const char *error; /* errno's name or NULL */
};

struct script_event {
  struct script_event *next;
  unsigned line;
  enum event_kind kind;
  enum time_kind time_kind;
  int64_t time_us, time_end_us;
  union {
    struct packet_spec *packet;
    struct call_spec *call;
    const char *text; /* command, code */
  } u;
};

struct script_option {
  struct script_option *next;
  unsigned line;
  const char *name, *value; /* value NULL: none */
};

struct arena_chunk {
  struct arena_chunk *next;
  size_t used, size;
  _Alignas(16) unsigned char bytes[];
};

struct script {
  const char *path; /* for messages */
  struct arena_chunk *arena;
  struct script_option *options;
  struct script_event *events;
  const char *init_command, *cleanup_command;
  unsigned init_line, cleanup_line;
  bool skipped; /* it was not read on: it is about what is not built */
};

/* NAME=VALUE of -D. */
struct definition {
  const char *name, *value;
};

enum { SCRIPT_ERROR_MAX = 400 };

/* Parse `len` bytes of `text`. True, or false with one sentence in `error`
 * ("path:line: ..."), which may be the reason for script->skipped. `path` and
 * the definitions are kept by reference. The caller frees the script in both
 * cases. */
bool script_parse(struct script *script, const char *path, const char *text,
                  size_t len, const struct definition *definitions,
                  size_t definition_count, char error[SCRIPT_ERROR_MAX]);
void script_free(struct script *script);

/* Zeroed memory of the script's arena. */
void *script_alloc(struct script *script, size_t size);

#endif
