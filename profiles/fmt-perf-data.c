/* SPDX-License-Identifier: Apache-2.0 */
/* perf record's own form. */
#include "profiles/format.h"
#include "profiles/perf-data.h"

static int bid(const struct prof_probe *probe)
{
	return perf_data_is_head(probe->head, probe->head_len) ? 64 : 0;
}

static int read_samples(const struct prof_probe *probe, const struct samples_opts *opts,
			struct samples *out, struct pgo_err *err)
{
	return perf_data_read(probe->path, opts, out, err);
}

const struct prof_format prof_format_perf_data = {
	.name = "perf.data",
	.summary = "a recording of perf record",
	.suffix = ".data",
	.caps = PROF_CAP_SAMPLES,
	.bid = bid,
	.read_samples = read_samples,
};
