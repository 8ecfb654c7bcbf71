/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to struct gcda_file. */
#include "profiles/gcda-file.h"

#include "pgo/base/cursor.h"
#include "pgo/base/fs.h"

struct kind {
	const char *name;
	enum gcda_rule rule;
	unsigned first, last; /* GCC majors that have it */
};

/* Several rows for one kind where releases differ. */
static const struct {
	unsigned kind;
	struct kind k;
} kinds[] = {
	{ 0, { "arcs", GCDA_ADD, 9, 15 } },
	{ 1, { "interval", GCDA_ADD, 9, 15 } },
	{ 2, { "pow2", GCDA_ADD, 9, 15 } },
	{ 3, { "single", GCDA_SINGLE, 9, 9 } },
	{ 3, { "topn", GCDA_TOP4, 10, 10 } },
	{ 3, { "topn", GCDA_TOPN, 11, 15 } },
	{ 4, { "indirect_call", GCDA_SINGLE, 9, 9 } },
	{ 4, { "indirect_call", GCDA_TOP4, 10, 10 } },
	{ 4, { "indirect_call", GCDA_TOPN, 11, 15 } },
	{ 5, { "average", GCDA_ADD, 9, 15 } },
	{ 6, { "ior", GCDA_OR, 9, 15 } },
	{ 7, { "time_profiler", GCDA_EARLIEST, 9, 15 } },
	{ 8, { "indirect_call_topn", GCDA_ICALL, 9, 9 } },
	{ 8, { "conditions", GCDA_OR, 14, 15 } },
	{ 9, { "paths", GCDA_OR, 15, 15 } },
};

static const struct kind *find_kind(unsigned major, unsigned kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == kind && major >= kinds[i].k.first && major <= kinds[i].k.last)
			return &kinds[i].k;
	return NULL;
}

enum gcda_rule gcda_rule_of(unsigned major, unsigned kind)
{
	const struct kind *k = find_kind(major, kind);

	return k ? k->rule : GCDA_NONE;
}

const char *gcda_kind_name(unsigned major, unsigned kind)
{
	const struct kind *k = find_kind(major, kind);

	return k ? k->name : "unknown";
}

struct gcda_layout gcda_site_layout(enum gcda_rule rule)
{
	switch (rule) {
	case GCDA_SINGLE:
		return (struct gcda_layout){ 3, 2, 0, 1 };
	case GCDA_ICALL:
	case GCDA_TOP4:
		return (struct gcda_layout){ 9, 0, 1, 4 };
	default:
		return (struct gcda_layout){ 0 };
	}
}

void gcda_file_release(struct gcda_file *f)
{
	arena_release(&f->arena);
	free(f->funcs);
	*f = (struct gcda_file)GCDA_FILE_INIT;
}

struct reader {
	struct gcda_file *f;
	struct cursor c;
	uint64_t zeros_left;		       /* counters that zero runs may still claim */
	bool in_func;			       /* the last function takes counters */
	struct gcda_ctrs ctrs[GCDA_MAX_KINDS]; /* its own so far */
	unsigned nr_ctrs;
};

/* 64-bit counters are two words, the low one first, whatever the byte order. */
static int64_t load_counter(const uint8_t *p, bool swap)
{
	uint32_t w[2];

	memcpy(w, p, sizeof(w));
	if (swap) {
		w[0] = __builtin_bswap32(w[0]);
		w[1] = __builtin_bswap32(w[1]);
	}
	return (int64_t)((uint64_t)w[1] << 32 | w[0]);
}

static void read_plain(struct reader *r, struct gcda_ctrs *ctrs, const uint8_t *raw, uint64_t n)
{
	bool any = false;

	ctrs->nr = (uint32_t)n;
	ctrs->v = arena_alloc(&r->f->arena, n, sizeof(*ctrs->v));
	for (uint64_t i = 0; i < n; i++) {
		ctrs->v[i] = load_counter(raw + 8 * i, r->c.swap);
		any |= ctrs->v[i] != 0;
	}
	if (!any)
		ctrs->v = NULL;
}

static const char *read_fixed_sites(struct reader *r, struct gcda_ctrs *ctrs, const uint8_t *raw,
				    uint64_t n)
{
	struct gcda_layout at = gcda_site_layout(ctrs->rule);

	if (n % at.stride)
		return "counters are no whole number of value sites";
	ctrs->nr = (uint32_t)(n / at.stride);
	ctrs->sites = arena_alloc(&r->f->arena, ctrs->nr, sizeof(*ctrs->sites));
	for (uint32_t i = 0; i < ctrs->nr; i++, raw += 8 * at.stride) {
		struct gcda_pair *pairs = arena_alloc(&r->f->arena, at.nr_pairs, sizeof(*pairs));
		const uint8_t *p = raw + 8 * at.pairs_at;

		for (unsigned j = 0; j < at.nr_pairs; j++, p += 16) {
			pairs[j].value = load_counter(p, r->c.swap);
			pairs[j].count = load_counter(p + 8, r->c.swap);
		}
		ctrs->sites[i] = (struct gcda_site){ load_counter(raw + 8 * at.total_at, r->c.swap),
						     pairs, at.nr_pairs, at.nr_pairs };
	}
	return NULL;
}

/* How many sites the n counters hold; false when their lengths do not add up. */
static bool count_topn_sites(const struct reader *r, const uint8_t *raw, uint64_t n,
			     uint32_t *ret_sites)
{
	uint32_t sites = 0;

	for (uint64_t i = 0; i < n; sites++) {
		uint64_t nr;

		if (n - i < 2)
			return false;
		nr = (uint64_t)load_counter(raw + 8 * (i + 1), r->c.swap);
		i += 2;
		if (nr > (n - i) / 2)
			return false;
		i += 2 * nr;
	}
	*ret_sites = sites;
	return true;
}

static const char *read_topn(struct reader *r, struct gcda_ctrs *ctrs, const uint8_t *raw,
			     uint64_t n)
{
	if (!count_topn_sites(r, raw, n, &ctrs->nr))
		return "number of values of a site";
	ctrs->sites = arena_alloc(&r->f->arena, ctrs->nr, sizeof(*ctrs->sites));
	for (uint32_t i = 0; i < ctrs->nr; i++) {
		struct gcda_site *site = &ctrs->sites[i];

		site->total = load_counter(raw, r->c.swap);
		site->nr = site->alloc = (uint32_t)load_counter(raw + 8, r->c.swap);
		site->pairs = arena_alloc(&r->f->arena, site->nr, sizeof(*site->pairs));
		raw += 16;
		for (uint32_t j = 0; j < site->nr; j++, raw += 16) {
			site->pairs[j].value = load_counter(raw, r->c.swap);
			site->pairs[j].count = load_counter(raw + 8, r->c.swap);
		}
	}
	return NULL;
}

/* A negative length: that many counters, all zero, without data. */
static const char *read_zero_run(struct reader *r, struct gcda_ctrs *ctrs, uint64_t n)
{
	if (r->f->major < GCDA_MAJOR_ZERO_RUNS || gcda_has_sites(ctrs->rule))
		return "negative counter length";
	if (n > r->zeros_left)
		return "more zero counters than the file can stand for";
	r->zeros_left -= n;
	ctrs->nr = (uint32_t)n;
	return NULL;
}

/* Each returns NULL or what is wrong. */
static const char *read_counters(struct reader *r, unsigned kind, int64_t len)
{
	const int64_t unit = r->f->major >= GCDA_MAJOR_BYTES ? 8 : 2;
	struct gcda_ctrs ctrs = { .kind = kind, .rule = gcda_rule_of(r->f->major, kind) };
	uint64_t n = (uint64_t)(len < 0 ? -len : len) / (uint64_t)unit;
	const uint8_t *raw;
	const char *fault = NULL;

	if (!ctrs.rule)
		return "counter kind that this version of GCC does not have";
	if (!r->in_func)
		return "counters outside of a function";
	if (r->nr_ctrs && r->ctrs[r->nr_ctrs - 1].kind >= kind)
		return "counter kinds out of order";
	if (len % unit)
		return "counter length";
	if (len < 0) {
		fault = read_zero_run(r, &ctrs, n);
	} else {
		raw = cursor_bytes(&r->c, 8 * n, "counters");
		if (!raw)
			return NULL;
		if (ctrs.rule == GCDA_TOPN)
			fault = read_topn(r, &ctrs, raw, n);
		else if (gcda_has_sites(ctrs.rule))
			fault = read_fixed_sites(r, &ctrs, raw, n);
		else
			read_plain(r, &ctrs, raw, n);
	}
	r->ctrs[r->nr_ctrs++] = ctrs;
	return fault;
}

static void end_function(struct reader *r)
{
	struct gcda_func *func;

	if (!r->in_func)
		return;
	func = &r->f->funcs[r->f->nr_funcs - 1];
	func->nr_kinds = r->nr_ctrs;
	func->ctrs = arena_alloc(&r->f->arena, r->nr_ctrs, sizeof(*func->ctrs));
	memcpy(func->ctrs, r->ctrs, r->nr_ctrs * sizeof(*func->ctrs));
	r->in_func = false;
	r->nr_ctrs = 0;
}

static const char *read_function(struct reader *r, int64_t len)
{
	struct gcda_file *f = r->f;
	struct gcda_func func = { 0 };

	end_function(r);
	if (len) {
		if (len != (f->major >= GCDA_MAJOR_BYTES ? 12 : 3))
			return "function length";
		func.present = true;
		func.ident = cursor_u32(&r->c, "function ident");
		func.lineno_checksum = cursor_u32(&r->c, "function line checksum");
		func.cfg_checksum = cursor_u32(&r->c, "function cfg checksum");
	}
	VEC_GROW(f->funcs, f->nr_funcs, f->alloc_funcs);
	f->funcs[f->nr_funcs++] = func;
	r->in_func = func.present;
	return NULL;
}

static const char *read_summary(struct reader *r, int64_t len)
{
	if (len != (r->f->major >= GCDA_MAJOR_BYTES ? 8 : 2))
		return "summary length";
	if (r->f->has_summary || r->f->nr_funcs)
		return "summary out of place";
	r->f->has_summary = true;
	r->f->runs = cursor_u32(&r->c, "runs");
	r->f->sum_max = cursor_u32(&r->c, "sum of maxima");
	return NULL;
}

/* Every record up to the end mark, a tag of zero. */
static void read_records(struct reader *r)
{
	for (;;) {
		struct cursor at = r->c;
		uint32_t tag = cursor_u32(&r->c, "record tag");
		uint32_t kind = (tag - GCDA_TAG_COUNTER) >> 17;
		const char *fault;
		int64_t len;

		if (r->c.bad || !tag)
			break;
		len = (int32_t)cursor_u32(&r->c, "record length");
		if (tag == GCDA_TAG_FUNCTION)
			fault = read_function(r, len);
		else if (tag == GCDA_TAG_SUMMARY)
			fault = read_summary(r, len);
		else if (tag == GCDA_TAG_COUNTER + (kind << 17) && kind < GCDA_MAX_KINDS)
			fault = read_counters(r, kind, len);
		else
			fault = "unknown record tag";
		if (fault && !r->c.bad) {
			r->c = at;
			cursor_fail(&r->c, fault);
		}
		if (r->c.bad)
			return;
	}
	end_function(r);
}

bool gcda_is_head(const uint8_t *head, size_t len)
{
	uint32_t magic;

	if (len < 8)
		return false;
	memcpy(&magic, head, sizeof(magic));
	return magic == GCDA_MAGIC || magic == __builtin_bswap32(GCDA_MAGIC);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "B22*" is 12.2; before GCC 5 the letter was a digit. Source: gcc/gcov-iov.c. */
static int read_version(struct gcda_file *f, struct cursor *c, struct pgo_err *err)
{
	uint32_t word = cursor_u32(c, "version");
	char *v = f->version;
	PGO_AUTO(strbuf) shown = STRBUF_INIT;

	f->version_word = word;
	for (unsigned i = 0; i < 4; i++)
		v[i] = (char)(word >> (24 - 8 * i));
	strbuf_addvis(&shown, v);
	if (v[0] < 'A' || v[0] > 'Z' || !is_digit(v[1]) || !is_digit(v[2]) || v[3] < ' ' ||
	    v[3] > '~')
		return pgo_error_at(err, PGO_EVERSION, f->path, 4,
				    "'%s' is of an unknown GCC version '%s'", f->path, shown.buf);
	f->major = 10 * (unsigned)(v[0] - 'A') + (unsigned)(v[1] - '0');
	if (f->major >= GCDA_MAJOR_MIN && f->major <= GCDA_MAJOR_MAX)
		return 0;
	pgo_error_at(err, PGO_EVERSION, f->path, 4,
		     "'%s' is of GCC %u.%c (version '%s'), and only GCC %u to %u are read", f->path,
		     f->major, v[2], shown.buf, GCDA_MAJOR_MIN, GCDA_MAJOR_MAX);
	return -PGO_EVERSION;
}

static int empty_error(const char *path, struct pgo_err *err)
{
	pgo_error_at(err, PGO_EFORMAT, path, 0,
		     "'%s' is empty: its process was killed before it ended", path);
	pgo_err_hint(err, "let the program end by exit() or a return from main, and train again");
	return -PGO_EFORMAT;
}

int gcda_file_decode(struct gcda_file *f, const char *path, const void *data, size_t len,
		     struct pgo_err *err)
{
	struct reader r = { .f = f };
	uint32_t magic;
	int ret;

	f->path = path;
	if (!len)
		return empty_error(path, err);
	cursor_init(&r.c, path, data, len);
	magic = cursor_u32(&r.c, "magic");
	f->swap = r.c.swap = magic == __builtin_bswap32(GCDA_MAGIC);
	if (!r.c.bad && magic != GCDA_MAGIC && !f->swap)
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no .gcda file", path);
	if (cursor_fits(&r.c, 1, 4, "version")) {
		ret = read_version(f, &r.c, err);
		if (ret)
			return ret;
	}
	f->stamp = cursor_u32(&r.c, "stamp");
	if (f->major >= GCDA_MAJOR_BYTES)
		f->checksum = cursor_u32(&r.c, "checksum");
	/* A function that never ran costs 28 bytes at least, however many arcs it has. */
	r.zeros_left = (1u << 20) + 64 * (uint64_t)len;
	read_records(&r);
	return cursor_check(&r.c, err);
}

int gcda_file_open(struct gcda_file *f, const char *path, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret = fs_view_open(&view, path, err);

	return ret ? ret : gcda_file_decode(f, path, view.data, view.len, err);
}
