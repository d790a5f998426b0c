/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse example: programs that know only sockets (sim/examples) run on the
 * hosts of a run, each a coroutine with a screen and a keyboard of its own. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/core/util.h"
#include "sim/examples/example.h"
#include "sim/threads/bsd.h"
#include "sim/tool/commands.h"
#include "sim/tool/example.h"
#include "sim/run/run.h"
#include "stack/dns/dns.h"

enum { WORDS_MAX = 16, SAID_MAX = 2000, FILE_BYTES = 100000 };

static const struct example examples[] = {
    {"http",
     "a web server with epoll, 40 connections at once, pages of 100 kB",
     false,
     {{RUN_SERVER, 0, "httpd", "httpd 80 DIR 42", NULL, NULL},
      {RUN_CLIENT, 2, "httpget", "httpget SERVER 80 /data.bin 40", NULL, NULL},
      {RUN_CLIENT, 1, "httpget", "httpget SERVER 80 / 2", NULL, NULL}}},
    {"smtp",
     "a mail with a line that begins with a dot",
     false,
     {{RUN_SERVER, 0, "smtpd", "smtpd 25 1", NULL, NULL},
      {RUN_CLIENT, 1, "smtpsend",
       "smtpsend SERVER 25 ann@client bob@server cy@server",
       "2 Subject: two dots\n2 \n2 .profile begins with one,\n2 .\n"
       "2 and that line is one, but not the end.",
       NULL}}},
    {"ftp",
     "files both ways, with PASV and with PORT, and a list of them",
     true,
     {{RUN_SERVER, 0, "ftpd", "ftpd 21 DIR 1", NULL, NULL},
      {RUN_CLIENT, 1, "ftp", "ftp SERVER 21 DIR",
       "2 get data.bin\n2 active\n2 put up.bin\n2 ls\n2 quit", NULL}}},
    {"telnet",
     "a remote shell; urgent data interrupt a command that never ends",
     false,
     {{RUN_SERVER, 0, "telnetd", "telnetd 23 1", NULL, NULL},
      {RUN_CLIENT, 1, "telnet", "telnet SERVER 23",
       "2 help\n2 echo one two\n50 yes\n80 echo typed ahead\n82 ^C\n"
       "120 echo after it\n120 exit",
       NULL}}},
    {"chat",
     "three people, two on one host, over UDP and a multicast group",
     true,
     {{RUN_CLIENT, 1, "ann", "chat ann 239.1.2.3 4321 SELF",
       "200 hello all\n300 /to bob psst\n500 /quit", NULL},
      {RUN_SERVER, 1, "bob", "chat bob 239.1.2.3 4321 SELF",
       "250 hi ann\n550 /to dan anybody?\n700 /quit", NULL},
      {RUN_CLIENT, 100, "cy", "chat cy 239.1.2.3 4321 SELF",
       "400 I heard that\n600 /quit", NULL}}},
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

/* A program that runs. `world` is what the socket calls find it by. */
struct running {
  struct bsd_world world; /* first */
  struct scene *scene;
  const struct example_part *part;
  struct host *host;
  const char *typed; /* the rest of its keyboard */
  int argc;
  char *argv[WORDS_MAX];
  char words[256];
  int status;
};

/* What a program put on its screen, in the order of simulated time: hosts are
 * not simulated in step. */
struct said {
  sim_time time;
  uint32_t number;
  const struct running *by;
  char *text;
};

struct scene {
  const struct example *example;
  struct run run;
  struct running running[EXAMPLE_PARTS];
  unsigned count;
  struct said said[SAID_MAX];
  uint32_t said_count;
  char addresses[2][ADDRESS_TEXT]; /* by host */
  char dir[64], dirs[2][80];
};

/* --- A program's world ---------------------------------------------------- */

static struct running *running_now(void) {
  return (struct running *)bsd_get_world();
}

/* Other programs ran while a call waited. */
static long leave(struct bsd_world *world, long result) {
  bsd_set_world(world);
  return result;
}

void screen(const char *line) {
  struct running *me = running_now();
  struct scene *scene = me->scene;
  if (scene->said_count == SAID_MAX) {
    return;
  }
  struct said *said = &scene->said[scene->said_count];
  *said =
      (struct said){host_time(me->host), scene->said_count++, me, strdup(line)};
  host_hash(me->host, line, strlen(line));
}

int keyboard(char *line, size_t size, int wait_ms) {
  struct running *me = running_now();
  if (!me->typed || !*me->typed) {
    return -1;
  }
  char *text;
  const struct app_env env = host_app_env(me->host);
  const sim_time at = strtoul(me->typed, &text, 10) * SIM_MS;
  const sim_time now = host_time(me->host);
  if (at > now) {
    sim_time wait = at - now;
    if (wait_ms >= 0) {
      wait = sim_time_min(wait, (sim_time)wait_ms * SIM_MS);
    }
    env.sleep_ns(env.ctx, (wait + SIM_NS - 1) / SIM_NS);
    bsd_set_world(&me->world);
    if (now + wait < at) {
      return 0;
    }
  }
  size_t len = strcspn(++text, "\n");
  me->typed = text + len + (text[len] == '\n');
  snprintf(line, size, "%.*s", (int)len, text);
  return 1;
}

int64_t now_ms(void) {
  return (int64_t)(host_time(running_now()->host) / SIM_MS);
}

static void run_program(struct host *host, void *arg) {
  struct running *me = arg;
  struct ph_stack *stack = host_stack(host);
  me->world = (struct bsd_world){.stack = stack, .leave = leave};
  bsd_set_world(&me->world);
  if (!stack->module[PH_MODULE_DNS] && ph_dns_init(stack, NULL) < 0) {
    sim_fatal("no memory for names");
  }
  me->status = me->part->fn ? me->part->fn(me->argc - 1, me->argv + 1)
                            : example_run(example_find(me->argv[0]),
                                          me->argc - 1, me->argv + 1);
}

/* --- The scene ------------------------------------------------------------ */

static const struct example *find(const char *name) {
  for (int i = 0; name && i < EXAMPLES; i++) {
    if (strcmp(examples[i].name, name) == 0) {
      return &examples[i];
    }
  }
  return NULL;
}

void example_list(void) {
  for (int i = 0; i < EXAMPLES; i++) {
    printf("  %-20s %s\n", examples[i].name, examples[i].text);
  }
  printf("\n");
}

bool example_known(const char *name, bool ipv6) {
  const struct example *example = find(name);
  if (!example) {
    fprintf(stderr, "packhorse: example %s: expected ", name ? name : "");
    for (int i = 0; i < EXAMPLES; i++) {
      fprintf(stderr, "%s%s", i ? ", " : "", examples[i].name);
    }
    fprintf(stderr, ".\n");
    return false;
  }
  if (ipv6 && example->ipv4_only) {
    fprintf(stderr, "packhorse: example %s: it speaks IPv4 only.\n", name);
    return false;
  }
  return true;
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *where) {
  (void)st;
  (void)flag;
  (void)where;
  return remove(path);
}

/* A file of bytes that show a lost or repeated piece. */
static bool make_file(const char *dir, const char *name, uint64_t seed,
                      uint32_t size) {
  char path[128];
  snprintf(path, sizeof(path), "%.90s/%.30s", dir, name);
  FILE *file = fopen(path, "wb");
  for (uint32_t i = 0; file && i < size; i++) {
    fputc(app_pattern_byte(seed, i), file);
  }
  return file && fclose(file) == 0;
}

static bool make_files(struct scene *scene) {
  const char *tmp = getenv("TMPDIR");
  snprintf(scene->dir, sizeof(scene->dir), "%.40s/packhorse-XXXXXX",
           tmp ? tmp : "/tmp");
  bool good = mkdtemp(scene->dir) != NULL;
  for (int i = 0; i < 2; i++) {
    snprintf(scene->dirs[i], sizeof(scene->dirs[i]), "%s/%s", scene->dir,
             i == RUN_CLIENT ? "client" : "server");
    good = good && mkdir(scene->dirs[i], 0700) == 0;
  }
  good = good && make_file(scene->dirs[RUN_SERVER], "data.bin", 1, FILE_BYTES);
  good = good && make_file(scene->dirs[RUN_CLIENT], "up.bin", 2, FILE_BYTES);
  good = good && make_file(scene->dirs[RUN_SERVER], "index.html", 3, 600);
  if (!good) {
    fprintf(stderr, "packhorse: %s: files can't be made there.\n", scene->dir);
  }
  return good;
}

static char *meaning(struct scene *scene, unsigned host, char *word) {
  if (strcmp(word, "SERVER") == 0) {
    return scene->addresses[RUN_SERVER];
  }
  if (strcmp(word, "SELF") == 0) {
    return scene->addresses[host];
  }
  return strcmp(word, "DIR") == 0 ? scene->dirs[host] : word;
}

static void start(struct scene *scene, struct running *running,
                  const struct example_part *part) {
  running->scene = scene;
  running->part = part;
  running->typed = part->typed;
  running->status = 1;
  running->host = scene->run.sim.host[part->host];
  snprintf(running->words, sizeof(running->words), "%s", part->line);
  char *rest;
  for (char *word = strtok_r(running->words, " ", &rest); word;
       word = strtok_r(NULL, " ", &rest)) {
    running->argv[running->argc++] = meaning(scene, part->host, word);
  }
  host_spawn(running->host, part->start_ms * SIM_MS, run_program, running);
}

/* --- The report ----------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
  const struct said *x = a, *y = b;
  return x->time != y->time ? (x->time < y->time ? -1 : 1)
                            : (x->number < y->number ? -1 : 1);
}

static void print_screens(struct scene *scene) {
  qsort(scene->said, scene->said_count, sizeof(scene->said[0]), by_time);
  printf("%14s  %-8s %-9s\n", "ms", "host", "program");
  for (uint32_t i = 0; i < scene->said_count; i++) {
    const struct said *said = &scene->said[i];
    printf("%14.6f  %-8s %-9s %s\n", (double)said->time / (double)SIM_MS,
           scene->run.topology.hosts[said->by->part->host].name,
           said->by->part->who, said->text);
  }
  printf("\n");
}

static void print_report(struct scene *scene, bool ok) {
  const struct run *run = &scene->run;
  if (!ok) {
    printf("FAILED: %s\n", !run->healthy    ? run->why
                           : !run->finished ? "a program did not end"
                                            : "a program was not content");
  }
  print_screens(scene);
  run_print_end(run);
}

static void print_json(const struct scene *scene, bool ok, unsigned failed) {
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", ok);
  json_text(&json, "example", scene->example->name);
  json_u64(&json, "programs", scene->count);
  json_u64(&json, "programs_failed", failed);
  json_u64(&json, "lines_said", scene->said_count);
  run_json(&scene->run, &json);
  json_end(&json);
}

static int play(struct scene *scene, const struct options *options) {
  struct run *run = &scene->run;
  unsigned failed = 0;
  if (!run_start(run, options)) {
    return 2;
  }
  for (unsigned i = 0; i < 2; i++) {
    struct ph_addr address = run_address(run, i);
    (void)address_text(&address, scene->addresses[i]);
  }
  for (;
       scene->count < EXAMPLE_PARTS && scene->example->parts[scene->count].line;
       scene->count++) {
    start(scene, &scene->running[scene->count],
          &scene->example->parts[scene->count]);
  }
  run_simulate(run, 1u << RUN_CLIENT | 1u << RUN_SERVER);
  bsd_set_world(NULL);
  bool good = run_finish(run);
  for (unsigned i = 0; i < scene->count; i++) {
    failed += scene->running[i].status != 0;
  }
  bool ok = good && run->healthy && run->finished && failed == 0;
  if (options->json) {
    print_json(scene, ok, failed);
  } else {
    print_report(scene, ok);
  }
  return ok ? 0 : 1;
}

int example_play(const struct example *example, const struct options *options) {
  struct scene *scene = sim_alloc(sizeof(*scene));
  scene->example = example;
  int status = make_files(scene) ? play(scene, options) : 2;
  nftw(scene->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  for (uint32_t i = 0; i < scene->said_count; i++) {
    free(scene->said[i].text);
  }
  free(scene);
  return status;
}

int command_example(const struct options *options) {
  return example_play(find(options->topic), options);
}
