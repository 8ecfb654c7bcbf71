/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file says of itself (libelf). */
#ifndef PGO_CORE_ELF_INFO_H
#define PGO_CORE_ELF_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/err.h"

struct elf_info {
	char *build_id;			    /* in hex, or NULL: it has none */
	uint64_t text_bytes;		    /* of all executable sections */
	uint64_t hot_bytes, unlikely_bytes; /* of those named .text.hot*, .text.unlikely* */
	char *interpreter;		    /* the loader that it asks for, or NULL */
	bool is_static;			    /* a program that no loader starts */
	bool is_linked;			    /* a program or shared object */
	bool has_symbols;		    /* a table of all symbols: it is not stripped */
	bool has_llvm_counters;		    /* instrumented by Clang or rustc */
	bool has_gcov;			    /* by GCC, as far as its symbols are there */
	bool has_relocations;		    /* of its code, kept by the linker's --emit-relocs */
};
#define ELF_INFO_INIT { 0 }
void elf_info_release(struct elf_info *e);
PGO_DEFINE_AUTO(elf_info, elf_info_release)

/* -PGO_EFORMAT when path is no ELF file, or a damaged one. */
int elf_info_read(const char *path, struct elf_info *ret, struct pgo_err *err);

#endif
