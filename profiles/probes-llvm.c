/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clang's counters as the linker has put them together. The records are those of a raw profile
 * in memory, of which nothing says the version: it is the one whose records all have names.
 */
#include <string.h>

#include "profiles/llvm/names.h"
#include "profiles/probes-match.h"

/* Records of the size of version's, or 0 when they do not fill the section. */
static uint64_t nr_records(const struct probes_llvm *l, uint64_t version,
			   struct llvm_raw_layout *layout)
{
	llvm_raw_layout(version, l->narrow, l->swap, layout);
	return l->data->d_size % layout->record_bytes ? 0 : l->data->d_size / layout->record_bytes;
}

static const uint8_t *record_of(const struct probes_llvm *l, const struct llvm_raw_layout *layout,
				uint64_t i)
{
	return (const uint8_t *)l->data->d_buf + i * layout->record_bytes;
}

static const struct llvm_name *name_of(const struct probes_llvm *l, const struct llvm_names *names,
				       const struct llvm_raw_layout *layout, uint64_t i)
{
	return llvm_names_find(names, llvm_raw_u64(layout, record_of(l, layout, i)));
}

/* The version whose records have the most names; 0: no record of any version has one. */
static uint64_t find_version(const struct probes_llvm *l, const struct llvm_names *names)
{
	uint64_t found = 0, most = 0;

	for (uint64_t v = LLVM_RAW_OLDEST; v <= LLVM_RAW_NEWEST; v++) {
		struct llvm_raw_layout layout;
		uint64_t nr = nr_records(l, v, &layout), named = 0;

		for (uint64_t i = 0; i < nr; i++)
			named += name_of(l, names, &layout, i) != NULL;
		if (named > most) {
			most = named;
			found = v;
		}
	}
	return found;
}

/* "src/a.c;f" is f of a.c; a name without a file is its own. */
static void add_name(struct probes_match *m, const struct llvm_name *name)
{
	const char *text = name->name, *end = memrchr(text, ';', name->len), *slash;
	struct probes_owner owner = { 0 };
	PGO_AUTO_FREE char *file = NULL;
	size_t len = name->len;

	if (!end)
		end = memrchr(text, ':', name->len);
	if (end) {
		slash = memrchr(text, '/', (size_t)(end - text));
		text = slash ? slash + 1 : text;
		file = xstrndup(text, (size_t)(end - text));
		owner.file = file;
		len -= (size_t)(end + 1 - name->name);
	}
	probes_match_add(m, end ? end + 1 : text, len, &owner);
}

/* A record begins with the hash of the name and that of the code, in all versions. */
static void add_record(struct probes *p, const struct llvm_name *name, uint64_t hash)
{
	VEC_GROW(p->records, p->nr_records, p->alloc_records);
	p->records[p->nr_records++] = (struct probes_record){
		.name = arena_strndup(&p->arena, name->name, name->len), .hash = hash
	};
}

static void add_records(struct probes_match *m, const struct probes_llvm *l,
			const struct llvm_names *names)
{
	uint64_t version = find_version(l, names), nr;
	struct llvm_raw_layout layout;

	m->p->nameless |= !version;
	if (!version)
		return;
	nr = nr_records(l, version, &layout);
	for (uint64_t i = 0; i < nr; i++) {
		const struct llvm_name *name = name_of(l, names, &layout, i);

		if (!name) {
			m->p->nr_unnamed++;
			continue;
		}
		m->p->nr_counted++;
		add_name(m, name);
		add_record(m->p, name, llvm_raw_u64(&layout, record_of(l, &layout, i) + 8));
	}
}

int probes_llvm_read(struct probes_match *m, const struct probes_llvm *l, const char *path,
		     struct pgo_err *err)
{
	PGO_AUTO(llvm_names) names = LLVM_NAMES_INIT;
	struct llvm_raw raw = { .layout.swap = l->swap };
	struct cursor c;
	int ret;

	if (!l->data || !l->data->d_buf || !l->names || !l->names->d_buf) {
		m->p->nameless = true;
		return 0;
	}
	raw.start = raw.names = l->names->d_buf;
	raw.names_bytes = l->names->d_size;
	raw.offset = (uint64_t)l->names->d_off;
	cursor_init(&c, path, raw.names, raw.names_bytes);
	c.base = raw.offset;
	llvm_raw_check_names(&c);
	ret = cursor_check(&c, err);
	if (!ret)
		ret = llvm_names_read(&raw, path, &names, err);
	if (!ret)
		add_records(m, l, &names);
	return ret;
}
