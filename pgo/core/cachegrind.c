/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/cachegrind.h"

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/strvec.h"

static const struct {
	const char *word, *name, *key;
} events[NR_CACHEGRIND_EVENTS] = {
	[CACHEGRIND_INSTRUCTIONS] = { "Ir", "instructions", "instructions" },
	[CACHEGRIND_I1_MISSES] = { "I1mr", "I1 misses", "i1_misses" },
	[CACHEGRIND_LL_MISSES] = { "ILmr", "LL instruction misses", "ll_instruction_misses" },
	[CACHEGRIND_BRANCHES] = { "Bc", "conditional branches", "conditional_branches" },
	[CACHEGRIND_MISPREDICTIONS] = { "Bcm", "mispredictions", "mispredictions" },
};

const char *cachegrind_event_name(enum cachegrind_event e)
{
	return events[e].name;
}

const char *cachegrind_event_key(enum cachegrind_event e)
{
	return events[e].key;
}

void cachegrind_release(struct cachegrind *c)
{
	free(c->cmd);
	free(c->model);
	*c = (struct cachegrind)CACHEGRIND_INIT;
}

/* The file while it is read, a line at a time. */
struct reader {
	const char *path, *text;
	size_t len, at;
	char *columns; /* behind "events:", or NULL */
	struct pgo_err *err;
};

static int wrong(const struct reader *r, size_t at, const char *what)
{
	return pgo_error_at(r->err, PGO_EFORMAT, r->path, (int64_t)at,
			    "'%s' is no result of cachegrind: %s, at byte %zu", r->path, what, at);
}

/* What follows the key on the line that begins at byte at; NULL when it is another line. */
static char *value_at(const struct reader *r, size_t at, const char *key)
{
	const char *line = r->text + at, *end = memchr(line, '\n', r->len - at);
	size_t len = end ? (size_t)(end - line) : r->len - at, k = strlen(key);

	if (len < k || memcmp(line, key, k) != 0)
		return NULL;
	while (k < len && line[k] == ' ')
		k++;
	return xstrndup(line + k, len - k);
}

/* "I1 cache:         32768 B, 64 B" becomes "I1 32768 B, 64 B"; D1 says nothing about code. */
static void take_model(struct cachegrind *c, const char *desc)
{
	size_t name = strcspn(desc, " ");
	const char *sizes = strchr(desc, ':');
	char *old = c->model;

	if (!sizes || (strncmp(desc, "I1 ", 3) != 0 && strncmp(desc, "LL ", 3) != 0))
		return;
	sizes += 1 + strspn(sizes + 1, " ");
	c->model = xstrfmt("%s%s%.*s %s", old ? old : "", old ? "; " : "", (int)name, desc, sizes);
	free(old);
}

/* The lines before the first "fl=" or "fn=". */
static void take_header(struct reader *r, struct cachegrind *c)
{
	while (r->at < r->len) {
		const char *end = memchr(r->text + r->at, '\n', r->len - r->at);
		PGO_AUTO_FREE char *desc = value_at(r, r->at, "desc:");

		if (desc)
			take_model(c, desc);
		if (!c->cmd)
			c->cmd = value_at(r, r->at, "cmd:");
		r->columns = value_at(r, r->at, "events:");
		if (r->columns || !end)
			return;
		r->at = (size_t)(end - r->text) + 1;
	}
}

static size_t last_line(const struct reader *r)
{
	size_t end = r->len;
	const char *before;

	while (end && r->text[end - 1] == '\n')
		end--;
	before = end ? memrchr(r->text, '\n', end) : NULL;
	return before ? (size_t)(before - r->text) + 1 : 0;
}

static int take_summary(const struct reader *r, struct cachegrind *c)
{
	size_t at = last_line(r);
	PGO_AUTO_FREE char *summary = value_at(r, at, "summary:");
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(strvec) values = STRVEC_INIT;

	if (!summary)
		return wrong(r, at, "it has no summary at its end");
	strvec_split(&names, r->columns);
	strvec_split(&values, summary);
	if (names.nr != values.nr)
		return wrong(r, at, "its summary does not fit its events");
	for (int e = 0; e < NR_CACHEGRIND_EVENTS; e++) {
		bool found = false;

		for (size_t i = 0; i < names.nr; i++)
			if (!strcmp(names.v[i], events[e].word))
				found = num_parse_u64(values.v[i], &c->events[e]);
		if (!found)
			return wrong(r, at, "an event is missing or no number");
	}
	return 0;
}

int cachegrind_parse(const char *path, const char *text, size_t len, struct cachegrind *ret,
		     struct pgo_err *err)
{
	PGO_AUTO(cachegrind) c = CACHEGRIND_INIT;
	struct reader r = { .path = path, .text = text, .len = len, .err = err };
	int res;

	take_header(&r, &c);
	if (!r.columns || !c.cmd)
		res = wrong(&r, r.at, "it has no header");
	else
		res = take_summary(&r, &c);
	free(r.columns);
	if (res)
		return res;
	*ret = c;
	c = (struct cachegrind)CACHEGRIND_INIT;
	return 0;
}

int cachegrind_read(const char *path, struct cachegrind *ret, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int r = fs_view_open(&view, path, err);

	return r ? r : cachegrind_parse(path, (const char *)view.data, view.len, ret, err);
}
