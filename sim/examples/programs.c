/* SPDX-License-Identifier: Apache-2.0 */
/* The programs by name. */
#include <string.h>

#include "sim/examples/example.h"

const struct example_program example_programs[] = {
    {"httpd", "PORT DIR [CONNECTIONS [IDLE_S]]", "serves the files of DIR",
     example_httpd, 2, 4},
    {"httpget", "HOST PORT PATH COUNT", "fetches PATH so often at once",
     example_httpget, 4, 4},
    {"smtpd", "PORT [MAILS]", "takes mail and shows it", example_smtpd, 1, 2},
    {"smtpsend", "HOST PORT FROM TO...", "sends the mail that is typed",
     example_smtpsend, 4, 20},
    {"ftpd", "PORT DIR [SESSIONS]", "gives and takes files of DIR",
     example_ftpd, 2, 3},
    {"ftp", "HOST PORT DIR",
     "talks to it: ls, get FILE, put FILE, active, passive", example_ftp, 3, 3},
    {"telnetd", "PORT [SESSIONS]", "a remote shell of four commands",
     example_telnetd, 1, 2},
    {"telnet", "HOST PORT", "talks to it; the line ^C interrupts",
     example_telnet, 2, 2},
    {"chat", "NAME GROUP PORT [ADDRESS]",
     "talks to all who listen there: TEXT, /to NAME TEXT, /quit", example_chat,
     3, 4},
    {NULL, NULL, NULL, NULL, 0, 0},
};

const struct example_program *example_find(const char *name) {
  const struct example_program *program = example_programs;
  while (program->name && strcmp(program->name, name) != 0) {
    program++;
  }
  return program->name ? program : NULL;
}

int example_run(const struct example_program *program, int argc, char **argv) {
  if (argc < program->least || argc > program->most) {
    say("usage: %s %s", program->name, program->usage);
    return 2;
  }
  return program->fn(argc, argv);
}
