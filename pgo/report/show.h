/* SPDX-License-Identifier: Apache-2.0 */
/* Results of core as text for people and as JSON for programs. */
#ifndef PGO_REPORT_SHOW_H
#define PGO_REPORT_SHOW_H

#include "pgo/core/bundle.h"
#include "pgo/core/calibrate.h"
#include "pgo/core/experiment.h"
#include "pgo/core/hyperfine.h"
#include "pgo/core/json.h"
#include "pgo/core/ledger.h"
#include "pgo/core/merge-files.h"
#include "pgo/core/plan.h"
#include "pgo/core/stage.h"
#include "profiles/diff.h"
#include "profiles/profile.h"
#include "profiles/samples.h"

/* The schema version of every JSON answer; docs/json.md documents them. */
#define REPORT_SCHEMA 1

/* In UTC: to the minute for people, as ISO 8601 has it for programs. */
void show_add_time(int64_t seconds, bool iso, struct strbuf *out);

void show_bundle(const struct bundle *b, const char *path, struct strbuf *out);
json_t *show_bundle_json(const struct bundle *b, const char *path);

/* The totals and the top hottest functions by the sum of their counts. */
void show_profile(const struct profile *p, const char *path, size_t top, struct strbuf *out);
json_t *show_profile_json(const struct profile *p, const char *path, size_t top);

/* All counts and values of the top hottest functions that have name (or NULL) in their names. */
void show_functions(const struct profile *p, const char *name, size_t top, struct strbuf *out);
json_t *show_functions_json(const struct profile *p, const char *name, size_t top);

/* The shares, and the top functions that changed, largest change of share first. */
void show_diff(const struct prof_diff *d, size_t top, struct strbuf *out);
json_t *show_diff_json(const struct prof_diff *d, size_t top);

/* A recording: its events, and the top binaries by their samples; as JSON all of them. */
void show_samples(const struct samples *s, const char *path, size_t top, struct strbuf *out);
json_t *show_samples_json(const struct samples *s, const char *path);

void show_experiment(const struct experiment *e, bool colour, struct strbuf *out);
json_t *show_experiment_json(const struct experiment *e);

/* What was counted of both sides, and what does not go together; nothing without --explain. */
void show_explanation(const struct experiment *e, struct strbuf *out);
json_t *show_explanation_json(const struct experiment *e);

/*
 * What another method ("hyperfine", "mann-whitney") would have said of the same runs;
 * -PGO_EUSAGE for another one, which the check tells before there are any.
 */
int show_what_if_check(const char *method, struct pgo_err *err);
int show_what_if(const struct engine *g, const char *method, struct strbuf *out,
		 struct pgo_err *err);

/* What the A/A checks on this machine have said so far. */
void show_ledger(const struct ledger_rate *r, struct strbuf *out);

void show_calibration(const struct calibration *c, struct strbuf *out);
json_t *show_calibration_json(const struct calibration *c);

void show_merge(const struct merge_outcome *m, const char *path, struct strbuf *out);
json_t *show_merge_json(const struct merge_outcome *m, const char *path);

/*
 * What can be said of result sets that are no pairs, and what cannot: each against the first.
 * Shapes: two results or more.
 */
void show_import(const struct hyperfine *h, const char *path, struct strbuf *out);
json_t *show_import_json(const struct hyperfine *h);

void show_plan(const struct plan *p, struct strbuf *out);

json_t *show_stage_json(const struct stage *s);

#endif
