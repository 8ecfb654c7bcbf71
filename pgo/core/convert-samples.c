/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/convert-samples.h"

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/convert-tools.h"
#include "profiles/format.h"

#define NEWEST_LLVM 999

/* One conversion, while it is under way. */
struct conversion {
	struct samples samples;
	const struct convert_samples_opts *opts;
	const char *input, *output;
	struct sample_target target;
	struct sample_written done;
};
#define CONVERSION_INIT { .target = SAMPLE_TARGET_INIT }

static void conversion_release(struct conversion *c)
{
	samples_release(&c->samples);
	sample_target_release(&c->target);
}
PGO_DEFINE_AUTO(conversion, conversion_release)

static int write_text(const struct conversion *c, const struct strbuf *text, struct pgo_err *err)
{
	return fs_write_atomic(c->output, text->buf, text->len, 0666, err);
}

static int find_binary(struct conversion *c, struct pgo_err *err)
{
	return sample_target_find(&c->samples, &c->opts->images, &c->target, err);
}

/* A profile of nothing is refused once it is known to be one. */
static int check(const struct conversion *c, struct pgo_err *err)
{
	return c->done.entries ? 0
			       : pgo_error(err, PGO_EMISMATCH, "no samples are in the code of '%s'",
					   c->target.path);
}

static int to_collapsed(struct conversion *c, const char *to, struct pgo_err *err)
{
	PGO_AUTO(sample_names) names = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)to;
	sample_names_init(&names, &c->samples, &c->opts->images);
	samples_write_collapsed(&c->samples, &names, &out, &c->done);
	return c->done.entries ? write_text(c, &out, err)
			       : pgo_error(err, PGO_EMISMATCH, "'%s' has no samples", c->input);
}

static int to_unsymbolized(struct conversion *c, const char *to, struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = find_binary(c, err);

	(void)to;
	if (!ret)
		ret = samples_write_unsymbolized(&c->samples, &c->target, &out, &c->done, err);
	if (!ret)
		ret = check(c, err);
	return ret ? ret : write_text(c, &out, err);
}

static int to_preaggregated(struct conversion *c, const char *to, struct pgo_err *err)
{
	unsigned major = c->opts->llvm_major ? c->opts->llvm_major : NEWEST_LLVM;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = find_binary(c, err);

	(void)to;
	if (!ret)
		ret = samples_write_preaggregated(&c->samples, &c->target, major, &out, &c->done,
						  err);
	if (!ret)
		ret = check(c, err);
	return ret ? ret : write_text(c, &out, err);
}

static int write_lines(struct conversion *c, enum sample_lines form, struct strbuf *out,
		       struct pgo_err *err)
{
	PGO_AUTO_FREE char *debug = NULL;
	int ret = sample_debug_find(&c->target, &c->opts->images, &debug, err);

	if (!ret)
		ret = samples_write_lines(&c->samples, &c->target, debug, form, out, &c->done, err);
	return ret ? ret : check(c, err);
}

/* LLVM writes its own binary forms: of the text. */
static int write_sample_form(const struct conversion *c, const char *to, const struct strbuf *text,
			     struct pgo_err *err)
{
	const struct prof_format *from = prof_format_find("proftext", "llvm-sample");
	PGO_AUTO_FREE char *form = xstrfmt("llvm-%s", to), *in = NULL;
	const struct prof_merge_opts opts = { .llvm_major = c->opts->llvm_major, .to = form };
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	struct prof_merge_result res;
	int ret = tempdir_make(&dir, NULL, err);

	if (ret)
		return ret;
	in = fs_join(dir.path, "profile");
	ret = fs_write_atomic(in, text->buf, text->len, 0666, err);
	return ret ? ret
		   : from->merge(&(struct prof_input){ in, 1 }, 1, &opts, c->output, &res, err);
}

static void warn_events(struct samples *s)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	unsigned nr = 0;

	for (size_t i = 0; i < s->nr_events; i++)
		if (s->events[i].samples)
			strbuf_addf(&names, "%s%s", nr++ ? ", " : "", s->events[i].name);
	if (nr > 1)
		samples_warn(s, "samples of several events are added up: %s", names.buf);
}

static int read_input(struct conversion *c, const struct samples_opts *opts, struct pgo_err *err)
{
	int ret = prof_read_samples(c->input, opts, &c->samples, err);

	if (!ret)
		warn_events(&c->samples);
	return ret;
}

/*
 * Only now that the binary is known to have probes are call stacks wanted together with branch
 * stacks: they are read once more, as they take as much memory as there are samples that differ.
 */
static int read_contexts(struct conversion *c, struct pgo_err *err)
{
	const struct samples_opts read = { .hybrids = true };
	int ret;

	samples_release(&c->samples);
	sample_target_release(&c->target);
	c->target = (struct sample_target)SAMPLE_TARGET_INIT;
	ret = read_input(c, &read, err);
	return ret ? ret : find_binary(c, err);
}

/* Only llvm-profgen knows what pseudo-probes and flow-sensitive discriminators stand for. */
static int by_profgen(struct conversion *c, const char *to, struct pgo_err *err)
{
	struct convert_tool tool = { .llvm_major = c->opts->llvm_major,
				     .hybrid = c->samples.tally.hybrid_samples };
	PGO_AUTO_FREE char *debug = NULL;
	PGO_AUTO(strbuf) in = STRBUF_INIT;
	int ret = tool.hybrid ? read_contexts(c, err) : 0;

	if (!ret)
		ret = sample_debug_find(&c->target, &c->opts->images, &debug, err);
	tool.binary = c->target.path;
	tool.debug = debug;
	if (!ret && tool.hybrid)
		ret = samples_write_hybrid(&c->samples, &c->target, &in, &c->done, err);
	else if (!ret)
		ret = samples_write_unsymbolized(&c->samples, &c->target, &in, &c->done, err);
	if (!ret)
		ret = check(c, err);
	return ret ? ret : convert_by_profgen(&tool, &in, to + strlen("sample-"), c->output, err);
}

static int to_sample(struct conversion *c, const char *to, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret = find_binary(c, err);

	if (ret)
		return ret;
	if (c->target.image.has_probes && c->samples.tally.branch_entries)
		return by_profgen(c, to, err);
	if (c->target.image.has_probes)
		samples_warn(&c->samples,
			     "the pseudo-probes or flow-sensitive discriminators of '%s' are not "
			     "used, which takes branch stacks: the profile is one of lines",
			     c->target.path);
	ret = write_lines(c, SAMPLE_LINES_LLVM, &text, err);
	if (ret)
		return ret;
	return strcmp(to, "sample-text") != 0 ? write_sample_form(c, to, &text, err)
					      : write_text(c, &text, err);
}

static int to_afdo(struct conversion *c, const char *to, struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = find_binary(c, err);

	if (!ret)
		ret = write_lines(
			c, strcmp(to, "afdo-1") != 0 ? SAMPLE_LINES_AFDO_2 : SAMPLE_LINES_AFDO_1,
			&out, err);
	return ret ? ret : write_text(c, &out, err);
}

/* What falls through between branches, perf2bolt knows: it takes the code apart. */
static int by_perf2bolt(struct conversion *c, struct pgo_err *err)
{
	const struct convert_tool tool = { .llvm_major = c->opts->llvm_major,
					   .binary = c->target.path };
	unsigned major = convert_tool_major("perf2bolt", tool.llvm_major);
	PGO_AUTO(strbuf) in = STRBUF_INIT;
	int ret = samples_write_preaggregated(&c->samples, &c->target, major ? major : NEWEST_LLVM,
					      &in, &c->done, err);

	if (!ret)
		ret = check(c, err);
	return ret ? ret : convert_by_perf2bolt(&tool, &in, c->output, err);
}

static int to_fdata(struct conversion *c, const char *to, struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = find_binary(c, err);

	(void)to;
	if (ret)
		return ret;
	if (c->samples.tally.branch_entries)
		return by_perf2bolt(c, err);
	ret = samples_write_fdata(&c->samples, &c->target, &out, &c->done, err);
	if (!ret)
		ret = check(c, err);
	return ret ? ret : write_text(c, &out, err);
}

static const struct form {
	const char *name;
	bool stacks; /* needs call stacks */
	bool shared; /* counters are converted to it as well */
	int (*convert)(struct conversion *c, const char *to, struct pgo_err *err);
} forms[] = {
	{ "unsymbolized", false, false, to_unsymbolized },
	{ "preaggregated", false, false, to_preaggregated },
	{ "collapsed", true, false, to_collapsed },
	{ "sample-text", false, true, to_sample },
	{ "sample-binary", false, true, to_sample },
	{ "sample-extbinary", false, true, to_sample },
	{ "afdo-1", false, true, to_afdo },
	{ "afdo-2", false, true, to_afdo },
	{ "fdata", false, true, to_fdata },
};

static const struct form *find_form(const char *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].name, to))
			return &forms[i];
	return NULL;
}

bool convert_is_of_samples(const char *input, const char *to)
{
	const struct form *form = find_form(to);

	return form && (!form->shared || prof_has_samples(input));
}

int convert_samples(const char *input, const char *to, const struct convert_samples_opts *opts,
		    const char *output, struct sample_written *ret, struct strvec *warnings,
		    struct pgo_err *err)
{
	PGO_AUTO(conversion) c = CONVERSION_INIT;
	const struct form *form = find_form(to);
	const struct samples_opts read = { .stacks = form && form->stacks };
	int r;

	if (!form)
		return pgo_error(err, PGO_EUSAGE, "a recording cannot become %s", to);
	c.opts = opts;
	c.input = input;
	c.output = output;
	r = read_input(&c, &read, err);
	if (!r)
		r = form->convert(&c, to, err);
	if (r)
		return r;
	*ret = c.done;
	strvec_pushv(warnings, c.samples.warnings.v);
	return 0;
}
