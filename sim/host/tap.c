/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/wire/link.h"

enum { FRAME_MAX = 9216, BURST = 64 };

/* So much is simulated between two looks at the device. */
#define QUANTUM (50 * SIM_US)
#define BYTE_PS 800

static double wall_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- The device ----------------------------------------------------------- */

/* ip netns add NAME, when it does not exist. */
static bool make_namespace(const char *netns) {
  char path[128];
  snprintf(path, sizeof(path), "/run/netns/%.80s", netns);
  if (access(path, F_OK) == 0) {
    return true;
  }
  pid_t child = fork();
  if (child == 0) {
    execlp("ip", "ip", "netns", "add", netns, (char *)NULL);
    _exit(127);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool enter_namespace(const char *netns) {
  char path[128];
  snprintf(path, sizeof(path), "/run/netns/%.80s", netns);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool good = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return good;
}

static struct sockaddr_in address_of(uint32_t ip) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(ip)};
}

static bool configure(const char *name, uint32_t ip, uint8_t prefix_len,
                      uint16_t mtu) {
  struct ifreq request = {0};
  struct sockaddr_in address = address_of(ip);
  struct sockaddr_in mask = address_of(UINT32_MAX << (32 - prefix_len));
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
  request.ifr_mtu = mtu;
  bool good = fd >= 0 && ioctl(fd, SIOCSIFMTU, &request) == 0;
  memcpy(&request.ifr_addr, &address, sizeof(address));
  good = good && ioctl(fd, SIOCSIFADDR, &request) == 0;
  memcpy(&request.ifr_netmask, &mask, sizeof(mask));
  good = good && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  good = good && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return good;
}

static int open_device(const char *name) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
  if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

bool tap_open(struct tap *tap, const char *name, const char *netns, uint32_t ip,
              uint8_t prefix_len, uint16_t mtu, char *error, size_t size) {
  *tap = (struct tap){.fd = -1};
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (netns && (!make_namespace(netns) || !enter_namespace(netns))) {
    snprintf(error, size, "network namespace '%s' can't be made or entered: %s",
             netns, strerror(errno));
  } else if ((tap->fd = open_device(name)) < 0) {
    snprintf(error, size,
             "TAP device '%s' can't be made: %s (root, or 'unshare -Urn', may)",
             name, strerror(errno));
  } else if (!configure(name, ip, prefix_len, mtu)) {
    snprintf(error, size, "TAP device '%s' can't be configured: %s", name,
             strerror(errno));
    close(tap->fd);
    tap->fd = -1;
  }
  if (netns && home >= 0 && setns(home, CLONE_NEWNET) != 0 && tap->fd >= 0) {
    snprintf(error, size, "can't return to the first network namespace: %s",
             strerror(errno));
    close(tap->fd);
    tap->fd = -1;
  }
  if (home >= 0) {
    close(home);
  }
  return tap->fd >= 0;
}

/* --- Record --------------------------------------------------------------- */

/* One frame from Linux; the last record has no bytes and the session's end. */
struct tap_record {
  uint64_t time, len;
};

static void record(struct tap *tap, sim_time time, const uint8_t *data,
                   uint32_t len) {
  const struct tap_record header = {time, len};
  if (tap->log) {
    fwrite(&header, sizeof(header), 1, tap->log);
    if (len) {
      fwrite(data, 1, len, tap->log);
    }
  }
}

void tap_close(struct tap *tap) {
  record(tap, tap->position, NULL, 0);
  if (tap->fd >= 0) {
    close(tap->fd);
  }
}

bool tap_replay(struct tap *tap, struct host *host, FILE *file) {
  uint8_t data[FRAME_MAX + FRAME_FCS_LEN];
  struct tap_record header;
  tap->host = host;
  while (fread(&header, sizeof(header), 1, file) == 1 &&
         header.len <= sizeof(data) &&
         fread(data, 1, header.len, file) == header.len) {
    if (header.len == 0) {
      host_advance(host, header.time);
      tap->position = header.time;
      return true;
    }
    tap->from_linux++;
    host_arrive(host, frame_copy(data, (uint32_t)header.len, 0), header.time);
  }
  return false;
}

/* --- Frames --------------------------------------------------------------- */

unsigned tap_emit(void *ctx, unsigned host, const uint8_t *data, uint32_t len,
                  sim_time end, bool error, uint64_t id) {
  struct tap *tap = ctx;
  (void)host;
  (void)end;
  (void)id;
  if (tap->fd < 0) {
    tap->to_linux++;
    return 0;
  }
  if (error || !frame_fcs_good(data, len) ||
      write(tap->fd, data, len - FRAME_FCS_LEN) !=
          (ssize_t)(len - FRAME_FCS_LEN)) {
    tap->refused++;
    return FRAME_DROPPED;
  }
  tap->to_linux++;
  return 0;
}

/* Frames of Linux arrive one after the other at 10 Gb/s, from the present on.
 */
static void take_frames(struct tap *tap) {
  uint8_t data[FRAME_MAX + FRAME_FCS_LEN];
  for (int i = 0; i < BURST; i++) {
    ssize_t got = read(tap->fd, data, FRAME_MAX);
    if (got <= 0) {
      return;
    }
    uint32_t len = (uint32_t)got;
    if (len < FRAME_MIN - FRAME_FCS_LEN) {
      memset(data + len, 0, FRAME_MIN - FRAME_FCS_LEN - len);
      len = FRAME_MIN - FRAME_FCS_LEN;
    }
    len += FRAME_FCS_LEN;
    frame_set_fcs(data, len);
    sim_time start = sim_time_max(tap->position, tap->rx_free);
    tap->rx_free = start + (len + FRAME_OVERHEAD) * BYTE_PS;
    tap->from_linux++;
    record(tap, start, data, len);
    host_arrive(tap->host, frame_copy(data, len, 0), start);
  }
}

/* --- Time ----------------------------------------------------------------- */

void tap_start(struct tap *tap, struct host *host) {
  tap->host = host;
  tap->started = wall_clock();
}

static sim_time wall_time(const struct tap *tap) {
  return (sim_time)((wall_clock() - tap->started) * 1e12);
}

void tap_step(struct tap *tap, int wait_ms) {
  take_frames(tap);
  sim_time wall = wall_time(tap);
  sim_time next = host_next(tap->host);
  if (next < wall) {
    double lag = (double)(wall - sim_time_max(next, tap->position)) / 1e12;
    tap->lag_s = lag > tap->lag_s ? lag : tap->lag_s;
    sim_time until =
        sim_time_min(wall, sim_time_max(next, tap->position) + QUANTUM);
    host_advance(tap->host, until);
    tap->position = sim_time_max(tap->position, until);
    /* Too close to the wall clock for software to run: it is there soon. */
    if (wall - next >= LINK_DELAY_MIN) {
      return;
    }
  } else {
    tap->position = sim_time_max(tap->position, wall);
    if (next - wall < (sim_time)wait_ms * SIM_MS) {
      wait_ms = (int)((next - wall) / SIM_MS);
    }
  }
  struct pollfd device = {.fd = tap->fd, .events = POLLIN};
  poll(&device, 1, wait_ms);
}
