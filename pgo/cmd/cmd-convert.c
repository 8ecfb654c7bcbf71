/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/convert.h"
#include "pgo/core/convert-samples.h"
#include "pgo/report/show.h"

struct options {
	const char *to, *output;
	struct sample_image_opts images;
	unsigned llvm;
	bool strict, json;
};

static const struct opt opts[] = {
	{ OPT_STR, 0, "to", "FORMAT",
	  "profdata, proftext, gcda, sample-text, sample-binary, sample-extbinary, afdo-1, afdo-2, "
	  "fdata, unsymbolized, preaggregated or collapsed",
	  offsetof(struct options, to) },
	{ OPT_STR, 'o', "output", "PATH",
	  "where to (default: the input's name with the new suffix)",
	  offsetof(struct options, output) },
	{ OPT_UINT, 0, "llvm", "MAJOR",
	  "write for this LLVM (default: the bundle's, or the newest)",
	  offsetof(struct options, llvm) },
	{ OPT_STR, 0, "binary", "FILE", "samples: of this program (default: the one with the most)",
	  offsetof(struct options, images.binary) },
	{ OPT_STR, 0, "debug-file", "FILE", "samples: its debug information (default: its own)",
	  offsetof(struct options, images.debug) },
	{ OPT_STR, 0, "root", "DIR", "samples: look for the recorded files below DIR",
	  offsetof(struct options, images.root) },
	{ OPT_FLAG, 0, "allow-mismatch", NULL, "samples: take a program of another build",
	  offsetof(struct options, images.allow_mismatch) },
	{ OPT_FLAG, 0, "strict", NULL, "fail when the new form has no place for something",
	  offsetof(struct options, strict) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static json_t *result_json(const struct options *o, const char *input, const char *output,
			   const struct strvec *lost)
{
	json_t *result = json_object(), *list = json_array();

	for (size_t i = 0; i < lost->nr; i++)
		json_array_append_new(list, js_string(lost->v[i]));
	json_object_set_new(result, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(result, "input", js_string(input));
	json_object_set_new(result, "path", js_string(output));
	json_object_set_new(result, "format", js_string(o->to));
	json_object_set_new(result, "lost", list);
	return result;
}

/* What a recording has elsewhere is always left out: --strict has no meaning for it. */
static int convert_recording(const struct options *o, const char *input, const char *output,
			     struct strvec *lost, struct pgo_err *err)
{
	const struct convert_samples_opts co = { .images = o->images, .llvm_major = o->llvm };
	struct sample_written done;
	int ret;

	if (o->strict)
		return pgo_error(err, PGO_EUSAGE, "--strict is not for --to %s", o->to);
	ret = convert_samples(input, o->to, &co, output, &done, lost, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < lost->nr; i++)
		log_warn("%s", lost->v[i]);
	log_info("%" PRIu64 " %s are in it, %" PRIu64 " lie elsewhere and are not", done.entries,
		 done.stacks || !done.branches ? "samples" : "branch entries", done.left_out);
	return 0;
}

static int convert_counts(const struct options *o, const char *input, const char *output,
			  struct strvec *lost, struct pgo_err *err)
{
	const struct convert_opts co = { .to = o->to, .llvm_major = o->llvm, .strict = o->strict };
	int ret = convert_profile(input, &co, output, lost, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < lost->nr; i++)
		log_warn("'%s' is without %s", output, lost->v[i]);
	return 0;
}

static int check_output(const char *input, const char *output, struct pgo_err *err)
{
	PGO_AUTO_FREE char *from = fs_absolute(input), *to = fs_absolute(output);

	if (strcmp(from, to) != 0)
		return 0;
	pgo_error(err, PGO_EUSAGE, "'%s' would be written over itself", input);
	return pgo_err_hint(err, "name another file with -o");
}

static int convert(struct cmd_ctx *ctx, const struct options *o, const char *input)
{
	PGO_AUTO_FREE char *output = o->output ? xstrdup(o->output)
					       : convert_default_output(input, o->to);
	PGO_AUTO(strvec) lost = STRVEC_INIT;
	int ret = check_output(input, output, ctx->err);

	if (!ret)
		ret = convert_is_of_samples(input, o->to)
			      ? convert_recording(o, input, output, &lost, ctx->err)
			      : convert_counts(o, input, output, &lost, ctx->err);
	if (ret)
		return ret;
	log_info("wrote '%s'", output);
	if (o->json && !cmd_print_json(ctx, result_json(o, input, output, &lost)))
		return -(int)ctx->err->code;
	return 0;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { 0 };
	PGO_AUTO(strbuf) formats = STRBUF_INIT;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_convert, nr, 1, 1);
	if (ret)
		return ret;
	if (!o.to) {
		convert_add_formats(&formats);
		pgo_error(ctx->err, PGO_EUSAGE, "pgoctl convert: --to FORMAT is missing");
		return pgo_err_hint(ctx->err, "formats: %s", formats.buf);
	}
	return convert(ctx, &o, argv[1]);
}

const struct cmd cmd_convert = {
	.name = "convert",
	.summary = "take a native profile out of a bundle, or change its form",
	.usage = "[options] --to FORMAT PROFILE",
	.opts = opts,
	.run = run,
};
