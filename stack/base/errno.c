/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the error numbers. */
#include "stack/base/errno.h"

const char *ph_strerror(int error) {
  /* Negated as the positive one is asked for; INT_MIN has no opposite. */
  switch (error < 0 ? error : -error) {
    case 0:
      return "success";
#define X(name, value, text) \
  case -(value):             \
    return text;
      PH_ERRNO_MAP(X)
#undef X
    default:
      return "unknown error";
  }
}
