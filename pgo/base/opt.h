/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: they feed parsing, -h, completion and the manual check. */
#ifndef PGO_BASE_OPT_H
#define PGO_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

enum opt_type {
	OPT_END = 0,
	OPT_FLAG,     /* bool: --json, and --no-json */
	OPT_STR,      /* const char *: the last one counts */
	OPT_STRS,     /* struct strvec: may be repeated */
	OPT_UINT,     /* unsigned */
	OPT_U64,      /* uint64_t */
	OPT_DOUBLE,   /* double */
	OPT_PERCENT,  /* double, a fraction: "2%" */
	OPT_DURATION, /* uint64_t, nanoseconds */
	OPT_SIZE,     /* uint64_t, bytes */
	OPT_COUNT,    /* unsigned: -v -v */
};

/* offset is of the field in the command's options struct; arg names the value in -h ("FILE"). */
struct opt {
	enum opt_type type;
	char letter;	  /* 0: none */
	const char *name; /* long name without dashes */
	const char *arg;
	const char *help; /* one line, lower case, no full stop */
	size_t offset;
};

/*
 * Parse argv[1..argc) into *options. Options may stand among operands until
 * "--"; with stop_at_operand set, parsing ends at the first operand.
 * Returns the number of operands, moved to argv[1..], or -PGO_EUSAGE with the
 * nearest known option in the hint.
 */
int opt_parse(const struct opt *opts, void *options, int argc, char **argv, bool stop_at_operand,
	      struct pgo_err *err);
/* Whether the option has a value; flags and counts have none. */
bool opt_takes_value(const struct opt *o);
/* The option lines of -h. */
void opt_add_help(struct strbuf *sb, const struct opt *opts);
/* The candidate nearest to word by edit distance, or NULL when none is near. until NULL. */
const char *opt_nearest(const char *word, const char *const *candidates);

#endif
