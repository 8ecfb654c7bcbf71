/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/store.h"
#include "pgo/report/show.h"
#include "pgo/report/store.h"

#define KEEP 10

struct options {
	const char *store, *project, *note, *key, *output;
	struct strvec trust;
	unsigned keep;
	uint64_t max_size;
	bool good, dry_run, json;
};

static const struct opt opts[] = {
	{ OPT_STR, 0, "store", "DIR", "use this store (default: $PGOCTL_STORE, or the user's)",
	  offsetof(struct options, store) },
	{ OPT_STR, 'p', "project", "NAME", "of this project (default: the folder's name)",
	  offsetof(struct options, project) },
	{ OPT_FLAG, 0, "good", NULL,
	  "add: it is the last good one; import: take over which are the last good ones",
	  offsetof(struct options, good) },
	{ OPT_STR, 0, "note", "TEXT", "add: what is to be known of it",
	  offsetof(struct options, note) },
	{ OPT_UINT, 0, "keep", "N", "gc: keep the last N of each project (default: 10)",
	  offsetof(struct options, keep) },
	{ OPT_STR, 'k', "key", "FILE", "add, export: sign with this secret key",
	  offsetof(struct options, key) },
	{ OPT_STRS, 0, "trust", "FILE",
	  "verify, import: refuse what no public key in FILE has signed; may be repeated",
	  offsetof(struct options, trust) },
	{ OPT_STR, 'o', "output", "FILE", "export: what to write",
	  offsetof(struct options, output) },
	{ OPT_FLAG, 'n', "dry-run", NULL, "gc: tell what would be removed, do nothing",
	  offsetof(struct options, dry_run) },
	{ OPT_SIZE, 0, "max-size", "SIZE", "import: unpack no more than this (default: 4G)",
	  offsetof(struct options, max_size) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* A command at work: what every verb gets. */
struct work {
	struct cmd_ctx *ctx;
	const struct options *o;
	char **args;
	int nr;
	struct store store;
	char *project; /* NULL: none is given, and none needed yet */
	struct sign_key key;
	bool has_key;
	struct trust trust;
};
#define WORK_INIT { .store = STORE_INIT, .key = SIGN_KEY_INIT, .trust = TRUST_INIT }

static void work_release(struct work *w)
{
	store_release(&w->store);
	free(w->project);
	sign_key_release(&w->key);
	trust_release(&w->trust);
}
PGO_DEFINE_AUTO(work, work_release)

static const struct trust *trust_of(const struct work *w)
{
	return w->trust.keys.nr ? &w->trust : NULL;
}

static int failure(const struct work *w)
{
	return -(int)w->ctx->err->code;
}

/* Prints o as the result; takes it. */
static int print_json(struct work *w, json_t *o)
{
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	return cmd_print_json(w->ctx, o) ? PGO_EXIT_OK : failure(w);
}

static int print_text(struct work *w, const struct strbuf *out)
{
	return cmd_print(w->ctx, out) ? PGO_EXIT_OK : failure(w);
}

/* Where an operand is a profile: a file, or one that is in this store already. */
static int path_of(struct work *w, const char *operand, char **ret)
{
	PGO_AUTO(store_entry) e = { 0 };
	int code;

	if (!store_is_name(operand)) {
		*ret = xstrdup(operand);
		return 0;
	}
	code = store_find(&w->store, operand, w->project, &e, NULL, w->ctx->err);
	if (!code)
		*ret = store_object_path(&w->store, e.digest);
	return code;
}

static int add_one(struct work *w, const char *operand, json_t *list)
{
	const struct store_add_opts ao = {
		.project = w->project,
		.note = w->o->note,
		.key = w->has_key ? &w->key : NULL,
		.good = w->o->good,
	};
	PGO_AUTO(store_entry) e = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO_FREE char *path = NULL;
	bool is_new;
	json_t *o;
	int ret = path_of(w, operand, &path);

	if (!ret)
		ret = store_add(&w->store, path, &ao, &e, &is_new, w->ctx->err);
	if (ret)
		return ret;
	if (!is_new && w->o->note)
		log_warn("%.12s was there already: its note stays as it was", e.digest);
	if (w->o->json) {
		o = show_entry_json(&e);
		json_object_set_new(o, "new", json_boolean(is_new));
		json_array_append_new(list, o);
		return 0;
	}
	strbuf_addf(&out, "%s %s%s%s\n", e.digest, is_new ? "added to " : "was there already in ",
		    e.project, e.last_good ? ", " STORE_LAST_GOOD : "");
	return print_text(w, &out);
}

static int run_add(struct work *w)
{
	PGO_AUTO(json_holder) h = { json_object() };
	json_t *list = json_array();
	int ret = 0;

	json_object_set_new(h.o, "profiles", list);
	for (int i = 0; !ret && i < w->nr; i++)
		ret = add_one(w, w->args[i], list);
	return ret || !w->o->json ? ret : print_json(w, json_incref(h.o));
}

/* The profiles that the operands name; without any all, or the project's where one is given. */
static int find_all(struct work *w, struct store_entries *list)
{
	int ret = 0;

	if (!w->nr)
		return store_list(&w->store, w->o->project, list, w->ctx->err);
	for (int i = 0; !ret && i < w->nr; i++) {
		VEC_GROW(list->v, list->nr, list->alloc);
		list->v[list->nr] = (struct store_entry){ 0 };
		ret = store_find(&w->store, w->args[i], w->project, &list->v[list->nr++], NULL,
				 w->ctx->err);
	}
	return ret;
}

/* Of add's operands these are no files: they are named as list tells them. */
static int print_entries(struct work *w, const struct store_entries *list)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	json_t *o;

	if (!w->o->json) {
		show_entries(list, &out);
		return print_text(w, &out);
	}
	o = json_object();
	json_object_set_new(o, "store", js_string(w->store.dir));
	json_object_set_new(o, "profiles", show_entries_json(list));
	return print_json(w, o);
}

static int run_list(struct work *w)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	int ret = find_all(w, &list);

	return ret ? ret : print_entries(w, &list);
}

static int run_show(struct work *w)
{
	PGO_AUTO(store_story) s = STORE_STORY_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct pgo_err *err = w->ctx->err;
	int ret = store_find(&w->store, w->args[0], w->project, &s.entry, NULL, err);

	if (!ret)
		ret = store_signatures_of(&w->store, s.entry.digest, &s.signatures, err);
	if (!ret)
		ret = store_history(&w->store, s.entry.project, &s.good, &s.nr_good, err);
	if (ret)
		return ret;
	s.path = store_object_path(&w->store, s.entry.digest);
	s.is_bundle = bundle_is(s.path);
	ret = s.is_bundle ? bundle_read(s.path, NULL, &s.bundle, err) : 0;
	if (ret)
		return ret;
	if (w->o->json)
		return print_json(w, show_story_json(&s));
	show_story(&s, &out);
	return print_text(w, &out);
}

static int pin_all(struct work *w, bool pinned)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	struct pgo_err *err = w->ctx->err;
	int ret = 0;

	for (int i = 0; !ret && i < w->nr; i++) {
		struct store_entry *e;
		bool has_project;

		VEC_GROW(list.v, list.nr, list.alloc);
		e = &list.v[list.nr++];
		*e = (struct store_entry){ 0 };
		ret = store_find(&w->store, w->args[i], w->project, e, &has_project, err);
		if (!ret)
			ret = store_pin(&w->store, e->digest,
					has_project || w->o->project ? e->project : NULL, pinned,
					err);
		e->pinned = pinned;
	}
	return ret ? ret : print_entries(w, &list);
}

static int run_pin(struct work *w)
{
	return pin_all(w, true);
}

static int run_unpin(struct work *w)
{
	return pin_all(w, false);
}

static int run_rollback(struct work *w)
{
	PGO_AUTO(store_entry) from = { 0 };
	PGO_AUTO(store_entry) to = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	json_t *o;
	int ret = store_rollback(&w->store, w->project, &from, &to, w->ctx->err);

	if (ret)
		return ret;
	if (!w->o->json) {
		strbuf_addf(&out, "%s is the last good one of %s again, no longer %s\n", to.digest,
			    w->project, from.digest);
		return print_text(w, &out);
	}
	o = json_object();
	json_object_set_new(o, "project", js_string(w->project));
	json_object_set_new(o, "last_good", js_string(to.digest));
	json_object_set_new(o, "taken_back", js_string(from.digest));
	return print_json(w, o);
}

static int run_gc(struct work *w)
{
	PGO_AUTO(store_gc) g = STORE_GC_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = store_collect(&w->store, w->o->keep, w->o->dry_run, &g, w->ctx->err);

	if (ret)
		return ret;
	if (w->o->json)
		return print_json(w, show_gc_json(&g, w->o->dry_run));
	show_gc(&g, w->o->dry_run, &out);
	return print_text(w, &out);
}

static int run_verify(struct work *w)
{
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;
	PGO_AUTO(store_entry) only = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct pgo_err *err = w->ctx->err;
	int ret = 0;

	if (w->nr)
		ret = store_find(&w->store, w->args[0], w->project, &only, NULL, err);
	if (!ret)
		ret = store_verify(&w->store, trust_of(w), w->nr ? only.digest : NULL, &c, err);
	if (ret)
		return ret;
	if (w->o->json) {
		ret = print_json(w, show_check_json(&c));
	} else {
		show_check(&c, &out);
		ret = print_text(w, &out);
	}
	return ret ? ret : c.nr_damage ? PGO_EXIT_NO : PGO_EXIT_OK;
}

static int run_export(struct work *w)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	int ret = find_all(w, &list);

	if (!ret)
		ret = store_export(&w->store, &list, w->has_key ? &w->key : NULL, w->o->output,
				   w->ctx->err);
	return ret ? ret : print_entries(w, &list);
}

static int run_import(struct work *w)
{
	const struct store_import_opts io = {
		.trust = trust_of(w),
		.max_bytes = w->o->max_size,
		.good = w->o->good,
	};
	PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	json_t *o;
	int ret = store_import(&w->store, w->args[0], &io, &done, w->ctx->err);

	if (ret)
		return ret;
	if (!w->o->json) {
		show_entries(&done.entries, &out);
		strbuf_addf(&out, "%zu %s, %zu new\n", done.entries.nr,
			    done.entries.nr == 1 ? "profile" : "profiles", done.nr_new);
		return print_text(w, &out);
	}
	o = json_object();
	json_object_set_new(o, "store", js_string(w->store.dir));
	json_object_set_new(o, "new", js_u64(done.nr_new));
	json_object_set_new(o, "profiles", show_entries_json(&done.entries));
	return print_json(w, o);
}

static int run_keygen(struct work *w)
{
	PGO_AUTO(sign_key) key = SIGN_KEY_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO_FREE char *public = xstrfmt("%s.pub", w->args[0]);
	json_t *o;
	int ret = sign_key_make(w->args[0], &key, w->ctx->err);

	if (ret)
		return ret;
	if (!w->o->json) {
		strbuf_addf(&out, "%s\n", key.public_hex);
		return print_text(w, &out);
	}
	o = json_object();
	json_object_set_new(o, "secret", js_string(w->args[0]));
	json_object_set_new(o, "public", js_string(public));
	json_object_set_new(o, "key", js_string(key.public_hex));
	return print_json(w, o);
}

enum {
	TAKES_PROJECT = 1 << 0,
	TAKES_GOOD = 1 << 1,
	TAKES_NOTE = 1 << 2,
	TAKES_KEY = 1 << 3,
	TAKES_TRUST = 1 << 4,
	TAKES_OUTPUT = 1 << 5,
	TAKES_KEEP = 1 << 6,
	TAKES_DRY_RUN = 1 << 7,
	TAKES_MAX_SIZE = 1 << 8,
	NEEDS_PROJECT = 1 << 9,
	NO_STORE = 1 << 10,
};

static const struct verb {
	const char *name, *usage;
	unsigned takes;
	enum store_use use;
	int least, most; /* operands */
	int (*run)(struct work *w);
} verbs[] = {
	{ "add", "FILE...", TAKES_PROJECT | NEEDS_PROJECT | TAKES_GOOD | TAKES_NOTE | TAKES_KEY,
	  STORE_ADD, 1, INT32_MAX, run_add },
	{ "list", "[PROFILE...]", TAKES_PROJECT, STORE_READ, 0, INT32_MAX, run_list },
	{ "show", "PROFILE", TAKES_PROJECT, STORE_READ, 1, 1, run_show },
	{ "pin", "PROFILE...", TAKES_PROJECT, STORE_CHANGE, 1, INT32_MAX, run_pin },
	{ "unpin", "PROFILE...", TAKES_PROJECT, STORE_CHANGE, 1, INT32_MAX, run_unpin },
	{ "rollback", "", TAKES_PROJECT | NEEDS_PROJECT, STORE_CHANGE, 0, 0, run_rollback },
	{ "gc", "", TAKES_KEEP | TAKES_DRY_RUN, STORE_ALONE, 0, 0, run_gc },
	{ "verify", "[PROFILE]", TAKES_PROJECT | TAKES_TRUST, STORE_READ, 0, 1, run_verify },
	{ "export", "-o FILE [PROFILE...]", TAKES_PROJECT | TAKES_KEY | TAKES_OUTPUT, STORE_READ, 0,
	  INT32_MAX, run_export },
	{ "import", "FILE", TAKES_GOOD | TAKES_TRUST | TAKES_MAX_SIZE, STORE_ADD, 1, 1,
	  run_import },
	{ "keygen", "FILE", NO_STORE, STORE_READ, 1, 1, run_keygen },
};

/* Options that were given and that the verb has no use for. */
static int check_options(struct cmd_ctx *ctx, const struct options *o, const struct verb *v)
{
	const struct {
		const char *name;
		unsigned bit;
		bool given;
	} all[] = {
		{ "project", TAKES_PROJECT, o->project != NULL },
		{ "good", TAKES_GOOD, o->good },
		{ "note", TAKES_NOTE, o->note != NULL },
		{ "key", TAKES_KEY, o->key != NULL },
		{ "trust", TAKES_TRUST, o->trust.nr > 0 },
		{ "output", TAKES_OUTPUT, o->output != NULL },
		{ "keep", TAKES_KEEP, o->keep != KEEP },
		{ "dry-run", TAKES_DRY_RUN, o->dry_run },
		{ "max-size", TAKES_MAX_SIZE, o->max_size != STORE_IMPORT_MAX_BYTES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].given && !(v->takes & all[i].bit))
			return pgo_error(ctx->err, PGO_EUSAGE, "--%s is not for pgoctl store %s",
					 all[i].name, v->name);
	if (!(v->takes & TAKES_OUTPUT) || o->output)
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE, "pgoctl store %s: -o FILE is missing", v->name);
	return pgo_err_hint(ctx->err, "for example -o profiles.tar.zst");
}

static int check_operands(struct cmd_ctx *ctx, const struct verb *v, int nr)
{
	if (nr >= v->least && nr <= v->most)
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE,
		  nr < v->least ? "pgoctl store %s: an operand is missing"
				: "pgoctl store %s: too many operands",
		  v->name);
	return pgo_err_hint(ctx->err, "usage: pgoctl store [options] %s %s", v->name, v->usage);
}

static int prepare(struct work *w, const struct verb *v)
{
	PGO_AUTO_FREE char *dir = NULL;
	enum store_use use = w->o->dry_run ? STORE_READ : v->use;
	struct pgo_err *err = w->ctx->err;
	int ret = 0;

	for (size_t i = 0; !ret && i < w->o->trust.nr; i++)
		ret = trust_add(&w->trust, w->o->trust.v[i], err);
	if (!ret && w->o->key) {
		ret = sign_key_load(w->o->key, &w->key, err);
		w->has_key = true;
	}
	if (ret || v->takes & NO_STORE)
		return ret;
	if (w->o->project || v->takes & NEEDS_PROJECT)
		ret = store_project(w->o->project, NULL, &w->project, err);
	if (!ret)
		ret = store_path(w->o->store, &dir, err);
	return ret ? ret : store_open(&w->store, dir, use, err);
}

static int run_verb(struct cmd_ctx *ctx, const struct options *o, int nr, char **argv)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	PGO_AUTO(work) w = WORK_INIT;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct verb *v = &verbs[i];

		strbuf_addf(&names, "%s%s", i ? ", " : "", v->name);
		if (strcmp(argv[1], v->name) != 0)
			continue;
		w.ctx = ctx;
		w.o = o;
		w.args = argv + 2;
		w.nr = nr - 1;
		ret = check_options(ctx, o, v);
		if (!ret)
			ret = check_operands(ctx, v, w.nr);
		if (!ret)
			ret = prepare(&w, v);
		return ret ? ret : v->run(&w);
	}
	pgo_error(ctx->err, PGO_EUSAGE, "unknown command '%s' of the store", argv[1]);
	return pgo_err_hint(ctx->err, "commands: %s", names.buf);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = {
		.keep = KEEP, .max_size = STORE_IMPORT_MAX_BYTES, .trust = STRVEC_INIT
	};
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	ret = nr < 0 ? nr : cmd_check_operands(ctx, &cmd_store, nr, 1, INT32_MAX);
	if (!ret)
		ret = run_verb(ctx, &o, nr, argv);
	strvec_release(&o.trust);
	return ret;
}

const struct cmd cmd_store = {
	.name = "store",
	.summary = "keep profiles: which was good, where each is from, signed and shared",
	.usage = "[options] "
		 "add|list|show|pin|unpin|rollback|gc|verify|export|import|keygen [OPERAND...]",
	.opts = opts,
	.run = run,
};
