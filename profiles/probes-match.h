/* SPDX-License-Identifier: Apache-2.0 */
/* What of probes.h is shared by its parts: names that have counters, and who is meant by them. */
#ifndef PGO_PROFILES_PROBES_MATCH_H
#define PGO_PROFILES_PROBES_MATCH_H

#include <gelf.h>

#include "pgo/base/hashmap.h"
#include "profiles/probes.h"

/* Counters of a function. Those of one name are a list. */
struct probes_name {
	struct probes_name *next;
	const char *file; /* Clang: the file that alone sees it, no path; NULL: seen by all */
	uint32_t unit;	  /* GCC: as of struct probes_symbol; 0: not known */
	uint32_t nr;	  /* how many */
	uint32_t claims;  /* functions of that very name and place; above nr: ambiguous */
	bool gcc;
};

/* A symbol of code before all of one address became one. */
struct probes_symbol {
	struct probes_function f;
	uint32_t unit; /* the compiled file by the order of the table, from 1; 0: not known */
};

struct probes_match {
	struct probes *p;
	struct hashmap names; /* of functions, to lists of struct probes_name */
	struct probes_symbol *symbols;
	size_t nr_symbols, alloc_symbols;
};
#define PROBES_MATCH_INIT(p_) { .p = (p_), .names = HASHMAP_INIT }
void probes_match_release(struct probes_match *m);
PGO_DEFINE_AUTO(probes_match, probes_match_release)

/* Take note of counters of the function called [name, name + len); copies both texts. */
void probes_match_add(struct probes_match *m, const char *name, size_t len,
		      const struct probes_name *what);
/* Decide on all symbols, and make p's functions of them. */
void probes_match_finish(struct probes_match *m);

/* What of an ELF file has Clang's counters; each NULL when it is not there. */
struct probes_llvm {
	Elf_Data *data, *names;
	bool narrow, swap; /* of 32 bits; of the other byte order */
};
int probes_llvm_read(struct probes_match *m, const struct probes_llvm *l, const char *path,
		     struct pgo_err *err);

#endif
