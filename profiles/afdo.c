/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/cursor.h"
#include "profiles/afdo-file.h"

#define HEAD_WORDS 4

int afdo_bid(const void *head, size_t len, unsigned *ret_version)
{
	uint32_t words[HEAD_WORDS];

	if (len < sizeof(words))
		return 0;
	memcpy(words, head, sizeof(words));
	/* A .gcda has the compiler's version there, letters and digits. */
	if (words[0] != AFDO_MAGIC || words[1] > 0xff || words[2] || words[3] != AFDO_TAG_NAMES)
		return 0;
	*ret_version = words[1];
	return 32 * HEAD_WORDS;
}

struct reader {
	struct sample_profile *out;
	struct cursor c;
	const char **names;
	size_t nr_names;
};

static uint64_t read_counter(struct reader *r, const char *what)
{
	uint64_t low = cursor_u32(&r->c, what), v = low | (uint64_t)cursor_u32(&r->c, what) << 32;

	if (v > AFDO_LIMIT) {
		cursor_fail(&r->c, what);
		return 0;
	}
	return v;
}

static void expect(struct reader *r, uint32_t tag, const char *what)
{
	struct cursor at = r->c;

	if (cursor_u32(&r->c, what) != tag && !r->c.bad) {
		r->c = at;
		cursor_fail(&r->c, what);
	}
	/* Nobody reads the length. */
	cursor_u32(&r->c, "length of a section");
}

static const char *read_string(struct reader *r)
{
	uint64_t len = cursor_u32(&r->c, "length of a name");
	const uint8_t *s;

	if (r->out->version == 1)
		len *= 4;
	s = cursor_bytes(&r->c, len, "name");
	if (!s || !len)
		return "";
	return sample_intern(r->out, (const char *)s, strnlen((const char *)s, len));
}

static void read_names(struct reader *r)
{
	uint64_t nr;

	expect(r, AFDO_TAG_NAMES, "tag of names");
	nr = cursor_u32(&r->c, "number of names");
	if (!cursor_fits(&r->c, nr, 4, "names"))
		return;
	r->names = arena_alloc(&r->out->arena, nr, sizeof(*r->names));
	for (uint64_t i = 0; i < nr && !r->c.bad; i++)
		r->names[r->nr_names++] = read_string(r);
}

static const char *name_at(struct reader *r, uint64_t i, const char *what)
{
	if (!r->c.bad && i < r->nr_names)
		return r->names[i];
	cursor_fail(&r->c, what);
	return "";
}

static void read_line(struct reader *r, struct sample_func *f)
{
	uint32_t at = cursor_u32(&r->c, "line"), nr = cursor_u32(&r->c, "number of targets");
	uint64_t count = read_counter(r, "line's count");
	struct sample_line *l = sample_add_line(r->out, f, at >> 16, at & 0xffff, count);

	cursor_fits(&r->c, nr, 20, "targets");
	for (uint32_t i = 0; i < nr && !r->c.bad; i++) {
		uint32_t kind = cursor_u32(&r->c, "kind of value");
		const char *name;

		if (kind != AFDO_HIST_INDIRECT_CALL)
			cursor_fail(&r->c, "kind of value");
		name = name_at(r, read_counter(r, "target"), "target");
		sample_add_target(r->out, l, name, strlen(name), read_counter(r, "target's count"));
	}
}

struct head {
	const char *name;
	uint32_t nr_lines, nr_calls;
};

static struct head read_head(struct reader *r)
{
	struct head h;

	h.name = name_at(r, cursor_u32(&r->c, "function"), "function");
	h.nr_lines = cursor_u32(&r->c, "number of lines");
	h.nr_calls = cursor_u32(&r->c, "number of inlined calls");
	cursor_fits(&r->c, h.nr_lines, 16, "lines");
	cursor_fits(&r->c, h.nr_calls, 16, "inlined calls");
	return h;
}

static void read_body(struct reader *r, struct sample_func *f, const struct head *h, unsigned depth)
{
	for (uint32_t i = 0; i < h->nr_lines && !r->c.bad; i++)
		read_line(r, f);
	if (h->nr_calls && depth >= SAMPLE_MAX_DEPTH)
		cursor_fail(&r->c, "calls are inlined too deep");
	for (uint32_t i = 0; i < h->nr_calls && !r->c.bad; i++) {
		uint32_t at = cursor_u32(&r->c, "line of a call");
		struct head inner = read_head(r);

		if (!r->c.bad)
			read_body(r,
				  sample_add_call(r->out, f, at >> 16, at & 0xffff, inner.name,
						  strlen(inner.name)),
				  &inner, depth + 1);
	}
}

static void read_functions(struct reader *r)
{
	uint32_t nr;

	expect(r, AFDO_TAG_FUNCTIONS, "tag of functions");
	nr = cursor_u32(&r->c, "number of functions");
	cursor_fits(&r->c, nr, 20, "functions");
	for (uint32_t i = 0; i < nr && !r->c.bad; i++) {
		uint64_t count = read_counter(r, "head count");
		struct head h = read_head(r);
		struct sample_func *f;

		if (r->c.bad)
			return;
		f = sample_add_func(r->out, h.name, strlen(h.name));
		f->head = count;
		read_body(r, f, &h, 0);
	}
}

/*
 * Nothing there is merged. GCC wants no module, and does not look at the working sets: they are
 * asked for because a file without them may have lost them.
 */
static void read_rest(struct reader *r)
{
	expect(r, AFDO_TAG_MODULES, "tag of modules");
	if (cursor_u32(&r->c, "number of modules"))
		cursor_fail(&r->c, "modules of LIPO");
	expect(r, AFDO_TAG_WORKING_SETS, "tag of working sets");
	cursor_skip(&r->c, AFDO_NR_WORKING_SETS * 12, "working sets");
	if (!r->c.bad && !cursor_at_end(&r->c))
		cursor_fail(&r->c, "more behind the working sets");
}

int afdo_read(struct sample_profile *out, const char *path, const void *data, size_t len,
	      struct pgo_err *err)
{
	struct reader r = { .out = out };
	unsigned version;

	if (!afdo_bid(data, len, &version))
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no .afdo profile of GCC",
				    path);
	if (version < AFDO_VERSION_MIN || version > AFDO_VERSION_MAX) {
		pgo_error_at(err, PGO_EVERSION, path, 4,
			     "'%s' is an .afdo profile of version %u, which is not known", path,
			     version);
		return pgo_err_hint(err,
				    "make it with create_gcov -gcov_version=2, for GCC 12 to "
				    "15, or 1, for older ones");
	}
	out->version = version;
	out->limit = AFDO_LIMIT;
	cursor_init(&r.c, path, data, len);
	cursor_skip(&r.c, 4 * (HEAD_WORDS - 1), "head");
	read_names(&r);
	read_functions(&r);
	read_rest(&r);
	if (!r.c.bad && !out->nr_funcs)
		cursor_fail(&r.c, "no function");
	if (r.c.bad)
		return cursor_check(&r.c, err);
	sample_finish(out);
	sample_compute_totals(out);
	return 0;
}
