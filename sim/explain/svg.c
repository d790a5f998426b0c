/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/explain/svg.h"

#include <errno.h>
#include <string.h>

void svg_escape(FILE *file, const char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    switch (text[i]) {
      case '<':
        fputs("&lt;", file);
        break;
      case '>':
        fputs("&gt;", file);
        break;
      case '&':
        fputs("&amp;", file);
        break;
      default:
        fputc(text[i], file);
        break;
    }
  }
}

static void draw_style(FILE *file) {
  static const char *const kinds[] = {"data", "ack", "sign", "again", "lost"};
  fputs(
      "<style>text{font:12px system-ui,sans-serif;fill:var(--ink)}"
      "svg{--ink:#1d2b3a;--faded:#66788a;--paper:#fff;--data:#0b63a5;"
      "--ack:#5a7184;--sign:#7a3fa0;--again:#c25400;--lost:#c01f2e}"
      "@media(prefers-color-scheme:dark){svg{--ink:#e4eaf0;--faded:#9aabbb;"
      "--paper:#12181f;--data:#62b0f0;--ack:#a3b6c6;--sign:#c69be6;"
      "--again:#ffa052;--lost:#ff6b76}}"
      ".s,.s tspan{fill:var(--faded);font-size:10.5px}.h{font-size:18px}"
      ".n{font-weight:700}.host{font-weight:700;font-size:14px}"
      ".lane{stroke:var(--faded);stroke-width:1.5}"
      ".gap{stroke:var(--paper);stroke-width:4;stroke-dasharray:2 3}"
      "circle.call{fill:var(--ink)}text.state{font-weight:700;font-size:11px}"
      "circle.state{fill:var(--paper);stroke:var(--ink);stroke-width:1.5}"
      ".segment path{fill:none;stroke-width:1.5}.segment text{font-size:11.5px;"
      "paint-order:stroke;stroke:var(--paper);stroke-width:3px}",
      file);
  for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    fprintf(file, ".%s path,#%s path{stroke:var(--%s)}#%s path{fill:var(--%s)}",
            kinds[i], kinds[i], kinds[i], kinds[i], kinds[i]);
  }
  fputs("#x path{stroke:var(--lost);stroke-width:2;fill:none}</style>\n<defs>",
        file);
  for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    fprintf(file,
            "<marker id=\"%s\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
            "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path "
            "d=\"M1 1L9 5L1 9z\"/></marker>",
            kinds[i]);
  }
  fputs(
      "<marker id=\"x\" viewBox=\"0 0 12 12\" refX=\"6\" refY=\"6\" "
      "markerWidth=\"9\" markerHeight=\"9\"><path d=\"M1 1L11 11M11 1L1 11\"/>"
      "</marker></defs>\n",
      file);
}

bool svg_write(const char *path, double width, double height, const char *body,
               size_t size) {
  FILE *file = fopen(path, "w");
  if (!file) {
    fprintf(stderr, "packhorse: --picture %s: %s.\n", path, strerror(errno));
    return false;
  }
  fprintf(file,
          "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
          "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n",
          width, height, width, height);
  draw_style(file);
  fputs("<rect width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>\n", file);
  fwrite(body, 1, size, file);
  fputs("</svg>\n", file);
  bool good = !ferror(file);
  if (fclose(file) != 0 || !good) {
    fprintf(stderr, "packhorse: --picture %s: it could not be written.\n",
            path);
    return false;
  }
  return true;
}
