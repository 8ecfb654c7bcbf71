/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary forms of LLVM's sampled profiles: the plain one, and the extensible
 * one, which is a table of sections. Everything that LLVM's readers would trust
 * is checked.
 */
#include <zlib.h>

#include "pgo/base/cursor.h"
#include "profiles/sample.h"

#define MAGIC 0x5350524f46343200ULL /* "SPROF42", then the form */
#define VERSION 103
#define FORM_EXTBINARY 0x04
#define FORM_BINARY 0xff
/* The bytes of a magic as ULEB128. */
#define MAGIC_BYTES 9

/* Flags above 2^32 belong to the type of section. */
#define FLAG_COMPRESSED (1ULL << 0)
#define NAMES_MD5 (1ULL << 32)
#define NAMES_FIXED (1ULL << 33)
#define SUMMARY_CONTEXTS (1ULL << 33)
#define SUMMARY_VTABLES (1ULL << 37)
#define METADATA_PROBES (1ULL << 32)
#define METADATA_ATTRIBUTES (1ULL << 33)

/* What deflate makes of one byte at most. */
#define MOST_INFLATED 1032

enum section_type {
	SECTION_SUMMARY = 1,
	SECTION_NAMES = 2,
	SECTION_SYMBOLS = 3,
	SECTION_OFFSETS = 4,
	SECTION_METADATA = 5,
	SECTION_CONTEXTS = 6,
	SECTION_PROFILE = 32,
};

struct strings {
	const char **v;
	size_t nr;
};

struct reader {
	struct sample_profile *out;
	struct strings names, contexts;
	uint64_t context_bytes; /* that their names may still take */
	struct hashmap funcs;	/* of out, by name, once metadata are read */
};

static void read_summary(struct cursor *c)
{
	uint64_t nr;

	for (int i = 0; i < 5; i++)
		cursor_uleb(c, "summary");
	nr = cursor_uleb(c, "number of cut-offs");
	cursor_fits(c, nr, 3, "cut-offs");
	for (uint64_t i = 0; i < nr * 3 && !c->bad; i++)
		cursor_uleb(c, "cut-off");
}

static const char *read_string(struct sample_profile *p, struct cursor *c, const char *what)
{
	const uint8_t *end = cursor_left(c) ? memchr(c->pos, '\0', cursor_left(c)) : NULL;
	const char *s = (const char *)c->pos;

	if (!end || !cursor_skip(c, (uint64_t)(end - c->pos) + 1, what)) {
		cursor_fail(c, what);
		return "";
	}
	return sample_intern(p, s, (size_t)((const char *)end - s));
}

static const char *number_name(struct sample_profile *p, uint64_t hash)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	strbuf_addf(&sb, "%llu", (unsigned long long)hash);
	return sample_intern(p, sb.buf, sb.len);
}

/* flags: NAMES_*. */
static void read_names(struct reader *r, struct cursor *c, uint64_t flags)
{
	uint64_t nr = cursor_uleb(c, "number of names");

	if (!cursor_fits(c, nr, flags & NAMES_FIXED ? 8 : 1, "names"))
		return;
	r->names.v = arena_alloc(&r->out->arena, nr, sizeof(*r->names.v));
	r->names.nr = 0;
	r->out->md5 |= flags & (NAMES_MD5 | NAMES_FIXED);
	for (uint64_t i = 0; i < nr && !c->bad; i++)
		r->names.v[r->names.nr++] =
			flags & NAMES_FIXED ? number_name(r->out, cursor_u64(c, "hash of a name"))
			: flags & NAMES_MD5 ? number_name(r->out, cursor_uleb(c, "hash of a name"))
					    : read_string(r->out, c, "name");
}

static const char *read_index(const struct strings *of, struct cursor *c, const char *what)
{
	struct cursor at = *c;
	uint64_t i = cursor_uleb(c, what);

	if (!c->bad && i < of->nr)
		return of->v[i];
	if (!c->bad) {
		*c = at;
		cursor_fail(c, what);
	}
	return "";
}

static uint32_t read_u32(struct cursor *c, uint32_t limit, const char *what)
{
	struct cursor at = *c;
	uint64_t v = cursor_uleb(c, what);

	if (c->bad || v <= limit)
		return (uint32_t)v;
	*c = at;
	cursor_fail(c, what);
	return 0;
}

/* Append one frame of a context as the text form has it. */
static void read_frame(struct reader *r, struct cursor *c, bool last, struct strbuf *name)
{
	const char *f = read_index(&r->names, c, "name of a frame");
	uint32_t line = read_u32(c, UINT16_MAX, "line of a frame");
	uint32_t disc = read_u32(c, UINT32_MAX, "discriminator of a frame");

	strbuf_addf(name, "%s%s", name->len ? " @ " : "[", f);
	if (!last)
		strbuf_addf(name, ":%u", line);
	if (!last && disc)
		strbuf_addf(name, ".%u", disc);
	if (name->len > r->context_bytes)
		cursor_fail(c, "contexts are too long");
}

static void read_context(struct reader *r, struct cursor *c)
{
	PGO_AUTO(strbuf) name = STRBUF_INIT;
	uint64_t nr = cursor_uleb(c, "number of frames");

	if (!nr || nr > SAMPLE_MAX_DEPTH)
		cursor_fail(c, "number of frames");
	for (uint64_t i = 0; i < nr && !c->bad; i++)
		read_frame(r, c, i + 1 == nr, &name);
	if (c->bad)
		return;
	r->context_bytes -= name.len;
	strbuf_addch(&name, ']');
	r->contexts.v[r->contexts.nr++] = sample_intern(r->out, name.buf, name.len);
}

static void read_contexts(struct reader *r, struct cursor *c)
{
	uint64_t nr = cursor_uleb(c, "number of contexts");

	if (!cursor_fits(c, nr, 4, "contexts"))
		return;
	r->contexts.v = arena_alloc(&r->out->arena, nr, sizeof(*r->contexts.v));
	r->contexts.nr = 0;
	for (uint64_t i = 0; i < nr && !c->bad; i++)
		read_context(r, c);
}

static const char *read_func_name(struct reader *r, struct cursor *c)
{
	return read_index(r->out->contexts ? &r->contexts : &r->names, c, "function");
}

static void read_targets(struct reader *r, struct cursor *c, struct sample_line *l, bool vtables)
{
	uint64_t nr = cursor_uleb(c, "number of targets");

	cursor_fits(c, nr, 2, "targets");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		const char *name = read_index(&r->names, c, "target");

		sample_add_target(r->out, l, name, strlen(name), cursor_uleb(c, "target's count"));
		l->targets[l->nr_targets - 1].vtable = vtables;
	}
}

static void read_lines(struct reader *r, struct cursor *c, struct sample_func *f)
{
	uint64_t nr = read_u32(c, UINT32_MAX, "number of lines");

	cursor_fits(c, nr, 4, "lines");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint32_t line = read_u32(c, UINT16_MAX, "line");
		uint32_t disc = read_u32(c, UINT32_MAX, "discriminator");
		uint64_t count = cursor_uleb(c, "line's count");

		read_targets(r, c, sample_add_line(r->out, f, line, disc, count), false);
	}
}

static void read_vtables(struct reader *r, struct cursor *c, struct sample_func *f)
{
	uint64_t nr = r->out->vtables ? read_u32(c, UINT32_MAX, "number of vtable lines") : 0;

	cursor_fits(c, nr, 3, "vtable lines");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint32_t line = read_u32(c, UINT16_MAX, "line");
		uint32_t disc = read_u32(c, UINT32_MAX, "discriminator");

		read_targets(r, c, sample_add_line(r->out, f, line, disc, 0), true);
	}
}

static void read_func(struct reader *r, struct cursor *c, struct sample_func *f, unsigned depth)
{
	uint64_t nr;

	f->total = cursor_uleb(c, "total");
	read_lines(r, c, f);
	nr = read_u32(c, UINT32_MAX, "number of inlined calls");
	cursor_fits(c, nr, 6, "inlined calls");
	if (nr && depth >= SAMPLE_MAX_DEPTH)
		cursor_fail(c, "calls are inlined too deep");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint32_t line = read_u32(c, UINT32_MAX, "line");
		uint32_t disc = read_u32(c, UINT32_MAX, "discriminator");
		const char *name = read_index(&r->names, c, "inlined function");

		if (!c->bad)
			read_func(r, c, sample_add_call(r->out, f, line, disc, name, strlen(name)),
				  depth + 1);
	}
	read_vtables(r, c, f);
}

static void read_funcs(struct reader *r, struct cursor *c)
{
	while (!c->bad && !cursor_at_end(c)) {
		uint64_t head = cursor_uleb(c, "head count");
		const char *name = read_func_name(r, c);
		struct sample_func *f;

		if (c->bad)
			return;
		f = sample_add_func(r->out, name, strlen(name));
		f->head = head;
		read_func(r, c, f, 0);
	}
}

/* f is NULL for a function without counts. */
static void read_metadata(struct reader *r, struct cursor *c, uint64_t flags, struct sample_func *f,
			  unsigned depth)
{
	uint64_t checksum = flags & METADATA_PROBES ? cursor_uleb(c, "checksum") : 0;
	uint32_t attributes = flags & METADATA_ATTRIBUTES ? read_u32(c, UINT32_MAX, "attributes")
							  : 0;
	uint64_t nr;

	if (f) {
		f->checksum = checksum;
		f->attributes = attributes;
	}
	if (r->out->contexts)
		return;
	nr = read_u32(c, UINT32_MAX, "number of inlined calls");
	cursor_fits(c, nr, 4, "inlined calls");
	if (nr && depth >= SAMPLE_MAX_DEPTH)
		cursor_fail(c, "calls are inlined too deep");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint32_t line = read_u32(c, UINT32_MAX, "line");
		uint32_t disc = read_u32(c, UINT32_MAX, "discriminator");
		const char *name = read_func_name(r, c);

		/* Without counts there; sample_finish adds it to what has them. */
		if (!c->bad)
			read_metadata(r, c, flags,
				      f ? sample_add_call(r->out, f, line, disc, name, strlen(name))
					: NULL,
				      depth + 1);
	}
}

static void read_all_metadata(struct reader *r, struct cursor *c, uint64_t flags)
{
	r->out->probes = flags & METADATA_PROBES;
	for (size_t i = 0; i < r->out->nr_funcs; i++) {
		struct sample_func *f = r->out->funcs[i];

		hashmap_put(&r->funcs, f->name, strlen(f->name), NULL)->value = f;
	}
	while (!c->bad && !cursor_at_end(c)) {
		const char *name = read_func_name(r, c);
		struct hashmap_entry *e = hashmap_find(&r->funcs, name, strlen(name));

		/* LLVM looks for metadata only as long as there are bytes. */
		if (!c->bad && !cursor_at_end(c))
			read_metadata(r, c, flags, e ? e->value : NULL, 0);
	}
}

static void read_symbols(struct reader *r, struct cursor *c)
{
	r->out->has_symbols = true;
	while (!c->bad && !cursor_at_end(c)) {
		const uint8_t *end = memchr(c->pos, '\0', cursor_left(c));

		if (!end)
			cursor_fail(c, "symbol");
		else
			cursor_skip(c, (uint64_t)(end - c->pos) + 1, "symbol");
	}
}

static void read_section(struct reader *r, struct cursor *c, uint64_t type, uint64_t flags)
{
	switch (type) {
	case SECTION_SUMMARY:
		read_summary(c);
		r->out->contexts |= flags & SUMMARY_CONTEXTS;
		r->out->vtables |= flags & SUMMARY_VTABLES;
		break;
	case SECTION_NAMES:
		read_names(r, c, flags);
		break;
	case SECTION_SYMBOLS:
		read_symbols(r, c);
		break;
	case SECTION_OFFSETS:
		cursor_skip(c, cursor_left(c), "offsets");
		break;
	case SECTION_METADATA:
		read_all_metadata(r, c, flags);
		break;
	case SECTION_CONTEXTS:
		read_contexts(r, c);
		break;
	case SECTION_PROFILE:
		read_funcs(r, c);
		break;
	default:
		cursor_fail(c, "section of an unknown type");
	}
	if (!c->bad && !cursor_at_end(c))
		cursor_fail(c, "more in a section than it should hold");
}

/* The content of a compressed section; names in the arena of out outlive it. */
static void read_compressed(struct reader *r, struct cursor *c, uint64_t type, uint64_t flags)
{
	uint64_t size = cursor_uleb(c, "size when inflated");
	uint64_t packed = cursor_uleb(c, "size when compressed");
	const uint8_t *in = cursor_bytes(c, packed, "compressed bytes");
	PGO_AUTO_FREE uint8_t *bytes = NULL;
	struct cursor inflated;
	uLongf len;

	if (!in || size / MOST_INFLATED > packed || size > UINT32_MAX) {
		cursor_fail(c, "size when inflated");
		return;
	}
	bytes = xcalloc(size + 1, 1);
	len = (uLongf)size;
	if (uncompress(bytes, &len, in, (uLong)packed) != Z_OK || len != size) {
		cursor_fail(c, "compressed bytes");
		return;
	}
	cursor_init(&inflated, c->path, bytes, size);
	read_section(r, &inflated, type, flags);
	if (inflated.bad) {
		c->pos = in;
		cursor_fail(c, inflated.bad_what);
	} else if (!cursor_at_end(c)) {
		cursor_fail(c, "more in a section than it should hold");
	}
}

static void read_sections(struct reader *r, struct cursor *c, const struct cursor *whole)
{
	uint64_t nr = cursor_u64(c, "number of sections");

	cursor_fits(c, nr, 32, "table of sections");
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint64_t type = cursor_u64(c, "section's type");
		uint64_t flags = cursor_u64(c, "section's flags");
		uint64_t offset = cursor_u64(c, "section's offset");
		uint64_t size = cursor_u64(c, "section's size");
		struct cursor file = *whole, section;

		if (c->bad || !size)
			continue;
		cursor_skip(&file, offset, "section's offset");
		section = cursor_sub(&file, size, "section's size");
		if (section.bad) {
			cursor_fail(c, "section lies outside of the file");
			return;
		}
		if (flags & FLAG_COMPRESSED)
			read_compressed(r, &section, type, flags);
		else
			read_section(r, &section, type, flags);
		if (section.bad)
			*c = section;
	}
}

static uint64_t magic_of(const void *head, size_t len)
{
	struct cursor c;

	cursor_init(&c, "", head, len);
	return cursor_uleb(&c, "magic");
}

int sample_bid(const void *head, size_t len, enum sample_form *ret)
{
	const char *text = head, *nl;
	uint64_t magic = len >= MAGIC_BYTES ? magic_of(head, len) : 0;

	if (magic == (MAGIC | FORM_BINARY) || magic == (MAGIC | FORM_EXTBINARY)) {
		*ret = magic == (MAGIC | FORM_BINARY) ? SAMPLE_BINARY : SAMPLE_EXTBINARY;
		return 8 * MAGIC_BYTES;
	}
	/* Text: the first line that counts has two numbers behind colons. */
	while (len && (nl = memchr(text, '\n', len)) && (*text == '#' || nl == text)) {
		len -= (size_t)(nl - text) + 1;
		text = nl + 1;
	}
	nl = len ? memchr(text, '\n', len) : NULL;
	if (nl && *text != ' ' && *text != ':') {
		const char *p = nl;
		int numbers = 0;

		while (numbers < 2) {
			const char *end = p;

			while (p > text && p[-1] >= '0' && p[-1] <= '9')
				p--;
			if (p == end || p - 1 <= text || p[-1] != ':')
				return 0;
			p--;
			numbers++;
		}
		*ret = SAMPLE_TEXT;
		return 24;
	}
	return 0;
}

int sample_read_binary(struct sample_profile *out, const char *path, const void *data, size_t len,
		       struct pgo_err *err)
{
	/* Frames name functions by number: a few bytes could stand for very long names. */
	struct reader r = {
		.out = out, .funcs = HASHMAP_INIT, .context_bytes = 64 * (uint64_t)len + (1 << 20)
	};
	struct cursor c, whole;
	uint64_t magic, version;
	struct cursor at;

	cursor_init(&c, path, data, len);
	whole = c;
	magic = cursor_uleb(&c, "magic");
	at = c;
	version = cursor_uleb(&c, "version");
	if (!c.bad && version != VERSION)
		return pgo_error_at(err, PGO_EVERSION, path, (int64_t)cursor_offset(&at),
				    "'%s' is a sample profile of version %llu, not %d", path,
				    (unsigned long long)version, VERSION);
	out->version = version;
	if (magic == (MAGIC | FORM_EXTBINARY)) {
		read_sections(&r, &c, &whole);
	} else {
		read_summary(&c);
		read_names(&r, &c, 0);
		read_funcs(&r, &c);
	}
	if (!c.bad && !out->nr_funcs)
		cursor_fail(&c, "no function");
	if (!c.bad)
		sample_finish(out);
	hashmap_release(&r.funcs);
	return cursor_check(&c, err);
}
