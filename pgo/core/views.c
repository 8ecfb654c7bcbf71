/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/views.h"

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/store.h"
#include "profiles/format.h"

void profile_views_release(struct profile_views *v)
{
	for (size_t i = 0; i < v->nr; i++) {
		free(v->items[i].name);
		profile_release(&v->items[i].model);
	}
	free(v->items);
	bundle_release(&v->bundle);
	*v = (struct profile_views)PROFILE_VIEWS_INIT;
}

static int add_view(struct profile_views *v, const char *file, const char *name,
		    unsigned llvm_major, struct pgo_err *err)
{
	const struct prof_read_opts opts = { .llvm_major = llvm_major };
	struct profile_view *view = &v->items[v->nr];
	const struct prof_format *format;
	int ret = prof_identify(file, &format, err);

	*view = (struct profile_view){ .model = PROFILE_INIT };
	if (!ret)
		ret = prof_read(file, &opts, &view->model, err);
	if (ret) {
		profile_release(&view->model);
		return ret;
	}
	view->name = xstrdup(name);
	view->format = format->name;
	v->nr++;
	return 0;
}

static int open_bundle(const char *path, unsigned llvm_major, struct profile_views *v,
		       struct pgo_err *err)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret)
		ret = bundle_read(path, dir.path, &v->bundle, err);
	if (ret)
		return ret;
	v->is_bundle = true;
	v->items = xcalloc(v->bundle.nr_payloads, sizeof(*v->items));
	for (size_t i = 0; !ret && i < v->bundle.nr_payloads; i++) {
		const char *name = v->bundle.payloads[i].path;
		PGO_AUTO_FREE char *file = fs_join(dir.path, name);

		ret = add_view(v, file, name, llvm_major, err);
	}
	return ret;
}

int profile_views_open(const char *path, unsigned llvm_major, struct profile_views *ret,
		       struct pgo_err *err)
{
	PGO_AUTO(profile_views) v = PROFILE_VIEWS_INIT;
	PGO_AUTO_FREE char *file = NULL;
	int status = store_locate(path, NULL, NULL, &file, err);

	if (status)
		return status;
	if (bundle_is(file)) {
		status = open_bundle(file, llvm_major, &v, err);
	} else {
		v.items = xcalloc(1, sizeof(*v.items));
		status = add_view(&v, file, path, llvm_major, err);
	}
	if (status)
		return status;
	*ret = v;
	v = (struct profile_views)PROFILE_VIEWS_INIT;
	return 0;
}

const struct profile_view *
profile_views_counterpart(const struct profile_views *v, const struct profile_view *x)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->items[i].model.kind == x->model.kind)
			return &v->items[i];
	return NULL;
}
