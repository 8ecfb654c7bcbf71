/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/fs.h"
#include "pgo/report/check.h"
#include "pgo/report/table.h"

/* "4.1 % of the profile's counts are lost in 37 functions": the answer. */
static char *verdict(const struct staleness *s, double limit)
{
	const double lost = stale_lost(s->share);
	const size_t nr = s->nr[STALE_CHANGED] + s->nr[STALE_GONE];

	return xstrfmt("%.1f %% of the profile's counts are lost in %zu functions; %s %.4g %%",
		       100 * lost, nr, lost > limit ? "more than" : "not more than", 100 * limit);
}

static void add_summary(const struct staleness *s, struct strbuf *out)
{
	static const char *const meanings[] = {
		[STALE_MATCHED] = "the same code",
		[STALE_MOVED] = "the same code in other lines: taken",
		[STALE_CHANGED] = "other code: nothing of it is taken",
		[STALE_GONE] = "not in the program",
		[STALE_NEW] = "not in the profile",
	};
	PGO_AUTO(table) t = TABLE_INIT("lrrl");

	table_add(&t, "functions");
	table_add(&t, "number");
	table_add(&t, "counts");
	table_add(&t, "");
	for (int i = 0; i < STALE_NR_STATES; i++) {
		if (!s->nr[i] && i == STALE_MOVED)
			continue;
		table_add(&t, stale_state_name((enum stale_state)i));
		table_addf(&t, "%zu", s->nr[i]);
		if (i == STALE_NEW)
			table_add(&t, "");
		else
			table_addf(&t, "%.1f %%", 100 * s->share[i]);
		table_add(&t, i == STALE_MATCHED && s->by_name
				      ? "a function of that name: samples tell no more"
				      : meanings[i]);
	}
	table_print(&t, out);
}

static void add_functions(const struct staleness *s, size_t top, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("rlll");
	size_t nr = 0;

	table_add(&t, "counts");
	table_add(&t, "");
	table_add(&t, "function");
	table_add(&t, "source");
	for (size_t i = 0; i < s->nr_functions && nr < top; i++) {
		const struct stale_function *f = &s->functions[i];

		if (f->state != STALE_CHANGED && f->state != STALE_GONE)
			continue;
		table_addf(&t, "%.1f %%", 100 * f->share);
		table_add(&t, stale_state_name(f->state));
		table_add(&t, f->name);
		table_add(&t, f->source ? f->source : "");
		nr++;
	}
	if (!nr)
		return;
	strbuf_addch(out, '\n');
	table_print(&t, out);
}

static void add_sources(const struct staleness *s, size_t top, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("rrrl");
	size_t nr = 0;

	table_add(&t, "lost");
	table_add(&t, "functions");
	table_add(&t, "of");
	table_add(&t, "source");
	for (size_t i = 0; i < s->nr_sources && nr < top; i++) {
		const struct stale_source *of = &s->sources[i];
		const size_t lost = of->nr[STALE_CHANGED] + of->nr[STALE_GONE];

		if (!lost)
			continue;
		table_addf(&t, "%.1f %%", 100 * stale_lost(of->share));
		table_addf(&t, "%zu", lost);
		table_addf(&t, "%zu", lost + of->nr[STALE_MATCHED] + of->nr[STALE_MOVED]);
		table_add(&t, of->name ? of->name : "(not known)");
		nr++;
	}
	if (!nr)
		return;
	strbuf_addch(out, '\n');
	table_print(&t, out);
}

void show_staleness(const struct staleness *s, const char *profile, double limit, size_t top,
		    struct strbuf *out)
{
	PGO_AUTO_FREE char *answer = verdict(s, limit);

	strbuf_addf(out, "%s: ", stale_lost(s->share) > limit ? "STALE" : "fresh");
	strbuf_addvis(out, profile);
	strbuf_addf(out, ": %s\n", answer);
	add_summary(s, out);
	add_functions(s, top, out);
	add_sources(s, top, out);
}

/* A path that is there, as GitHub wants it, from here; NULL: it cannot be told. */
static char *file_of(const char *name, const char *source)
{
	PGO_AUTO_FREE char *below = source ? fs_join(source, name) : NULL;
	PGO_AUTO_FREE char *here = fs_absolute(".");
	size_t len = strlen(here);

	if (!source || *name == '/')
		return fs_exists(name) ? xstrdup(name) : NULL;
	if (!fs_exists(below))
		return NULL;
	if (!strncmp(below, here, len) && below[len] == '/')
		return xstrdup(below + len + 1);
	return TAKE_PTR(below);
}

void show_staleness_github(const struct staleness *s, const char *profile, const char *source,
			   double limit, size_t top, struct strbuf *out)
{
	PGO_AUTO_FREE char *answer = verdict(s, limit);
	size_t nr = 0;

	show_github(out, stale_lost(s->share) > limit ? "error" : "notice", profile, "profile",
		    answer);
	for (size_t i = 0; i < s->nr_sources && nr < top; i++) {
		const struct stale_source *of = &s->sources[i];
		const size_t lost = of->nr[STALE_CHANGED] + of->nr[STALE_GONE];
		PGO_AUTO_FREE char *text = NULL, *file = NULL;

		if (!lost || !of->name)
			continue;
		file = file_of(of->name, source);
		text =
			xstrfmt("%.1f %% of the profile's counts were in %zu functions of %s that "
				"have changed or are gone",
				100 * stale_lost(of->share), lost, of->name);
		show_github(out, "warning", file, "stale profile", text);
		nr++;
	}
}

static void set_states(json_t *o, const size_t *nr, const double *share)
{
	for (int i = 0; i < STALE_NR_STATES; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "functions", js_u64(nr[i]));
		json_object_set_new(one, "share", json_real(share[i]));
		json_object_set_new(o, stale_state_name((enum stale_state)i), one);
	}
}

json_t *show_staleness_json(const struct staleness *s, double limit)
{
	json_t *o = json_object(), *functions = json_array(), *sources = json_array();

	for (size_t i = 0; i < s->nr_functions; i++) {
		const struct stale_function *f = &s->functions[i];
		json_t *one = json_object();

		json_object_set_new(one, "name", js_string(f->name));
		json_object_set_new(one, "source", js_string(f->source));
		json_object_set_new(one, "state", js_string(stale_state_name(f->state)));
		json_object_set_new(one, "share", json_real(f->share));
		json_array_append_new(functions, one);
	}
	for (size_t i = 0; i < s->nr_sources; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "source", js_string(s->sources[i].name));
		set_states(one, s->sources[i].nr, s->sources[i].share);
		json_array_append_new(sources, one);
	}
	json_object_set_new(o, "by_name", json_boolean(s->by_name));
	json_object_set_new(o, "lost_share", json_real(stale_lost(s->share)));
	json_object_set_new(o, "max_lost", json_real(limit));
	set_states(o, s->nr, s->share);
	json_object_set_new(o, "functions", functions);
	json_object_set_new(o, "sources", sources);
	return o;
}
