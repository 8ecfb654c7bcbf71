/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording, or the text of one, is read in full or refused.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-perf-data.c profiles/perf-[a-z]*.c \
 *		profiles/sample*.c profiles/elf-image.c pgo/base/[a-z]*.c -lelf -lzstd
 *
 * What tests/unit/perf-data-test makes is a good beginning.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "profiles/perf-data.h"
#include "profiles/perf-script.h"
#include "profiles/samples-write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_it(const char *path, bool text, const struct samples_opts *opts,
		   struct samples *out)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	int ret;

	samples_init(out);
	ret = text ? perf_script_read(path, opts, out, &err)
		   : perf_data_read(path, opts, out, &err);
	if (ret && !err.msg)
		abort();
	return ret;
}

/* Every sample is in an address and in a stack. */
static void check(const struct samples *s)
{
	const struct sample_image_opts opts = { .root = "/nonexistent" };
	PGO_AUTO(sample_names) names = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct sample_written written;
	uint64_t addresses = 0, branches = 0;

	for (size_t i = 0; i < s->nr_addresses; i++)
		addresses += s->addresses[i].count;
	for (size_t i = 0; i < s->nr_branches; i++)
		branches += s->branches[i].count;
	sample_names_init(&names, (struct samples *)s, &opts);
	samples_write_collapsed(s, &names, &out, &written);
	if (addresses != s->tally.samples || written.entries != s->tally.samples ||
	    branches != s->tally.branch_entries)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct samples_opts opts = { .stacks = true, .addresses = true, .threads = 1 };
	bool text = !perf_data_is_head(data, size);
	PGO_AUTO(samples) s = { 0 };
	char path[64];
	int fd;

	if (text && !perf_script_lines(data, size))
		return 0;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, data, size))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!read_it(path, text, &opts, &s))
		check(&s);
	close(fd);
	return 0;
}
