/* SPDX-License-Identifier: Apache-2.0 */
/* Collapsed stacks as a format. */
#include "profiles/collapsed.h"
#include "profiles/format.h"

/* Any text that ends in a number may look like it: a stack has a caller, and others go first. */
static int bid(const struct prof_probe *probe)
{
	return !probe->is_dir && memchr(probe->head, ';', probe->head_len) &&
	       collapsed_lines(probe->head, probe->head_len, probe->head_len == probe->size_bytes);
}

static int read_samples(const struct prof_probe *probe, const struct samples_opts *opts,
			struct samples *out, struct pgo_err *err)
{
	return collapsed_read(probe->path, opts, out, err);
}

const struct prof_format prof_format_collapsed = {
	.name = "collapsed",
	.summary = "collapsed stacks",
	.suffix = ".collapsed",
	.caps = PROF_CAP_SAMPLES,
	.bid = bid,
	.read_samples = read_samples,
};
