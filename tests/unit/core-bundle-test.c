/* SPDX-License-Identifier: Apache-2.0 */
/* merged.prof: what goes in comes out, equal inputs give equal bytes, hostile ones are refused. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/bundle-manifest.h"
#include "tests/lib/folder.h"

#define LONG_NAME                                                                        \
	"#home#somebody#a#rather#long#path#as#gcc#makes#them#for#a#profile#that#lies#"   \
	"in#one#folder#for#all#of#the#objects#of#a#program#that#is#built#anywhere#main.gcda"

static int set_up(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	return sodium_init() < 0 || folder_enter(state);
}

static void add_workload(struct bundle *b, const char *name, double weight)
{
	struct bundle_workload *w = bundle_add_workload(b);

	w->name = xstrdup(name);
	w->run = xstrdup("./prog \"$x\" \xff\n");
	w->weight = weight;
	w->runs = 3;
	w->inputs = 4;
	w->input_bytes = UINT64_MAX;
	w->stats = (struct profile_stats){ 1, 2, UINT64_MAX, INT64_MAX, 5 };
	w->sha256 = xstrdup("aa");
}

static void add_payload(struct bundle *b, const char *root, const char *path, const char *format)
{
	struct bundle_payload *p = bundle_add_payload(b);
	PGO_AUTO_FREE char *full = fs_join(root, path);

	p->path = xstrdup(path);
	p->format = xstrdup(format);
	p->version = xstrdup("13");
	assert_int_equal(bundle_hash_payload(full, p, NULL), 0);
}

static void describe(struct bundle *b)
{
	b->tool = xstrdup("pgoctl 0.1.0");
	b->family = xstrdup("clang");
	b->version = xstrdup("22.1.8");
	b->banner = xstrdup("clang version 22.1.8");
	b->target = xstrdup("x86_64-pc-linux-gnu");
	b->major = b->llvm_major = 22;
	b->technique = xstrdup("instrument");
	strvec_push(&b->cflags, "-fprofile-generate");
	strvec_push(&b->cflags, "-g");
	b->source_sha256 = xstrdup("bb");
	b->work_root = xstrdup("/src/a b/.pgo/work");
	b->machine = xstrdup("x86_64, \"CPU\"");
}

/* A bundle with a file and a folder as payloads, which lie below root. */
static void make(struct bundle *b, const char *root)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	for (int i = 0; i < 500; i++)
		strbuf_addf(&text, "%d ", i * i);
	assert_int_equal(fs_mkdir_p(root, NULL), 0);
	assert_int_equal(chdir(root), 0);
	folder_put("clang.profdata", text.buf);
	folder_put("gcc/a b.gcda", "one");
	folder_put("gcc/empty.gcda", "");
	folder_put("gcc/sub/$x'\n.gcda", "two");
	folder_put("gcc/" LONG_NAME, "three");
	folder_put("gcc/\xc3\xa4.gcda", "four");
	assert_int_equal(chdir(folder), 0);
	describe(b);
	add_workload(b, "fib", 0.1);
	add_workload(b, "words", 2.5);
	add_payload(b, root, "clang.profdata", "llvm-indexed");
	add_payload(b, root, "gcc", "gcda");
}

static char *manifest_text(const struct bundle *b)
{
	struct strbuf sb = STRBUF_INIT;

	manifest_write(b, &sb);
	return strbuf_take(&sb);
}

static void what_goes_in_comes_out(void **state)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(bundle) got = BUNDLE_INIT;
	PGO_AUTO_FREE char *before = NULL, *after = NULL;

	(void)state;
	make(&b, "in");
	assert_int_equal(bundle_write(&b, "in", "x.prof", NULL), 0);
	assert_true(bundle_is("x.prof"));
	assert_int_equal(bundle_read("x.prof", "out", &got, NULL), 0);
	folder_has("out/gcc/a b.gcda", "one");
	folder_has("out/gcc/empty.gcda", "");
	folder_has("out/gcc/sub/$x'\n.gcda", "two");
	folder_has("out/gcc/" LONG_NAME, "three");
	folder_has("out/gcc/\xc3\xa4.gcda", "four");
	assert_false(fs_exists("out/manifest.json"));
	assert_string_equal(got.workloads[0].run, "./prog \"$x\" \xef\xbf\xbd\n");
	assert_true(got.workloads[0].weight == 0.1);
	assert_true(got.workloads[1].stats.total_count == UINT64_MAX);
	assert_int_equal(got.payloads[1].files, 5);
	assert_int_equal(got.payloads[1].bytes, 3 + 3 + 5 + 4);
	assert_null(got.commit);
	free(b.workloads[0].run);
	free(b.workloads[1].run);
	b.workloads[0].run = xstrdup(got.workloads[0].run);
	b.workloads[1].run = xstrdup(got.workloads[1].run);
	before = manifest_text(&b);
	after = manifest_text(&got);
	assert_string_equal(before, after);
}

static void only_the_manifest_is_read_without_a_folder(void **state)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(bundle) got = BUNDLE_INIT;

	(void)state;
	make(&b, "in");
	b.commit = xstrdup("0123abc");
	b.dirty = true;
	assert_int_equal(bundle_write(&b, "in", "x.prof", NULL), 0);
	assert_int_equal(bundle_read("x.prof", NULL, &got, NULL), 0);
	assert_string_equal(got.commit, "0123abc");
	assert_true(got.dirty);
	assert_int_equal(got.cflags.nr, 2);
	assert_int_equal(got.nr_payloads, 2);
}

static void equal_inputs_give_equal_bytes(void **state)
{
	static const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	PGO_AUTO(strbuf) one = STRBUF_INIT, two = STRBUF_INIT;
	PGO_AUTO(bundle) a = BUNDLE_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;

	(void)state;
	make(&a, "a");
	make(&b, "some/other/place");
	assert_int_equal(utimensat(AT_FDCWD, "a/clang.profdata", old, 0), 0);
	assert_int_equal(chmod("a/gcc/a b.gcda", 0755), 0);
	assert_int_equal(bundle_write(&a, "a", "a.prof", NULL), 0);
	assert_int_equal(bundle_write(&b, "some/other/place", "other.prof", NULL), 0);
	assert_int_equal(fs_read_file("a.prof", &one, NULL), 0);
	assert_int_equal(fs_read_file("other.prof", &two, NULL), 0);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.buf, two.buf, one.len);
	b.workloads[0].weight = 0.2;
	assert_int_equal(bundle_write(&b, "some/other/place", "other.prof", NULL), 0);
	strbuf_clear(&two);
	assert_int_equal(fs_read_file("other.prof", &two, NULL), 0);
	assert_true(one.len != two.len || memcmp(one.buf, two.buf, one.len) != 0);
}

/* A name of another encoding, as the name of a source file may be. */
static void a_name_may_be_any_bytes(void **state)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(bundle) got = BUNDLE_INIT;

	(void)state;
	describe(&b);
	folder_put("in/gcc/f\xfc\x9b.gcda", "latin");
	folder_put("in/gcc/z.gcda", "after");
	add_payload(&b, "in", "gcc", "gcda");
	assert_int_equal(bundle_write(&b, "in", "x.prof", NULL), 0);
	assert_int_equal(bundle_read("x.prof", "out", &got, NULL), 0);
	folder_has("out/gcc/f\xfc\x9b.gcda", "latin");
	folder_has("out/gcc/z.gcda", "after");
}

static void a_payload_that_is_not_there(void **state)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	make(&b, "in");
	folder_put("x.prof", "stays");
	assert_int_equal(fs_remove_tree("in/gcc", NULL), 0);
	assert_int_equal(bundle_write(&b, "in", "x.prof", &err), -PGO_ENOTFOUND);
	folder_has("x.prof", "stays");
	assert_int_equal(bundle_write(&b, "in", "no/x.prof", &err), -PGO_ENOTFOUND);
}

/* Without the fsync of fs_write_atomic: this is done thousands of times. */
static void overwrite(const char *path, const char *bytes, size_t len)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, bytes, len), 0);
}

/* Whether the bundle of the bytes is read, as what it was or with an error of the right kind. */
static bool read_bytes(const char *bytes, size_t len, const char *want_manifest)
{
	PGO_AUTO(bundle) got = BUNDLE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *manifest = NULL;
	int ret;

	assert_int_equal(fs_remove_tree("out", NULL), 0);
	overwrite("bad.prof", bytes, len);
	ret = bundle_read("bad.prof", "out", &got, &err);
	if (ret) {
		assert_true(ret == -PGO_EFORMAT || ret == -PGO_EVERSION || ret == -PGO_ELIMIT);
		assert_null(got.tool);
		assert_non_null(strstr(err.msg, "'bad.prof'"));
		return false;
	}
	manifest = manifest_text(&got);
	assert_string_equal(manifest, want_manifest);
	return true;
}

static void a_truncated_one_is_refused(void **state)
{
	PGO_AUTO(strbuf) whole = STRBUF_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO_FREE char *manifest = NULL;

	(void)state;
	make(&b, "in");
	assert_int_equal(bundle_write(&b, "in", "x.prof", NULL), 0);
	bundle_release(&b);
	assert_int_equal(fs_read_file("x.prof", &whole, NULL), 0);
	assert_int_equal(bundle_read("x.prof", NULL, &b, NULL), 0);
	manifest = manifest_text(&b);
	for (size_t n = 0; n < whole.len; n += 64)
		assert_false(read_bytes(whole.buf, n, manifest));
	assert_false(read_bytes(whole.buf, whole.len - 1, manifest));
	assert_true(read_bytes(whole.buf, whole.len, manifest));
}

static void an_altered_byte_is_seen(void **state)
{
	PGO_AUTO(strbuf) whole = STRBUF_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO_FREE char *manifest = NULL;
	unsigned nr = 0, harmless = 0;

	(void)state;
	make(&b, "in");
	assert_int_equal(bundle_write(&b, "in", "x.prof", NULL), 0);
	bundle_release(&b);
	assert_int_equal(fs_read_file("x.prof", &whole, NULL), 0);
	assert_int_equal(bundle_read("x.prof", NULL, &b, NULL), 0);
	manifest = manifest_text(&b);
	for (size_t i = 0; i < whole.len; i += 3, nr++) {
		whole.buf[i] ^= 0x10;
		harmless += read_bytes(whole.buf, whole.len, manifest);
		whole.buf[i] ^= 0x10;
	}
	/* A bit that no reader looks at, as in a frame's unused flags: what is read is the same. */
	assert_true(harmless * 100 < nr);
}

struct entry {
	const char *name, *data;
	unsigned type;	  /* 0: a file */
	const char *link; /* target of a symbolic or hard link */
};

static void put_entry(struct archive *a, const struct entry *in)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = in->data ? strlen(in->data) : 0;

	archive_entry_set_pathname(e, in->name);
	archive_entry_set_size(e, (int64_t)len);
	archive_entry_set_filetype(e, in->type ? in->type : AE_IFREG);
	archive_entry_set_perm(e, 0644);
	if (in->link && in->type == AE_IFLNK)
		archive_entry_set_symlink(e, in->link);
	else if (in->link)
		archive_entry_set_hardlink(e, in->link);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (len && !in->link)
		assert_int_equal(archive_write_data(a, in->data, len), (la_ssize_t)len);
	archive_entry_free(e);
}

/* bad.prof: an archive of the entries. */
static void forge(const struct entry *entries, size_t nr)
{
	struct archive *a = archive_write_new();

	assert_int_equal(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_zstd(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, "bad.prof"), ARCHIVE_OK);
	for (size_t i = 0; i < nr; i++)
		put_entry(a, &entries[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static char *sum_of(const char *manifest)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;

	digest_init(&d);
	digest_add(&d, manifest, strlen(manifest));
	digest_hex(&d, hex);
	return xstrfmt("%s  manifest.json\n", hex);
}

/* bad.prof is refused with ret, and says so. */
static void assert_refused(int want, const char *said)
{
	PGO_AUTO(bundle) got = BUNDLE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	assert_int_equal(fs_remove_tree("deep", NULL), 0);
	assert_int_equal(bundle_read("bad.prof", "deep/out", &got, &err), want);
	assert_null(got.tool);
	if (!strstr(err.msg, said))
		fail_msg("%s: not about %s", err.msg, said);
}

/* An archive with a right manifest for gcc/a = "one", and entries instead of that file. */
static void check_entries(const struct entry *entries, size_t nr, const char *said)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(bundle) got = BUNDLE_INIT;
	PGO_AUTO_FREE char *manifest = NULL, *sum = NULL;
	struct entry all[6];

	folder_put("in/gcc/a", "one");
	describe(&b);
	add_payload(&b, "in", "gcc", "gcda");
	manifest = manifest_text(&b);
	sum = sum_of(manifest);
	all[0] = (struct entry){ .name = "manifest.json", .data = manifest };
	all[1] = (struct entry){ .name = "manifest.sha256", .data = sum };
	if (nr)
		memcpy(all + 2, entries, nr * sizeof(*entries));
	forge(all, nr + 2);
	if (said) {
		assert_refused(-PGO_EFORMAT, said);
		return;
	}
	assert_int_equal(bundle_read("bad.prof", "deep/out", &got, NULL), 0);
}
#define CHECK_ENTRIES(said, ...)                                                         \
	check_entries((const struct entry[]){ __VA_ARGS__ },                             \
		      ARRAY_SIZE(((const struct entry[]){ __VA_ARGS__ })), said)

static void names_that_climb_out(void **state)
{
	static const char *const names[] = {
		"../evil", "gcc/../../evil", "gcc/..",	   "/tmp/evil", "//evil", "gcc//a",
		"gcc/./a", "./gcc/a",	     "gcc/b/../a", "gcc/",	"gcca",	  "gc",
		"other/a", "manifest.json",  "",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		PGO_AUTO_FREE char *said = xstrfmt("its entry '%s' is not in its manifest",
						   names[i]);
		bool empty = !*names[i];

		CHECK_ENTRIES(empty ? "bad.prof" : said, { .name = names[i], .data = "one" });
		assert_false(fs_exists("evil"));
		assert_false(fs_exists("deep/evil"));
		assert_false(fs_exists("/tmp/evil"));
	}
}

static void entries_that_are_no_files(void **state)
{
	static const char said[] = "its entry 'gcc/l' is not in its manifest";

	(void)state;
	folder_put("target", "one");
	CHECK_ENTRIES(said, { .name = "gcc/l", .type = AE_IFLNK, .link = "/etc/passwd" });
	CHECK_ENTRIES("its entry 'gcc/l/' is not in its manifest",
		      { .name = "gcc/l", .type = AE_IFDIR });
	CHECK_ENTRIES(said, { .name = "gcc/l", .type = AE_IFIFO });
	CHECK_ENTRIES(said, { .name = "gcc/l", .type = AE_IFCHR });
	CHECK_ENTRIES("its entry 'gcc/b' is not in its manifest",
		      { .name = "gcc/a", .data = "one" }, { .name = "gcc/b", .link = "gcc/a" });
}

static void entries_that_are_not_what_was_promised(void **state)
{
	(void)state;
	CHECK_ENTRIES(NULL, { .name = "gcc/a", .data = "one" });
	CHECK_ENTRIES("has not the hash", { .name = "gcc/a", .data = "two" });
	CHECK_ENTRIES("has not the hash", { .name = "gcc/b", .data = "one" });
	CHECK_ENTRIES("has not the hash", { .name = "gcc", .data = "one" });
	CHECK_ENTRIES("larger than its manifest says", { .name = "gcc/a", .data = "ones" });
	CHECK_ENTRIES("larger than its manifest says", { .name = "gcc/a", .data = "one" },
		      { .name = "gcc/b", .data = "" });
	check_entries(NULL, 0, "'gcc' is missing");
}

/* Two files are promised, and come so that one is in the way of the other. */
static void entries_in_each_others_way(void **state)
{
	static const char *const second[] = { "gcc/a", "gcc/a/b" };

	(void)state;
	folder_put("in/gcc/b", "");
	for (size_t i = 0; i < ARRAY_SIZE(second); i++)
		CHECK_ENTRIES("another entry is in the way", { .name = "gcc/a", .data = "one" },
			      { .name = second[i], .data = "" });
}

/* bad.prof: a good archive but for its manifest. */
static void forge_manifest(const char *text)
{
	PGO_AUTO_FREE char *sum = sum_of(text);
	const struct entry entries[] = {
		{ .name = "manifest.json", .data = text },
		{ .name = "manifest.sha256", .data = sum },
		{ .name = "clang.profdata", .data = "one" },
	};

	forge(entries, ARRAY_SIZE(entries));
}

static json_t *good_manifest(void)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;

	folder_put("in/clang.profdata", "one");
	describe(&b);
	add_workload(&b, "w", 1);
	add_payload(&b, "in", "clang.profdata", "llvm-indexed");
	free(b.workloads[0].run);
	b.workloads[0].run = xstrdup("x");
	return manifest_json(&b);
}

static void forge_json(json_t *o)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	js_dump(o, &text, false);
	forge_manifest(text.buf);
}

static void assert_manifest_refused(json_t *top)
{
	forge_json(top);
	assert_refused(-PGO_EFORMAT, "the manifest of 'bad.prof' lacks a field");
}

/* Each key of o in its turn: away, and of a wrong type. top is the whole manifest. */
static unsigned spoil_keys(json_t *top, json_t *o)
{
	PGO_AUTO(strvec) keys = STRVEC_INIT;
	json_t *value;
	const char *key;
	unsigned nr = 0;

	json_object_foreach(o, key, value)
		strvec_push(&keys, key);
	for (size_t i = 0; i < keys.nr; i++) {
		if (!strcmp(keys.v[i], "dirty"))
			continue;
		value = json_incref(json_object_get(o, keys.v[i]));
		json_object_set_new(o, keys.v[i], json_pack("[i]", -1));
		assert_manifest_refused(top);
		json_object_del(o, keys.v[i]);
		assert_manifest_refused(top);
		json_object_set_new(o, keys.v[i], value);
		nr++;
	}
	return nr;
}

static void every_field_is_needed(void **state)
{
	PGO_AUTO(json_holder) h = { good_manifest() };
	json_t *workload = json_array_get(json_object_get(h.o, "workloads"), 0);
	json_t *payload = json_array_get(json_object_get(h.o, "payloads"), 0);
	unsigned nr = 0;

	(void)state;
	nr += spoil_keys(h.o, h.o);
	nr += spoil_keys(h.o, json_object_get(h.o, "toolchain"));
	nr += spoil_keys(h.o, json_object_get(h.o, "source"));
	nr += spoil_keys(h.o, workload);
	nr += spoil_keys(h.o, json_object_get(workload, "stats"));
	nr += spoil_keys(h.o, payload);
	nr += spoil_keys(h.o, json_object_get(payload, "stats"));
	assert_in_range(nr, 40, 60);
}

static void payloads_have_plain_names(void **state)
{
	static const char *const names[] = { "", ".", "..", "../x", "a/b", "/x", ".x" };
	PGO_AUTO(json_holder) h = { good_manifest() };
	json_t *payload = json_array_get(json_object_get(h.o, "payloads"), 0);

	(void)state;
	forge_json(h.o);
	assert_true(bundle_is("bad.prof"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_object_set_new(payload, "path", json_string(names[i]));
		forge_json(h.o);
		assert_refused(-PGO_EFORMAT, "the manifest of 'bad.prof'");
	}
}

static void a_newer_format_is_told_apart(void **state)
{
	PGO_AUTO(json_holder) h = { good_manifest() };

	(void)state;
	json_object_set_new(h.o, "format", json_integer(BUNDLE_FORMAT + 1));
	forge_json(h.o);
	assert_refused(-PGO_EVERSION, "'bad.prof' is of bundle format 2; this pgoctl reads 1");
	json_object_set_new(h.o, "format", json_integer(0));
	forge_json(h.o);
	assert_refused(-PGO_EVERSION, "'bad.prof' is of bundle format 0");
}

static void what_is_no_bundle(void **state)
{
	const struct entry first[] = { { .name = "other", .data = "{}" } };
	const struct entry no_sum[] = { { .name = "manifest.json", .data = "{}" },
					{ .name = "clang.profdata", .data = "one" } };
	PGO_AUTO(bundle) got = BUNDLE_INIT;

	(void)state;
	forge(first, 1);
	assert_refused(-PGO_EFORMAT, "'bad.prof' is no profile bundle");
	forge(no_sum, 2);
	assert_refused(-PGO_EFORMAT, "'bad.prof' is no profile bundle");
	forge_manifest("{}");
	assert_refused(-PGO_EFORMAT, "the manifest of 'bad.prof'");
	forge_manifest("no JSON");
	assert_refused(-PGO_EFORMAT, "bad.prof");
	folder_put("bad.prof", "");
	assert_refused(-PGO_EFORMAT, "'bad.prof' is no profile bundle");
	assert_false(bundle_is("bad.prof"));
	folder_put("bad.prof", "\x28\xb5\x2f\xfdnonsense");
	assert_refused(-PGO_EFORMAT, "'bad.prof' is no profile bundle");
	assert_true(bundle_is("bad.prof"));
	assert_false(bundle_is("nothing"));
	assert_false(bundle_is("."));
	assert_int_equal(bundle_read("nothing", "out", &got, NULL), -PGO_ENOTFOUND);
	assert_true(bundle_read(".", "out", &got, NULL) < 0);
}

/* A manifest that unpacks to more than anybody's memory is not read to its end. */
static void a_bomb_is_refused(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	strbuf_grow(&text, 65u << 20);
	memset(text.buf, ' ', 65u << 20);
	strbuf_setlen(&text, 65u << 20);
	forge_manifest(text.buf);
	assert_refused(-PGO_ELIMIT, "the manifest of 'bad.prof' is too large");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out),
		TEST(only_the_manifest_is_read_without_a_folder),
		TEST(equal_inputs_give_equal_bytes),
		TEST(a_name_may_be_any_bytes),
		TEST(a_payload_that_is_not_there),
		TEST(a_truncated_one_is_refused),
		TEST(an_altered_byte_is_seen),
		TEST(names_that_climb_out),
		TEST(entries_that_are_no_files),
		TEST(entries_that_are_not_what_was_promised),
		TEST(entries_in_each_others_way),
		TEST(every_field_is_needed),
		TEST(payloads_have_plain_names),
		TEST(a_newer_format_is_told_apart),
		TEST(what_is_no_bundle),
		TEST(a_bomb_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
