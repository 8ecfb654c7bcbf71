/* SPDX-License-Identifier: Apache-2.0 */
/* Flame graphs as SVG and as JSON. */
#ifndef PGO_REPORT_FLAME_H
#define PGO_REPORT_FLAME_H

#include "pgo/base/strbuf.h"
#include "pgo/core/flame.h"
#include "pgo/core/json.h"

/* How wide the graph is as a static picture. */
#define FLAME_WIDTH_PX 1180

/*
 * One SVG file that needs no other: the root above, a row for each level of calls. Without
 * a script it is a picture, in which each frame has its numbers as its title; with one,
 * it zooms and searches and fits its window. by_self chooses the colours of a
 * differential one as long as nobody changes them. f has been finished. Appended.
 */
void flame_svg(const struct flame *f, const char *title, bool by_self, struct strbuf *out);

/* What was drawn and what was not. */
json_t *flame_json(const struct flame *f, const char *path);

/* What <style> and <script> hold: constants, in which no name of a recording is. */
extern const char flame_style[];
extern const char flame_script[];

#endif
