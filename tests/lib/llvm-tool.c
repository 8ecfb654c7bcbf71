/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives profiles/llvm.h and profiles/format.h for the shell tests:
 *	llvm-tool majors
 *	llvm-tool merge MAJOR OUT [-text] [-sparse] [-j N] [-threads N] WEIGHT,FILE...
 *	llvm-tool read MAJOR FILE	one line of the profile, then one a function
 *	llvm-tool hostile FILE	every cut, and every byte inverted: read with each major
 * The modules are those of $builddir. Exit status and messages are the program's.
 */
#include <inttypes.h>
#include <stdio.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/tempfile.h"
#include "profiles/format.h"
#include "profiles/llvm.h"

static int print_majors(int argc, char **argv, struct pgo_err *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	for (const unsigned *m = llvm_majors(); *m; m++)
		printf("%u %s\n", *m, llvm_version(*m));
	return 0;
}

static int parse_input(char *arg, struct llvm_input *input, struct pgo_err *err)
{
	char *comma = strchr(arg, ',');

	if (comma)
		*comma = '\0';
	if (!comma || !num_parse_u64(arg, &input->weight))
		return pgo_error(err, PGO_EUSAGE, "no weight in '%s'", arg);
	input->path = comma + 1;
	return 0;
}

static int merge(int argc, char **argv, struct pgo_err *err)
{
	PGO_AUTO_FREE struct llvm_input *inputs = xcalloc((size_t)argc, sizeof(*inputs));
	struct llvm_merge_opts opts = { 0 };
	struct llvm_merge_result res;
	size_t nr = 0;
	int ret = 0;

	if (argc < 3 || !num_parse_uint(argv[0], &opts.major))
		return pgo_error(err, PGO_EUSAGE, "no major");
	for (int i = 2; i < argc && !ret; i++) {
		if (!strcmp(argv[i], "-text"))
			opts.text = true;
		else if (!strcmp(argv[i], "-sparse"))
			opts.sparse = true;
		else if (!strcmp(argv[i], "-j") && i + 1 < argc)
			num_parse_uint(argv[++i], &opts.jobs);
		else if (!strcmp(argv[i], "-threads") && i + 1 < argc)
			num_parse_uint(argv[++i], &opts.threads);
		else
			ret = parse_input(argv[i], &inputs[nr++], err);
	}
	if (!ret)
		ret = llvm_merge(inputs, nr, &opts, argv[1], &res, err);
	if (!ret)
		printf("functions %" PRIu64 " counters %" PRIu64 " total %" PRIu64 " max %" PRIu64
		       " summed %" PRIu64 " lost %" PRIu64 " version %" PRIu64 " overflow %" PRIu64
		       "\n",
		       res.nr_functions, res.nr_counters, res.total_count, res.max_count,
		       res.nr_summed, res.nr_lost, res.version, res.nr_overflow);
	return ret;
}

static int read_one(int argc, char **argv, struct pgo_err *err)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	struct prof_read_opts opts = { 0 };
	int ret;

	if (argc != 2 || !num_parse_uint(argv[0], &opts.llvm_major))
		return pgo_error(err, PGO_EUSAGE, "no major");
	ret = prof_read(argv[1], &opts, &p, err);
	if (ret)
		return ret;
	printf("%s, version %" PRIu64 ": functions %zu counters %" PRIu64 " total %" PRIu64
	       " max %" PRIu64 " saturated %" PRIu64 "\n",
	       prof_kind_name(p.kind), p.version, p.nr_funcs, p.nr_counters, p.total, p.max_count,
	       p.nr_saturated);
	for (size_t i = 0; i < p.nr_funcs; i++) {
		const struct prof_func *f = &p.funcs[i];

		printf("%s %" PRIu64 "%s sites %" PRIu32 " values %" PRIu64 ":", f->name, f->hash,
		       f->cs ? " cs" : "", f->nr_value_sites, f->value_total);
		for (size_t j = 0; j < f->nr_counts; j++)
			printf(" %" PRIu64, f->counts[j]);
		printf("\n");
	}
	return 0;
}

/*
 * data is read as a file, and merged alone and with the file it was made of;
 * whatever comes of it, it must come back, and what is refused alone must be
 * refused with another.
 */
static int try_bytes(const char *whole, const char *path, const char *out, const void *data,
		     size_t len, size_t *nr_ok, struct pgo_err *err)
{
	int ret = fs_write_atomic(path, data, len, 0600, err);

	for (const unsigned *m = llvm_majors(); *m && !ret; m++) {
		struct pgo_err refused = PGO_ERR_INIT;
		PGO_AUTO(profile) p = PROFILE_INIT;
		struct llvm_input inputs[] = { { whole, 1 }, { path, 2 } };
		struct llvm_merge_opts opts = { .major = *m, .jobs = 1 };
		struct llvm_merge_result res;
		int status = llvm_read(path, *m, &p, &refused), both;

		if (!status)
			status = llvm_merge(&inputs[1], 1, &opts, out, &res, &refused);
		*nr_ok += !status;
		if (status && (!refused.msg || refused.code == PGO_EIO))
			ret = pgo_error(err, refused.code, "%s", refused.msg ? refused.msg : "");
		pgo_err_release(&refused);
		both = llvm_merge(inputs, 2, &opts, out, &res, NULL);
		if (status && !both && !ret)
			ret = pgo_error(err, PGO_EFORMAT, "refused alone, but not with another");
	}
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
		ret = try_bytes(argv[0], path, out, file.buf, i, &cut_ok, err);
	for (size_t i = 0; i < file.len && !ret; i++) {
		file.buf[i] = (char)~file.buf[i];
		ret = try_bytes(argv[0], path, out, file.buf, file.len, &flipped_ok, err);
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
		{ "majors", print_majors },
		{ "merge", merge },
		{ "read", read_one },
		{ "hostile", hostile },
	};
	const char *dir = getenv("builddir");
	struct pgo_err err = PGO_ERR_INIT;
	int ret = 1;

	llvm_set_module_dir(dir ? dir : ".");
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
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
