/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/cmd/cmd.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/core/views.h"
#include "pgo/report/show.h"

struct options {
	bool json, detail;
	const char *function;
	unsigned top, llvm;
};

static const struct opt opts[] = {
	{ OPT_UINT, 't', "top", "N", "hottest functions or binaries to list (default: 10)",
	  offsetof(struct options, top) },
	{ OPT_FLAG, 'd', "detail", NULL, "with every count and value of those functions",
	  offsetof(struct options, detail) },
	{ OPT_STR, 0, "function", "NAME", "every count of functions with NAME in their names",
	  offsetof(struct options, function) },
	{ OPT_UINT, 0, "llvm", "MAJOR", "read with this LLVM's library (default: the newest)",
	  offsetof(struct options, llvm) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

struct answer {
	const struct options *o;
	struct strbuf text;
	json_t *json;
};

static void add_view(struct answer *a, const struct profile_view *view)
{
	const struct options *o = a->o;
	bool detail = o->detail || o->function;
	json_t *one;

	if (!a->json) {
		if (a->text.len)
			strbuf_addch(&a->text, '\n');
		show_profile(&view->model, view->name, o->function ? 0 : o->top, &a->text);
		if (detail)
			show_functions(&view->model, o->function, o->top, &a->text);
		return;
	}
	one = show_profile_json(&view->model, view->name, o->function ? 0 : o->top);
	if (detail)
		json_object_set_new(one, "details",
				    show_functions_json(&view->model, o->function, o->top));
	if (!json_object_get(a->json, "profiles"))
		json_object_set_new(a->json, "profiles", json_array());
	json_array_append_new(json_object_get(a->json, "profiles"), one);
}

static json_t *shares_json(const struct bundle *b)
{
	json_t *o = json_object();

	for (size_t i = 0; i < b->nr_workloads; i++)
		json_object_set_new(o, b->workloads[i].name,
				    json_real(bundle_workload_share(b, i)));
	return o;
}

static int check_function(const struct profile_views *v, const char *name, struct pgo_err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < v->nr && !found; i++) {
		size_t nr = 1;
		PGO_AUTO_FREE const struct prof_func **one =
			profile_hottest(&v->items[i].model, name, &nr);

		found += nr;
	}
	return found ? 0 : pgo_error(err, PGO_ENOTFOUND, "no function has '%s' in its name", name);
}

static int add_recording(struct answer *a, const char *path, struct pgo_err *err)
{
	const struct samples_opts so = { .addresses = true };
	PGO_AUTO(samples) s = { 0 };
	int ret;

	if (a->o->detail || a->o->function)
		return pgo_error(err, PGO_EUSAGE,
				 "'%s' is a recording: it has addresses, no functions to detail",
				 path);
	ret = prof_read_samples(path, &so, &s, err);
	if (ret)
		return ret;
	if (a->o->json)
		a->json = show_samples_json(&s, path);
	else
		show_samples(&s, path, a->o->top, &a->text);
	return 0;
}

static int add_views(struct answer *a, const char *path, struct pgo_err *err)
{
	PGO_AUTO(profile_views) v = PROFILE_VIEWS_INIT;
	int ret = profile_views_open(path, a->o->llvm, &v, err);

	if (!ret && a->o->function)
		ret = check_function(&v, a->o->function, err);
	if (ret)
		return ret;
	if (a->o->json) {
		a->json = json_object();
		json_object_set_new(a->json, "schema", json_integer(REPORT_SCHEMA));
		json_object_set_new(a->json, "path", js_string(path));
	}
	if (v.is_bundle && a->json) {
		json_object_set_new(a->json, "manifest", manifest_json(&v.bundle));
		json_object_set_new(a->json, "workload_shares", shares_json(&v.bundle));
	} else if (v.is_bundle) {
		show_bundle(&v.bundle, path, &a->text);
	}
	for (size_t i = 0; i < v.nr; i++)
		add_view(a, &v.items[i]);
	return 0;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .top = 10 };
	struct answer a = { .o = &o, .text = STRBUF_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_show, nr, 1, 1);
	if (!ret)
		ret = prof_has_samples(argv[1]) ? add_recording(&a, argv[1], ctx->err)
						: add_views(&a, argv[1], ctx->err);
	if (!ret && !(o.json ? cmd_print_json(ctx, json_incref(a.json)) : cmd_print(ctx, &a.text)))
		ret = -(int)ctx->err->code;
	json_decref(a.json);
	strbuf_release(&a.text);
	return ret;
}

const struct cmd cmd_show = {
	.name = "show",
	.summary = "tell what is in a profile or a recording: functions, counts, samples",
	.usage = "[options] PROFILE",
	.opts = opts,
	.run = run,
};
