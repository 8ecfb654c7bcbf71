/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-index.h"
#include "pgo/core/store-object.h"

void store_check_release(struct store_check *c)
{
	for (size_t i = 0; i < c->nr_damage; i++) {
		free(c->damage[i].project);
		free(c->damage[i].what);
	}
	free(c->damage);
	strvec_release(&c->unreferenced);
	*c = (struct store_check)STORE_CHECK_INIT;
}

int store_signatures_check(const struct store_signatures *list, const char *digest,
			   const struct trust *trust, struct pgo_err *err)
{
	bool trusted = false;

	for (size_t i = 0; i < list->nr; i++) {
		if (!sign_is_valid(list->v[i].key, digest, list->v[i].signature))
			return pgo_error(err, PGO_EFORMAT,
					 "profile %.12s: its signature by the key %.16s is false",
					 digest, list->v[i].key);
		trusted |= trust && strvec_has(&trust->keys, list->v[i].key);
	}
	if (!trust || trusted)
		return 0;
	if (!list->nr) {
		pgo_error(err, PGO_EMISMATCH, "profile %.12s is not signed", digest);
		return pgo_err_hint(err, "pgoctl store add --key FILE store:%.12s signs it",
				    digest);
	}
	return pgo_error(err, PGO_EMISMATCH,
			 "profile %.12s is signed by the key %.16s, which is not trusted", digest,
			 list->v[0].key);
}

static void add_damage(struct store_check *c, const char *digest, const char *project,
		       const char *what)
{
	struct store_damage *d;

	VEC_GROW(c->damage, c->nr_damage, c->alloc_damage);
	d = &c->damage[c->nr_damage++];
	*d = (struct store_damage){ .project = xstrdup(project), .what = xstrdup(what) };
	memcpy(d->digest, digest, strlen(digest) + 1);
}

/* What is wrong with a profile is noted; what keeps from looking is an error. */
static int judge(struct store_check *c, const struct store_entry *e, int code, struct pgo_err *why,
		 struct pgo_err *err)
{
	if (!code)
		return 0;
	if (code == -PGO_EFORMAT || code == -PGO_EMISMATCH) {
		add_damage(c, e->digest, e->project, why->msg);
		return 0;
	}
	if (err) {
		pgo_err_release(err);
		*err = *why;
		*why = (struct pgo_err)PGO_ERR_INIT;
	}
	return code;
}

static int check_file(struct store *s, const struct store_entry *e, struct store_check *c,
		      struct pgo_err *err)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int code = store_object_check(s, e->digest, e->bytes, &why);

	c->nr_files++;
	c->bytes += e->bytes;
	return judge(c, e, code, &why, err);
}

static int check_signatures(struct store *s, const struct store_entry *e, const struct trust *trust,
			    struct store_check *c, struct pgo_err *err)
{
	PGO_AUTO(store_signatures) list = STORE_SIGNATURES_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int code = store_signatures_of(s, e->digest, &list, err);

	if (code)
		return code;
	c->nr_signatures += list.nr;
	code = store_signatures_check(&list, e->digest, trust, &why);
	return judge(c, e, code, &why, err);
}

/* A file that several projects have is read once. */
static bool is_first(const struct store_entries *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(list->v[k].digest, list->v[i].digest))
			return false;
	return true;
}

static int check_index(struct store *s, struct store_check *c, struct pgo_err *err)
{
	PGO_AUTO(strvec) lines = STRVEC_INIT;
	int code = store_index_check(s, &lines, err);

	for (size_t i = 0; !code && i < lines.nr; i++)
		add_damage(c, "", NULL, lines.v[i]);
	return code;
}

static int check_all(struct store *s, const struct trust *trust, const char *only,
		     struct store_check *c, struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO(strvec) known = STRVEC_INIT;
	int code = check_index(s, c, err);

	if (!code)
		code = store_list(s, NULL, &list, err);
	for (size_t i = 0; !code && i < list.nr; i++) {
		if (only && strcmp(list.v[i].digest, only) != 0)
			continue;
		c->nr_profiles++;
		if (!is_first(&list, i))
			continue;
		code = check_file(s, &list.v[i], c, err);
		if (!code)
			code = check_signatures(s, &list.v[i], trust, c, err);
	}
	if (code || only)
		return code;
	store_entries_digests(&list, &known);
	return store_object_unreferenced(s, &known, &c->unreferenced, err);
}

int store_verify(struct store *s, const struct trust *trust, const char *only,
		 struct store_check *ret, struct pgo_err *err)
{
	PGO_AUTO(store_check) c = STORE_CHECK_INIT;
	int code = check_all(s, trust, only, &c, err);

	if (code)
		return code;
	*ret = c;
	c = (struct store_check)STORE_CHECK_INIT;
	return 0;
}
