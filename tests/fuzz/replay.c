/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzzer's harness as a test: every file of its corpus, once. The program is called
 * NAME-replay-test, its corpus is the folder of that name.
 */
#include <dirent.h>
#include <stdio.h>

#include "pgo/base/fs.h"
#include "profiles/llvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SUFFIX "-replay-test"

static char *corpus_of(const char *program)
{
	const char *name = fs_basename(program), *end = strstr(name, SUFFIX);
	const char *root = getenv("srcdir");

	return xstrfmt("%s/tests/fuzz/corpus/%.*s", root ? root : ".",
		       (int)(end ? (size_t)(end - name) : strlen(name)), name);
}

int main(int argc, char **argv)
{
	PGO_AUTO_FREE char *folder = corpus_of(argv[0]);
	const char *build = getenv("builddir");
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned nr = 0;

	(void)argc;
	llvm_set_module_dir(build ? build : ".");
	setenv("PGO_FUZZ_GOOD", "1", 1);
	while (dir && (entry = readdir(dir))) {
		PGO_AUTO_FREE char *path = fs_join(folder, entry->d_name);
		PGO_AUTO(strbuf) data = STRBUF_INIT;
		struct stat st;

		if (stat(path, &st) || !S_ISREG(st.st_mode) || fs_read_file(path, &data, NULL))
			continue;
		/* As the fuzzer gives it: nothing readable behind it. */
		PGO_AUTO_FREE uint8_t *exact = xmalloc(data.len ? data.len : 1);

		memcpy(exact, data.len ? data.buf : "", data.len);
		LLVMFuzzerTestOneInput(exact, data.len);
		printf("ok %u - %s\n", ++nr, entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (!nr)
		printf("not ok %u - no corpus in %s\n", ++nr, folder);
	printf("1..%u\n", nr);
	return 0;
}
