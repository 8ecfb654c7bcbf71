/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/convert-samples.h"

#include "pgo/base/fs.h"
#include "profiles/format.h"

#define NEWEST_LLVM 999

enum form { FORM_NONE, FORM_UNSYMBOLIZED, FORM_PREAGGREGATED, FORM_COLLAPSED };

static enum form form_of(const char *to)
{
	if (!strcmp(to, "unsymbolized"))
		return FORM_UNSYMBOLIZED;
	if (!strcmp(to, "preaggregated"))
		return FORM_PREAGGREGATED;
	return strcmp(to, "collapsed") ? FORM_NONE : FORM_COLLAPSED;
}

bool convert_is_of_samples(const char *to)
{
	return form_of(to) != FORM_NONE;
}

static int write_binary(struct samples *s, enum form form, const struct convert_samples_opts *opts,
			struct strbuf *out, struct sample_written *ret, struct pgo_err *err)
{
	PGO_AUTO(sample_target) target = SAMPLE_TARGET_INIT;
	unsigned major = opts->llvm_major ? opts->llvm_major : NEWEST_LLVM;
	int r = sample_target_find(s, &opts->images, &target, err);

	if (!r)
		r = form == FORM_UNSYMBOLIZED
			    ? samples_write_unsymbolized(s, &target, out, ret, err)
			    : samples_write_preaggregated(s, &target, major, out, ret, err);
	if (!r && !ret->entries)
		r = pgo_error(err, PGO_EMISMATCH, "no samples are in the code of '%s'",
			      target.path);
	return r;
}

int convert_samples(const char *input, const char *to, const struct convert_samples_opts *opts,
		    const char *output, struct sample_written *ret, struct strvec *warnings,
		    struct pgo_err *err)
{
	const enum form form = form_of(to);
	const struct samples_opts read = { .stacks = form == FORM_COLLAPSED };
	PGO_AUTO(samples) s = { 0 };
	PGO_AUTO(sample_names) names = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct sample_written written = { 0 };
	int r = prof_read_samples(input, &read, &s, err);

	if (r)
		return r;
	if (form == FORM_COLLAPSED) {
		sample_names_init(&names, &s, &opts->images);
		samples_write_collapsed(&s, &names, &out, &written);
		if (!written.entries)
			r = pgo_error(err, PGO_EMISMATCH, "'%s' has no samples", input);
	} else {
		r = write_binary(&s, form, opts, &out, &written, err);
	}
	if (!r)
		r = fs_write_atomic(output, out.buf, out.len, 0666, err);
	if (r)
		return r;
	*ret = written;
	strvec_pushv(warnings, s.warnings.v);
	return 0;
}
