/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/options.h"

#include "sim/wire/frame.h"

struct topology_defaults options_topology_defaults(
    const struct options *options) {
  return (struct topology_defaults){
      .nic = options->nic,
      .offload = options->offload,
      .mtu = options->mtu,
      .link = options->link,
      .ipv6 = options->ipv6,
      .autoconf = options->autoconf,
      .from = options->from,
      .to = options->to,
  };
}

uint32_t options_mss(const struct options *options) {
  uint32_t mss = options->path_mtu - (options->ipv6 ? 60u : 40u);
  return options->mss && options->mss < mss ? options->mss : mss;
}

double options_limit_bps(const struct options *options) {
  double rate = 10e9;
  if (options->path_rate_bps && (double)options->path_rate_bps < rate) {
    rate = (double)options->path_rate_bps;
  }
  uint32_t mss = options_mss(options);
  return rate * mss /
         (mss + (options->ipv6 ? 60 : 40) + FRAME_ETH_HEADER + FRAME_FCS_LEN +
          FRAME_OVERHEAD);
}

const char *options_offload_name(enum host_offload offload) {
  static const char *const names[] = {"all", "csum", "none"};
  return names[offload];
}
