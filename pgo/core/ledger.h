/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's ledger: one line for the A/A check of every validation, so that
 * the error rate of this machine as an instrument is known, not assumed.
 */
#ifndef PGO_CORE_LEDGER_H
#define PGO_CORE_LEDGER_H

#include "pgo/core/database.h"
#include "pgo/core/digest.h"
#include "pgo/stats/interval.h"

#define LEDGER_ENV "PGOCTL_LEDGER"
#define LEDGER_LEVEL 0.05	/* a check with p at most this counts as a rejection */
#define LEDGER_RECENT 100u
#define LEDGER_BROKEN_P 0.01
/* Fewer pairs cannot reach the level, so that they would only dilute the rate: 2^(1-5) > 0.05. */
#define LEDGER_MIN_PAIRS 6u

struct ledger {
	struct database db;
};
#define LEDGER_INIT { 0 }

struct ledger_entry {
	int64_t time;	     /* seconds since 1970, UTC */
	const char *machine; /* its key */
	const char *metric;
	unsigned nr_pairs; /* of the A/A check */
	double p;	   /* two-sided, exact */
	double floor;	   /* the noise floor, a fraction; infinite when unknown */
};

struct ledger_rate {
	uint64_t k, n;		     /* rejections among all checks on this machine */
	struct interval ci;	     /* Clopper-Pearson, 95 %; 0 to 1 when n is 0 */
	uint64_t recent_k, recent_n; /* of the last LEDGER_RECENT checks */
	double recent_p;	     /* mid-p of as many rejections or more at the level */
	bool broken;		     /* recent_p < LEDGER_BROKEN_P: 11 of 100 */
};

/*
 * What makes measurements comparable: a hash of the processor's model, the
 * number of processors and the kernel's release.
 */
void machine_key(char key[DIGEST_HEX_LEN + 1]);
/* The same from the text of /proc/cpuinfo. */
void machine_key_of(const char *cpuinfo, long nr_cpus, const char *release,
		    char key[DIGEST_HEX_LEN + 1]);

/* $PGOCTL_LEDGER, or pgoctl/ledger.db in $XDG_STATE_HOME or ~/.local/state; malloc'ed.
 * -PGO_ENOTFOUND without a home. */
int ledger_path(char **ret, struct pgo_err *err);
/* The codes of database_open. */
int ledger_open(struct ledger *l, const char *path, struct pgo_err *err);
void ledger_release(struct ledger *l);
PGO_DEFINE_AUTO(ledger, ledger_release)

/* -PGO_EFORMAT for a p that is none; -PGO_EPERM when the ledger was opened for reading only. */
int ledger_add(struct ledger *l, const struct ledger_entry *e, struct pgo_err *err);
int ledger_rate(struct ledger *l, const char *machine, struct ledger_rate *ret,
		struct pgo_err *err);
/* What k rejections of n, recent_k of the recent_n say: fills the rest of r. */
void ledger_judge(struct ledger_rate *r);

/*
 * Enter a validation's check in the usual ledger and read the rate. A ledger
 * that cannot be used is a warning, never a failure: false, *ret untouched.
 */
bool ledger_note(const struct ledger_entry *e, struct ledger_rate *ret);

#endif
