/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of a linked program or shared object have probes: the counters that
 * -fprofile-generate and -fprofile-instr-generate of Clang, rustc and GCC put into them.
 *
 * Clang: each function with probes has a record in __llvm_prf_data, which names it by the
 * hash of its name; the names are in __llvm_prf_names. A function that only its file sees
 * is "file;name" ("file:name" before LLVM 17). GCC: the counters of NAME are a variable
 * __gcov0.NAME, what describes them is __gcov_.NAME; without a symbol table no name
 * remains, only the path of each object's .gcda file.
 * Source: clang 14.0.6, 19.1.7 and 22.1.8, gcc 12.2, by trial; llvm/ProfileData/InstrProf.h;
 * build_var of gcc/coverage.cc.
 */
#ifndef PGO_PROFILES_PROBES_H
#define PGO_PROFILES_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

enum probes_state {
	PROBES_THERE,
	PROBES_AMBIGUOUS, /* some functions of this name and file have them: which, is not known */
	PROBES_NONE,
};

/* Code that a symbol of a function names; of several symbols at one address the first by name. */
struct probes_function {
	uint64_t start, bytes;
	const char *name;
	const char *file; /* of local symbols the source's name, no path; NULL: not known */
	bool hidden;	  /* a global one that no other file sees */
	bool local;	  /* of binding: also what was hidden in the objects */
	bool part;	  /* split off another function ("f.cold"): only its bytes count */
	enum probes_state state;
};

/* Counters of a function, as the profile of them knows it. */
struct probes_record {
	const char *name;   /* as LLVM's profiles have it, with the file of a static function; GCC:
			     * the symbol's */
	const char *source; /* NULL: not looked for, or not known */
	uint64_t hash;	    /* of the code, as struct prof_func has it */
	uint32_t ident;	    /* GCC */
	bool gcc;
};

struct probes {
	struct arena arena;
	struct probes_record *records; /* those that have a name */
	size_t nr_records, alloc_records;
	struct probes_function *functions; /* by address, each address once */
	size_t nr_functions, alloc_functions;
	uint64_t text_bytes; /* of all executable sections but those of the linker's stubs */
	uint64_t text_start, text_section_bytes; /* of the section .text; 0, 0: it has none */
	struct probes_function *labels; /* without a size, outside of functions; state: none */
	size_t nr_labels, alloc_labels;
	bool is_linked;	      /* a program or shared object, no object file */
	bool has_symtab;      /* else the functions are those of .dynsym: what others may call */
	struct strvec needed; /* shared objects that it is linked with, by the loader's names */
	bool llvm, gcc;	      /* it has counters of Clang's or rustc's; of GCC's */
	bool bolt;	      /* counters of llvm-bolt, which are not known by function */
	/* There are counters, and nothing tells whose they are: GCC's without a symbol table,
	 * Clang's that are to be told by debug information. All functions are PROBES_NONE. */
	bool nameless;
	uint64_t nr_counted; /* functions with counters, also those that were inlined everywhere */
	uint64_t nr_unnamed; /* of Clang's, not in nr_counted: records without a name */
	uint64_t nr_gcda;    /* GCC: objects that write a .gcda file */
};
#define PROBES_INIT { .arena = ARENA_INIT, .needed = STRVEC_INIT }
void probes_release(struct probes *p);
PGO_DEFINE_AUTO(probes, probes_release)

/*
 * Read the file at path into the empty *ret. -PGO_EFORMAT: no ELF file, or damaged counters'
 * names; -PGO_ENOTFOUND.
 */
int probes_read(const char *path, struct probes *ret, struct pgo_err *err);

#endif
