/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/sample-images.h"

#include <inttypes.h>

#include "pgo/base/fs.h"

void sample_target_release(struct sample_target *t)
{
	free(t->path);
	free(t->wanted);
	elf_image_release(&t->image);
	*t = (struct sample_target)SAMPLE_TARGET_INIT;
}

static uint64_t weight(const struct samples *s, const struct sample_binary *b)
{
	return s->tally.branch_entries ? b->branch_entries : b->samples;
}

static const struct sample_binary *heaviest(const struct samples *s)
{
	const struct sample_binary *best = NULL;

	for (size_t i = 0; i < s->nr_binaries; i++) {
		const struct sample_binary *b = &s->binaries[i];

		if (b->region == SAMPLE_FILE && weight(s, b) &&
		    (!best || weight(s, b) > weight(s, best)))
			best = b;
	}
	return best;
}

static char *local_path(const struct sample_image_opts *opts, const struct sample_binary *b)
{
	return opts->root ? xstrfmt("%s%s%s", opts->root, *b->path == '/' ? "" : "/", b->path)
			  : xstrdup(b->path);
}

static bool same_id(const struct sample_binary *b, const struct elf_image *e)
{
	return b->build_id_bytes && b->build_id_bytes == e->build_id_bytes &&
	       !memcmp(b->build_id, e->build_id, e->build_id_bytes);
}

/* A build id recorded by a perf that pads it with zeros is of any length. */
static bool other_id(const struct sample_binary *b, const struct elf_image *e)
{
	size_t n = e->build_id_bytes < b->build_id_bytes ? e->build_id_bytes : b->build_id_bytes;

	return n && memcmp(b->build_id, e->build_id, n) != 0;
}

/* The names of the binaries that have samples, heaviest first, at most eight. */
static void add_candidates(const struct samples *s, struct strbuf *out)
{
	PGO_AUTO_FREE bool *told = xcalloc(s->nr_binaries, sizeof(*told));

	for (unsigned n = 0; n < 8; n++) {
		size_t best = s->nr_binaries;

		for (size_t i = 0; i < s->nr_binaries; i++)
			if (!told[i] && s->binaries[i].region == SAMPLE_FILE &&
			    weight(s, &s->binaries[i]) &&
			    (best == s->nr_binaries ||
			     weight(s, &s->binaries[i]) > weight(s, &s->binaries[best])))
				best = i;
		if (best == s->nr_binaries)
			break;
		told[best] = true;
		strbuf_addf(out, "%s%s", out->len ? ", " : "", s->binaries[best].path);
	}
}

static int no_samples(const struct samples *s, const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	int ret;

	add_candidates(s, &names);
	ret = pgo_error(err, PGO_EMISMATCH, "no samples are in '%s'", path);
	pgo_err_hint(err, names.len ? "samples are in: %s" : "no file has samples", names.buf);
	return ret;
}

static int not_here(const struct sample_image_opts *opts, const struct sample_binary *b,
		    const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) id = STRBUF_INIT;
	int ret;

	sample_add_build_id(&id, b->build_id, b->build_id_bytes);
	ret = pgo_error(err, PGO_ENOTFOUND, "'%s', which has the samples, is not here: build id %s",
			path, id.len ? id.buf : "not recorded");
	pgo_err_hint(err, "say where it is with --binary PATH%s",
		     opts->root ? "" : ", or where the system's files are with --root DIR");
	return ret;
}

static int hint_another(struct pgo_err *err)
{
	return pgo_err_hint(err,
			    "name the file that was recorded with --binary PATH, or take this one "
			    "all the same with --allow-mismatch");
}

/* The file that was recorded had been deleted: whatever has its name now is another one. */
static bool is_replaced(const struct sample_image_opts *opts, const struct sample_binary *b)
{
	return b->deleted && !b->build_id_bytes && !opts->allow_mismatch;
}

static int replaced(const char *path, struct pgo_err *err)
{
	pgo_error(err, PGO_EMISMATCH,
		  "'%s', which has the samples, was deleted when it was recorded: what is there "
		  "now is another file",
		  path);
	return hint_another(err);
}

static int another_build(const struct sample_binary *b, const struct elf_image *e, const char *path,
			 struct pgo_err *err)
{
	PGO_AUTO(strbuf) here = STRBUF_INIT;
	PGO_AUTO(strbuf) there = STRBUF_INIT;
	int ret;

	sample_add_build_id(&here, e->build_id, e->build_id_bytes);
	sample_add_build_id(&there, b->build_id, b->build_id_bytes);
	ret = pgo_error(err, PGO_EMISMATCH,
			"'%s' is of build id %s, but the samples are of build id %s", path,
			here.buf, there.buf);
	hint_another(err);
	return ret;
}

/* Mark the binaries for which match says yes; how many there are. */
static size_t mark(const struct samples *s, struct sample_target *t,
		   bool (*match)(const struct sample_binary *, const void *), const void *arg)
{
	size_t nr = 0;

	for (size_t i = SAMPLE_BINARY_FIRST; i < s->nr_binaries; i++) {
		const struct sample_binary *b = &s->binaries[i];

		t->wanted[i] = b->region == SAMPLE_FILE && (b->samples || b->branch_entries) &&
			       match(b, arg);
		nr += t->wanted[i];
	}
	return nr;
}

static bool match_id(const struct sample_binary *b, const void *arg)
{
	return same_id(b, arg);
}

static bool match_path(const struct sample_binary *b, const void *arg)
{
	return !strcmp(b->path, arg);
}

static bool match_name(const struct sample_binary *b, const void *arg)
{
	return !strcmp(fs_basename(b->path), arg);
}

/* Refuse, or speak of, what goes by a name but is another build. */
static int check_builds(struct samples *s, const struct sample_image_opts *opts,
			struct sample_target *t, struct pgo_err *err)
{
	for (size_t i = SAMPLE_BINARY_FIRST; i < s->nr_binaries; i++) {
		const struct sample_binary *b = &s->binaries[i];

		if (!t->wanted[i])
			continue;
		if (other_id(b, &t->image) && !opts->allow_mismatch)
			return another_build(b, &t->image, t->path, err);
		if (other_id(b, &t->image))
			samples_warn(s, "'%s' is of another build than the samples of '%s'",
				     t->path, b->path);
		else if (!same_id(b, &t->image))
			samples_warn(s,
				     "whether '%s' is what was recorded cannot be told: there is "
				     "no build id to compare",
				     t->path);
	}
	return 0;
}

int sample_target_find(struct samples *s, const struct sample_image_opts *opts,
		       struct sample_target *ret, struct pgo_err *err)
{
	const struct sample_binary *best = heaviest(s);
	PGO_AUTO(sample_target) t = SAMPLE_TARGET_INIT;
	PGO_AUTO_FREE char *absolute = NULL;
	int r;

	if (!best)
		return no_samples(s, opts->binary ? opts->binary : "any file", err);
	t.path = opts->binary ? xstrdup(opts->binary) : local_path(opts, best);
	if (!opts->binary && !fs_exists(t.path))
		return not_here(opts, best, t.path, err);
	if (!opts->binary && is_replaced(opts, best))
		return replaced(t.path, err);
	r = elf_image_read(t.path, true, &t.image, err);
	if (r)
		return r;
	t.wanted = xcalloc(s->nr_binaries, sizeof(*t.wanted));
	absolute = fs_absolute(t.path);
	if (!opts->binary)
		mark(s, &t, match_path, best->path);
	else if (!mark(s, &t, match_id, &t.image) && !mark(s, &t, match_path, absolute) &&
		 !mark(s, &t, match_name, fs_basename(absolute)) &&
		 !(opts->allow_mismatch && mark(s, &t, match_path, best->path)))
		return no_samples(s, t.path, err);
	r = check_builds(s, opts, &t, err);
	if (r)
		return r;
	*ret = t;
	t = (struct sample_target)SAMPLE_TARGET_INIT;
	return 0;
}

/* NULL: it has no build id. Source: gdb's "Debugging Information in Separate Files". */
static char *debug_path(const struct sample_image_opts *opts, const struct elf_image *e)
{
	PGO_AUTO(strbuf) path = STRBUF_INIT;

	if (e->build_id_bytes < 2)
		return NULL;
	strbuf_addf(&path, "%s/usr/lib/debug/.build-id/%02x/", opts->root ? opts->root : "",
		    e->build_id[0]);
	sample_add_build_id(&path, e->build_id + 1, e->build_id_bytes - 1);
	strbuf_addstr(&path, ".debug");
	return strbuf_take(&path);
}

static int no_debug(const struct sample_target *target, const char *looked, struct pgo_err *err)
{
	int ret = pgo_error(err, PGO_EMISMATCH, "'%s' has no debug information%s%s%s", target->path,
			    looked ? ", and there is no '" : "", looked ? looked : "",
			    looked ? "'" : "");

	pgo_err_hint(err,
		     "build it with -g1 -fdebug-info-for-profiling (GCC: -g1), or name the file "
		     "that has it with --debug-file FILE");
	return ret;
}

int sample_debug_find(const struct sample_target *target, const struct sample_image_opts *opts,
		      char **ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;

	if (opts->debug && !fs_exists(opts->debug))
		return pgo_error(err, PGO_ENOTFOUND, "'%s' is not here", opts->debug);
	if (opts->debug || target->image.has_debug) {
		*ret = xstrdup(opts->debug ? opts->debug : target->path);
		return 0;
	}
	path = debug_path(opts, &target->image);
	if (!path || !fs_exists(path))
		return no_debug(target, path, err);
	*ret = TAKE_PTR(path);
	return 0;
}

enum { STATE_NEW, STATE_READ, STATE_NONE };

void sample_names_init(struct sample_names *n, struct samples *s,
		       const struct sample_image_opts *opts)
{
	*n = (struct sample_names){ .s = s, .opts = opts };
	n->images = xcalloc(s->nr_binaries, sizeof(*n->images));
	n->debug = xcalloc(s->nr_binaries, sizeof(*n->debug));
	n->state = xcalloc(s->nr_binaries, sizeof(*n->state));
}

void sample_names_release(struct sample_names *n)
{
	for (size_t i = 0; n->images && i < n->s->nr_binaries; i++) {
		elf_image_release(&n->images[i]);
		elf_image_release(&n->debug[i]);
	}
	free(n->images);
	free(n->debug);
	elf_image_release(&n->given);
	free(n->state);
	*n = (struct sample_names){ 0 };
}

/* Names of a stripped file; without its debug file they are those of .dynsym. */
static void read_debug(struct sample_names *n, const struct elf_image *e, struct elf_image *debug)
{
	PGO_AUTO_FREE char *path = e->has_symtab ? NULL : debug_path(n->opts, e);

	if (path && elf_image_read(path, true, debug, NULL))
		elf_image_release(debug);
}

static const struct elf_symbol *
symbol_at(const struct sample_names *n, uint32_t binary, uint64_t vaddr)
{
	const struct elf_symbol *symbol = elf_image_symbol(&n->debug[binary], vaddr);

	return symbol ? symbol : elf_image_symbol(&n->images[binary], vaddr);
}

/* Whether the file that was named is what was recorded as b. */
static bool is_given(struct sample_names *n, const struct sample_binary *b)
{
	if (!n->opts->binary)
		return false;
	if (!n->given_read && elf_image_read(n->opts->binary, false, &n->given, NULL))
		elf_image_release(&n->given);
	n->given_read = true;
	if (b->build_id_bytes && n->given.build_id_bytes)
		return same_id(b, &n->given);
	return !strcmp(fs_basename(b->path), fs_basename(n->opts->binary));
}

static void warn_unknown(struct sample_names *n, const char *path)
{
	if (!n->told_unknown)
		samples_warn(n->s,
			     "whether '%s', and others without a build id, are what was recorded "
			     "cannot be told",
			     path);
	n->told_unknown = true;
}

static const struct elf_image *image_of(struct sample_names *n, uint32_t binary)
{
	bool given = is_given(n, &n->s->binaries[binary]);
	const struct sample_binary *b = &n->s->binaries[binary];
	struct elf_image *e = &n->images[binary];
	PGO_AUTO(strbuf) id = STRBUF_INIT;
	PGO_AUTO_FREE char *path = NULL;

	if (n->state[binary] != STATE_NEW)
		return n->state[binary] == STATE_READ ? e : NULL;
	n->state[binary] = STATE_NONE;
	path = given ? xstrdup(n->opts->binary) : local_path(n->opts, b);
	sample_add_build_id(&id, b->build_id, b->build_id_bytes);
	if (!given && is_replaced(n->opts, b)) {
		samples_warn(n->s,
			     "'%s' was deleted when it was recorded, its functions have no names",
			     path);
		return NULL;
	}
	if (elf_image_read(path, true, e, NULL)) {
		samples_warn(n->s, "'%s' is not here, its functions have no names: build id %s",
			     path, id.len ? id.buf : "not recorded");
		return NULL;
	}
	if (other_id(b, e) && !n->opts->allow_mismatch) {
		samples_warn(n->s,
			     "'%s' is another build, its functions have no names: build id %s "
			     "was recorded",
			     path, id.buf);
		return NULL;
	}
	if (!same_id(b, e))
		warn_unknown(n, path);
	n->state[binary] = STATE_READ;
	read_debug(n, e, &n->debug[binary]);
	return e;
}

void sample_names_add(struct sample_names *n, uint64_t loc, bool caller, struct strbuf *out)
{
	uint32_t binary = sample_loc_binary(loc);
	const struct sample_binary *b = &n->s->binaries[binary];
	const struct elf_image *e;
	const struct elf_symbol *symbol;
	uint64_t vaddr;

	if (b->region == SAMPLE_NAMED) {
		strbuf_addstr(out, n->s->names.v[sample_loc_offset(loc)]);
		return;
	}
	if (b->region != SAMPLE_FILE) {
		strbuf_addstr(out, b->region == SAMPLE_KERNEL ? "[kernel]" : b->path);
		return;
	}
	e = image_of(n, binary);
	if (e && elf_image_vaddr(e, sample_loc_offset(loc), &vaddr)) {
		symbol = symbol_at(n, binary, vaddr - (caller && vaddr));
		if (symbol) {
			strbuf_addstr(out, symbol->name);
			return;
		}
	}
	strbuf_addf(out, "%s+0x%" PRIx64, fs_basename(b->path), sample_loc_offset(loc));
}
