/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiler is asked to do, really: build, run, merge, optimize, by each technique. */
#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/bolt-tool.h"
#include "pgo/core/convert-samples.h"
#include "pgo/core/doctor-checks.h"
#include "pgo/core/sampling-convert.h"

static int try_build(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err)
{
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret = shop_build(s, STAGE_BASELINE, TECHNIQUE_INSTRUMENT, NULL, &said, err);

	if (!ret)
		ret = shop_run_program(s, SHOP_PROGRAM, NULL, &s->said, err);
	if (!ret)
		strbuf_addstr(what, s->toolchain->version.version);
	return ret;
}

/* What the compiler says of a profile that it does not like. */
static int check_warnings(const struct doctor_shop *s, const char *said, struct pgo_err *err)
{
	const char *at = strstr(said, "warning:");
	PGO_AUTO_FREE char *line = NULL, *where = xstrfmt("%s/", s->dir);
	char *dir;

	if (!at)
		return 0;
	line = xstrndup(at, strcspn(at, "\r\n"));
	dir = strstr(line, where); /* it is gone when that is read */
	if (dir)
		memmove(dir, dir + strlen(where), strlen(dir + strlen(where)) + 1);
	return pgo_error(err, PGO_EMISMATCH, "%s", line);
}

static int optimize(const struct doctor_shop *s, enum technique technique, const char *profile,
		    struct pgo_err *err)
{
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret = shop_build(s, STAGE_OPTIMIZED, technique, profile, &said, err);

	if (!ret && technique == TECHNIQUE_INSTRUMENT)
		ret = check_warnings(s, said.buf, err);
	return ret ? ret : shop_compare(s, SHOP_PROGRAM, NULL, err);
}

static int try_instrument(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err)
{
	const struct prof_format *format = prof_format_find(s->compiler->raw_format, NULL);
	PGO_AUTO_FREE char *out = fs_join(s->dir, "merged"), *profile = NULL;
	PGO_AUTO(strvec) env = STRVEC_INIT;
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret = shop_build(s, STAGE_INSTRUMENTED, TECHNIQUE_INSTRUMENT, NULL, &said, err);

	if (!ret)
		ret = fs_mkdir_p(s->raw, err);
	if (!ret)
		ret = s->compiler->run_env(s->raw, false, &env, err);
	if (!ret)
		ret = shop_compare(s, SHOP_PROGRAM, &env, err);
	if (!ret)
		ret = shop_merge(format, s->raw, s->toolchain->version.llvm_major, out, &profile,
				 err);
	if (!ret)
		ret = optimize(s, TECHNIQUE_INSTRUMENT, profile, err);
	if (!ret)
		strbuf_addstr(what, s->compiler->raw_format);
	return ret;
}

/* A tenth of a second: some hundred samples. */
#define MANY_CALLS 30000000u

static int record(const struct doctor_shop *s, const char *recording, struct pgo_err *err)
{
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;

	sampler_wrap(&s->recorder->sampler, recording, &c.argv, &c.env);
	strvec_push(&c.argv, "./" SHOP_PROGRAM);
	strvec_pushf(&c.argv, "%u", MANY_CALLS);
	return shop_run(s, "cannot record the program", &c, &said, err);
}

static int convert(struct doctor_shop *s, const char *recording, const char *profile,
		   struct pgo_err *err)
{
	static const struct samples_opts so;
	PGO_AUTO_FREE char *binary = fs_join(s->dir, SHOP_PROGRAM);
	const struct convert_samples_opts opts = {
		.images = { .binary = binary },
		.llvm_major = s->toolchain->version.llvm_major,
	};
	PGO_AUTO(samples) found = { 0 };
	PGO_AUTO(strvec) warnings = STRVEC_INIT;
	struct sample_written written;
	const char *form;
	int ret = prof_read_samples(recording, &so, &found, err);

	s->has_branches = !ret && found.tally.branch_entries;
	if (!ret)
		ret = sampling_form(&s->toolchain->version, &form, err);
	if (!ret)
		ret = convert_samples(recording, form, &opts, profile, &written, &warnings, err);
	return ret;
}

static int try_sample(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err)
{
	const struct doctor_recorder *r = s->recorder;
	PGO_AUTO_FREE char *recording = fs_join(s->dir, "recording");
	PGO_AUTO_FREE char *profile = fs_join(s->dir, "samples");
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret;

	if (!r->can) {
		pgo_error(err, r->why.code, "%s", r->why.msg);
		return r->why.hint ? pgo_err_hint(err, "%s", r->why.hint) : -(int)r->why.code;
	}
	ret = shop_build(s, STAGE_BASELINE, TECHNIQUE_SAMPLE, NULL, &said, err);
	if (!ret)
		ret = record(s, recording, err);
	if (!ret)
		ret = convert(s, recording, profile, err);
	if (!ret)
		ret = optimize(s, TECHNIQUE_SAMPLE, profile, err);
	if (!ret)
		strbuf_addstr(what, r->sampler.choice.event);
	return ret;
}

static int try_branches(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err)
{
	const struct collect_choice *c = &s->recorder->sampler.choice;

	if (s->has_branches) {
		strbuf_addstr(what, c->source);
		return 0;
	}
	if (c->branches || !c->notes.nr)
		return pgo_error(err, PGO_EUNSUP, "the recording has no branch stacks");
	pgo_error(err, PGO_EUNSUP, "%s", c->notes.v[0]);
	return pgo_err_hint(err, "%s", DOCTOR_WITHOUT_BRANCHES);
}

static int run_bolt(const struct doctor_shop *s, const struct bolt_tool *tool, bool counters,
		    const char *output, const char *profile, struct pgo_err *err)
{
	PGO_AUTO_FREE char *in = fs_join(s->dir, SHOP_PROGRAM), *out = fs_join(s->dir, output);
	const struct postlink_job job = { tool->path, tool->major, in, out, profile, 0 };
	PGO_AUTO_FREE char *package = NULL;
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	int ret;

	if (counters)
		tool->driver->instrument(&job, &c.argv);
	else
		tool->driver->optimize(&job, &c.argv);
	ret = shop_run(s, "llvm-bolt cannot work on the program", &c, &said, err);
	if (ret != -PGO_ECHILD)
		return ret;
	package = counters ? tool->driver->runtime_package(tool->major)
			   : tool->driver->package(tool->major);
	return package ? pgo_err_hint(err, "sudo apt-get install --reinstall %s", package) : ret;
}

static int try_bolt(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err)
{
	const struct prof_format *format = prof_format_find("fdata", NULL);
	PGO_AUTO_FREE char *raw = fs_join(s->dir, "bolt"), *left = fs_join(raw, SHOP_PROGRAM);
	PGO_AUTO_FREE char *out = fs_join(s->dir, "merged"), *profile = NULL;
	PGO_AUTO(bolt_tool) tool = BOLT_TOOL_INIT;
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret = bolt_tool_find_major(s->toolchain->version.llvm_major, &tool, err);

	if (!ret)
		ret = shop_build(s, STAGE_PREBOLT, TECHNIQUE_BOLT, NULL, &said, err);
	if (!ret)
		ret = fs_mkdir_p(raw, err);
	if (!ret)
		ret = run_bolt(s, &tool, true, "counting", left, err);
	if (!ret)
		ret = shop_compare(s, "counting", NULL, err);
	if (!ret)
		ret = shop_merge(format, raw, 0, out, &profile, err);
	if (!ret)
		ret = run_bolt(s, &tool, false, "laid-out", profile, err);
	if (!ret)
		ret = shop_compare(s, "laid-out", NULL, err);
	if (!ret)
		strbuf_addf(what, "llvm-bolt %u", tool.major);
	return ret;
}

/* What a try rests on: without it it is not made, which is said. */
#define NEEDS_NOTHING DOCTOR_NR_TRIES

static const struct {
	const char *name;
	enum doctor_try needs;
	bool slow; /* left out when it is to be quick */
	int (*run)(struct doctor_shop *s, struct strbuf *what, struct pgo_err *err);
} tries[DOCTOR_NR_TRIES] = {
	[DOCTOR_BUILD] = { "build", NEEDS_NOTHING, false, try_build },
	[DOCTOR_INSTRUMENT] = { "instrument", DOCTOR_BUILD, false, try_instrument },
	[DOCTOR_SAMPLE] = { "sample", DOCTOR_BUILD, false, try_sample },
	[DOCTOR_BRANCHES] = { "branches", DOCTOR_SAMPLE, false, try_branches },
	[DOCTOR_BOLT] = { "bolt", DOCTOR_BUILD, true, try_bolt },
};

const char *doctor_try_name(enum doctor_try t)
{
	return tries[t].name;
}

static int try_one(struct doctor_shop *s, struct doctor_toolchain *t, enum doctor_try n,
		   struct pgo_err *err)
{
	struct doctor_finding *f = &t->tries[n];
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	PGO_AUTO(strbuf) what = STRBUF_INIT;
	int ret;

	if (tries[n].needs != NEEDS_NOTHING && t->tries[tries[n].needs].answer != DOCTOR_YES) {
		strbuf_addf(&what, "'%s' does not work", tries[tries[n].needs].name);
		doctor_answer(f, DOCTOR_UNKNOWN, what.buf, NULL);
		return 0;
	}
	if (tries[n].slow && s->opts->quick) {
		doctor_answer(f, DOCTOR_UNKNOWN, "left out by --quick", NULL);
		return 0;
	}
	ret = tries[n].run(s, &what, &why);
	if (ret == -PGO_ECANCELLED)
		return pgo_error(err, PGO_ECANCELLED, "%s", why.msg);
	doctor_settle(f, ret, what.buf, &why);
	return 0;
}

int doctor_try_all(struct doctor_shop *s, const struct doctor_opts *opts,
		   struct doctor_recorder *recorder, struct doctor_toolchain *t, const char *dir,
		   struct pgo_err *err)
{
	const bool known = t->version.family;
	int ret = 0;

	s->opts = opts;
	s->recorder = recorder;
	s->toolchain = t;
	s->compiler = known ? compiler_find(&t->version) : NULL;
	if (s->compiler)
		ret = shop_prepare(s, dir, err);
	/* Of one that is not known the first answer is there already. */
	for (enum doctor_try n = known ? 0 : 1; !ret && n < DOCTOR_NR_TRIES; n++)
		ret = try_one(s, t, n, err);
	return ret;
}

int doctor_try_pair(struct doctor_shop *to, const struct doctor_shop *from,
		    struct doctor_finding *f, struct pgo_err *err)
{
	const struct prof_format *format = prof_format_find(from->compiler->raw_format, NULL);
	PGO_AUTO_FREE char *out = fs_join(to->dir, "foreign"), *profile = NULL;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int ret = shop_merge(format, from->raw, to->toolchain->version.llvm_major, out, &profile,
			     &why);

	if (!ret)
		ret = optimize(to, TECHNIQUE_INSTRUMENT, profile, &why);
	if (ret == -PGO_ECANCELLED)
		return pgo_error(err, PGO_ECANCELLED, "%s", why.msg);
	/* One that will not take another's, as GCC, takes its own. */
	if (ret && !why.hint)
		pgo_err_hint(&why, "pgoctl collect --cc %s", to->toolchain->names.v[0]);
	doctor_settle(f, ret, NULL, &why);
	return 0;
}
