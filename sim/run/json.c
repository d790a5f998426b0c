/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/json.h"

#include <inttypes.h>
#include <math.h>

static void put_string(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') {
      fprintf(out, "\\%c", c);
    } else if (c < 0x20) {
      fprintf(out, "\\u%04x", c);
    } else {
      fputc(c, out);
    }
  }
  fputc('"', out);
}

static void put_key(struct json *json, const char *key) {
  fputs(json->first ? "\n  " : ",\n  ", json->out);
  json->first = false;
  put_string(json->out, key);
  fputs(": ", json->out);
}

void json_begin(struct json *json, FILE *out) {
  *json = (struct json){out, true};
  fputc('{', out);
}

void json_end(struct json *json) {
  fputs("\n}\n", json->out);
}

void json_u64(struct json *json, const char *key, uint64_t value) {
  put_key(json, key);
  fprintf(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value) {
  put_key(json, key);
  fprintf(json->out, "%.6g", isfinite(value) ? value : 0.0);
}

void json_bool(struct json *json, const char *key, bool value) {
  put_key(json, key);
  fputs(value ? "true" : "false", json->out);
}

void json_text(struct json *json, const char *key, const char *value) {
  put_key(json, key);
  put_string(json->out, value ? value : "");
}

void json_hash(struct json *json, const char *key, uint64_t value) {
  char text[17];
  snprintf(text, sizeof(text), "%016" PRIx64, value);
  json_text(json, key, text);
}
