/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/sampling-convert.h"

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/convert-samples.h"
#include "profiles/format.h"

/* auto-profile.c of GCC: version 1 until 11, 2 from 12 on; 16 reads another one. */
int sampling_form(const struct tool_version *cc, const char **ret, struct pgo_err *err)
{
	if (cc->llvm_major)
		*ret = "sample-extbinary";
	else if (cc->major <= 11)
		*ret = "afdo-1";
	else if (cc->major <= 15)
		*ret = "afdo-2";
	else
		return pgo_error(err, PGO_EUNSUP,
				 "the sample profiles that %s %s reads are not written here",
				 cc->family, cc->version);
	return 0;
}

/* As many as a run of a quarter of a second leaves. */
#define FEW_SAMPLES 1000

/* One conversion at work. */
struct session {
	const struct project *p;
	const struct stage *stage;
	const struct sampler *sampler;
	struct training *t;
	const char *to, *dir;
	struct strvec told; /* warnings: each once */
	size_t nr;
};

static uint64_t samples_in(const struct samples *s, const char *path)
{
	uint64_t ret = 0;

	for (size_t i = 0; i < s->nr_binaries; i++)
		if (!strcmp(s->binaries[i].path, path))
			ret += s->binaries[i].samples + s->binaries[i].branch_entries;
	return ret;
}

/* The binary that has most of the samples; NULL: none has any. */
static const struct sample_binary *busiest(const struct samples *s)
{
	const struct sample_binary *ret = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < s->nr_binaries; i++)
		if (s->binaries[i].samples > most) {
			ret = &s->binaries[i];
			most = ret->samples;
		}
	return ret;
}

static void tell_once(struct session *s, const char *text)
{
	if (strvec_has(&s->told, text))
		return;
	strvec_push(&s->told, text);
	log_warn("%s", text);
}

/* binary NULL: the one that has most of the samples. */
static int convert_one(struct session *s, const char *recording, const char *binary,
		       struct strvec *files, struct pgo_err *err)
{
	const struct convert_samples_opts opts = {
		.images = { .binary = binary,
			    .debug = s->sampler->debug,
			    .allow_mismatch = s->sampler->allow_mismatch },
		.llvm_major = s->p->cc.llvm_major,
	};
	PGO_AUTO_FREE char *output = xstrfmt("%s/%zu", s->dir, s->nr++);
	PGO_AUTO(strvec) warnings = STRVEC_INIT;
	struct sample_written written;
	int ret = convert_samples(recording, s->to, &opts, output, &written, &warnings, err);

	for (size_t i = 0; i < warnings.nr; i++)
		tell_once(s, warnings.v[i]);
	if (!ret)
		strvec_push(files, output);
	return ret;
}

static int convert_wanted(struct session *s, const char *recording, const struct samples *found,
			  struct strvec *files, struct pgo_err *err)
{
	int ret = 0;

	if (!s->stage || s->sampler->binary)
		return convert_one(s, recording, s->sampler->binary, files, err);
	for (size_t i = 0; !ret && i < s->stage->artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s->stage->out, s->stage->artifacts.v[i]);

		if (samples_in(found, path))
			ret = convert_one(s, recording, path, files, err);
	}
	return ret;
}

/* The event is what was recorded: perf takes another one where it cannot have that asked for. */
static void note_event(struct session *s, const struct samples *found)
{
	const struct sample_event *most = NULL;

	for (size_t i = 0; i < found->nr_events; i++)
		if (!most || found->events[i].samples > most->samples)
			most = &found->events[i];
	if (!most || !most->samples)
		return;
	if (!s->t->event)
		s->t->event = xstrdup(most->name);
	s->t->branch_entries += most->branch_entries;
}

static int convert_run(struct session *s, struct training_run *run, struct strbuf *where,
		       struct pgo_err *err)
{
	static const struct samples_opts opts;
	PGO_AUTO(samples) found = { 0 };
	PGO_AUTO(strvec) files = STRVEC_INIT;
	const struct sample_binary *most;
	int ret = prof_read_samples(run->files.v[0], &opts, &found, err);

	if (ret)
		return ret;
	run->samples = found.tally.samples;
	run->lost = found.lost;
	note_event(s, &found);
	most = busiest(&found);
	if (run->samples)
		ret = convert_wanted(s, run->files.v[0], &found, &files, err);
	if (ret)
		return ret;
	if (!files.nr && most)
		strbuf_addf(where, "%s%s", where->len ? ", " : "", most->path);
	strvec_release(&run->files);
	run->files = files;
	files = (struct strvec)STRVEC_INIT;
	return 0;
}

static int nothing(const struct session *s, const struct training_workload *tw, const char *where,
		   uint64_t samples, struct pgo_err *err)
{
	if (!samples) {
		pgo_error(err, PGO_ECHILD, "the recording of workload '%s' has no samples",
			  tw->workload->name);
		return pgo_err_hint(err,
				    "let it work for longer (repeat, --duration), or sample "
				    "more often: --rate %llu",
				    (unsigned long long)(s->sampler->choice.rate_hz
								 ? 4 * s->sampler->choice.rate_hz
								 : 20000));
	}
	pgo_error(err, PGO_ECHILD,
		  "none of the %llu samples of workload '%s' is in an artifact of the build",
		  (unsigned long long)samples, tw->workload->name);
	return pgo_err_hint(err,
			    "most are in '%s'; let the workload run an artifact below $PGO_OUT, "
			    "or name the program: --binary FILE",
			    where);
}

static int convert_workload(struct session *s, struct training_workload *tw, struct pgo_err *err)
{
	PGO_AUTO(strbuf) where = STRBUF_INIT;
	uint64_t samples = 0, lost = 0;
	size_t nr_files = 0;
	int ret = 0;

	for (size_t n = 0; !ret && n < tw->nr_runs; n++) {
		ret = convert_run(s, &tw->runs[n], &where, err);
		samples += tw->runs[n].samples;
		lost += tw->runs[n].lost;
		nr_files += ret ? 0 : tw->runs[n].files.nr;
	}
	if (ret)
		return pgo_err_prefix(err, "workload '%s'", tw->workload->name);
	if (!nr_files)
		return nothing(s, tw, where.buf, samples, err);
	if (samples < FEW_SAMPLES)
		log_warn(
			"workload '%s' has only %llu samples, which find no more than its hottest "
			"code: let it work for longer, or take more a second (--rate)",
			tw->workload->name, (unsigned long long)samples);
	if (lost)
		log_warn(
			"workload '%s': %llu samples were lost beside %llu that were kept: take "
			"fewer a second (--rate)",
			tw->workload->name, (unsigned long long)lost, (unsigned long long)samples);
	return 0;
}

int sampling_convert(const struct project *p, const struct stage *stage, struct training *t,
		     const char *dir, struct pgo_err *err)
{
	struct session s = { .p = p,
			     .stage = stage,
			     .sampler = t->sampler,
			     .t = t,
			     .dir = dir,
			     .to = t->sampler->to,
			     .told = STRVEC_INIT };
	int ret = s.to ? 0 : sampling_form(&p->cc, &s.to, err);

	for (size_t i = 0; !ret && i < t->nr_workloads; i++)
		ret = convert_workload(&s, &t->workloads[i], err);
	if (!ret && t->sampler->choice.branches && !t->branch_entries)
		log_warn("branch stacks were asked for, but the recordings have none");
	strvec_release(&s.told);
	return ret;
}
