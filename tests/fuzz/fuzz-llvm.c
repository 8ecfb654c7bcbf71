/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexed and text profiles of LLVM, which the guard checks before LLVM's own reader has
 * them: what it passes must not end the process, and what is merged must be read again.
 * With every module that there is, so the library's own checks are in it as they are.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "profiles/llvm.h"
#include "profiles/llvm/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a harness is run by itself: the modules of the build folder. */
static void find_modules(void)
{
	const char *dir = getenv("builddir");

	if (!llvm_majors()[0])
		llvm_set_module_dir(dir ? dir : ".");
}

static void take(const char *path, unsigned major)
{
	PGO_AUTO(profile) model = PROFILE_INIT;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	const struct llvm_merge_opts opts = { .major = major, .jobs = 1 };
	const struct llvm_input input = { path, 1 };
	struct llvm_merge_result res;
	PGO_AUTO_FREE char *out = NULL;

	if (llvm_read(path, major, &model, NULL) || tempdir_make(&dir, NULL, NULL))
		return;
	out = fs_join(dir.path, "merged");
	if (!llvm_merge(&input, 1, &opts, out, &res, NULL)) {
		PGO_AUTO(profile) again = PROFILE_INIT;

		if (llvm_read(out, major, &again, NULL))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO_CLOSE int fd = memfd_create("profile", MFD_CLOEXEC);
	PGO_AUTO_FREE char *path = xstrfmt("/proc/self/fd/%d", fd);
	struct llvm_form form;

	find_modules();
	llvm_form_of(data, size, &form);
	if (form.type == LLVM_FORM_RAW || fs_write_all(fd, data, size))
		return 0;
	for (const unsigned *m = llvm_majors(); *m; m++)
		take(path, *m);
	return 0;
}
