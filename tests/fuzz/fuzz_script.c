/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any text as a script, parsed and run against the stack. It may be
 * wrong or fail; it may not crash, hang or touch memory that is not its own. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "sim/packet/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct run_result result;
  const struct run_options options = {
      .tolerance_us = -1,
      .tolerance_permille = -1,
      .profile = size % 2 ? RUN_PROFILE_BSD : RUN_PROFILE_LINUX};
  run_script(&options, "fuzz.pkt", (const char *)data, size, &result);
  return 0;
}
