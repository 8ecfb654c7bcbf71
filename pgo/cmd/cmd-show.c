/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/tempfile.h"
#include "pgo/base/fs.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/report/show.h"
#include "profiles/format.h"

struct options {
	bool json;
	unsigned top, llvm;
};

static const struct opt opts[] = {
	{ OPT_UINT, 't', "top", "N", "hottest functions to list (default: 10)",
	  offsetof(struct options, top) },
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

static int add_profile(struct answer *a, const char *file, const char *name, struct pgo_err *err)
{
	const struct prof_read_opts ro = { .llvm_major = a->o->llvm };
	PGO_AUTO(profile) model = PROFILE_INIT;
	int ret = prof_read(file, &ro, &model, err);

	if (ret)
		return ret;
	if (!a->json) {
		if (a->text.len)
			strbuf_addch(&a->text, '\n');
		show_profile(&model, name, a->o->top, &a->text);
		return 0;
	}
	if (!json_object_get(a->json, "profiles"))
		json_object_set_new(a->json, "profiles", json_array());
	json_array_append_new(json_object_get(a->json, "profiles"),
			      show_profile_json(&model, name, a->o->top));
	return 0;
}

static int add_bundle(struct answer *a, const char *path, struct pgo_err *err)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret)
		ret = bundle_read(path, dir.path, &b, err);
	if (ret)
		return ret;
	if (a->json)
		json_object_set_new(a->json, "manifest", manifest_json(&b));
	else
		show_bundle(&b, path, &a->text);
	for (size_t i = 0; !ret && i < b.nr_payloads; i++) {
		PGO_AUTO_FREE char *file = fs_join(dir.path, b.payloads[i].path);

		ret = add_profile(a, file, b.payloads[i].path, err);
	}
	return ret;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .top = 10 };
	struct answer a = { .o = &o, .text = STRBUF_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_show, nr, 1, 1);
	if (ret)
		return ret;
	if (o.json) {
		a.json = json_object();
		json_object_set_new(a.json, "schema", json_integer(REPORT_SCHEMA));
		json_object_set_new(a.json, "path", js_string(argv[1]));
	}
	ret = bundle_is(argv[1]) ? add_bundle(&a, argv[1], ctx->err)
				 : add_profile(&a, argv[1], argv[1], ctx->err);
	if (!ret && !(o.json ? cmd_print_json(ctx, json_incref(a.json)) : cmd_print(ctx, &a.text)))
		ret = -(int)ctx->err->code;
	json_decref(a.json);
	strbuf_release(&a.text);
	return ret;
}

const struct cmd cmd_show = {
	.name = "show",
	.summary = "tell what is in a profile: workloads, weights, functions, counts",
	.usage = "[options] PROFILE",
	.opts = opts,
	.run = run,
};
