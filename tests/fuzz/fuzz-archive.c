/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle or an archive of a store is taken or refused, and nothing lies beside the folders that
 * it may write to. The manifest of a bundle that is taken is written and taken again unchanged. An
 * input that begins with a brace is a manifest alone.
 *
 * The corpus, all of which is taken: 'pgoctl merge x.profraw -o b.prof', the same of a .gcda, and
 * 'pgoctl store export' of both with a key; without their compression, which leaves nothing to
 * mutate.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/core/store-archive.h"

#define MAX_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tempdir place;
static struct store store = STORE_INIT;

static void clean_up(void)
{
	store_release(&store);
	tempdir_release(&place);
}

static void make_store(void)
{
	PGO_AUTO_FREE char *dir = fs_join(place.path, "store");

	if (fs_remove_tree(dir, NULL) || store_open(&store, dir, STORE_ADD, NULL))
		abort();
}

static void prepare(void)
{
	const char *memory = fs_exists("/dev/shm") ? "/dev/shm" : NULL;

	if (place.path)
		return;
	if (tempdir_make(&place, memory, NULL))
		abort();
	make_store();
	atexit(clean_up);
}

/* A file of the corpus is good: else most of what reads it would never be reached. */
static void check_taken(bool taken)
{
	if (!taken && getenv("PGO_FUZZ_GOOD"))
		abort();
}

static void refused(struct pgo_err *err)
{
	if (!err->msg)
		abort();
	pgo_err_release(err);
	*err = (struct pgo_err)PGO_ERR_INIT;
}

static void check_bundle(const struct bundle *b)
{
	PGO_AUTO(bundle) again = BUNDLE_INIT;
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;

	manifest_write(b, &first);
	if (manifest_read("again", first.buf, first.len, &again, NULL))
		abort();
	manifest_write(&again, &second);
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
}

static void check_manifest(const char *text, size_t len)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(store_archive) a = STORE_ARCHIVE_INIT;
	PGO_AUTO(strbuf) copy = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	int no_bundle, no_store;

	strbuf_add(&copy, text, len);
	no_bundle = manifest_read("bundle", text, len, &b, &err);
	if (no_bundle)
		refused(&err);
	else
		check_bundle(&b);
	no_store = store_archive_parse(&a, "store", &copy, MAX_BYTES, &err);
	if (no_store)
		refused(&err);
	check_taken(!no_bundle || !no_store);
	for (size_t i = 0; i < a.nr_profiles; i++)
		if (!store_archive_find(&a, a.profiles[i].entry.digest))
			abort();
}

static void check_archive(const char *path)
{
	const struct store_import_opts opts = { .max_bytes = MAX_BYTES };
	PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;
	PGO_AUTO_FREE char *dir = fs_join(place.path, "payloads");
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	int no_bundle, no_store;

	if (fs_mkdir_p(dir, NULL))
		abort();
	no_bundle = bundle_read(path, dir, &b, &err);
	if (no_bundle)
		refused(&err);
	else
		check_bundle(&b);
	no_store = store_import(&store, path, &opts, &done, &err);
	if (no_store) {
		refused(&err);
	} else {
		store_release(&store);
		make_store();
	}
	check_taken(!no_bundle || !no_store);
	fs_remove_tree(dir, NULL);
	if (fs_list(place.path, &names, NULL) || names.nr != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (size && data[0] == '{') {
		check_manifest((const char *)data, size);
		return 0;
	}
	prepare();
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, data, size))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check_archive(path);
	close(fd);
	return 0;
}
