/* SPDX-License-Identifier: Apache-2.0 */
/* One flat JSON object on stdout, key by key in the order of the calls. */
#ifndef PH_SIM_RUN_JSON_H
#define PH_SIM_RUN_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
  FILE *out;
  bool first;
};

void json_begin(struct json *json, FILE *out);
void json_end(struct json *json);

void json_u64(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_text(struct json *json, const char *key, const char *value);
/* 16 hexadecimal digits, as text: no reader rounds it. */
void json_hash(struct json *json, const char *key, uint64_t value);

#endif
