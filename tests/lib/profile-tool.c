/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives profiles/format.h for the shell tests, whatever the format:
 *	profile-tool merge [-to FORMAT] [-text] [-llvm N] OUT WEIGHT,FILE...
 *	profile-tool read FILE		its totals, then a line for each function and count
 *	profile-tool hostile FILE	every cut, every byte inverted: read and merged
 * The LLVM modules are those of $builddir. Exit status and messages are the program's.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/tempfile.h"
#include "profiles/format.h"
#include "profiles/llvm.h"

static int parse_input(char *arg, struct prof_input *input, struct pgo_err *err)
{
	char *comma = strchr(arg, ',');

	if (comma)
		*comma = '\0';
	if (!comma || !num_parse_u64(arg, &input->weight))
		return pgo_error(err, PGO_EUSAGE, "no weight in '%s'", arg);
	input->path = comma + 1;
	return 0;
}

static int merge_inputs(const struct prof_input *inputs, size_t nr,
			const struct prof_merge_opts *opts, const char *out,
			struct prof_merge_result *res, struct pgo_err *err)
{
	const struct prof_format *format;
	int ret = prof_identify(inputs[0].path, &format, err);

	return ret ? ret : format->merge(inputs, nr, opts, out, res, err);
}

static int merge(int argc, char **argv, struct pgo_err *err)
{
	PGO_AUTO_FREE struct prof_input *inputs = xcalloc((size_t)argc, sizeof(*inputs));
	struct prof_merge_opts opts = { 0 };
	struct prof_merge_result res;
	const char *out = NULL;
	size_t nr = 0;
	int ret = 0;

	for (int i = 0; i < argc && !ret; i++) {
		if (!strcmp(argv[i], "-text"))
			opts.text = true;
		else if (!strcmp(argv[i], "-to") && i + 1 < argc)
			opts.to = argv[++i];
		else if (!strcmp(argv[i], "-llvm") && i + 1 < argc)
			num_parse_uint(argv[++i], &opts.llvm_major);
		else if (!out)
			out = argv[i];
		else
			ret = parse_input(argv[i], &inputs[nr++], err);
	}
	if (!ret && !nr)
		ret = pgo_error(err, PGO_EUSAGE, "no input");
	if (!ret)
		ret = merge_inputs(inputs, nr, &opts, out, &res, err);
	if (!ret)
		printf("inputs %" PRIu64 " functions %" PRIu64 " counters %" PRIu64
		       " total %" PRIu64 " max %" PRIu64 " saturated %" PRIu64 " version %s\n",
		       res.nr_inputs, res.nr_functions, res.nr_counters, res.total_count,
		       res.max_count, res.nr_saturated, res.version);
	return ret;
}

static void print_place(const struct prof_place *p)
{
	PGO_AUTO(strbuf) inlined = STRBUF_INIT;

	if (p->inlined)
		prof_inline_add(&inlined, p->inlined);
	printf(" %s|%" PRIx64, inlined.buf, p->at);
	if (p->discriminator)
		printf(".%" PRIu32, p->discriminator);
	if (p->target)
		printf(" %s %s+%" PRIx64 " mispredicted %" PRIu64, p->memory ? "of" : "to",
		       p->target, p->target_at, p->mispredicted);
}

static int read_one(int argc, char **argv, struct pgo_err *err)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	int ret;

	if (argc != 1)
		return pgo_error(err, PGO_EUSAGE, "no file");
	ret = prof_read(argv[0], NULL, &p, err);
	if (ret)
		return ret;
	printf("%s, version %" PRIu64 ": functions %zu counters %" PRIu64 " total %" PRIu64
	       " max %" PRIu64 " saturated %" PRIu64 "\n",
	       prof_kind_name(p.kind), p.version, p.nr_funcs, p.nr_counters, p.total, p.max_count,
	       p.nr_saturated);
	for (size_t i = 0; i < p.nr_funcs; i++) {
		const struct prof_func *f = &p.funcs[i];

		printf("%s entry %" PRIu64 " sum %" PRIu64 "\n", f->name, f->entry, f->sum);
		for (size_t j = 0; f->places && j < f->nr_counts; j++) {
			print_place(&f->places[j]);
			printf(": %" PRIu64 "\n", f->counts[j]);
		}
		for (size_t j = 0; j < f->nr_values; j++)
			printf(" %s %" PRIu32 " %s %" PRIu64 ": %" PRIu64 "\n",
			       prof_value_kind_name(f->values[j].kind), f->values[j].site,
			       f->values[j].name ? f->values[j].name : "-", f->values[j].value,
			       f->values[j].count);
	}
	return 0;
}

/* Nothing is flushed to the disk: this is done for every byte. */
static int write_plain(const char *path, const void *data, size_t len, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fs_write_all(fd, data, len))
		return pgo_error_errno(err, "cannot write '%s'", path);
	return 0;
}

/* data is read as a file and merged; whatever comes of it, it must come back. */
static int try_bytes(const char *path, const char *out, const void *data, size_t len, size_t *nr_ok,
		     struct pgo_err *err)
{
	struct pgo_err refused = PGO_ERR_INIT;
	PGO_AUTO(profile) p = PROFILE_INIT;
	struct prof_input inputs[] = { { path, 2 }, { path, UINT64_MAX } };
	struct prof_merge_opts opts = { 0 };
	struct prof_merge_result res;
	int ret = write_plain(path, data, len, err), status;

	if (ret)
		return ret;
	status = prof_read(path, NULL, &p, &refused);
	if (!status)
		status = merge_inputs(inputs, ARRAY_SIZE(inputs), &opts, out, &res, &refused);
	*nr_ok += !status;
	if (status && (!refused.msg || refused.code == PGO_EIO))
		ret = pgo_error(err, refused.code, "%s", refused.msg ? refused.msg : "");
	pgo_err_release(&refused);
	return ret;
}

static int hostile(int argc, char **argv, struct pgo_err *err)
{
	PGO_AUTO(strbuf) file = STRBUF_INIT;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO_FREE char *out = NULL;
	size_t cut_ok = 0, flipped_ok = 0;
	int ret;

	if (argc != 1)
		return pgo_error(err, PGO_EUSAGE, "no file");
	ret = fs_read_file(argv[0], &file, err);
	if (!ret)
		ret = tempdir_make(&dir, NULL, err);
	if (ret)
		return ret;
	path = fs_join(dir.path, "in");
	out = fs_join(dir.path, "out");
	for (size_t i = 0; i < file.len && !ret; i++)
		ret = try_bytes(path, out, file.buf, i, &cut_ok, err);
	for (size_t i = 0; i < file.len && !ret; i++) {
		file.buf[i] = (char)~file.buf[i];
		ret = try_bytes(path, out, file.buf, file.len, &flipped_ok, err);
		file.buf[i] = (char)~file.buf[i];
	}
	printf("cut %zu inverted %zu\n", cut_ok, flipped_ok);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv, struct pgo_err *err);
	} verbs[] = {
		{ "merge", merge },
		{ "read", read_one },
		{ "hostile", hostile },
	};
	const char *dir = getenv("builddir");
	struct pgo_err err = PGO_ERR_INIT;
	int ret = 1;

	llvm_set_module_dir(dir ? dir : ".");
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			ret = verbs[i].run(argc - 2, argv + 2, &err);
	if (ret >= 0)
		return ret;
	fprintf(stderr, "error %s: %s\n", pgo_ecode_name(err.code), err.msg);
	if (err.hint)
		fprintf(stderr, "hint: %s\n", err.hint);
	if (err.path)
		fprintf(stderr, "at: %s %" PRId64 "\n", err.path, err.offset);
	ret = pgo_ecode_exit(err.code);
	pgo_err_release(&err);
	return ret;
}
