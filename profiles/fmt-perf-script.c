/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script prints. */
#include "profiles/format.h"
#include "profiles/perf-script.h"

/* Text is little proof: any form with a magic goes first. */
static int bid(const struct prof_probe *probe)
{
	unsigned lines = probe->is_dir ? 0 : perf_script_lines(probe->head, probe->head_len);

	return (int)lines;
}

static int read_samples(const struct prof_probe *probe, const struct samples_opts *opts,
			struct samples *out, struct pgo_err *err)
{
	return perf_script_read(probe->path, opts, out, err);
}

const struct prof_format prof_format_perf_script = {
	.name = "perf-script",
	.summary = "text of perf script",
	.suffix = ".txt",
	.caps = PROF_CAP_SAMPLES,
	.bid = bid,
	.read_samples = read_samples,
};
