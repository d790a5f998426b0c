/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;
  if (fd >= 0) {
    (void)close(fd);
  }
  return good;
}

bool netns_enter(void) {
  char map[32];
  unsigned uid = (unsigned)getuid(), gid = (unsigned)getgid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    if (unshare(CLONE_NEWNET) != 0) {
      return false;
    }
  } else {
    (void)snprintf(map, sizeof(map), "0 %u 1", uid);
    (void)write_file("/proc/self/setgroups", "deny");
    (void)write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof(map), "0 %u 1", gid);
    (void)write_file("/proc/self/gid_map", map);
  }
  struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_MULTICAST};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  bool good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0 &&
              write_file("/proc/sys/net/ipv4/ping_group_range", "0 0");
  (void)close(fd);
  return good;
}
