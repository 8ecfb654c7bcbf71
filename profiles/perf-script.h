/* SPDX-License-Identifier: Apache-2.0 */
/* The text that perf script prints, for those who have only that. */
#ifndef PGO_PROFILES_PERF_SCRIPT_H
#define PGO_PROFILES_PERF_SCRIPT_H

#include "pgo/base/err.h"
#include "profiles/samples.h"

/* A part of a line; not terminated. */
struct script_text {
	const char *p;
	size_t len;
};

enum script_kind {
	SCRIPT_OTHER,  /* not understood */
	SCRIPT_BLANK,  /* ends a sample */
	SCRIPT_NOTE,   /* '#', or an event of no use here */
	SCRIPT_HEAD,   /* begins a sample: thread, pid, event; perhaps with its address */
	SCRIPT_BARE,   /* a head without a pid, if a frame follows: anything may look so */
	SCRIPT_FRAME,  /* of a call chain */
	SCRIPT_SAMPLE, /* a sample in one line without a head: address, branches */
	SCRIPT_MMAP,
	SCRIPT_FORK,
	SCRIPT_EXEC,
	SCRIPT_LOST,
};

/* One line taken apart; what it does not have is 0 or empty. */
struct script_line {
	enum script_kind kind;
	struct script_text comm, event;
	bool has_pid;
	uint32_t pid, tid, parent;
	uint64_t period; /* LOST: how many */
	bool has_addr;
	uint64_t addr;			/* MMAP: start */
	uint64_t len, pgoff;		/* MMAP */
	struct script_text symbol, dso; /* MMAP: dso is the file's name */
	struct script_text branches;	/* words "0xFROM/0xTO/M/..." */
};

void script_line_read(const char *line, size_t len, struct script_line *ret);
/*
 * Take the next branch off text: 1; 0 at its end, -1 for a word that is none. Words are
 * of perf script's brstack field, also with "(dso)" behind addresses.
 */
int script_branch_next(struct script_text *text, uint64_t *from, uint64_t *to, bool *mispredicted);

/* How many of the first lines of head are of perf script; 0: it is something else. */
unsigned perf_script_lines(const uint8_t *head, size_t len);

/*
 * Read perf script's output into *out, which is empty after samples_init, and finish it:
 * the default layout, and any choice of the fields comm, tid, pid, cpu, time, event,
 * period, ip, sym, symoff, dso and brstack; without a pid only where frames follow on
 * lines of their own. Addresses are placed by the mappings that
 * --show-mmap-events prints. Lines that are not understood are counted in the warnings.
 * -PGO_EFORMAT when there is no sample in it, -PGO_EIO, -PGO_ENOTFOUND.
 * Source: tools/perf/Documentation/perf-script.txt; perf 6.1 was tried.
 */
int perf_script_read(const char *path, const struct samples_opts *opts, struct samples *out,
		     struct pgo_err *err);

#endif
