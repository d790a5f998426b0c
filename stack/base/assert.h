/* SPDX-License-Identifier: Apache-2.0 */
/* Our own mistakes only: never a peer's, never a device's. On in tests. */
#ifndef PH_BASE_ASSERT_H
#define PH_BASE_ASSERT_H

#ifdef PH_ASSERT_ON
#define PH_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define PH_ASSERT(condition) ((void)0)
#endif

#endif
