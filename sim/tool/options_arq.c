/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/options_arq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/tool/options_value.h"

#define LOSS_DEFAULT "0,0.001,0.003,0.01,0.03,0.1"
#define DELAY_DEFAULT "500us,2ms"

enum {
  BYTES_DEFAULT = 8000000,
  RATE_DEFAULT_BPS = 100000000,
  PERCENT_DEFAULT = 125,
};

const char *options_arq_name(int32_t mode) {
  static const char *const names[] = {"tcp", "stop-and-wait", "go-back-n",
                                      "selective-repeat"};
  return names[mode];
}

int options_arq_modes(struct arq_grid *grid, const char *text) {
  for (int32_t mode = PH_TCP_ARQ_STOP_AND_WAIT;
       mode <= PH_TCP_ARQ_SELECTIVE_REPEAT; mode++) {
    if (strcmp(text, "all") == 0 || strcmp(text, options_arq_name(mode)) == 0) {
      grid->modes |= 1u << mode;
    }
  }
  return grid->modes ? 0
                     : options_complain("arq", text,
                                        "stop-and-wait, go-back-n, "
                                        "selective-repeat or all");
}

/* Calls `take` for each word between commas. */
static int each(const char *option, const char *text, const char *expected,
                bool (*take)(struct arq_grid *grid, const char *word),
                struct arq_grid *grid) {
  char word[32];
  const char *at = text;
  for (unsigned count = 0; count < ARQ_LIST; count++) {
    size_t len = strcspn(at, ",");
    snprintf(word, sizeof(word), "%.*s", (int)len, at);
    if (len >= sizeof(word) || !take(grid, word)) {
      break;
    }
    if (at[len] == 0) {
      return 0;
    }
    at += len + 1;
  }
  return options_complain(option, text, expected);
}

static bool take_loss(struct arq_grid *grid, const char *word) {
  char *end;
  double loss = strtod(word, &end);
  bool good = word[0] >= '0' && word[0] <= '9' && *end == 0 && loss <= 0.5;
  if (good) {
    grid->loss[grid->loss_count++] = loss;
  }
  return good;
}

static bool take_delay(struct arq_grid *grid, const char *word) {
  struct link_config link;
  char text[64], error[256];
  link_config_init(&link);
  snprintf(text, sizeof(text), "delay=%s", word);
  bool good = strpbrk(word, " =") == NULL &&
              link_config_parse(&link, text, error, sizeof(error));
  if (good) {
    grid->delay[grid->delay_count++] = link.delay;
  }
  return good;
}

int options_arq_loss(struct arq_grid *grid, const char *text) {
  grid->loss_count = 0;
  return each("loss", text, "up to 16 probabilities such as 0,0.01,0.1",
              take_loss, grid);
}

int options_arq_delay(struct arq_grid *grid, const char *text) {
  grid->delay_count = 0;
  return each("delay", text, "up to 16 times such as 500us,2ms", take_delay,
              grid);
}

static int useless(const struct options *options) {
  const struct arq_grid *grid = &options->arq_grid;
  if (!grid->modes) {
    if (grid->loss_count || grid->delay_count || grid->window ||
        grid->timeout_percent || grid->plot) {
      fprintf(stderr,
              "packhorse: --loss, --delay, --window, --timeout and --plot "
              "belong to --arq.\n");
      return 2;
    }
    return 0;
  }
  if (options->timeline || options->waves || options->explain ||
      options->json || options->read_rate || options->write_rate) {
    fprintf(stderr,
            "packhorse: --arq: it runs many transfers; files, --json, "
            "--explain and rates are of one.\n");
    return 2;
  }
  return 0;
}

int options_arq_check(struct options *options) {
  struct arq_grid *grid = &options->arq_grid;
  int status = useless(options);
  if (status || !grid->modes) {
    return status;
  }
  if (grid->loss_count == 0) {
    (void)options_arq_loss(grid, LOSS_DEFAULT);
  }
  if (grid->delay_count == 0) {
    (void)options_arq_delay(grid, DELAY_DEFAULT);
  }
  bool one = grid->loss_count == 1 && grid->delay_count == 1 &&
             (grid->modes & (grid->modes - 1)) == 0;
  if (options->pcapng && !one) {
    fprintf(stderr,
            "packhorse: --pcapng %s: of one run, so --arq, --loss and --delay "
            "want one value each.\n",
            options->pcapng);
    return 2;
  }
  if (grid->timeout_percent == 0) {
    grid->timeout_percent = PERCENT_DEFAULT;
  }
  if (!options->nic_given) {
    options->nic = HOST_NIC_SOFT;
  }
  if (!options->wire_given) {
    options->link.rate_bps = RATE_DEFAULT_BPS;
  }
  if (!options->bytes_given) {
    options->bytes = BYTES_DEFAULT;
  }
  return 0;
}
