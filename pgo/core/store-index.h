/* SPDX-License-Identifier: Apache-2.0 */
/* The index of the store: its tables and what is asked of them. */
#ifndef PGO_CORE_STORE_INDEX_H
#define PGO_CORE_STORE_INDEX_H

#include "pgo/core/store.h"

int store_index_open(struct store *s, enum database_mode mode, struct pgo_err *err);

/* Every function below that changes something is for between database_begin and _commit. */

/* *is_new: the project did not have it. */
int store_index_add(struct store *s, const struct store_entry *e, bool *is_new,
		    struct pgo_err *err);
/* Nothing happens when it is the last good one already. */
int store_index_mark_good(struct store *s, const char *project, const char *digest, int64_t time,
			  struct pgo_err *err);
int store_index_add_signature(struct store *s, const char *digest,
			      const struct store_signature *sig, struct pgo_err *err);
/* Signatures of what no project has any more go with it. */
int store_index_remove(struct store *s, const struct store_entry *e, struct pgo_err *err);

/* What SQLite finds wrong with its file: a line each. */
int store_index_check(struct store *s, struct strvec *ret, struct pgo_err *err);
/* The sorted digests of all entries. */
void store_entries_digests(const struct store_entries *list, struct strvec *ret);

#endif
