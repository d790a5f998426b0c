/* SPDX-License-Identifier: Apache-2.0 */
/* The groups that interfaces listen to, of both families: the state of RFC 3376
 * 3.2 and RFC 3810 4.2, and when routers are told of it. IGMP (igmp.c) and MLD
 * (mld.c) say how. */
#ifndef PH_IP_IP_MEMBERSHIP_H
#define PH_IP_IP_MEMBERSHIP_H

#include "stack/base/timer.h"
#include "stack/base/types.h"

struct netif;
struct pkt;

enum {
  IP_GROUPS_MAX = 96, /* of all interfaces */
  IP_SOURCES_MAX = 256,
  IP_GROUP_OLD_VERSIONS = 2,
};

/* What a record of a report says: RFC 3376 4.2.12, RFC 3810 5.2.12. */
enum record_type {
  MODE_IS_INCLUDE = 1,
  MODE_IS_EXCLUDE = 2,
  CHANGE_TO_INCLUDE = 3,
  CHANGE_TO_EXCLUDE = 4,
  ALLOW_NEW_SOURCES = 5,
  BLOCK_OLD_SOURCES = 6,
};

/* Whom a listener wants to hear: INCLUDE these alone, or all but these
 * (EXCLUDE). Nobody: it does not listen. */
struct ip_listed {
  struct ip_listed *next;
  struct ph_addr addr;
};
struct ip_filter {
  struct ip_listed *sources;
  bool exclude;
};

/* A sender that a filter of some listener names. Out of all filters: */
struct ip_source {
  struct ip_source *next;
  struct ph_addr addr;
  uint16_t filters[2];  /* how many include it, exclude it */
  uint8_t reports_left; /* of its change */
  bool asked;           /* by a query that is not answered yet */
  bool was;             /* listed before the change */
};

struct ip_group {
  struct ip_group *next;
  struct ip_group_link *link;
  struct ph_addr addr;       /* without zone; IPv4's mapped */
  struct ip_source *sources; /* in the interface's list or still reported */
  uint32_t filters[2];       /* INCLUDE, EXCLUDE; both 0: only reported */
  uint8_t reports_left;      /* of the change of mode */
  bool all_asked;            /* the query did not name senders */
  struct ph_timer change;    /* the next report of changes */
  struct ph_timer answer;    /* to a query of this group */
};

/* What is different between the families. */
struct ip_group_protocol {
  uint8_t version;  /* the newest */
  uint8_t addr_len; /* of addresses in messages, which end mapped ones */
  uint16_t headers; /* bytes in front of a message, link excluded */
  /* Does anybody ask about it? */
  bool (*reported)(const struct ph_addr *group);
  /* Send the report, whose records and their number are there, and whose eight
   * bytes of header lie in the linear part. Takes it. */
  void (*report)(struct ip_group_link *link, struct pkt *pkt);
  /* The same in the words of an old version: `member`, or no longer. */
  void (*report_old)(const struct ip_group *group, uint8_t version,
                     bool member);
};

/* Of an interface. */
struct ip_group_link {
  struct netif *netif;
  const struct ip_group_protocol *protocol;
  struct ip_group *groups;
  struct ph_timer answer; /* to a query of all groups */
  /* Until when there is a querier of version 1, 2 (RFC 3376 7.2.1). */
  uint64_t old_until_ns[IP_GROUP_OLD_VERSIONS];
  uint64_t quiet_until_ns; /* no answer before */
  uint8_t version;         /* that is spoken */
  uint8_t robustness;      /* RFC 3376 8.1: how often a change is reported */
};

struct ip_groups {
  struct ip_group *free;
  struct ip_source *free_sources;
  uint32_t sources_left;
};

/* A query that was found good. */
struct ip_group_query {
  struct ph_addr group; /* if `specific` */
  const uint8_t *sources;
  uint32_t source_count; /* 0: whoever sends */
  uint64_t most_ns;      /* until the answer */
  uint8_t version;
  uint8_t robustness; /* 0: it does not say */
  bool specific;
};

/* The memory for all, once. 0, -PH_ENOMEM. */
int ip_groups_init(struct ph_stack *stack) PH_MUST_USE;

void ip_group_link_init(struct ip_group_link *link, struct netif *netif,
                        const struct ip_group_protocol *protocol);

/* RFC 3376 2: a listener that had the filter `before` now has `after`; NULL or
 * INCLUDE nobody: it did not, or does no longer listen. `late`: report after a
 * random time. Who calls twice with the same `before` breaks the count. 0;
 * -PH_ENOMEM, -PH_ENOENT (nobody listens), and nothing happened. */
int ip_group_listen(struct ip_group_link *link, const struct ph_addr *group,
                    const struct ip_filter *before,
                    const struct ip_filter *after, bool late);

/* The same for whoever has a netif alone: 0; -PH_EINVAL (no group, or its
 * family is not there), -PH_ENOMEM, -PH_ENOENT. */
int ip_listen(struct netif *netif, const struct ph_addr *group,
              const struct ip_filter *before, const struct ip_filter *after);

/* Does anybody listen to it there? */
bool ip_group_heard(const struct ip_group_link *link,
                    const struct ph_addr *group);

/* What versions with senders have at the end, from `m` to `end`: robustness,
 * and addresses of `size` bytes. False: it is too short. */
bool ip_group_query_sources(struct ip_group_query *query, const uint8_t *m,
                            const uint8_t *end, uint32_t size);
void ip_group_query(struct ip_group_link *link,
                    const struct ip_group_query *query);

/* Another host told an old querier what we would (RFC 2236 3). */
void ip_group_told(struct ip_group_link *link, const struct ph_addr *group);

#endif
