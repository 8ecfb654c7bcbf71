/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linker's map tells the object, debug information the source, the language and the
 * compiler, an object's .comment the compiler. Without all of these only the symbol table's
 * name of a source remains, and that only of functions that no other file sees.
 */
#include "pgo/core/audit-origin.h"

#include <string.h>

#include "pgo/base/fs.h"

static void input_free(struct audit_input *in)
{
	if (in)
		object_makers_release(&in->makers);
	free(in);
}

void audit_origins_release(struct audit_origins *o)
{
	for (size_t i = 0; i < o->inputs.nr; i++)
		input_free(o->inputs.entries[i].value);
	hashmap_release(&o->inputs);
	hashmap_release(&o->names);
	link_map_release(&o->map);
	dwarf_units_release(&o->units);
}

static bool is_system(const char *path)
{
	static const char *const dirs[] = { "/usr/lib", "/lib" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!strncmp(path, dirs[i], strlen(dirs[i])))
			return true;
	return false;
}

static struct audit_input *look_at(const struct audit_origins *o, const char *file)
{
	struct audit_input *in = xcalloc(1, sizeof(*in));
	PGO_AUTO_FREE char *path = fs_join(o->opts->dir ? o->opts->dir : "", file);
	struct stat st;

	in->makers = (struct object_makers)OBJECT_MAKERS_INIT;
	in->is_system = is_system(file);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return in;
	in->is_old = o->opts->started_ns &&
		     (int64_t)st.st_mtim.tv_sec < o->opts->started_ns / 1000000000;
	/* What cannot be read says nothing. */
	object_makers_read(path, &in->makers, NULL);
	return in;
}

static const struct audit_input *input_of(struct audit_origins *o, const char *file)
{
	struct hashmap_entry *e = hashmap_put(&o->inputs, file, strlen(file), NULL);

	if (!e->value)
		e->value = look_at(o, file);
	return e->value;
}

/* Each text once, so that equal ones are equal pointers. */
static const char *compiler_of(struct audit_origins *o, const char *text)
{
	struct hashmap_entry *e = hashmap_find(&o->names, text, strlen(text));

	if (!e) {
		PGO_AUTO_FREE char *name = audit_compiler_name(text);
		const char *key = arena_strdup(o->arena, text);

		e = hashmap_put(&o->names, key, strlen(key), NULL);
		e->value = arena_strdup(o->arena, name);
	}
	return e->value;
}

int audit_origins_read(struct audit_origins *o, const char *path, struct pgo_err *err)
{
	int ret = dwarf_units_read(path, &o->units, err);

	return !ret && o->opts->map ? link_map_read(o->opts->map, &o->map, err) : ret;
}

/* What is left of many objects after link-time optimization is no input of the build. */
static bool is_made_by_linker(const char *file)
{
	return strstr(file, ".ltrans") || strstr(file, "lto.tmp") || strstr(file, ".lto.o");
}

static void take_piece(struct audit_origins *o, const struct link_piece *piece,
		       struct audit_origin *ret)
{
	const struct object_maker *maker;

	if (!piece || is_made_by_linker(piece->file))
		return;
	ret->file = piece->file;
	ret->member = piece->member;
	ret->input = input_of(o, piece->file);
	ret->is_runtime |= audit_is_runtime_file(piece->file);
	maker = object_makers_find(&ret->input->makers, piece->member);
	if (maker && maker->text && !ret->compiler)
		ret->compiler = compiler_of(o, maker->text);
	else if (maker && !maker->text && !maker->is_bitcode && !ret->language)
		ret->language = "assembly";
}

static bool is_assembly(const char *source)
{
	static const char *const suffixes[] = { ".s", ".S", ".sx", ".asm", ".nasm" };
	const char *dot = strrchr(source, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(suffixes); i++)
		if (!strcmp(dot, suffixes[i]))
			return true;
	return false;
}

/* Rust's standard library, which comes compiled, and what that is made of. */
static bool is_of_rust(const char *path)
{
	return path && (!strncmp(path, "/rustc/", 7) || !strncmp(path, "/rust/deps/", 11));
}

void audit_origin_of(struct audit_origins *o, const struct probes_function *f,
		     struct audit_origin *ret)
{
	const struct dwarf_unit *unit = dwarf_units_find(&o->units, f->start);

	*ret = (struct audit_origin){ .source = f->file, .is_runtime = audit_is_runtime(f) };
	if (unit) {
		ret->source = unit->name ? unit->name : f->file;
		ret->language = unit->language;
		ret->compiler = unit->producer ? compiler_of(o, unit->producer) : NULL;
		ret->is_runtime |= is_of_rust(unit->dir) || is_of_rust(unit->name);
	}
	if (ret->source && is_assembly(ret->source))
		ret->language = "assembly";
	take_piece(o, link_map_find(&o->map, f->start), ret);
}
