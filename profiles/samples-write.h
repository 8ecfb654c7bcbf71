/* SPDX-License-Identifier: Apache-2.0 */
/* Samples in the forms of compilers and of other tools. */
#ifndef PGO_PROFILES_SAMPLES_WRITE_H
#define PGO_PROFILES_SAMPLES_WRITE_H

#include "pgo/base/strbuf.h"
#include "profiles/sample-images.h"

/* What a writer put out, and what it could not. Entries are counted as often as they occurred. */
struct sample_written {
	uint64_t branches, ranges, stacks; /* lines */
	uint64_t entries;		   /* branch entries, or samples, that are in them */
	uint64_t left_out;		   /* those that do not touch the binary's code */
};

/*
 * llvm-profgen's unsymbolized profile: the number of ranges, "start-end:count", the
 * number of branches, "from->to:count"; addresses relative to the first executable
 * segment's page, a branch from elsewhere as from address 1. Appended to *out.
 * -PGO_EMISMATCH when there are no branch stacks.
 * Source: PerfScriptReader::writeUnsymbolizedProfile and computeCounterFromLBR of LLVM's
 * tools/llvm-profgen/PerfReader.cpp. That one leaves out ranges that run over an
 * unconditional jump, which takes a disassembler to see.
 */
int samples_write_unsymbolized(const struct samples *s, const struct sample_target *target,
			       struct strbuf *out, struct sample_written *ret, struct pgo_err *err);

/*
 * The distinct samples that have both a call stack and a branch stack, as perf script prints them
 * with -F ip,brstack, each behind a line with its count: what llvm-profgen makes contexts of.
 * Virtual addresses; 1 is elsewhere. They are s->tally.hybrids: samples_opts asked for them.
 * -PGO_EMISMATCH when there are none.
 * Source: HybridPerfReader::parseSample and parseAggregatedCount of LLVM's
 * tools/llvm-profgen/PerfReader.cpp.
 */
int samples_write_hybrid(const struct samples *s, const struct sample_target *target,
			 struct strbuf *out, struct sample_written *ret, struct pgo_err *err);

/*
 * BOLT's pre-aggregated profile, for perf2bolt --pa: traces ("T from to end count") and
 * mispredictions for LLVM 22 and later, "B", "F" and "f" lines before; without branch
 * stacks the event and "S address count". Virtual addresses; 0 is elsewhere.
 * -PGO_EUNSUP: LLVM before 22 takes no samples without branch stacks.
 * Source: bolt/Profile/DataAggregator.h of LLVM 22.
 */
int samples_write_preaggregated(const struct samples *s, const struct sample_target *target,
				unsigned llvm_major, struct strbuf *out, struct sample_written *ret,
				struct pgo_err *err);

/*
 * Samples without branch stacks as BOLT's profile: how often each instruction of a function
 * was met. Samples outside functions are left out. -PGO_EMISMATCH: the binary has no symbols.
 */
int samples_write_fdata(const struct samples *s, const struct sample_target *target,
			struct strbuf *out, struct sample_written *ret, struct pgo_err *err);

/* Profiles of source lines: LLVM's text, GCC's file of version 1 and of 2. */
enum sample_lines { SAMPLE_LINES_LLVM, SAMPLE_LINES_AFDO_1, SAMPLE_LINES_AFDO_2 };
/*
 * One, by the debug information in the file debug. Errors of samples_symbolize; what could
 * not be told or has no place is put into s->warnings.
 */
int samples_write_lines(struct samples *s, const struct sample_target *target, const char *debug,
			enum sample_lines form, struct strbuf *out, struct sample_written *ret,
			struct pgo_err *err);

/*
 * Collapsed stacks: "thread;outermost;...;innermost count", each once, sorted by bytes.
 * What would break a line or a frame (';' and control characters) becomes '_'.
 */
void samples_write_collapsed(const struct samples *s, struct sample_names *names,
			     struct strbuf *out, struct sample_written *ret);

#endif
