/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/train-waits.h"

#include "pgo/base/log.h"

void training_watch_json(json_t *o, const struct training_run *run)
{
	if (!run->has_watch)
		return;
	json_object_set_new(o, "metrics", run_metrics_json(&run->watch.metrics));
	json_object_set_new(o, "lone", json_boolean(run->watch.lone));
	json_object_set_new(o, "outlived_by", js_u64(run->watch.nr_alive));
	json_object_set_new(o, "cpu_limit", evidence_limit_json(run->cpu_limit));
	json_object_set_new(o, "memory_limit", evidence_limit_json(run->memory_limit));
}

void training_watch_take(const json_t *o, struct training_run *run)
{
	bool ok = true;

	run->watch.lone = json_is_true(json_object_get(o, "lone"));
	run->watch.nr_alive = (unsigned)js_get_u64(o, "outlived_by", &ok);
	run->has_watch = ok &&
			 run_metrics_take(json_object_get(o, "metrics"), &run->watch.metrics) &&
			 evidence_take_limit(o, "cpu_limit", &run->cpu_limit) &&
			 evidence_take_limit(o, "memory_limit", &run->memory_limit);
}

void training_tell_waits(const struct project *p, const char *folder, const struct training *t)
{
	for (size_t i = 0; i < t->nr_workloads; i++) {
		const struct training_workload *tw = &t->workloads[i];
		bool told = false;

		for (size_t n = 0; n < tw->nr_runs; n++) {
			const struct training_run *run = &tw->runs[n];
			PGO_AUTO(strbuf) text = STRBUF_INIT;
			/* A recorder waits, too, and a server does for its load. */
			const bool judged = !t->sampler && !tw->workload->drive;
			struct waits waits;

			if (!run->has_watch)
				continue;
			waits = waits_of(&run->watch);
			if (p->waits)
				waits_list_add(p->waits,
					       &(struct waited){ .stage = folder,
								 .workload = tw->workload->name,
								 .run = (unsigned)n,
								 .metrics = run->watch.metrics,
								 .cpu_limit = run->cpu_limit,
								 .memory_limit = run->memory_limit,
								 .unsaved = run->nr_unsaved,
								 .judged = judged,
								 .waits = waits });
			if (told || !judged || !waits_tell(&waits, &text))
				continue;
			log_warn("workload '%s' %s", tw->workload->name, text.buf);
			told = true;
		}
	}
}
