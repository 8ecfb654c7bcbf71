/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/names.h"

#include <inttypes.h>
#include <zlib.h>

#define SEPARATOR '\1'

struct names_reader {
	const struct llvm_raw *raw;
	const char *path;
	struct llvm_names *out;
	struct pgo_err *err;
};

static int fault_at(const struct names_reader *r, const uint8_t *p, const char *what)
{
	uint64_t offset = r->raw->offset + (uint64_t)(p - r->raw->start);

	return pgo_error_at(r->err, PGO_EFORMAT, r->path, (int64_t)offset,
			    "'%s' is corrupt at byte %" PRIu64 ": %s", r->path, offset, what);
}

/* Names with separators between; at is where in the file they come from. */
static int split(const struct names_reader *r, const char *text, size_t len, const uint8_t *at)
{
	struct llvm_names *out = r->out;

	for (const char *end = text + len; text < end;) {
		const char *stop = memchr(text, SEPARATOR, (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);

		if (!n)
			return fault_at(r, at, "a name is empty");
		VEC_GROW(out->names, out->nr, out->alloc);
		out->names[out->nr++] = (struct llvm_name){ llvm_name_hash(text, n), text, n };
		text += n + (stop != NULL);
	}
	return 0;
}

static int unpack(const struct names_reader *r, const uint8_t *packed, uint64_t nr_packed,
		  uint64_t nr_plain)
{
	char *text = arena_alloc(&r->out->arena, nr_plain + 1, 1);
	uLongf len = nr_plain;

	if (uncompress((Bytef *)text, &len, packed, nr_packed) != Z_OK)
		return fault_at(r, packed, "a table of names does not decompress");
	if (len != nr_plain)
		return fault_at(r, packed, "a table of names is shorter than it claims");
	return split(r, text, len, packed);
}

static int by_hash(const void *a, const void *b)
{
	const struct llvm_name *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

int llvm_names_read(const struct llvm_raw *raw, const char *path, struct llvm_names *out,
		    struct pgo_err *err)
{
	struct names_reader r = { raw, path, out, err };
	struct cursor c;
	int ret = 0;

	cursor_init(&c, path, raw->names, raw->names_bytes);
	while (!cursor_at_end(&c) && !ret) {
		uint64_t plain = cursor_uleb(&c, "size of a table of names");
		uint64_t packed = cursor_uleb(&c, "compressed size of a table of names");
		uint64_t here = packed ? packed : plain;
		const uint8_t *p = cursor_bytes(&c, here, "table of names");

		if (!p)
			return fault_at(&r, raw->names, "a table of names");
		ret = packed ? unpack(&r, p, packed, plain) : split(&r, (const char *)p, plain, p);
		while (!cursor_at_end(&c) && !*c.pos)
			cursor_skip(&c, 1, "padding of names");
	}
	if (!ret && out->nr)
		qsort(out->names, out->nr, sizeof(*out->names), by_hash);
	return ret;
}

const struct llvm_name *llvm_names_find(const struct llvm_names *names, uint64_t hash)
{
	const struct llvm_name key = { .hash = hash };

	if (!names->nr)
		return NULL;
	return bsearch(&key, names->names, names->nr, sizeof(key), by_hash);
}

void llvm_names_release(struct llvm_names *names)
{
	free(names->names);
	arena_release(&names->arena);
	*names = (struct llvm_names)LLVM_NAMES_INIT;
}
