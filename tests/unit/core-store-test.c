/* SPDX-License-Identifier: Apache-2.0 */
/* The store: marks, retention, names, damage, keys, archives that are not what they say. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/pack.h"
#include "pgo/core/store-archive.h"
#include "pgo/core/store.h"
#include "tests/lib/folder.h"

static struct pgo_err why; /* a code comes whole only with one */

static int set_up(void **state)
{
	return sodium_init() < 0 || folder_enter(state);
}

static int tear_down(void **state)
{
	pgo_err_release(&why);
	return folder_leave(state);
}

/* A profile of BOLT's, another one for each number. */
static void put_profile(unsigned nr)
{
	PGO_AUTO_FREE char *text = xstrfmt("1 main 5 1 f%u 0 0 %u\n", nr, nr + 1);
	PGO_AUTO_FREE char *path = xstrfmt("%u.fdata", nr);

	folder_put(path, text);
}

static void open_store(struct store *s, enum store_use use)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (store_open(s, "store", use, &err))
		fail_msg("%s", err.msg);
}

static struct store_entry add_with(struct store *s, unsigned nr, const struct store_add_opts *opts)
{
	PGO_AUTO_FREE char *path = xstrfmt("%u.fdata", nr);
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct store_entry e = { 0 };
	bool is_new;

	put_profile(nr);
	if (store_add(s, path, opts, &e, &is_new, &err))
		fail_msg("%s", err.msg);
	return e;
}

static void add(struct store *s, const char *project, unsigned nr, bool good)
{
	const struct store_add_opts opts = { .project = project, .good = good };
	PGO_AUTO(store_entry) e = add_with(s, nr, &opts);

	assert_string_equal(e.format, "bolt-fdata");
	assert_int_equal(e.last_good, good);
}

/* "0 1g 2b 3p": the numbers of a project's profiles with their marks, in their order. */
static void assert_entries(struct store *s, const char *project, const char *want)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	assert_int_equal(store_list(s, project, &list, NULL), 0);
	for (size_t i = 0; i < list.nr; i++) {
		const struct store_entry *e = &list.v[i];
		PGO_AUTO_FREE char *number = xstrdup(fs_basename(e->origin));

		number[strcspn(number, ".")] = '\0';
		strbuf_addf(&got, "%s%s%s%s%s", i ? " " : "", number, e->last_good ? "g" : "",
			    e->fallback ? "b" : "", e->pinned ? "p" : "");
	}
	assert_string_equal(got.buf, want);
}

static void roll_back(struct store *s, const char *project, int code)
{
	PGO_AUTO(store_entry) from = { 0 };
	PGO_AUTO(store_entry) to = { 0 };

	assert_int_equal(store_rollback(s, project, &from, &to, &why), code);
	assert_true(code || strcmp(from.digest, to.digest) != 0);
}

static void marks_move_and_come_back(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO_FREE struct store_good *good = NULL;
	size_t nr;

	(void)state;
	open_store(&s, STORE_ADD);
	add(&s, "a", 0, false);
	assert_entries(&s, "a", "0");
	roll_back(&s, "a", -PGO_ENOTFOUND);
	add(&s, "a", 1, true);
	add(&s, "a", 1, true); /* said twice: nothing changes */
	roll_back(&s, "a", -PGO_ENOTFOUND);
	assert_entries(&s, "a", "0 1g");
	add(&s, "a", 2, true);
	add(&s, "b", 1, true);
	add(&s, "a", 3, true);
	add(&s, "a", 1, true); /* good once more */
	assert_entries(&s, "a", "0 1g 2 3b");
	assert_entries(&s, "b", "1g");
	assert_entries(&s, NULL, "0 1g 2 1g 3b");
	roll_back(&s, "a", 0);
	assert_entries(&s, "a", "0 1 2b 3g");
	roll_back(&s, "a", 0);
	assert_entries(&s, "a", "0 1b 2g 3");
	roll_back(&s, "a", 0);
	assert_entries(&s, "a", "0 1g 2 3");
	roll_back(&s, "a", -PGO_ENOTFOUND);
	roll_back(&s, "b", -PGO_ENOTFOUND);
	add(&s, "a", 3, true);
	assert_entries(&s, "a", "0 1b 2 3g");
	assert_int_equal(store_history(&s, "a", &good, &nr, NULL), 0);
	assert_int_equal(nr, 5);
	assert_true(!good[0].withdrawn && good[1].withdrawn && good[2].withdrawn &&
		    good[3].withdrawn && !good[4].withdrawn);
}

static void collect(unsigned keep, bool dry_run, const char *removed, size_t nr_left_over)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_gc) g = STORE_GC_INIT;
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	open_store(&s, dry_run ? STORE_READ : STORE_ALONE);
	assert_int_equal(store_collect(&s, keep, dry_run, &g, NULL), 0);
	for (size_t i = 0; i < g.removed.nr; i++)
		strbuf_addf(&got, "%s ", g.removed.v[i].project);
	assert_string_equal(got.buf, removed);
	assert_int_equal(g.unreferenced.nr, nr_left_over);
	assert_true(!!g.freed_bytes == (g.removed.nr || g.unreferenced.nr));
}

static void gc_keeps_what_it_says(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	open_store(&s, STORE_ADD);
	for (unsigned i = 0; i < 8; i++)
		add(&s, "a", i, i == 1 || i == 2 || i == 3);
	add(&s, "b", 0, false);
	add(&s, "b", 9, false);
	assert_int_equal(store_find(&s, "a/last-good", NULL, &e, NULL, NULL), 0);
	assert_true(fs_exists("store/tmp") && fs_exists("store/objects"));
	folder_put("store/tmp/abc", "half a file\n");
	folder_put("store/objects/odd", "what is this\n");
	store_release(&s);
	collect(10, true, "", 2);
	collect(2, true, "a a a a ", 2);
	open_store(&s, STORE_CHANGE);
	assert_entries(&s, NULL, "0 1 2b 3g 4 5 6 7 0 9");
	store_entry_release(&e);
	assert_int_equal(store_find(&s, "b/last-good", NULL, &e, NULL, &why), -PGO_ENOTFOUND);
	/* The 5th of a, by its digest, is pinned. */
	{
		PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;

		assert_int_equal(store_list(&s, "a", &list, NULL), 0);
		assert_int_equal(store_pin(&s, list.v[4].digest, NULL, true, NULL), 0);
		path = store_object_path(&s, list.v[0].digest);
	}
	store_release(&s);
	collect(2, false, "a a a ", 2);
	open_store(&s, STORE_READ);
	assert_entries(&s, NULL, "2b 3g 4p 6 7 0 9");
	assert_true(fs_exists(path)); /* b has it yet */
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.nr_damage, 0);
	assert_int_equal(c.unreferenced.nr, 0);
	assert_int_equal(c.nr_files, 7);
	store_release(&s);
	collect(0, false, "a a b b ", 0);
	assert_false(fs_exists(path));
	open_store(&s, STORE_CHANGE);
	assert_entries(&s, NULL, "2b 3g 4p");
	/* What rollback would take is there still; what was before that is not. */
	roll_back(&s, "a", 0);
	roll_back(&s, "a", -PGO_ENOTFOUND);
}

static void find(struct store *s, const char *name, const char *project, int code,
		 const char *want_project)
{
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	assert_int_equal(store_find(s, name, project, &e, NULL, &err), code);
	if (code)
		assert_non_null(err.hint);
	else
		assert_string_equal(e.project, want_project);
}

static void names(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO_FREE char *prefix = NULL, *of_b = NULL, *of_c = NULL, *project = NULL;

	(void)state;
	open_store(&s, STORE_ADD);
	add(&s, "a", 0, true);
	add(&s, "b", 0, false);
	add(&s, "b", 1, true);
	assert_int_equal(store_find(&s, "store:a/last-good", "x", &e, NULL, NULL), 0);
	prefix = xstrndup(e.digest, 7);
	of_b = xstrfmt("store:b/%s", prefix);
	of_c = xstrfmt("c/%s", prefix);
	find(&s, prefix, "a", 0, "a");
	find(&s, prefix, "b", 0, "b");
	find(&s, prefix, "c", 0, "a"); /* of two that are none of ours the first */
	find(&s, e.digest, NULL, 0, "a");
	find(&s, of_b, "a", 0, "b");
	find(&s, of_c, "a", -PGO_ENOTFOUND, NULL);
	find(&s, "last-good", "b", 0, "b");
	find(&s, "last-good", "c", -PGO_ENOTFOUND, NULL);
	find(&s, "0000000", "a", -PGO_ENOTFOUND, NULL);
	prefix[3] = '\0';
	find(&s, prefix, "a", -PGO_EUSAGE, NULL);
	find(&s, "", "a", -PGO_EUSAGE, NULL);
	find(&s, "a/", "a", -PGO_EUSAGE, NULL);
	find(&s, "/last-good", "a", -PGO_EUSAGE, NULL);
	find(&s, "../a/last-good", "a", -PGO_EUSAGE, NULL);
	find(&s, "ABCDEF", "a", -PGO_EUSAGE, NULL);
	find(&s, "last-bad", "a", -PGO_EUSAGE, NULL);
	assert_int_equal(store_project("a b", NULL, &project, NULL), 0);
	assert_int_equal(store_project(NULL, "/x/.hidden", &project, &why), -PGO_EUSAGE);
	assert_int_equal(store_project("a/b", NULL, &project, &why), -PGO_EUSAGE);
	assert_int_equal(store_project("", NULL, &project, &why), -PGO_EUSAGE);
	assert_string_equal(store_which("store:x/last-good"), "last-good");
}

static void refused(struct store *s, const char *path, int code)
{
	const struct store_add_opts opts = { .project = "a" };
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	bool is_new;

	assert_int_equal(store_add(s, path, &opts, &e, &is_new, &err), code);
	assert_non_null(strstr(err.msg, path));
}

static void no_profiles(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;

	(void)state;
	assert_int_equal(store_open(&s, "store", STORE_READ, &why), -PGO_ENOTFOUND);
	assert_int_equal(store_open(&s, "store", STORE_CHANGE, &why), -PGO_ENOTFOUND);
	open_store(&s, STORE_ADD);
	folder_put("empty", "");
	folder_put("junk", "no profile at all\n");
	folder_put("short.fdata", "1 main 5 1 f\n");
	assert_int_equal(fs_mkdir_p("folder", NULL), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	refused(&s, "empty", -PGO_EFORMAT);
	refused(&s, "junk", -PGO_EFORMAT);
	refused(&s, "short.fdata", -PGO_EFORMAT);
	refused(&s, "folder", -PGO_EUSAGE);
	refused(&s, "none", -PGO_ENOTFOUND);
	assert_entries(&s, NULL, "");
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.unreferenced.nr + c.nr_damage, 0);
}

static void assert_damage(const char *part, size_t nr)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;

	open_store(&s, STORE_READ);
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.nr_damage, nr);
	if (nr)
		assert_non_null(strstr(c.damage[0].what, part));
}

static void damage_is_found_and_mended(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *path = NULL, *located = NULL;

	(void)state;
	open_store(&s, STORE_ADD);
	add(&s, "a", 0, true);
	assert_int_equal(store_find(&s, "a/last-good", NULL, &e, NULL, NULL), 0);
	path = store_object_path(&s, e.digest);
	store_release(&s);
	assert_damage(NULL, 0);
	setenv(STORE_ENV, "store", 1);
	assert_int_equal(store_locate("store:a/last-good", NULL, NULL, &located, NULL), 0);
	assert_string_equal(located, path);
	assert_int_equal(fs_read_file(path, &text, NULL), 0);
	text.buf[5] ^= 1;
	assert_int_equal(chmod(path, 0644), 0);
	folder_put(path, text.buf);
	assert_damage("other bytes", 1);
	assert_int_equal(store_locate("store:a/last-good", NULL, NULL, &located, &why),
			 -PGO_EFORMAT);
	folder_put(path, "1\n");
	assert_damage("has 2 bytes", 1);
	unlink(path);
	assert_damage("is missing", 1);
	open_store(&s, STORE_ADD);
	add(&s, "a", 0, true); /* added again: mended */
	store_release(&s);
	assert_damage(NULL, 0);
	/* The index is gone, and with it all that is known. */
	assert_int_equal(rename("store/index.db", "index.db"), 0);
	assert_int_equal(store_open(&s, "store", STORE_ADD, &why), -PGO_EFORMAT);
	assert_int_equal(store_open(&s, "store", STORE_ALONE, &why), -PGO_EFORMAT);
	folder_put("store/index.db",
		   "this is no database, but long enough to be looked at as one\n");
	assert_int_equal(store_open(&s, "store", STORE_READ, &why), -PGO_EFORMAT);
	assert_int_equal(rename("index.db", "store/index.db"), 0);
	assert_damage(NULL, 0);
	unsetenv(STORE_ENV);
}

static void newer_version(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	open_store(&s, STORE_ADD);
	assert_int_equal(sqlite3_exec(s.db.db, "PRAGMA user_version = 7", NULL, NULL, NULL), 0);
	store_release(&s);
	assert_int_equal(store_open(&s, "store", STORE_ADD, &err), -PGO_EVERSION);
	assert_non_null(strstr(err.msg, "version 7"));
	assert_null(strstr(err.hint, "mv ")); /* nothing that would lose it */
}

enum { WRITERS = 4, EACH = 3 };

static void write_some(unsigned writer)
{
	for (unsigned i = 0; i < EACH; i++) {
		const struct store_add_opts opts = { .project = "a", .good = true };
		PGO_AUTO_FREE char *name = xstrfmt("%u.fdata", writer * EACH + i);
		PGO_AUTO(store) own = STORE_INIT;
		PGO_AUTO(store_entry) e = { 0 };
		bool is_new;

		put_profile(writer * EACH + i);
		if (store_open(&own, "store", STORE_ADD, NULL) ||
		    store_add(&own, name, &opts, &e, &is_new, NULL) || !is_new)
			_exit(1);
	}
	_exit(0);
}

static void write_at_once(void)
{
	pid_t pids[WRITERS];

	for (unsigned w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		assert_true(pids[w] >= 0);
		if (!pids[w])
			write_some(w);
	}
	for (unsigned w = 0; w < WRITERS; w++) {
		int status;

		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
}

/* Processes that make one store at once and add to it: every one that was told so is there. */
static void several_writers(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		PGO_AUTO(store) s = STORE_INIT;
		PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
		PGO_AUTO(store_check) c = STORE_CHECK_INIT;

		write_at_once();
		open_store(&s, STORE_READ);
		assert_int_equal(store_list(&s, "a", &list, NULL), 0);
		assert_int_equal(list.nr, WRITERS * EACH);
		assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
		assert_int_equal(c.nr_damage + c.unreferenced.nr, 0);
		assert_int_equal(fs_remove_tree("store", NULL), 0);
	}
}

static void keys(void **state)
{
	PGO_AUTO(sign_key) k = SIGN_KEY_INIT;
	PGO_AUTO(sign_key) again = SIGN_KEY_INIT;
	PGO_AUTO(trust) trust = TRUST_INIT;
	PGO_AUTO(trust) other = TRUST_INIT;
	char digest[DIGEST_HEX_LEN + 1], sig[SIGN_HEX_LEN + 1];
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	folder_put("file", "to be signed\n");
	assert_int_equal(digest_file_hex("file", digest, NULL), 0);
	assert_int_equal(sign_key_make("k", &k, NULL), 0);
	assert_int_equal(sign_key_make("k", &again, &why), -PGO_EUSAGE);
	assert_int_equal(sign_key_load("k", &again, NULL), 0);
	assert_string_equal(again.public_hex, k.public_hex);
	sign_digest(&again, digest, sig);
	assert_true(sign_is_valid(k.public_hex, digest, sig));
	sig[0] = sig[0] == '0' ? '1' : '0';
	assert_false(sign_is_valid(k.public_hex, digest, sig));
	assert_false(sign_is_valid("", digest, sig));
	assert_false(sign_is_valid(k.public_hex, digest, "00"));
	for (mode_t mode = 0; mode < 0100; mode++) {
		assert_int_equal(chmod("k", 0600 | mode), 0);
		assert_int_equal(sign_key_load("k", &again, &why), mode ? -PGO_EPERM : 0);
	}
	assert_int_equal(chmod("k", 0600), 0);
	assert_int_equal(trust_add(&trust, "k", &why), -PGO_EFORMAT);
	assert_int_equal(trust_add(&trust, "k.pub", NULL), 0);
	assert_int_equal(chmod("k.pub", 0600), 0);
	assert_int_equal(sign_key_load("k.pub", &again, &why), -PGO_EFORMAT);
	assert_int_equal(sign_check(&trust, "file", digest, &why), -PGO_EMISMATCH);
	assert_int_equal(sign_write(&k, "file", digest, NULL), 0);
	assert_int_equal(sign_check(&trust, "file", digest, NULL), 0);
	assert_int_equal(sign_check(&other, "file", digest, &why), -PGO_EMISMATCH);
	assert_int_equal(fs_read_file("file.sig", &text, NULL), 0);
	/* Each byte counts. */
	for (size_t i = 0; i < text.len; i++) {
		text.buf[i] ^= 1;
		folder_put("file.sig", text.buf);
		assert_true(sign_check(&trust, "file", digest, NULL) < 0);
		text.buf[i] ^= 1;
	}
	digest[0] = digest[0] == '0' ? '1' : '0';
	folder_put("file.sig", text.buf);
	assert_int_equal(sign_check(&trust, "file", digest, &why), -PGO_EFORMAT);
	folder_put("keys", "# ours\n\n");
	assert_int_equal(trust_add(&trust, "keys", &why), -PGO_EFORMAT);
	folder_put("keys", "pgoctl-public-key-1 00\n");
	assert_int_equal(trust_add(&trust, "keys", &why), -PGO_EFORMAT);
}

static void signed_profiles(void **state)
{
	PGO_AUTO(sign_key) k = SIGN_KEY_INIT;
	PGO_AUTO(sign_key) strange = SIGN_KEY_INIT;
	PGO_AUTO(trust) trust = TRUST_INIT;
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entry) one = { 0 };
	PGO_AUTO(store_entry) two = { 0 };
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;
	PGO_AUTO_FREE char *path = NULL, *name = NULL;
	struct store_add_opts opts = { .project = "a", .good = true };

	(void)state;
	assert_int_equal(sign_key_make("k", &k, NULL), 0);
	assert_int_equal(sign_key_make("s", &strange, NULL), 0);
	assert_int_equal(trust_add(&trust, "k.pub", NULL), 0);
	open_store(&s, STORE_ADD);
	opts.key = &k;
	one = add_with(&s, 0, &opts);
	opts.key = &strange;
	opts.good = false;
	two = add_with(&s, 1, &opts);
	add(&s, "a", 2, false);
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_true(!c.nr_damage && c.nr_signatures == 2);
	assert_int_equal(store_verify(&s, &trust, NULL, &c, NULL), 0);
	assert_int_equal(c.nr_damage, 2);
	assert_non_null(strstr(c.damage[0].what, "not trusted"));
	assert_non_null(strstr(c.damage[1].what, "not signed"));
	store_check_release(&c);
	assert_int_equal(store_verify(&s, &trust, one.digest, &c, NULL), 0);
	assert_int_equal(c.nr_damage, 0);
	setenv(STORE_ENV, "store", 1);
	assert_int_equal(store_locate("store:last-good", "a", &trust, &path, NULL), 0);
	name = xstrfmt("store:%s", two.digest);
	assert_int_equal(store_locate(name, "a", &trust, &path, &why), -PGO_EMISMATCH);
	assert_int_equal(store_locate("0.fdata", "a", &trust, &path, &why), -PGO_EUSAGE);
	/* The signature of another profile, by a trusted key, moved to this one. */
	assert_int_equal(sqlite3_exec(s.db.db,
				      "UPDATE signature SET signature = (SELECT signature FROM "
				      "signature WHERE digest <> signature ORDER BY signature "
				      "LIMIT 1)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	store_check_release(&c);
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.nr_damage, 1);
	assert_non_null(strstr(c.damage[0].what, "is false"));
	unsetenv(STORE_ENV);
}

/* --- archives */

struct member {
	const char *name;
	const char *data;
	unsigned type;	     /* 0: a regular file */
	const char *link;    /* of a link: what to */
	const char *claimed; /* the header's size is that of this, not of data */
};

static void write_archive(const char *path, const char *manifest, const struct member *m, size_t nr)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct archive *a = archive_write_new();
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	strbuf_addstr(&text, manifest);
	assert_int_equal(pack_begin(a, fd, PACK_OPTIONS, path, NULL), 0);
	assert_int_equal(pack_put_manifest(a, &text, path, NULL), 0);
	for (size_t i = 0; i < nr; i++) {
		struct archive_entry *e = archive_entry_new();

		archive_entry_set_pathname(e, m[i].name);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_filetype(e, m[i].type ? m[i].type : AE_IFREG);
		archive_entry_set_size(e, m[i].data ? (int64_t)strlen(m[i].data) : 0);
		if (m[i].link && m[i].type == AE_IFLNK)
			archive_entry_set_symlink(e, m[i].link);
		else if (m[i].link)
			archive_entry_set_hardlink(e, m[i].link);
		assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
		if (m[i].data)
			archive_write_data(a, m[i].data, strlen(m[i].data));
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	close(fd);
}

static const char good_text[] = "1 main 5 1 f 0 0 10\n";
static char good_hex[DIGEST_HEX_LEN + 1], good_name[DIGEST_HEX_LEN + 16];

static char *manifest_of(const char *hex, unsigned long long bytes)
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, good_text, sizeof(good_text) - 1);
	digest_hex(&d, good_hex);
	snprintf(good_name, sizeof(good_name), "objects/%s", good_hex);
	return xstrfmt(
		"{\"format\": 1, \"tool\": \"t\","
		" \"files\": [{\"sha256\": \"%s\", \"bytes\": %llu}],"
		" \"profiles\": [{\"project\": \"p\", \"sha256\": \"%s\", \"added\": 5,"
		"  \"host\": null, \"origin\": null, \"note\": \"n\", \"last_good\": true}],"
		" \"signatures\": []}",
		hex ? hex : good_hex, bytes, hex ? hex : good_hex);
}

static int import(const char *path, uint64_t max_bytes, const char *part)
{
	const struct store_import_opts opts = { .max_bytes = max_bytes, .good = true };
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	int ret;

	open_store(&s, STORE_ADD);
	ret = store_import(&s, path, &opts, &done, &err);
	if (ret && !strstr(err.msg, part))
		fail_msg("'%s' has no '%s'", err.msg, part);
	if (ret)
		assert_entries(&s, NULL, "");
	assert_int_equal(store_verify(&s, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.nr_damage + c.unreferenced.nr, 0);
	return ret;
}

static void hostile_archives(void **state)
{
	PGO_AUTO_FREE char *manifest = manifest_of(NULL, sizeof(good_text) - 1);
	PGO_AUTO_FREE char *good = manifest_of(NULL, sizeof(good_text) - 1);
	PGO_AUTO_FREE char *huge = manifest_of(NULL, UINT64_C(1) << 50);
	PGO_AUTO_FREE char *small = manifest_of(NULL, 3);
	static const char other[] = "1 main 5 1 f 0 0 11\n", junk[] = "no profile no profile\n";
	const struct member ok = { .name = good_name, .data = good_text };
	const struct member bad[] = {
		{ .name = "../../outside", .data = good_text },
		{ .name = "/tmp/outside", .data = good_text },
		{ .name = "objects/../objects/x", .data = good_text },
		{ .name = good_name, .type = AE_IFLNK, .link = "/etc/passwd" },
		{ .name = good_name, .link = "manifest.json" },
		{ .name = good_name, .type = AE_IFCHR },
		{ .name = good_name, .type = AE_IFDIR },
		{ .name = good_name, .type = AE_IFIFO },
		{ .name = good_name, .data = other },
		{ .name = good_name, .data = "short" },
		{ .name = "objects/"
			  "0000000000000000000000000000000000000000000000000000000000000000",
		  .data = good_text },
	};
	const struct member twice[] = { ok, ok };
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_archive("a", good, &bad[i], 1);
		assert_int_equal(import("a", 1 << 20, "is corrupt: its entry"), -PGO_EFORMAT);
	}
	write_archive("a", good, NULL, 0);
	assert_int_equal(import("a", 1 << 20, "is truncated"), -PGO_EFORMAT);
	write_archive("a", good, twice, 2);
	assert_int_equal(import("a", 1 << 20, "is there twice"), -PGO_EFORMAT);
	write_archive("a", huge, &ok, 1);
	assert_int_equal(import("a", 1 << 20, "would unpack to"), -PGO_ELIMIT);
	assert_int_equal(import("a", UINT64_MAX, "size of its manifest"), -PGO_EFORMAT);
	write_archive("a", small, &ok, 1);
	assert_int_equal(import("a", 1 << 20, "size of its manifest"), -PGO_EFORMAT);
	digest_init(&d);
	digest_add(&d, junk, sizeof(junk) - 1);
	digest_hex(&d, hex);
	{
		PGO_AUTO_FREE char *text = manifest_of(hex, sizeof(junk) - 1);
		PGO_AUTO_FREE char *name = xstrfmt("objects/%s", hex);
		const struct member m = { .name = name, .data = junk };

		write_archive("a", text, &m, 1);
		assert_int_equal(import("a", 1 << 20, "no good profile"), -PGO_EFORMAT);
	}
	write_archive("a", "{\"format\": 2}", NULL, 0);
	assert_int_equal(import("a", 1 << 20, "format 2"), -PGO_EVERSION);
	write_archive("a", "{\"format\": 1}", NULL, 0);
	assert_int_equal(import("a", 1 << 20, "lacks a field"), -PGO_EFORMAT);
	folder_put("a", good_text);
	assert_int_equal(import("a", 1 << 20, "no archive of a store"), -PGO_EFORMAT);
	assert_int_equal(access("../outside", F_OK), -1);
	write_archive("a", good, &ok, 1);
	assert_int_equal(import("a", sizeof(good_text) - 2, "would unpack to"), -PGO_ELIMIT);
	assert_int_equal(import("a", sizeof(good_text) - 1, ""), 0);
}

/* Every cut and every changed byte of an archive is refused, or changes nothing. */
static void broken_archives(void **state)
{
	PGO_AUTO_FREE char *good = manifest_of(NULL, sizeof(good_text) - 1);
	const struct member ok = { .name = good_name, .data = good_text };
	const struct store_import_opts opts = { .max_bytes = 1 << 20 };
	PGO_AUTO(strbuf) whole = STRBUF_INIT;
	PGO_AUTO(store) s = STORE_INIT;
	unsigned refusals = 0;

	(void)state;
	write_archive("a", good, &ok, 1);
	assert_int_equal(fs_read_file("a", &whole, NULL), 0);
	open_store(&s, STORE_ADD);
	for (size_t i = 0; i < whole.len; i += 3) {
		PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;

		whole.buf[i] ^= 0x55;
		fs_write_atomic("b", whole.buf, whole.len, 0644, NULL);
		refusals += store_import(&s, "b", &opts, &done, NULL) < 0;
		whole.buf[i] ^= 0x55;
	}
	assert_true(refusals > whole.len / 6);
	for (size_t len = 0; len + 32 < whole.len; len += 7) {
		PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;

		fs_write_atomic("b", whole.buf, len, 0644, NULL);
		assert_true(store_import(&s, "b", &opts, &done, NULL) < 0);
	}
}

static void export_is_the_same_again(void **state)
{
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO(store_entries) again = STORE_ENTRIES_INIT;
	PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(sign_key) k = SIGN_KEY_INIT;
	PGO_AUTO(trust) trust = TRUST_INIT;
	struct store_import_opts opts = { .max_bytes = 1 << 20, .good = true, .trust = &trust };
	PGO_AUTO(strbuf) x = STRBUF_INIT, y = STRBUF_INIT;

	(void)state;
	assert_int_equal(sign_key_make("k", &k, NULL), 0);
	assert_int_equal(trust_add(&trust, "k.pub", NULL), 0);
	open_store(&s, STORE_ADD);
	for (unsigned i = 0; i < 5; i++)
		add(&s, i % 2 ? "b" : "a", i, i < 3);
	add(&s, "b", 0, false);
	assert_int_equal(store_list(&s, NULL, &list, NULL), 0);
	assert_int_equal(store_export(&s, &list, &k, "x", NULL), 0);
	store_release(&s);
	assert_int_equal(rename("store", "old"), 0);
	open_store(&s, STORE_ADD);
	assert_int_equal(store_import(&s, "x", &opts, &done, NULL), 0);
	assert_int_equal(done.nr_new, 6);
	store_imported_release(&done);
	assert_int_equal(store_import(&s, "x", &opts, &done, NULL), 0);
	assert_int_equal(done.nr_new, 0);
	assert_int_equal(store_find(&s, "a/last-good", NULL, &e, NULL, NULL), 0);
	assert_string_equal(fs_basename(e.origin), "2.fdata");
	assert_int_equal(store_list(&s, NULL, &again, NULL), 0);
	assert_int_equal(store_export(&s, &again, NULL, "y", NULL), 0);
	assert_int_equal(fs_read_file("x", &x, NULL), 0);
	assert_int_equal(fs_read_file("y", &y, NULL), 0);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.buf, y.buf, x.len);
	/* Not by this key, not this archive. */
	store_imported_release(&done);
	assert_int_equal(store_import(&s, "y", &opts, &done, &why), -PGO_EMISMATCH);
	assert_int_equal(rename("x.sig", "y.sig"), 0);
	assert_int_equal(store_import(&s, "y", &opts, &done, NULL), 0);
	y.buf[y.len - 1] ^= 1;
	fs_write_atomic("y", y.buf, y.len, 0644, NULL);
	store_imported_release(&done);
	assert_int_equal(store_import(&s, "y", &opts, &done, &why), -PGO_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(marks_move_and_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gc_keeps_what_it_says, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_profiles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_is_found_and_mended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(newer_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_writers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signed_profiles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_archives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(broken_archives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(export_is_the_same_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
