/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording with branch stacks, of a machine that has none: from a trace of every
 * instruction, as valgrind prints it.
 *
 *	valgrind --tool=lackey --trace-mem=yes --log-fd=9 PROGRAM 9>&1 >/dev/null |
 *		perf-synth OUT PROGRAM START LEN PGOFF BUILD-ID SAMPLES [STRIDE [callchain]]
 *
 * START, LEN and PGOFF are of PROGRAM's executable mapping in the trace. Each sample
 * has the 32 branches taken last; the next one is STRIDE branches later (default 16).
 * A trace that is too short is gone through again.
 */
#include <ctype.h>
#include <stdlib.h>

#include "pgo/base/num.h"
#include "tests/lib/perf-make.h"

#define DEPTH 32
#define PID 4242

struct trace {
	struct perf_make_branch *v;
	size_t nr, alloc;
};

/* "I  0400a0b0,3": an address and a length; a taken branch is whatever does not follow on. */
static void read_trace(struct trace *t, size_t most, uint64_t start, uint64_t size)
{
	bool begun = false;
	unsigned long last = 0, next = 0;
	char line[256];

	while (t->nr < most && fgets(line, sizeof(line), stdin)) {
		char *end;
		unsigned long addr, len;

		if (line[0] != 'I' || line[1] != ' ')
			continue;
		addr = strtoul(line + 2, &end, 16);
		if (*end != ',')
			continue;
		len = strtoul(end + 1, NULL, 10);
		/* What the loader does is not recorded. */
		begun = begun || addr - start < size;
		if (!begun)
			continue;
		if (next && addr != next) {
			VEC_GROW(t->v, t->nr, t->alloc);
			/* One in sixteen of the places, always the same, is hard to predict. */
			t->v[t->nr++] = (struct perf_make_branch){
				last, addr, (last * 0x9e3779b97f4a7c15u >> 60) == 0
			};
		}
		last = addr;
		next = addr + len;
	}
}

static void add_sample(struct perf_make *m, const struct trace *t, size_t newest, uint64_t nr)
{
	struct perf_make_branch stack[DEPTH];
	uint64_t chain[3] = { PERF_CONTEXT_USER };
	struct perf_make_sample s = { .pid = PID, .tid = PID, .branches = stack, .chain = chain };

	for (size_t i = 0; i < DEPTH; i++)
		stack[i] = t->v[(newest + t->nr - i) % t->nr];
	s.ip = stack[0].to;
	chain[1] = s.ip;
	chain[2] = stack[0].from;
	s.nr_chain = 3;
	s.time = 1000000 + nr * 1000;
	s.period = 4000;
	s.id = 10;
	s.nr_branches = DEPTH;
	perf_make_sample(m, &s);
}

static bool parse_build_id(const char *hex, uint8_t *id)
{
	for (unsigned i = 0; i < 20; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i] ? hex[2 * i + 1] : 0, 0 };

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
			return false;
		id[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct trace t = { 0 };
	uint8_t id[20];
	uint64_t start, len, pgoff, samples, stride;

	if (argc < 8 || !parse_build_id(argv[6], id)) {
		fprintf(stderr, "usage: at the top of %s\n", __FILE__);
		return 2;
	}
	start = strtoull(argv[3], NULL, 0);
	len = strtoull(argv[4], NULL, 0);
	pgoff = strtoull(argv[5], NULL, 0);
	samples = strtoull(argv[7], NULL, 0);
	stride = argc > 8 ? strtoull(argv[8], NULL, 0) : 16;
	if (argc > 9)
		m.sample_type |= PERF_SAMPLE_CALLCHAIN;
	m.sample_type |= PERF_SAMPLE_IDENTIFIER;
	read_trace(&t, samples * stride + DEPTH, start, len);
	m.file = fopen(argv[1], "w");
	if (!m.file || t.nr < DEPTH || !stride) {
		fprintf(stderr, "no output, or no trace\n");
		return 1;
	}
	perf_make_begin(&m);
	perf_make_comm(&m, PID, 1000, "traced", true);
	perf_make_mmap2(&m, PID, 1001, start, len, pgoff, argv[2], NULL);
	for (uint64_t i = 0; i < samples; i++)
		add_sample(&m, &t, (size_t)((DEPTH + i * stride) % t.nr), i);
	perf_make_build_id(&m, argv[2], id);
	perf_make_end(&m);
	fclose(m.file);
	free(t.v);
	perf_make_release(&m);
	return 0;
}
