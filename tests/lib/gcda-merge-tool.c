/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives profiles/gcda.h for the shell tests:
 *	gcda-merge-tool merge OUT STRIP DIR:WEIGHT...	("" strips nothing)
 *	gcda-merge-tool read PATH
 */
#include <inttypes.h>
#include <stdio.h>

#include "pgo/base/num.h"
#include "profiles/gcda.h"

static int merge(int argc, char **argv, struct pgo_err *err)
{
	size_t nr = (size_t)argc - 2;
	struct gcda_tree *trees = xcalloc(nr, sizeof(*trees));
	struct gcda_merge_result res;
	int ret;

	for (size_t i = 0; i < nr; i++) {
		char *colon = strrchr(argv[2 + i], ':');

		if (!colon || !num_parse_u64(colon + 1, &trees[i].weight))
			return pgo_error(err, PGO_EUSAGE, "no weight in '%s'", argv[2 + i]);
		*colon = '\0';
		trees[i].dir = argv[2 + i];
		trees[i].strip = argv[1];
	}
	ret = gcda_merge(trees, nr, 0, argv[0], &res, err);
	free(trees);
	if (ret)
		return ret;
	printf("files %" PRIu64 "\ninputs %" PRIu64 "\nfunctions %" PRIu64 "\ncounters %" PRIu64
	       "\ntotal %" PRIu64 "\nmax %" PRIu64 "\nsaturated %" PRIu64 "\nversion %s\n",
	       res.nr_files, res.nr_inputs, res.nr_functions, res.nr_counters, res.total_count,
	       res.max_count, res.nr_saturated, res.version);
	return 0;
}

static int read_profile(const char *path, struct pgo_err *err)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	int ret = gcda_read(path, &p, err);

	if (ret)
		return ret;
	printf("version %" PRIu64 "\nfunctions %zu\ntotal %" PRIu64 "\nmax %" PRIu64 "\n",
	       p.version, p.nr_funcs, p.total, p.max_count);
	for (size_t i = 0; i < p.nr_funcs; i++)
		printf("%s hash %016" PRIx64 " arcs %zu sum %" PRIu64 " sites %" PRIu32
		       " values %" PRIu64 "\n",
		       p.funcs[i].name, p.funcs[i].hash, p.funcs[i].nr_counts, p.funcs[i].sum,
		       p.funcs[i].nr_value_sites, p.funcs[i].value_total);
	return 0;
}

int main(int argc, char **argv)
{
	struct pgo_err err = PGO_ERR_INIT;
	int ret;

	if (argc > 4 && !strcmp(argv[1], "merge"))
		ret = merge(argc - 2, argv + 2, &err);
	else if (argc == 3 && !strcmp(argv[1], "read"))
		ret = read_profile(argv[2], &err);
	else
		ret = pgo_error(&err, PGO_EUSAGE, "merge OUT STRIP DIR:WEIGHT... | read PATH");
	if (!ret)
		return 0;
	fprintf(stderr, "%s: %s\n", pgo_ecode_name(err.code), err.msg);
	if (err.hint)
		fprintf(stderr, "hint: %s\n", err.hint);
	ret = pgo_ecode_exit(err.code);
	pgo_err_release(&err);
	return ret;
}
