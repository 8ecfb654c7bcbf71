/* SPDX-License-Identifier: Apache-2.0 */
/* What of probes.h is shared by its parts: names that have counters, and who is meant by them. */
#ifndef PGO_PROFILES_PROBES_MATCH_H
#define PGO_PROFILES_PROBES_MATCH_H

#include <gelf.h>

#include "pgo/base/hashmap.h"
#include "pgo/base/strbuf.h"
#include "profiles/probes.h"

/* Whose counters these are. Of functions that all files see both are 0. */
struct probes_owner {
	const char *file; /* Clang: the file that alone sees the function, no path */
	uint32_t unit;	  /* GCC: as of struct probes_symbol */
	bool gcc;
};

/* A symbol of code before all of one address became one. */
struct probes_symbol {
	struct probes_function f;
	uint32_t unit; /* the compiled file by the order of the table, from 1; 0: not known */
};

struct probes_match {
	struct probes *p;
	struct hashmap names;	 /* of functions with counters, to struct probes_name */
	struct hashmap privates; /* of name and file or unit, to struct probes_private */
	struct strbuf key;	 /* room for one of privates */
	struct probes_symbol *symbols;
	size_t nr_symbols, alloc_symbols;
};
#define PROBES_MATCH_INIT(p_) { .p = (p_), .names = HASHMAP_INIT, .privates = HASHMAP_INIT, \
				 .key = STRBUF_INIT }
void probes_match_release(struct probes_match *m);
PGO_DEFINE_AUTO(probes_match, probes_match_release)

/* Take note of counters of the function called [name, name + len); copies both texts. */
void probes_match_add(struct probes_match *m, const char *name, size_t len,
		      const struct probes_owner *owner);
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
