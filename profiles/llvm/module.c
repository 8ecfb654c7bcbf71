/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/module.h"

#include <dirent.h>
#include <dlfcn.h>

#include "pgo/base/fs.h"
#include "pgo/base/mem.h"
#include "pgo/base/num.h"
#include "profiles/llvm.h"

#define PREFIX "llvm-"
#define SUFFIX ".so"

struct module {
	unsigned major;
	const struct shim_api *api; /* NULL: not opened yet */
	const struct shim_sample_api *sample_api;
};

/* Found once; lives as long as the program, as the libraries do. */
static struct {
	char *dir;
	bool scanned;
	struct module *modules;
	unsigned *majors; /* of modules, descending, 0-terminated */
	size_t nr;
} found;

void llvm_set_module_dir(const char *dir)
{
	char *copy = xstrdup(dir);

	free(found.dir);
	free(found.modules);
	free(found.majors);
	memset(&found, 0, sizeof(found));
	found.dir = copy;
}

/* 22 of "llvm-22.so"; 0 for any other name. */
static unsigned major_of(const char *name)
{
	size_t len = strlen(name), head = strlen(PREFIX), tail = strlen(SUFFIX);
	PGO_AUTO_FREE char *digits = NULL;
	unsigned major = 0;

	if (len <= head + tail || strncmp(name, PREFIX, head) != 0 ||
	    strcmp(name + len - tail, SUFFIX) != 0)
		return 0;
	digits = xstrdup(name + head);
	digits[len - head - tail] = '\0';
	return num_parse_uint(digits, &major) ? major : 0;
}

static int by_major_descending(const void *a, const void *b)
{
	const struct module *x = a, *y = b;

	return (x->major < y->major) - (x->major > y->major);
}

static void scan(void)
{
	DIR *dir = found.dir ? opendir(found.dir) : NULL;
	struct dirent *entry;

	found.scanned = true;
	while (dir && (entry = readdir(dir))) {
		unsigned major = major_of(entry->d_name);

		if (!major)
			continue;
		found.modules = xrealloc_array(found.modules, found.nr + 1, sizeof(*found.modules));
		found.modules[found.nr++] = (struct module){ .major = major };
	}
	if (dir)
		closedir(dir);
	if (found.nr)
		qsort(found.modules, found.nr, sizeof(*found.modules), by_major_descending);
	found.majors = xcalloc(found.nr + 1, sizeof(*found.majors));
	for (size_t i = 0; i < found.nr; i++)
		found.majors[i] = found.modules[i].major;
}

const unsigned *llvm_majors(void)
{
	if (!found.scanned)
		scan();
	return found.majors;
}

void llvm_add_majors(struct strbuf *sb)
{
	const unsigned *m = llvm_majors();

	if (!m[0])
		strbuf_addstr(sb, "none");
	for (size_t i = 0; m[i]; i++)
		strbuf_addf(sb, "%s%u", !i ? "" : m[i + 1] ? ", " : " and ", m[i]);
}

static int open_module(struct module *m, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO(strbuf) name = STRBUF_INIT;
	const struct shim_api *api;
	shim_entry_fn entry = NULL;
	shim_sample_entry_fn sample_entry = NULL;
	void *handle, *symbol;
	int ret;

	strbuf_addf(&name, PREFIX "%u" SUFFIX, m->major);
	path = fs_join(found.dir, name.buf);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		ret = pgo_error(err, PGO_ETOOL, "cannot open the LLVM %u module: %s", m->major,
				dlerror());
		pgo_err_hint(err, "install the library: apt-get install libllvm%u", m->major);
		return ret;
	}
	symbol = dlsym(handle, SHIM_SYMBOL);
	memcpy(&entry, &symbol, sizeof(entry));
	api = entry ? entry() : NULL;
	symbol = dlsym(handle, SHIM_SAMPLE_SYMBOL);
	memcpy(&sample_entry, &symbol, sizeof(sample_entry));
	if (!api || !sample_entry || api->abi != SHIM_ABI || api->major != m->major) {
		dlclose(handle);
		return pgo_error(err, PGO_ETOOL, "'%s' is no module of this pgoctl", path);
	}
	m->api = api;
	m->sample_api = sample_entry();
	return 0;
}

static int find_module(unsigned major, const struct module **ret, struct pgo_err *err)
{
	PGO_AUTO(strbuf) there = STRBUF_INIT;
	int status;

	llvm_majors();
	for (size_t i = 0; i < found.nr; i++) {
		struct module *m = &found.modules[i];

		if (m->major != major)
			continue;
		status = m->api ? 0 : open_module(m, err);
		if (!status)
			*ret = m;
		return status;
	}
	if (!found.nr) {
		pgo_error(err, PGO_ETOOL, "there is no module for LLVM in '%s'", found.dir);
		return pgo_err_hint(
			err, "install pgoctl whole, or build it where there is an llvm-config-N");
	}
	llvm_add_majors(&there);
	status = pgo_error(err, PGO_ETOOL, "this pgoctl has no module for LLVM %u", major);
	pgo_err_hint(err,
		     "it has: %s; for another install llvm-%u-dev and build pgoctl with "
		     "--with-llvm=%u",
		     there.buf, major, major);
	return status;
}

int llvm_module(unsigned major, const struct shim_api **ret, struct pgo_err *err)
{
	const struct module *m;
	int status = find_module(major, &m, err);

	if (!status)
		*ret = m->api;
	return status;
}

int llvm_sample_module(unsigned major, const struct shim_sample_api **ret, struct pgo_err *err)
{
	const struct module *m;
	int status = find_module(major, &m, err);

	if (!status)
		*ret = m->sample_api;
	return status;
}

const char *llvm_version(unsigned major)
{
	const struct shim_api *api;

	return llvm_module(major, &api, NULL) ? NULL : api->version();
}
