/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of perf made by hand, record by record, in any of its dialects. */
#ifndef PGO_TESTS_PERF_MAKE_H
#define PGO_TESTS_PERF_MAKE_H

#include <linux/perf_event.h>
#include <stdio.h>

#include "pgo/base/strbuf.h"

struct perf_make_branch {
	uint64_t from, to;
	bool mispredicted;
};

struct perf_make_sample {
	uint16_t misc;
	uint64_t ip, time, id, period;
	uint32_t pid, tid;
	const uint64_t *chain;
	uint64_t nr_chain;
	const struct perf_make_branch *branches;
	uint64_t nr_branches;
};

/* What it is like; set before perf_make_begin. */
struct perf_make {
	FILE *file; /* written to as it grows, or NULL: all stays in out */
	bool swap;  /* of the other byte order */
	bool pipe;
	uint32_t attr_bytes; /* 64 to 4096 */
	char attr_fill;	     /* of the attr's end, which is of no use here */
	uint64_t sample_type, read_format, branch_type;
	uint64_t regs_user, regs_intr; /* masks */
	unsigned nr_attrs;	       /* each with the ids 100 * i + 10 and + 11 */
	bool no_sample_id;	       /* other records do not tell their time */

	struct strbuf out;
	uint64_t flushed; /* bytes that went to file */
	uint64_t data_begin, data_end;
	struct strbuf build_ids;
	const char *arch; /* "x86_64"; NULL: not told */
};
#define PERF_MAKE_INIT                                                                   \
	{                                                                                \
		.attr_bytes = 128, .nr_attrs = 1, .out = STRBUF_INIT,                    \
		.build_ids = STRBUF_INIT, .arch = "x86_64",                              \
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |     \
			       PERF_SAMPLE_PERIOD | PERF_SAMPLE_BRANCH_STACK,            \
		.branch_type = PERF_SAMPLE_BRANCH_USER | PERF_SAMPLE_BRANCH_ANY,         \
	}

void perf_make_begin(struct perf_make *m);
/* A record of this type; body is its bytes after the header, padded to 8. */
void perf_make_record(struct perf_make *m, uint32_t type, uint16_t misc, const struct strbuf *body);
void perf_make_mmap(struct perf_make *m, uint32_t pid, uint64_t time, uint64_t start, uint64_t len,
		    uint64_t pgoff, const char *path);
/* build_id of 20 bytes, or NULL: inode 7. */
void perf_make_mmap2(struct perf_make *m, uint32_t pid, uint64_t time, uint64_t start, uint64_t len,
		     uint64_t pgoff, const char *path, const uint8_t *build_id);
void perf_make_comm(struct perf_make *m, uint32_t pid, uint64_t time, const char *name, bool exec);
void perf_make_fork(struct perf_make *m, uint32_t pid, uint32_t parent, uint64_t time);
void perf_make_sample(struct perf_make *m, const struct perf_make_sample *s);
/* Put everything from data_begin on into records of type 81 or 83, of chunk bytes each. */
void perf_make_compress(struct perf_make *m, uint32_t type, size_t chunk);
/* Remember for perf_make_end: the build id of a file. */
void perf_make_build_id(struct perf_make *m, const char *path, const uint8_t *build_id);
void perf_make_end(struct perf_make *m);
void perf_make_release(struct perf_make *m);

/* Append a number in m's byte order. */
void perf_make_u16(const struct perf_make *m, struct strbuf *sb, uint16_t v);
void perf_make_u32(const struct perf_make *m, struct strbuf *sb, uint32_t v);
void perf_make_u64(const struct perf_make *m, struct strbuf *sb, uint64_t v);

#endif
