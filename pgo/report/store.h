/* SPDX-License-Identifier: Apache-2.0 */
/* The store as text for people and as JSON for programs. */
#ifndef PGO_REPORT_STORE_H
#define PGO_REPORT_STORE_H

#include "pgo/core/bundle.h"
#include "pgo/core/json.h"
#include "pgo/core/store.h"

/* A table, one line each. */
void show_entries(const struct store_entries *list, struct strbuf *out);
json_t *show_entries_json(const struct store_entries *list);
json_t *show_entry_json(const struct store_entry *e);

/* All that is known of one profile. */
struct store_story {
	struct store_entry entry;
	struct store_signatures signatures;
	struct store_good *good; /* of its project */
	size_t nr_good;
	char *path; /* of its file */
	bool is_bundle;
	struct bundle bundle; /* with is_bundle: its manifest */
};
#define STORE_STORY_INIT { .bundle = BUNDLE_INIT }
void store_story_release(struct store_story *s);
PGO_DEFINE_AUTO(store_story, store_story_release)
void show_story(const struct store_story *s, struct strbuf *out);
json_t *show_story_json(const struct store_story *s);

void show_gc(const struct store_gc *g, bool dry_run, struct strbuf *out);
json_t *show_gc_json(const struct store_gc *g, bool dry_run);

void show_check(const struct store_check *c, struct strbuf *out);
json_t *show_check_json(const struct store_check *c);

#endif
