/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings made by hand: byte orders, layouts, processes over time, losses, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "profiles/perf-data.h"
#include "tests/lib/perf-make.h"

#define TEXT 0x400000
#define LIB UINT64_C(0x7f0000000000)
#define KERNEL UINT64_C(0xffffffff81000000)
#define ALL_BITS ((UINT64_C(1) << 25) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t build_id[20] = { 0xde, 0xad, 0xbe, 0xef, 1, 2, 3 };

/* A file in memory, and its path. */
struct memory {
	int fd;
	char path[64];
};

static void store(struct memory *m, const void *data, size_t len)
{
	m->fd = memfd_create("perf.data", MFD_CLOEXEC);
	assert_true(m->fd >= 0);
	assert_int_equal(fs_write_all(m->fd, data, len), 0);
	snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
}

static int read_bytes(const void *data, size_t len, const struct samples_opts *opts,
		      struct samples *out, struct pgo_err *err)
{
	struct memory m;
	int ret;

	store(&m, data, len);
	samples_init(out);
	ret = perf_data_read(m.path, opts, out, err);
	close(m.fd);
	return ret;
}

static int read_made(const struct perf_make *m, struct samples *out, struct pgo_err *err)
{
	static const struct samples_opts opts = { .stacks = true, .addresses = true, .threads = 1 };

	return read_bytes(m->out.buf, m->out.len, &opts, out, err);
}

static const struct perf_make_branch stack[3] = {
	{ TEXT + 0x30, TEXT + 0x40, true },
	{ TEXT + 0x28, TEXT + 0x10, false },
	{ LIB + 0x100, TEXT + 0x20, false },
};
static const uint64_t chain[] = { PERF_CONTEXT_KERNEL, KERNEL + 5, PERF_CONTEXT_USER, TEXT + 0x44,
				  LIB + 0x104 };

static void add_sample(struct perf_make *m, uint32_t pid, uint64_t time, uint64_t ip)
{
	const struct perf_make_sample s = {
		.pid = pid,
		.tid = pid,
		.time = time,
		.ip = ip,
		.id = 10,
		.period = 100,
		.chain = chain,
		.nr_chain = ARRAY_SIZE(chain),
		.branches = stack,
		.nr_branches = ARRAY_SIZE(stack),
	};

	perf_make_sample(m, &s);
}

static void add_process(struct perf_make *m, uint32_t pid, uint64_t time)
{
	perf_make_comm(m, pid, time, "prog", true);
	perf_make_mmap2(m, pid, time, TEXT, 0x1000, 0x1000, "/bin/prog", NULL);
	perf_make_mmap(m, pid, time, LIB, 0x2000, 0, "/lib/lib.so (deleted)");
}

/* Two samples of one process. */
static void make_small(struct perf_make *m)
{
	perf_make_begin(m);
	add_process(m, 7, 100);
	add_sample(m, 7, 200, TEXT + 0x44);
	add_sample(m, 7, 300, TEXT + 0x44);
	perf_make_build_id(m, "/bin/prog", build_id);
	perf_make_end(m);
}

static const struct sample_binary *binary(const struct samples *s, const char *path)
{
	for (size_t i = 0; i < s->nr_binaries; i++)
		if (!strcmp(s->binaries[i].path, path))
			return &s->binaries[i];
	fail_msg("no %s", path);
	return NULL;
}

static uint64_t loc(const struct samples *s, const char *path, uint64_t offset)
{
	return sample_loc((uint32_t)(binary(s, path) - s->binaries), offset);
}

static void check_branches(const struct samples *s)
{
	const struct sample_branch *b = s->branches;

	assert_int_equal(s->tally.branch_entries, 6);
	assert_int_equal(s->tally.mispredicted, 2);
	assert_int_equal(s->distinct_branches, 3);
	assert_int_equal(s->nr_branches, 3);
	assert_int_equal(b[0].from, loc(s, "/bin/prog", 0x1028));
	assert_int_equal(b[0].to, loc(s, "/bin/prog", 0x1010));
	assert_int_equal(b[0].count, 2);
	assert_int_equal(b[1].mispredicted, 2);
	assert_int_equal(b[2].from, loc(s, "/lib/lib.so", 0x100));
	assert_int_equal(s->nr_ranges, 2);
	assert_int_equal(s->ranges[0].start, loc(s, "/bin/prog", 0x1010));
	assert_int_equal(s->ranges[0].end, loc(s, "/bin/prog", 0x1030));
	assert_int_equal(s->ranges[1].end, loc(s, "/bin/prog", 0x1028));
	assert_int_equal(s->ranges[1].count, 2);
}

static void check_small(const struct perf_make *m, bool has_branches)
{
	struct pgo_err err = PGO_ERR_INIT;
	struct samples s;
	int ret = read_made(m, &s, &err);

	if (ret)
		fail_msg("%s", err.msg);
	assert_int_equal(s.tally.samples, 2);
	assert_int_equal(s.nr_addresses, 1);
	assert_int_equal(s.addresses[0].loc, loc(&s, "/bin/prog", 0x1044));
	assert_int_equal(binary(&s, "/bin/prog")->samples, 2);
	assert_true(binary(&s, "/lib/lib.so")->deleted);
	if (has_branches)
		check_branches(&s);
	if (!m->pipe) {
		assert_int_equal(binary(&s, "/bin/prog")->build_id_bytes, 20);
		assert_memory_equal(binary(&s, "/bin/prog")->build_id, build_id, 20);
		assert_string_equal(s.arch, "x86_64");
	}
	assert_false(s.truncated);
	/* Copies of stacks are not unwound, and that is said. */
	assert_int_equal(s.warnings.nr, !!(m->sample_type & PERF_SAMPLE_STACK_USER));
	samples_release(&s);
}

static void test_dialects(void **state)
{
	static const uint32_t sizes[] = { 80, 96, 104, 112, 120, 128, 136, 144, 152, 1000 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes) * 4; i++) {
		struct perf_make m = PERF_MAKE_INIT;

		m.attr_bytes = sizes[i / 4];
		m.attr_fill = 0x5a;
		m.swap = i & 1;
		m.pipe = i & 2;
		make_small(&m);
		check_small(&m, true);
		perf_make_release(&m);
	}
}

/* The first perf's attr has no place for what kind of branches are wanted. */
static void test_oldest_attr(void **state)
{
	(void)state;
	for (unsigned bytes = 64; bytes <= 72; bytes += 8) {
		struct perf_make m = PERF_MAKE_INIT;

		m.attr_bytes = bytes;
		make_small(&m);
		check_small(&m, true);
		perf_make_release(&m);
	}
}

/* Each bit of sample_type alone, beside those that are needed, and all of them together. */
static void test_sample_types(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 25; i++) {
		for (int swap = 0; swap < 2; swap++) {
			struct perf_make m = PERF_MAKE_INIT;

			m.swap = swap;
			m.sample_type |= i < 25 ? UINT64_C(1) << i : ALL_BITS & ~PERF_SAMPLE_WEIGHT;
			m.regs_user = 0x1234567;
			m.regs_intr = 0xff;
			m.read_format = 0x1f;
			m.branch_type |= UINT64_C(1) << 17 | UINT64_C(1) << 19;
			make_small(&m);
			check_small(&m, true);
			perf_make_release(&m);
		}
	}
}

static void test_read_formats(void **state)
{
	(void)state;
	for (uint64_t format = 0; format < 32; format++) {
		struct perf_make m = PERF_MAKE_INIT;

		m.sample_type |= PERF_SAMPLE_READ;
		m.read_format = format;
		make_small(&m);
		check_small(&m, true);
		perf_make_release(&m);
	}
}

/* Chunks shorter than a record, and of several. */
static void test_compressed(void **state)
{
	static const size_t chunks[] = { 1, 7, 64, 100, 100000 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(chunks) * 4; i++) {
		struct perf_make m = PERF_MAKE_INIT;

		m.swap = i & 1;
		perf_make_begin(&m);
		add_process(&m, 7, 100);
		add_sample(&m, 7, 200, TEXT + 0x44);
		add_sample(&m, 7, 300, TEXT + 0x44);
		perf_make_compress(&m, i & 2 ? 83 : 81, chunks[i / 4]);
		perf_make_build_id(&m, "/bin/prog", build_id);
		perf_make_end(&m);
		check_small(&m, true);
		perf_make_release(&m);
	}
}

static void test_call_chains(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples s;
	const uint64_t *frames;

	(void)state;
	m.sample_type |= PERF_SAMPLE_CALLCHAIN;
	make_small(&m);
	assert_int_equal(read_made(&m, &s, NULL), 0);
	assert_int_equal(s.tally.stacks.nr, 1);
	assert_int_equal(s.tally.stacks.stacks[0].count, 2);
	assert_int_equal(s.tally.stacks.stacks[0].nr, 3);
	assert_string_equal(s.comms.v[s.tally.stacks.stacks[0].comm], "prog");
	frames = &s.tally.stacks.frames[s.tally.stacks.stacks[0].first];
	assert_int_equal(sample_loc_binary(frames[0]), SAMPLE_BINARY_KERNEL);
	assert_int_equal(frames[1], loc(&s, "/bin/prog", 0x1044));
	assert_int_equal(frames[2], loc(&s, "/lib/lib.so", 0x104));
	samples_release(&s);
	perf_make_release(&m);
}

/* Events by IDENTIFIER, and by ID, which is elsewhere; an id of none is counted. */
static void test_events(void **state)
{
	(void)state;
	for (int identifier = 0; identifier < 2; identifier++) {
		struct perf_make m = PERF_MAKE_INIT;
		struct samples s;

		m.nr_attrs = 3;
		m.sample_type |= identifier ? PERF_SAMPLE_IDENTIFIER
					    : PERF_SAMPLE_ID | PERF_SAMPLE_ADDR;
		perf_make_begin(&m);
		add_process(&m, 7, 100);
		for (uint64_t i = 0; i < 6; i++) {
			static const uint64_t ids[] = { 10, 111, 110, 211, 210, 999 };
			struct perf_make_sample one = { .pid = 7, .ip = TEXT, .id = ids[i] };

			one.time = 200 + i;
			perf_make_sample(&m, &one);
		}
		perf_make_end(&m);
		assert_int_equal(read_made(&m, &s, NULL), 0);
		assert_int_equal(s.tally.samples, 5);
		assert_int_equal(s.tally.other_events, 1);
		assert_int_equal(s.events[0].samples, 1);
		assert_int_equal(s.events[1].samples, 2);
		assert_int_equal(s.events[2].samples, 2);
		assert_int_equal(s.warnings.nr, 1);
		samples_release(&s);
		perf_make_release(&m);
	}
}

static void check_samples(const struct perf_make *m, const char *path, uint64_t want)
{
	struct samples s;

	assert_int_equal(read_made(m, &s, NULL), 0);
	assert_int_equal(binary(&s, path)->samples, want);
	samples_release(&s);
}

/* Samples go to what was mapped when they were taken, in whatever order records come. */
static void test_processes(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;

	(void)state;
	perf_make_begin(&m);
	add_process(&m, 7, 100);
	/* A later program in the same place, told of before the samples of the first. */
	perf_make_comm(&m, 7, 1000, "next", true);
	perf_make_mmap2(&m, 7, 1001, TEXT, 0x1000, 0, "/bin/next", NULL);
	perf_make_fork(&m, 8, 7, 900);
	perf_make_fork(&m, 9, 7, 1100);
	add_sample(&m, 7, 500, TEXT);  /* prog */
	add_sample(&m, 7, 1500, TEXT); /* next */
	add_sample(&m, 8, 1500, TEXT); /* prog: forked before the exec */
	add_sample(&m, 9, 1500, TEXT); /* next: forked after it */
	add_sample(&m, 7, 500, LIB);
	add_sample(&m, 7, 1500, LIB); /* unknown: exec unmapped it */
	add_sample(&m, 6, 500, TEXT); /* unknown: not a process that was seen */
	perf_make_end(&m);
	check_samples(&m, "/bin/prog", 2);
	check_samples(&m, "/bin/next", 2);
	check_samples(&m, "/lib/lib.so", 1);
	check_samples(&m, "[unknown]", 2);
	perf_make_release(&m);
}

/* Without times the order of the records is that of what happened. */
static void test_no_times(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;

	(void)state;
	m.no_sample_id = true;
	perf_make_begin(&m);
	add_process(&m, 7, 0);
	add_sample(&m, 7, 5000, TEXT);
	perf_make_mmap(&m, 7, 0, TEXT, 0x1000, 0, "/bin/next");
	add_sample(&m, 7, 100, TEXT);
	add_sample(&m, 7, 101, TEXT);
	perf_make_end(&m);
	check_samples(&m, "/bin/prog", 1);
	check_samples(&m, "/bin/next", 2);
	perf_make_release(&m);
}

/* A mapping in the middle of another splits it. */
static void test_overlaps(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples s;

	(void)state;
	perf_make_begin(&m);
	perf_make_mmap(&m, 7, 100, TEXT, 0x3000, 0x5000, "/bin/prog");
	perf_make_mmap(&m, 7, 200, TEXT + 0x1000, 0x1000, 0, "/bin/other");
	perf_make_mmap(&m, 7, 300, LIB, 0x1000, 0, "//anon");
	perf_make_mmap(&m, 7, 300, LIB + 0x1000, 0x1000, 0, "[vdso]");
	add_sample(&m, 7, 150, TEXT + 0x1800);
	add_sample(&m, 7, 250, TEXT + 0x800);
	add_sample(&m, 7, 250, TEXT + 0x1800);
	add_sample(&m, 7, 250, TEXT + 0x2800);
	add_sample(&m, 7, 350, LIB + 5);
	add_sample(&m, 7, 350, LIB + 0x1005);
	perf_make_end(&m);
	assert_int_equal(read_made(&m, &s, NULL), 0);
	assert_int_equal(binary(&s, "/bin/prog")->samples, 3);
	assert_int_equal(binary(&s, "/bin/other")->samples, 1);
	assert_int_equal(binary(&s, "[jit]")->samples, 1);
	assert_int_equal(binary(&s, "[jit]")->region, SAMPLE_JIT);
	assert_int_equal(binary(&s, "[vdso]")->region, SAMPLE_VDSO);
	assert_int_equal(s.addresses[0].loc, loc(&s, "/bin/prog", 0x5800));
	assert_int_equal(s.addresses[2].loc, loc(&s, "/bin/prog", 0x7800));
	samples_release(&s);
	perf_make_release(&m);
}

static void add_words(struct perf_make *m, uint32_t type, uint64_t a, uint64_t b)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;

	perf_make_u64(m, &body, a);
	perf_make_u64(m, &body, b);
	perf_make_record(m, type, 0, &body);
}

/* Losses are counted; kinds that are not known are passed over and told. */
static void test_losses(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples s;

	(void)state;
	perf_make_begin(&m);
	add_words(&m, PERF_RECORD_LOST, 10, 5);
	add_words(&m, PERF_RECORD_LOST_SAMPLES, 7, 0);
	add_words(&m, 200, 1, 2);
	add_words(&m, 82, 1, 2);
	add_process(&m, 7, 100);
	add_sample(&m, 7, 150, TEXT);
	perf_make_end(&m);
	assert_int_equal(read_made(&m, &s, NULL), 0);
	assert_int_equal(s.lost, 12);
	assert_int_equal(s.unknown_records, 1);
	assert_int_equal(s.warnings.nr, 2);
	samples_release(&s);
	perf_make_release(&m);
}

static void test_zero_size(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	struct samples s;
	size_t at;

	(void)state;
	make_small(&m);
	at = (size_t)m.data_begin;
	m.out.buf[at + 6] = m.out.buf[at + 7] = 0;
	assert_int_equal(read_made(&m, &s, &err), -PGO_EFORMAT);
	assert_int_equal(err.offset, at);
	assert_non_null(strstr(err.msg, "a record of size 0"));
	pgo_err_release(&err);
	samples_release(&s);
	perf_make_release(&m);
}

/* What perf says to people after the last record of a pipe is passed over, and told. */
static void test_trailing_text(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples s;

	(void)state;
	m.pipe = true;
	make_small(&m);
	strbuf_addstr(&m.out, "[ perf record: Woken up 1 times to write data ]\n");
	assert_int_equal(read_made(&m, &s, NULL), 0);
	assert_int_equal(s.tally.samples, 2);
	assert_int_equal(s.bytes_unread, 48);
	assert_true(s.truncated);
	assert_int_equal(s.warnings.nr, 1);
	samples_release(&s);
	perf_make_release(&m);
}

/* A recorder that was killed leaves no size of the data: all that is there is read. */
static void test_unfinished(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples s;

	(void)state;
	make_small(&m);
	memset(m.out.buf + 48, 0, 8);
	strbuf_setlen(&m.out, (size_t)m.data_end - 3);
	assert_int_equal(read_made(&m, &s, NULL), 0);
	assert_int_equal(s.tally.samples, 1);
	assert_true(s.truncated);
	samples_release(&s);
	perf_make_release(&m);
}

/* The same counts on one thread and on many, whatever parts there are. */
static void test_threads(void **state)
{
	struct perf_make m = PERF_MAKE_INIT;
	struct samples one, many;
	struct samples_opts opts = { .stacks = true, .addresses = true };

	(void)state;
	perf_make_begin(&m);
	add_process(&m, 7, 100);
	for (uint64_t i = 0; i < 150000; i++)
		add_sample(&m, 7, 200 + i, TEXT + i % 97);
	perf_make_end(&m);
	opts.threads = 1;
	assert_int_equal(read_bytes(m.out.buf, m.out.len, &opts, &one, NULL), 0);
	opts.threads = 5;
	assert_int_equal(read_bytes(m.out.buf, m.out.len, &opts, &many, NULL), 0);
	assert_true(m.out.len > 2u * 8 << 20);
	assert_int_equal(one.tally.samples, 150000);
	assert_int_equal(many.tally.samples, 150000);
	assert_int_equal(one.nr_addresses, 97);
	assert_int_equal(many.nr_addresses, 97);
	assert_int_equal(one.nr_traces, many.nr_traces);
	assert_memory_equal(one.traces, many.traces, one.nr_traces * sizeof(*one.traces));
	assert_memory_equal(one.addresses, many.addresses, 97 * sizeof(*one.addresses));
	assert_int_equal(one.tally.stacks.nr, many.tally.stacks.nr);
	samples_release(&one);
	samples_release(&many);
	perf_make_release(&m);
}

/* The k-th dialect of a recording that has a little of everything. */
static void make_varied(struct perf_make *m, unsigned k)
{
	m->pipe = k & 1;
	m->swap = k & 2;
	m->sample_type |= PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_READ |
			  PERF_SAMPLE_RAW;
	m->nr_attrs = 2;
	perf_make_begin(m);
	add_process(m, 7, 100);
	perf_make_fork(m, 8, 7, 120);
	add_words(m, PERF_RECORD_LOST, 10, 5);
	add_sample(m, 7, 200, TEXT + 0x44);
	add_sample(m, 8, 300, TEXT + 0x44);
	if (k & 4)
		perf_make_compress(m, k & 2 ? 83 : 81, 150);
	perf_make_build_id(m, "/bin/prog", build_id);
	perf_make_end(m);
}

/* Each cut gives the whole records before it, or is refused; more bytes give no less. */
static void test_truncated(void **state)
{
	static const struct samples_opts opts = { .stacks = true, .threads = 1 };

	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		struct perf_make m = PERF_MAKE_INIT;
		uint64_t last = 0;

		make_varied(&m, k);
		for (size_t len = 0; len <= m.out.len; len++) {
			struct samples s;
			int ret = read_bytes(m.out.buf, len, &opts, &s, NULL);

			assert_true(ret == 0 || ret == -PGO_EFORMAT);
			if (!ret) {
				assert_true(s.tally.samples >= last);
				last = s.tally.samples;
				assert_true(k & 1 || len >= m.data_end || s.truncated);
			}
			samples_release(&s);
		}
		assert_int_equal(last, 2);
		perf_make_release(&m);
	}
}

static void test_damaged(void **state)
{
	static const struct samples_opts opts = { .stacks = true, .addresses = true, .threads = 1 };
	static const uint8_t flips[] = { 0xff, 0x01, 0x80 };

	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		struct perf_make m = PERF_MAKE_INIT;

		make_varied(&m, k);
		for (size_t i = 0; i < m.out.len; i++) {
			char *at = &m.out.buf[i], flip = (char)flips[(i + k) % ARRAY_SIZE(flips)];
			struct pgo_err err = PGO_ERR_INIT;
			struct samples s;
			int ret;

			*at = (char)(*at ^ flip);
			ret = read_bytes(m.out.buf, m.out.len, &opts, &s, &err);
			assert_true(ret == 0 || ret == -PGO_EFORMAT);
			assert_true(ret == 0 || err.msg);
			*at = (char)(*at ^ flip);
			pgo_err_release(&err);
			samples_release(&s);
		}
		perf_make_release(&m);
	}
}

/* The fuzzer's own checks, on what was made here and on text. */
static void test_fuzzer(void **state)
{
	static const char *const texts[] = {
		"prog  7/7 [000]  1.5:  100 cycles:u:  400044 main+0x4 (/bin/prog)\n",
		"prog 7 PERF_RECORD_MMAP2 7/7: [0x400000(0x1000) @ 0x1000 08:01 7 0]: r-xp "
		"/bin/prog\n"
		"prog  7  1.5: cycles:\n\t  400044 main+0x4 (/bin/prog)\n\t  ffffffff81000005 k "
		"(x)\n\n",
		" 400044 0x400030/0x400040/M/-/-/0 0x400028(/bin/prog)/0x400010(x)/P/-/-/0\n",
		"\t 400044\n\t 400010\n 0x400030/0x400040/M/-/-/0 sym+1/sym+2/P/-/-/0\n",
	};

	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		struct perf_make m = PERF_MAKE_INIT;

		make_varied(&m, k);
		LLVMFuzzerTestOneInput((const uint8_t *)m.out.buf, m.out.len);
		perf_make_release(&m);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++)
			LLVMFuzzerTestOneInput((const uint8_t *)texts[i], len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialects),      cmocka_unit_test(test_oldest_attr),
		cmocka_unit_test(test_sample_types),  cmocka_unit_test(test_read_formats),
		cmocka_unit_test(test_compressed),    cmocka_unit_test(test_call_chains),
		cmocka_unit_test(test_events),	      cmocka_unit_test(test_processes),
		cmocka_unit_test(test_no_times),      cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_losses),	      cmocka_unit_test(test_zero_size),
		cmocka_unit_test(test_trailing_text), cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_threads),	      cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),	      cmocka_unit_test(test_fuzzer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
