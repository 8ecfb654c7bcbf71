/* SPDX-License-Identifier: Apache-2.0 */
/* What pgoctl check has found of a profile, as text, JSON and lines that GitHub's runners take. */
#ifndef PGO_REPORT_CHECK_H
#define PGO_REPORT_CHECK_H

#include "pgo/core/accept.h"
#include "pgo/core/json.h"
#include "pgo/core/losses.h"
#include "pgo/core/represent.h"
#include "pgo/core/stale.h"

/*
 * top: functions, and sources. limit: most that may be lost, a fraction. source: the folder that
 * sources are below, or NULL; what is not found there or here is told without a file.
 */
void show_staleness(const struct staleness *s, const char *profile, double limit, size_t top,
		    struct strbuf *out);
void show_staleness_github(const struct staleness *s, const char *profile, const char *source,
			   double limit, size_t top, struct strbuf *out);
json_t *show_staleness_json(const struct staleness *s, double limit);

void show_acceptance(const struct acceptance *a, struct strbuf *out);
void show_acceptance_github(const struct acceptance *a, const char *profile, struct strbuf *out);
json_t *show_acceptance_json(const struct acceptance *a);

/* The complaints of a build, folded; top lines. Nothing where there are none. */
void show_losses(const struct losses *l, size_t top, struct strbuf *out);
json_t *show_losses_json(const struct losses *l);

/* A profile beside production; top functions of each table. */
void show_representation(const struct production *p, const struct representation *r, size_t top,
			 struct strbuf *out);
json_t *show_representation_json(const struct production *p, const struct representation *r);
void show_fit(const struct represent_fit *f, struct strbuf *out);
json_t *show_fit_json(const struct represent_fit *f);

/* "::error title=TITLE::text", with what may not stand in one written as they want it. */
void show_github(struct strbuf *out, const char *level, const char *file, const char *title,
		 const char *text);

#endif
