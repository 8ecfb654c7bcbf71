/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/doctor.h"

#include "pgo/base/fs.h"
#include "pgo/base/progress.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/doctor-checks.h"

const char *doctor_answer_name(enum doctor_answer a)
{
	static const char *const names[] = {
		[DOCTOR_UNKNOWN] = "not measured",
		[DOCTOR_YES] = "yes",
		[DOCTOR_NO] = "no",
		[DOCTOR_INFO] = "info",
	};

	return names[a];
}

void doctor_finding_release(struct doctor_finding *f)
{
	free(f->what);
	free(f->mend);
	*f = (struct doctor_finding){ 0 };
}

void doctor_answer(struct doctor_finding *f, enum doctor_answer a, const char *what,
		   const char *mend)
{
	doctor_finding_release(f);
	f->answer = a;
	f->what = what ? xstrdup(what) : NULL;
	f->mend = mend ? xstrdup(mend) : NULL;
}

void doctor_settle(struct doctor_finding *f, int ret, const char *what, const struct pgo_err *err)
{
	if (ret)
		doctor_answer(f, DOCTOR_NO, err->msg, err->hint);
	else
		doctor_answer(f, DOCTOR_YES, what, NULL);
}

static void toolchain_release(struct doctor_toolchain *t)
{
	free(t->path);
	strvec_release(&t->names);
	tool_version_release(&t->version);
	for (size_t i = 0; i < DOCTOR_NR_TRIES; i++)
		doctor_finding_release(&t->tries[i]);
}

void doctor_release(struct doctor *d)
{
	for (size_t i = 0; i < d->nr_toolchains; i++)
		toolchain_release(&d->toolchains[i]);
	for (size_t i = 0; i < d->nr_pairs; i++)
		doctor_finding_release(&d->pairs[i].finding);
	for (size_t i = 0; i < d->nr_facts; i++)
		doctor_finding_release(&d->facts[i].finding);
	free(d->toolchains);
	free(d->pairs);
	free(d->facts);
	*d = (struct doctor)DOCTOR_INIT;
}

void doctor_recorder_release(struct doctor_recorder *r)
{
	sampler_release(&r->sampler);
	pgo_err_release(&r->why);
}

/* As a recording would be prepared, but nothing is told yet. */
static int find_recorder(const struct doctor_opts *opts, struct doctor_recorder *r,
			 struct pgo_err *err)
{
	struct sampler *s = &r->sampler;
	int ret = sampling_find_tool(s->collector, &s->machine, err);

	if (ret)
		return ret;
	sampling_probe(opts->ops, opts->root, s->collector, 0, &s->machine);
	r->can = !s->collector->preflight(&s->machine.facts, &s->wish, &s->choice, &r->why);
	return 0;
}

/* Each with each other one of its family. */
static void plan_pairs(struct doctor *d)
{
	d->pairs = xcalloc(d->nr_toolchains * d->nr_toolchains + 1, sizeof(*d->pairs));
	for (size_t from = 0; from < d->nr_toolchains; from++)
		for (size_t to = 0; to < d->nr_toolchains; to++) {
			const char *a = d->toolchains[from].version.family;
			const char *b = d->toolchains[to].version.family;

			if (from != to && a && b && !strcmp(a, b))
				d->pairs[d->nr_pairs++] =
					(struct doctor_pair){ .from = from, .to = to };
		}
}

static int try_pairs(struct doctor *d, struct doctor_shop *shops, struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < d->nr_pairs; i++) {
		struct doctor_pair *p = &d->pairs[i];
		const enum doctor_try try = DOCTOR_INSTRUMENT;

		progress_step(d->nr_toolchains, d->toolchains[p->to].names.v[0]);
		if (d->toolchains[p->from].tries[try].answer != DOCTOR_YES ||
		    d->toolchains[p->to].tries[try].answer != DOCTOR_YES)
			doctor_answer(&p->finding, DOCTOR_UNKNOWN,
				      "one of the two does not work by itself", NULL);
		else
			ret = doctor_try_pair(&shops[p->to], &shops[p->from], &p->finding, err);
	}
	return ret;
}

static int try_toolchains(const struct doctor_opts *opts, struct doctor_recorder *recorder,
			  struct doctor *d, struct pgo_err *err)
{
	PGO_AUTO(tempdir) tmp = TEMPDIR_INIT;
	struct doctor_shop *shops = xcalloc(d->nr_toolchains + 1, sizeof(*shops));
	int ret = tempdir_make(&tmp, NULL, err);

	for (size_t i = 0; i < d->nr_toolchains; i++)
		shops[i] = (struct doctor_shop)DOCTOR_SHOP_INIT;
	progress_start("doctor", d->nr_toolchains);
	for (size_t i = 0; !ret && i < d->nr_toolchains; i++) {
		PGO_AUTO_FREE char *dir = xstrfmt("%s/%zu", tmp.path, i);

		progress_step(i, d->toolchains[i].names.v[0]);
		ret = doctor_try_all(&shops[i], opts, recorder, &d->toolchains[i], dir, err);
	}
	if (!ret && !opts->quick) {
		plan_pairs(d);
		ret = try_pairs(d, shops, err);
	}
	progress_stop();
	for (size_t i = 0; i < d->nr_toolchains; i++)
		doctor_shop_release(&shops[i]);
	free(shops);
	return ret;
}

int doctor_run(const struct doctor_opts *opts, struct doctor *ret, struct pgo_err *err)
{
	PGO_AUTO(doctor_recorder) recorder = DOCTOR_RECORDER_INIT;
	PGO_AUTO(doctor) d = DOCTOR_INIT;
	int r = doctor_find(opts, &d, err);

	if (!r)
		r = find_recorder(opts, &recorder, err);
	if (!r)
		r = try_toolchains(opts, &recorder, &d, err);
	if (!r)
		r = doctor_look(opts, &recorder, &d, err);
	if (r)
		return r;
	*ret = d;
	d = (struct doctor)DOCTOR_INIT;
	return 0;
}

static bool has_technique(const struct doctor_toolchain *t)
{
	return t->tries[DOCTOR_INSTRUMENT].answer == DOCTOR_YES ||
	       t->tries[DOCTOR_SAMPLE].answer == DOCTOR_YES ||
	       t->tries[DOCTOR_BOLT].answer == DOCTOR_YES;
}

bool doctor_is_well(const struct doctor *d)
{
	size_t nr_well = 0;

	for (size_t i = 0; i < d->nr_toolchains; i++)
		nr_well += has_technique(&d->toolchains[i]);
	return nr_well && (!d->chosen || nr_well == d->nr_toolchains);
}
