/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/sampling-overhead.h"

#include "pgo/base/mem.h"
#include "pgo/core/json.h"

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sampling_overhead_of(const uint64_t (*cpu_ns)[2], unsigned pairs,
			  struct sampling_overhead *ret)
{
	PGO_AUTO_FREE double *more = xcalloc(pairs, sizeof(*more));

	for (unsigned i = 0; i < pairs; i++)
		more[i] = cpu_ns[i][0] ? (double)cpu_ns[i][1] / (double)cpu_ns[i][0] - 1 : 0;
	qsort(more, pairs, sizeof(*more), by_value);
	ret->pairs = pairs;
	ret->least = more[0];
	ret->most = more[pairs - 1];
	ret->median = (more[(pairs - 1) / 2] + more[pairs / 2]) / 2;
}

json_t *sampling_overhead_json(const struct sampling_overhead *v)
{
	json_t *o;

	if (!v->pairs)
		return json_null();
	o = json_object();
	json_object_set_new(o, "pairs", js_u64(v->pairs));
	json_object_set_new(o, "median", json_real(v->median));
	json_object_set_new(o, "least", json_real(v->least));
	json_object_set_new(o, "most", json_real(v->most));
	json_object_set_new(o, "recorder_ns", js_u64(v->recorder_ns));
	return o;
}

void sampling_overhead_take(const json_t *o, struct sampling_overhead *ret, bool *ok)
{
	struct sampling_overhead v;
	bool whole = true;

	if (json_is_null(o))
		return;
	v.pairs = (unsigned)js_get_u64(o, "pairs", &whole);
	v.median = js_get_double(o, "median", &whole);
	v.least = js_get_double(o, "least", &whole);
	v.most = js_get_double(o, "most", &whole);
	v.recorder_ns = js_get_u64(o, "recorder_ns", &whole);
	if (whole)
		*ret = v;
	*ok &= whole;
}
