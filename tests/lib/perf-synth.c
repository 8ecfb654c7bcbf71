/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording with branch stacks, of a machine that has none: from a trace of every
 * instruction, as valgrind prints it.
 *
 *	valgrind --tool=lackey --trace-mem=yes --log-fd=9 PROGRAM 9>&1 >/dev/null |
 *		perf-synth OUT PROGRAM START LEN PGOFF BUILD-ID SAMPLES [STRIDE [callchain]]
 *
 * START, LEN and PGOFF are of PROGRAM's executable mapping in the trace. Each sample
 * has the 32 branches taken last; the next one is STRIDE branches later (default 16). Call
 * chains are by the calls and returns of the trace, as the bytes of PROGRAM tell them apart.
 * A trace that is too short is gone through again.
 */
#include <ctype.h>
#include <stdlib.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "tests/lib/perf-make.h"

#define DEPTH 32
#define PID 4242
/* perf script prints 127 at most. */
#define MAX_CALLERS 120

enum kind { JUMP, CALL, RETURN };

struct taken {
	struct perf_make_branch branch;
	uint64_t next; /* where a call returns to */
	enum kind kind;
};

struct trace {
	struct taken *v;
	size_t nr, alloc;
	const struct mapping *program;
};

/* The executable mapping of the program, and its bytes. */
struct mapping {
	uint64_t start, len, pgoff;
	struct fs_view file;
};

/* Where the calls that are under way return to, the innermost last. */
struct callers {
	uint64_t *v;
	size_t nr, alloc;
	size_t seen; /* branches of the trace */
};

/* x86: near calls and returns, behind whatever prefixes. */
static enum kind kind_of(const struct mapping *m, uint64_t addr)
{
	uint64_t at = addr - m->start + m->pgoff;
	const uint8_t *p = m->file.data, *end = p + m->file.len;

	if (addr - m->start >= m->len || at >= m->file.len)
		return JUMP;
	for (p += at; p < end && *p && (strchr("\x66\x67\x2e\x3e\xf2\xf3", *p) || *p >> 4 == 4);)
		p++;
	if (p < end && (*p == 0xc3 || *p == 0xc2))
		return RETURN;
	if (p + 1 < end && (*p == 0xe8 || (*p == 0xff && (p[1] >> 3 & 7) == 2)))
		return CALL;
	return JUMP;
}

static void follow(struct callers *c, const struct taken *b)
{
	if (b->kind == CALL) {
		VEC_GROW(c->v, c->nr, c->alloc);
		c->v[c->nr++] = b->next;
	}
	for (size_t i = c->nr; b->kind == RETURN && i; i--)
		if (c->v[i - 1] == b->branch.to) {
			c->nr = i - 1;
			break;
		}
}

/* "I  0400a0b0,3": an address and a length; a taken branch is whatever does not follow on. */
static void read_trace(struct trace *t, size_t most)
{
	uint64_t start = t->program->start, size = t->program->len;
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
			t->v[t->nr++] = (struct taken){
				{ last, addr, (last * 0x9e3779b97f4a7c15u >> 60) == 0 },
				next,
				kind_of(t->program, last),
			};
		}
		last = addr;
		next = addr + len;
	}
}

static void add_sample(struct perf_make *m, const struct trace *t, size_t newest, uint64_t nr,
		       struct callers *callers)
{
	struct perf_make_branch stack[DEPTH];
	uint64_t chain[2 + MAX_CALLERS] = { PERF_CONTEXT_USER };
	struct perf_make_sample s = { .pid = PID, .tid = PID, .branches = stack, .chain = chain };

	for (size_t i = 0; i < DEPTH; i++)
		stack[i] = t->v[(newest + t->nr - i) % t->nr].branch;
	/* Where the trace begins again. */
	if (newest < callers->seen)
		callers->nr = callers->seen = 0;
	while (callers->seen <= newest)
		follow(callers, &t->v[callers->seen++]);
	s.ip = stack[0].to;
	chain[1] = s.ip;
	s.nr_chain = 2;
	for (size_t i = callers->nr; i && s.nr_chain < ARRAY_SIZE(chain); i--)
		chain[s.nr_chain++] = callers->v[i - 1];
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
	struct mapping program = { .file = FS_VIEW_INIT };
	struct callers callers = { 0 };
	uint64_t samples, stride;

	if (argc < 8 || !parse_build_id(argv[6], id)) {
		fprintf(stderr, "usage: at the top of %s\n", __FILE__);
		return 2;
	}
	program.start = strtoull(argv[3], NULL, 0);
	program.len = strtoull(argv[4], NULL, 0);
	program.pgoff = strtoull(argv[5], NULL, 0);
	if (argc > 9 && fs_view_open(&program.file, argv[2], NULL))
		return 1;
	t.program = &program;
	samples = strtoull(argv[7], NULL, 0);
	stride = argc > 8 ? strtoull(argv[8], NULL, 0) : 16;
	if (argc > 9)
		m.sample_type |= PERF_SAMPLE_CALLCHAIN;
	m.sample_type |= PERF_SAMPLE_IDENTIFIER;
	read_trace(&t, samples * stride + DEPTH);
	m.file = fopen(argv[1], "w");
	if (!m.file || t.nr < DEPTH || !stride) {
		fprintf(stderr, "no output, or no trace\n");
		return 1;
	}
	perf_make_begin(&m);
	perf_make_comm(&m, PID, 1000, "traced", true);
	perf_make_mmap2(&m, PID, 1001, program.start, program.len, program.pgoff, argv[2], NULL);
	for (uint64_t i = 0; i < samples; i++)
		add_sample(&m, &t, (size_t)((DEPTH + i * stride) % t.nr), i, &callers);
	perf_make_build_id(&m, argv[2], id);
	perf_make_end(&m);
	fclose(m.file);
	free(t.v);
	free(callers.v);
	fs_view_release(&program.file);
	perf_make_release(&m);
	return 0;
}
