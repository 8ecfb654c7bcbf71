/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file as samples meet it: where its segments are loaded, and what its code is called. */
#ifndef PGO_PROFILES_ELF_IMAGE_H
#define PGO_PROFILES_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"

/* File bytes [offset, offset + size) are at vaddr. */
struct elf_segment {
	uint64_t offset, vaddr, size;
	bool executable;
};
/* [start, end) of virtual addresses. */
struct elf_span {
	uint64_t start, end;
};
struct elf_symbol {
	uint64_t start, end; /* virtual addresses; end: of its size, or the next symbol */
	const char *name;
};

struct elf_image {
	struct arena arena;
	uint8_t build_id[20];
	size_t build_id_bytes; /* 0: it has none */
	struct elf_segment *segments;
	size_t nr_segments, alloc_segments;
	/* Code that symbols name: what disassemblers that go by symbols see; sorted. */
	struct elf_span *code;
	size_t nr_code, alloc_code;
	bool has_symtab, has_debug; /* .symtab; debug information */
	bool has_probes; /* pseudo-probes of Clang, or its flow-sensitive discriminators */
	/* Functions by address, when they were asked for; of .symtab, else of .dynsym. */
	struct elf_symbol *symbols;
	size_t nr_symbols, alloc_symbols;
};
#define ELF_IMAGE_INIT { .arena = ARENA_INIT }
void elf_image_release(struct elf_image *e);
PGO_DEFINE_AUTO(elf_image, elf_image_release)

/*
 * Read the file at path into the empty *ret. -PGO_EFORMAT when it is no ELF file, or a
 * damaged one, -PGO_ENOTFOUND.
 */
int elf_image_read(const char *path, bool symbols, struct elf_image *ret, struct pgo_err *err);
/* The virtual address of a byte of the file; false when it is in no executable segment. */
bool elf_image_vaddr(const struct elf_image *e, uint64_t offset, uint64_t *ret_vaddr);
bool elf_image_is_code(const struct elf_image *e, uint64_t vaddr);
/* The function that vaddr is in, or NULL. */
const struct elf_symbol *elf_image_symbol(const struct elf_image *e, uint64_t vaddr);
/* Where the page of the first executable segment begins: llvm-profgen's preferred base. */
uint64_t elf_image_text_base(const struct elf_image *e);

#endif
