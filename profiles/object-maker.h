/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who made an object file, or the members of an archive: what compilers leave in .comment.
 * Assemblers leave nothing there. Source: gcc 12.2, clang 14 to 22 and rustc, by trial.
 */
#ifndef PGO_PROFILES_OBJECT_MAKER_H
#define PGO_PROFILES_OBJECT_MAKER_H

#include "pgo/base/arena.h"
#include "pgo/base/err.h"
#include "pgo/base/hashmap.h"

struct object_makers {
	struct arena arena;
	struct hashmap members; /* names to struct object_maker; of an object file the name is "" */
};
struct object_maker {
	const char *text; /* "GCC: (Debian 12.2.0-14) 12.2.0"; NULL: it says nothing */
	bool is_bitcode;  /* for link-time optimization: no code yet */
};
#define OBJECT_MAKERS_INIT { .arena = ARENA_INIT, .members = HASHMAP_INIT }
void object_makers_release(struct object_makers *m);
PGO_DEFINE_AUTO(object_makers, object_makers_release)

/*
 * Read the file at path into the empty *ret, which stays empty when it is neither, or a thin
 * archive. Of two members of one name the first counts. -PGO_ENOTFOUND, -PGO_EPERM, -PGO_EIO.
 */
int object_makers_read(const char *path, struct object_makers *ret, struct pgo_err *err);
/* member NULL: of an object file. NULL: not there. */
const struct object_maker *object_makers_find(const struct object_makers *m, const char *member);

#endif
