/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (libsodium) of texts, files and trees: what a stage's inputs are compared by. */
#ifndef PGO_CORE_DIGEST_H
#define PGO_CORE_DIGEST_H

#include <sodium.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

#define DIGEST_HEX_LEN 64

struct digest {
	crypto_hash_sha256_state state;
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
/* A field of its own: length-prefixed, so that ("ab","c") and ("a","bc") differ. NULL is not "". */
void digest_add_str(struct digest *d, const char *s);
int digest_add_file(struct digest *d, const char *path, struct pgo_err *err);
/* Every file below root that skip (may be NULL) does not leave out: path, type, executable bit,
 * content or link target. Times do not count. */
int digest_add_tree(struct digest *d, const char *root, bool (*skip)(const char *rel, void *arg),
		    void *arg, struct pgo_err *err);
void digest_hex(struct digest *d, char hex[DIGEST_HEX_LEN + 1]);
int digest_file_hex(const char *path, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err);

#endif
