/* SPDX-License-Identifier: Apache-2.0 */
/* What the diagrams of messages between hosts share. */
#ifndef PH_SIM_EXPLAIN_SVG_H
#define PH_SIM_EXPLAIN_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Text for a person inside an element. */
void svg_escape(FILE *file, const char *text, size_t len);

/* Write a whole picture of what `body` draws, for light and dark: classes
 * `lane`, `host`, `s` (faded), `h` (a title), `segment` with data, ack, sign,
 * again or lost, whose arrows end in the marker of the same name (lost: x).
 * False after a sentence on stderr. */
bool svg_write(const char *path, double width, double height, const char *body,
               size_t size);

#endif
