/* SPDX-License-Identifier: Apache-2.0 */
/* What each scenario shows, checked against its record. */
#ifndef PH_SIM_EXPLAIN_SCENARIO_CLAIMS_H
#define PH_SIM_EXPLAIN_SCENARIO_CLAIMS_H

struct scenario_story;

void scenario_claims_handshake(struct scenario_story *story);
void scenario_claims_loss(struct scenario_story *story);
void scenario_claims_dupack(struct scenario_story *story);
void scenario_claims_reorder(struct scenario_story *story);
void scenario_claims_zero_window(struct scenario_story *story);
void scenario_claims_nagle(struct scenario_story *story);
void scenario_claims_close(struct scenario_story *story);

#endif
