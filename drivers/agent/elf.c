/* SPDX-License-Identifier: Apache-2.0 */
/* An image's file: its sections of counters and the functions of its profile runtime. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/agent/agent.h"

typedef ElfW(Ehdr) elf_header;
typedef ElfW(Phdr) elf_segment;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Sym) elf_symbol;

/* A part of the file, then a byte that is 0: a table of strings ends, whatever the file says. */
struct part {
	void *data;   /* NULL: it cannot be had */
	size_t bytes; /* with the last */
	bool mapped;
};

struct file {
	int fd;
	struct part sections, names;
	/* Room for what a file has that is not instrumented: few system calls for these. */
	union {
		elf_header header;
		unsigned char bytes[2048];
	} head;
	uint64_t section_room[512], name_room[256];
};

static bool read_at(const struct file *f, void *to, uint64_t offset, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = pread(f->fd, (char *)to + done, bytes - done, (off_t)(offset + done));

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void part_release(struct part *p)
{
	if (p->data && p->mapped)
		munmap(p->data, p->bytes);
	p->data = NULL;
}

static void *map_for(const struct file *f, uint64_t offset, uint64_t bytes)
{
	struct stat st;
	void *p;

	if (fstat(f->fd, &st) || offset > (uint64_t)st.st_size ||
	    bytes > (uint64_t)st.st_size - offset)
		return NULL;
	p = mmap(NULL, (size_t)bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Into room, which is zeroed, when it is there and large enough. */
static struct part part_read(const struct file *f, uint64_t offset, uint64_t bytes, void *room,
			     size_t room_bytes)
{
	struct part p = { room, (size_t)bytes + 1, false };

	if (!room || bytes >= room_bytes) {
		p.data = map_for(f, offset, bytes);
		p.mapped = true;
	}
	if (p.data && !read_at(f, p.data, offset, (size_t)bytes))
		part_release(&p);
	return p;
}

static const char *string_at(const struct part *strings, uint64_t at)
{
	return at < strings->bytes ? (const char *)strings->data + at : "";
}

/* The file's segments are those that are mapped: another file of that name has others. */
static bool read_head(struct file *f, const struct agent_image *image, size_t nr_phdrs)
{
	const elf_header *h = &f->head.header;
	ssize_t n = pread(f->fd, &f->head, sizeof(f->head), 0);

	return n >= (ssize_t)sizeof(*h) && !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_shentsize == sizeof(elf_section) && h->e_shstrndx < h->e_shnum &&
	       h->e_phnum == nr_phdrs && h->e_phoff <= (uint64_t)n &&
	       nr_phdrs <= ((uint64_t)n - h->e_phoff) / sizeof(elf_segment) &&
	       !memcmp(f->head.bytes + h->e_phoff, image->phdr, nr_phdrs * sizeof(elf_segment));
}

static bool read_sections(struct file *f)
{
	const elf_header *h = &f->head.header;
	const elf_section *names;

	f->sections = part_read(f, h->e_shoff, (uint64_t)h->e_shnum * sizeof(elf_section),
				f->section_room, sizeof(f->section_room));
	if (!f->sections.data)
		return false;
	names = (const elf_section *)f->sections.data + h->e_shstrndx;
	f->names = part_read(f, names->sh_offset, names->sh_size, f->name_room,
			     sizeof(f->name_room));
	return f->names.data != NULL;
}

static void take_section(const struct file *f, const elf_section *s, struct agent_image *image)
{
	const char *name = string_at(&f->names, s->sh_name);
	const struct agent_range range = { (void *)(image->base + (uintptr_t)s->sh_addr),
					   (size_t)s->sh_size };

	if (!(s->sh_flags & SHF_ALLOC) || strncmp(name, "__llvm_prf_", 11) != 0)
		return;
	if (!strcmp(name, "__llvm_prf_cnts")) {
		image->runtime = AGENT_LLVM;
		image->counters = range;
	} else if (!strcmp(name, "__llvm_prf_bits")) {
		image->bitmap = range;
	} else if (!strcmp(name, "__llvm_prf_vnds")) {
		image->nodes = range;
	}
}

/*
 * Of two functions that serve, the one that stands later is taken. The _int functions of GCC take
 * no lock, which a process that forked amid threads may never get; __gcov_exit is there in every
 * program, __gcov_dump only where the link asked for it.
 */
static const struct {
	const char *name;
	size_t offset;
	enum agent_runtime runtime;
} wanted[] = {
	{ "writeFileWithoutReturn", offsetof(struct agent_image, at_exit), AGENT_LLVM },
	{ "__llvm_profile_write_file", offsetof(struct agent_image, write), AGENT_LLVM },
	{ "__llvm_profile_is_continuous_mode_enabled", offsetof(struct agent_image, continuous),
	  AGENT_LLVM },
	{ "__llvm_profile_set_filename", offsetof(struct agent_image, set_filename), AGENT_LLVM },
	{ "__llvm_profile_reset_counters", offsetof(struct agent_image, reset), AGENT_LLVM },
	{ "__gcov_exit", offsetof(struct agent_image, last_dump), AGENT_GCC },
	{ "__gcov_dump", offsetof(struct agent_image, dump), AGENT_GCC },
	{ "__gcov_dump_int", offsetof(struct agent_image, dump), AGENT_GCC },
	{ "__gcov_reset", offsetof(struct agent_image, reset), AGENT_GCC },
	{ "__gcov_reset_int", offsetof(struct agent_image, reset), AGENT_GCC },
};
#define NR_WANTED (sizeof(wanted) / sizeof(*wanted))

static void take_symbol(const elf_symbol *symbol, const char *name, uintptr_t base,
			uintptr_t found[NR_WANTED])
{
	if ((symbol->st_info & 0xf) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
		return;
	if (strncmp(name, "__llvm_", 7) != 0 && strncmp(name, "__gcov_", 7) != 0 && *name != 'w')
		return;
	for (size_t i = 0; i < NR_WANTED; i++)
		if (!strcmp(name, wanted[i].name))
			found[i] = base + (uintptr_t)symbol->st_value;
}

static void take_found(const uintptr_t found[NR_WANTED], struct agent_image *image)
{
	for (size_t i = 0; i < NR_WANTED; i++) {
		if (!found[i])
			continue;
		if (image->runtime == AGENT_NONE)
			image->runtime = wanted[i].runtime;
		if (image->runtime == wanted[i].runtime)
			memcpy((char *)image + wanted[i].offset, &found[i], sizeof(found[i]));
	}
}

static void take_symbols(const struct file *f, const elf_section *s, struct agent_image *image)
{
	const elf_section *names = (const elf_section *)f->sections.data + s->sh_link;
	struct part strings, symbols = { NULL, 0, false };
	uintptr_t found[NR_WANTED] = { 0 };

	if (s->sh_link >= f->head.header.e_shnum)
		return;
	strings = part_read(f, names->sh_offset, names->sh_size, NULL, 0);
	if (strings.data)
		symbols = part_read(f, s->sh_offset, s->sh_size, NULL, 0);
	for (size_t i = 0; symbols.data && i < symbols.bytes / sizeof(elf_symbol); i++) {
		const elf_symbol *symbol = (const elf_symbol *)symbols.data + i;

		take_symbol(symbol, string_at(&strings, symbol->st_name), image->base, found);
	}
	part_release(&symbols);
	part_release(&strings);
	take_found(found, image);
}

static void read_file(const struct file *f, struct agent_image *image)
{
	const elf_section *sections = f->sections.data;

	for (size_t i = 0; i < f->head.header.e_shnum; i++)
		take_section(f, &sections[i], image);
	for (size_t i = 0; i < f->head.header.e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			take_symbols(f, &sections[i], image);
}

void agent_image_read(struct agent_image *image, size_t nr_phdrs, const char *path)
{
	struct file f = { .fd = open(*path ? path : "/proc/self/exe",
				     O_RDONLY | O_CLOEXEC | O_NONBLOCK) };

	if (f.fd < 0)
		return;
	if (read_head(&f, image, nr_phdrs) && read_sections(&f))
		read_file(&f, image);
	part_release(&f.names);
	part_release(&f.sections);
	close(f.fd);
}
