/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest in memory: what it owns. */
#include "pgo/core/bundle.h"

static void workload_release(struct bundle_workload *w)
{
	free(w->name);
	free(w->run);
	free(w->sha256);
}

void bundle_payload_release(struct bundle_payload *p)
{
	free(p->path);
	free(p->format);
	free(p->version);
	free(p->sha256);
}

void bundle_clear_watched(struct bundle *b)
{
	for (size_t i = 0; i < b->watch.nr_files; i++)
		free(b->watch.files[i].path);
	FREE_AND_NULL(b->watch.files);
	b->watch.nr_files = 0;
}

static void release_merged(struct bundle *b)
{
	for (size_t i = 0; i < b->nr_inputs; i++) {
		free(b->inputs[i].path);
		free(b->inputs[i].format);
		free(b->inputs[i].sha256);
	}
	for (size_t i = 0; i < b->nr_lost; i++) {
		free(b->lost[i].path);
		free(b->lost[i].moved_to);
		free(b->lost[i].reason);
	}
	free(b->inputs);
	free(b->lost);
	bundle_clear_watched(b);
	free(b->watch.folder);
}

void bundle_release(struct bundle *b)
{
	release_merged(b);
	for (size_t i = 0; i < b->nr_workloads; i++)
		workload_release(&b->workloads[i]);
	for (size_t i = 0; i < b->nr_payloads; i++)
		bundle_payload_release(&b->payloads[i]);
	for (size_t i = 0; i < b->nr_artifacts; i++) {
		free(b->artifacts[i].path);
		free(b->artifacts[i].build_id);
	}
	free(b->artifacts);
	free(b->workloads);
	free(b->payloads);
	free(b->tool);
	free(b->family);
	free(b->version);
	free(b->banner);
	free(b->target);
	free(b->technique);
	free(b->sampling.recorder);
	free(b->sampling.event);
	strvec_release(&b->cflags);
	free(b->source_sha256);
	free(b->commit);
	free(b->work_root);
	free(b->machine);
	*b = (struct bundle)BUNDLE_INIT;
}

struct bundle_artifact *bundle_add_artifact(struct bundle *b)
{
	b->artifacts = xrealloc_array(b->artifacts, b->nr_artifacts + 1, sizeof(*b->artifacts));
	b->artifacts[b->nr_artifacts] = (struct bundle_artifact){ 0 };
	return &b->artifacts[b->nr_artifacts++];
}

struct bundle_workload *bundle_add_workload(struct bundle *b)
{
	b->workloads = xrealloc_array(b->workloads, b->nr_workloads + 1, sizeof(*b->workloads));
	b->workloads[b->nr_workloads] = (struct bundle_workload){ .weight = 1 };
	return &b->workloads[b->nr_workloads++];
}

double bundle_workload_share(const struct bundle *b, size_t i)
{
	double sum = 0;

	for (size_t j = 0; j < b->nr_workloads; j++)
		sum += b->workloads[j].weight * (double)b->workloads[j].stats.total_count;
	return sum > 0 ? b->workloads[i].weight * (double)b->workloads[i].stats.total_count / sum
		       : 0;
}

struct bundle_payload *bundle_add_payload(struct bundle *b)
{
	b->payloads = xrealloc_array(b->payloads, b->nr_payloads + 1, sizeof(*b->payloads));
	b->payloads[b->nr_payloads] = (struct bundle_payload){ 0 };
	return &b->payloads[b->nr_payloads++];
}

struct bundle_input *bundle_add_input(struct bundle *b)
{
	b->inputs = xrealloc_array(b->inputs, b->nr_inputs + 1, sizeof(*b->inputs));
	b->inputs[b->nr_inputs] = (struct bundle_input){ .weight = 1 };
	return &b->inputs[b->nr_inputs++];
}

struct bundle_lost *bundle_add_lost(struct bundle *b)
{
	b->lost = xrealloc_array(b->lost, b->nr_lost + 1, sizeof(*b->lost));
	b->lost[b->nr_lost] = (struct bundle_lost){ .offset = -1 };
	return &b->lost[b->nr_lost++];
}

struct bundle_watched *bundle_add_watched(struct bundle *b)
{
	struct bundle_watch *w = &b->watch;

	w->files = xrealloc_array(w->files, w->nr_files + 1, sizeof(*w->files));
	w->files[w->nr_files] = (struct bundle_watched){ 0 };
	return &w->files[w->nr_files++];
}
