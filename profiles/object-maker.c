/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/object-maker.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

void object_makers_release(struct object_makers *m)
{
	hashmap_release(&m->members);
	arena_release(&m->arena);
	*m = (struct object_makers)OBJECT_MAKERS_INIT;
}

/* The first text of .comment; its section begins with an empty one where gcc made it. */
static const char *comment_of(Elf *elf, struct arena *arena)
{
	Elf_Scn *scn = NULL;
	size_t names;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name)
							  : NULL;
		Elf_Data *data = name && !strcmp(name, ".comment") ? elf_rawdata(scn, NULL) : NULL;
		const char *p = data ? data->d_buf : NULL, *end = p ? p + data->d_size : NULL;

		while (p < end && !*p)
			p++;
		if (p < end)
			return arena_strndup(arena, p, strnlen(p, (size_t)(end - p)));
	}
	return NULL;
}

static void add(struct object_makers *m, const char *name, Elf *elf)
{
	struct object_maker *maker = arena_zalloc(&m->arena, 1, sizeof(*maker));
	char *key = arena_strdup(&m->arena, name);
	size_t bytes = 0;
	const char *raw = elf_rawfile(elf, &bytes);
	struct hashmap_entry *e;

	if (elf_kind(elf) == ELF_K_ELF)
		maker->text = comment_of(elf, &m->arena);
	else if (raw && bytes >= 4 &&
		 (!memcmp(raw, "BC\xc0\xde", 4) || !memcmp(raw, "\xde\xc0\x17\x0b", 4)))
		maker->is_bitcode = true;
	else
		return;
	e = hashmap_put(&m->members, key, strlen(key), NULL);
	if (!e->value)
		e->value = maker;
}

/* The table of symbols and that of long names are members, too, of names with a '/'. */
static void add_members(struct object_makers *m, int fd, Elf *archive)
{
	Elf_Cmd cmd = ELF_C_READ_MMAP;
	Elf *elf;

	while ((elf = elf_begin(fd, cmd, archive))) {
		Elf_Arhdr *header = elf_getarhdr(elf);

		if (header && header->ar_name && !strchr(header->ar_name, '/'))
			add(m, header->ar_name, elf);
		cmd = elf_next(elf);
		elf_end(elf);
	}
}

int object_makers_read(const char *path, struct object_makers *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_AR)
		add_members(ret, fd, elf);
	else if (elf)
		add(ret, "", elf);
	elf_end(elf);
	return 0;
}

const struct object_maker *object_makers_find(const struct object_makers *m, const char *member)
{
	const char *name = member ? member : "";
	const struct hashmap_entry *e = hashmap_find(&m->members, name, strlen(name));

	return e ? e->value : NULL;
}
