/* SPDX-License-Identifier: Apache-2.0 */
/* A network namespace of the test's own, with the loopback interface up, so
 * that the host's kernel lets it have raw sockets and multicast. */
#ifndef PH_TESTS_STACK_NETNS_H
#define PH_TESTS_STACK_NETNS_H

#include <stdbool.h>

/* Enter it, once, before anything else. False: the host allows none; scripts
 * then run on our sockets alone. */
bool netns_enter(void);

#endif
