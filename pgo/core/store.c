/* SPDX-License-Identifier: Apache-2.0 */
/* Where the store is, who may have it open, and what names mean in it. */
#include "pgo/core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/config.h"
#include "pgo/core/store-index.h"
#include "pgo/core/store-object.h"

#define LOCK_STEP_US 10000
#define LOCK_SILENT_STEPS 100 /* that others take a moment is not worth a word */
#define MIN_PREFIX 4
#define MAX_PROJECT 200

int store_path(const char *given, char **ret, struct pgo_err *err)
{
	const char *named = getenv(STORE_ENV), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (given)
		*ret = xstrdup(given);
	else if (named && *named)
		*ret = xstrdup(named);
	else if (data && *data == '/') /* a relative one is to be ignored, says XDG */
		*ret = fs_join(data, "pgoctl/store");
	else if (home && *home)
		*ret = fs_join(home, ".local/share/pgoctl/store");
	else
		return pgo_error(err, PGO_ENOTFOUND, "no place for the store: set HOME or %s",
				 STORE_ENV);
	return 0;
}

static int wait_for_lock(int fd, const char *dir, int how, struct pgo_err *err)
{
	for (unsigned nr = 0; flock(fd, how | LOCK_NB); nr++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return pgo_error_errno(err, "cannot lock the store '%s'", dir);
		if (child_cancelled())
			return pgo_error(err, PGO_ECANCELLED,
					 "stopped while waiting for the store '%s'", dir);
		if (nr == LOCK_SILENT_STEPS)
			log_info("waiting for another pgoctl that is at work on the store '%s'",
				 dir);
		usleep(LOCK_STEP_US);
	}
	return 0;
}

/* Who only reads may not be allowed to make the file, and then nobody removes anything either. */
static int take_lock(struct store *s, enum store_use use, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(s->dir, "lock");
	int flags = use == STORE_READ ? O_RDONLY : O_RDWR | O_CREAT;

	s->lock_fd = open(path, flags | O_CLOEXEC, 0666);
	if (s->lock_fd >= 0)
		return wait_for_lock(s->lock_fd, s->dir, use == STORE_ALONE ? LOCK_EX : LOCK_SH,
				     err);
	return use == STORE_READ ? 0 : pgo_error_errno(err, "cannot open '%s'", path);
}

/* How to enter files anew whose index is gone. */
/* What mends a store without an index; malloc'ed. */
static char *enter_again(const char *dir)
{
	PGO_AUTO_FREE char *away = xstrfmt("%s.broken", dir);
	PGO_AUTO(strbuf) from = STRBUF_INIT, to = STRBUF_INIT;

	strbuf_addquoted(&from, dir);
	strbuf_addquoted(&to, away);
	return xstrfmt(
		"the profiles can be added again, for each project: mv %s %s && "
		"pgoctl store add --store %s --project NAME %s/objects/*/*",
		from.buf, to.buf, from.buf, to.buf);
}

static int hint_enter_again(const char *dir, struct pgo_err *err)
{
	PGO_AUTO_FREE char *hint = enter_again(dir);

	return pgo_err_hint(err, "%s", hint);
}

static int open_index(struct store *s, enum store_use use, struct pgo_err *err)
{
	int ret = store_index_open(s, use == STORE_ADD ? DATABASE_CREATE : DATABASE_EXISTING, err);

	if (ret == -PGO_EVERSION)
		pgo_err_hint(
			err,
			"use the pgoctl that wrote it, or another store: --store DIR or " STORE_ENV
			"=DIR");
	else if (ret == -PGO_EFORMAT)
		hint_enter_again(s->dir, err);
	if (!ret)
		s->db.mend = enter_again(s->dir);
	if (ret || use == STORE_READ || !s->db.read_only)
		return ret;
	return pgo_error(err, PGO_EPERM, "the store '%s' cannot be written", s->dir);
}

static bool has_index(const char *dir)
{
	PGO_AUTO_FREE char *path = fs_join(dir, "index.db");
	struct stat st;

	return !stat(path, &st) && st.st_size > 0;
}

/* Twice: a store that somebody else makes just now has its index before its first file. */
static int check_index(const char *dir, enum store_use use, bool *is_new, struct pgo_err *err)
{
	if (has_index(dir))
		return 0;
	*is_new = !store_object_any(dir);
	if (!*is_new && has_index(dir))
		return 0;
	if (!*is_new) {
		pgo_error(err, PGO_EFORMAT, "the store '%s' has lost its index '%s/index.db'", dir,
			  dir);
		return hint_enter_again(dir, err);
	}
	if (use == STORE_ADD)
		return 0;
	pgo_error(err, PGO_ENOTFOUND, "there is no store '%s'", dir);
	return pgo_err_hint(err, "pgoctl store add FILE makes one; --store DIR or " STORE_ENV
				 " names another");
}

int store_open(struct store *s, const char *dir, enum store_use use, struct pgo_err *err)
{
	PGO_AUTO(store) opened = STORE_INIT;
	bool is_new = false;
	int ret;

	opened.dir = fs_absolute(dir);
	ret = check_index(opened.dir, use, &is_new, err);
	if (!ret && use == STORE_ADD)
		ret = store_object_prepare(opened.dir, is_new, err);
	if (!ret)
		ret = take_lock(&opened, use, err);
	if (!ret)
		ret = open_index(&opened, use, err);
	if (ret)
		return ret;
	if (use == STORE_ADD)
		store_object_reserve(opened.dir);
	*s = opened;
	opened = (struct store)STORE_INIT;
	return 0;
}

void store_release(struct store *s)
{
	database_release(&s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->dir);
	*s = (struct store)STORE_INIT;
}

void store_entry_release(struct store_entry *e)
{
	free(e->project);
	free(e->host);
	free(e->origin);
	free(e->note);
	free(e->format);
	free(e->technique);
	free(e->compiler);
	free(e->source_sha256);
	free(e->commit);
	free(e->machine);
	*e = (struct store_entry){ 0 };
}

void store_entries_release(struct store_entries *list)
{
	for (size_t i = 0; i < list->nr; i++)
		store_entry_release(&list->v[i]);
	free(list->v);
	*list = (struct store_entries)STORE_ENTRIES_INIT;
}

void store_signatures_release(struct store_signatures *list)
{
	free(list->v);
	*list = (struct store_signatures)STORE_SIGNATURES_INIT;
}

static bool is_project(const char *name, size_t len)
{
	if (!len || len > MAX_PROJECT || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || strchr("/:", name[i]))
			return false;
	return true;
}

static int no_project(const char *name, const char *what, struct pgo_err *err)
{
	pgo_error(err, PGO_EUSAGE, "'%s'%s is no name for a project", name, what);
	return pgo_err_hint(err,
			    "--project NAME: up to %d characters, no / and no :, and neither "
			    "- nor . as the first",
			    MAX_PROJECT);
}

int store_project(const char *given, const char *root, char **ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *config = given || root ? NULL : config_find(".");
	PGO_AUTO_FREE char *folder = config ? fs_dirname(config) : xstrdup(root ? root : ".");
	PGO_AUTO_FREE char *absolute = fs_absolute(folder);
	const char *name = given ? given : fs_basename(absolute);

	if (!is_project(name, strlen(name)))
		return no_project(name, given ? "" : ", the name of the folder,", err);
	*ret = xstrdup(name);
	return 0;
}

bool store_is_name(const char *name)
{
	return !strncmp(name, STORE_PREFIX, sizeof(STORE_PREFIX) - 1);
}

const char *store_which(const char *name)
{
	const char *which = store_is_name(name) ? name + sizeof(STORE_PREFIX) - 1 : name;
	const char *slash = strrchr(which, '/');

	return slash ? slash + 1 : which;
}

/* The parts of [store:][PROJECT/]WHICH. */
struct name {
	const char *project; /* NULL: there is none */
	size_t project_len;
	const char *which;
};

static int parse_name(const char *text, struct name *ret, struct pgo_err *err)
{
	const char *begin = store_is_name(text) ? text + sizeof(STORE_PREFIX) - 1 : text;
	struct name n = { NULL, 0, store_which(text) };
	size_t len = strlen(n.which);

	if (n.which > begin) {
		n.project = begin;
		n.project_len = (size_t)(n.which - begin) - 1;
	}
	if ((!n.project || is_project(n.project, n.project_len)) &&
	    (!strcmp(n.which, STORE_LAST_GOOD) || (len >= MIN_PREFIX && len <= DIGEST_HEX_LEN &&
						   strspn(n.which, "0123456789abcdef") == len))) {
		*ret = n;
		return 0;
	}
	pgo_error(err, PGO_EUSAGE, "'%s' names no profile in a store", text);
	return pgo_err_hint(err,
			    "last-good, PROJECT/last-good, or at least %d digits of a SHA-256 "
			    "from pgoctl store list",
			    MIN_PREFIX);
}

static int not_found(const struct store *s, const struct name *n, const char *project,
		     struct pgo_err *err)
{
	if (strcmp(n->which, STORE_LAST_GOOD) != 0) {
		pgo_error(err, PGO_ENOTFOUND, "there is no profile %s%s%s in the store '%s'",
			  n->which, n->project ? " of project " : "", n->project ? project : "",
			  s->dir);
		return pgo_err_hint(err, "pgoctl store list tells which there are");
	}
	pgo_error(err, PGO_ENOTFOUND, "project '%s' has no last good profile in the store '%s'",
		  project, s->dir);
	return pgo_err_hint(err,
			    "pgoctl store add --good FILE makes one; "
			    "store:PROJECT/last-good is that of another project");
}

/* The entry that is meant, or NULL; more than one digest is an error. */
static int pick(const struct store_entries *list, const struct name *n, const char *project,
		struct store_entry **ret, struct pgo_err *err)
{
	bool wants_good = !strcmp(n->which, STORE_LAST_GOOD);
	size_t len = strlen(n->which);

	*ret = NULL;
	for (size_t i = 0; i < list->nr; i++) {
		struct store_entry *e = &list->v[i];
		bool ours = !strcmp(e->project, project);

		if ((!ours && (n->project || wants_good)) ||
		    (wants_good ? !e->last_good : strncmp(e->digest, n->which, len) != 0))
			continue;
		if (*ret && strcmp((*ret)->digest, e->digest) != 0) {
			pgo_error(err, PGO_EUSAGE, "%s begins the names of two profiles or more",
				  n->which);
			return pgo_err_hint(err, "%s, %s", (*ret)->digest, e->digest);
		}
		if (!*ret || ours)
			*ret = e;
	}
	return 0;
}

static int project_of(const struct name *n, const char *project, char **ret, struct pgo_err *err)
{
	if (n->project)
		*ret = xstrndup(n->project, n->project_len);
	else if (project)
		*ret = xstrdup(project);
	else if (!strcmp(n->which, STORE_LAST_GOOD))
		return store_project(NULL, NULL, ret, err);
	else if (store_project(NULL, NULL, ret, NULL))
		*ret = xstrdup(""); /* only which of several projects comes first depends on it */
	return 0;
}

int store_find(struct store *s, const char *name, const char *project, struct store_entry *ret,
	       bool *has_project, struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO_FREE char *of = NULL;
	struct store_entry *found;
	struct name n = { .which = "" };
	int code = parse_name(name, &n, err);

	if (!code)
		code = project_of(&n, project, &of, err);
	if (!code)
		code = store_list(s, NULL, &list, err);
	if (!code)
		code = pick(&list, &n, of, &found, err);
	if (code)
		return code;
	if (!found)
		return not_found(s, &n, of, err);
	if (has_project)
		*has_project = n.project != NULL;
	*ret = *found;
	*found = (struct store_entry){ 0 };
	return 0;
}

/* One of the signatures is of a trusted key, and right. */
static int check_signed(struct store *s, const struct store_entry *e, const struct trust *trust,
			struct pgo_err *err)
{
	PGO_AUTO(store_signatures) list = STORE_SIGNATURES_INIT;
	int ret = store_signatures_of(s, e->digest, &list, err);

	return ret ? ret : store_signatures_check(&list, e->digest, trust, err);
}

static int locate(const char *name, const char *project, const struct trust *trust, char **ret,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = NULL;
	PGO_AUTO(store) s = STORE_INIT;
	PGO_AUTO(store_entry) e = { 0 };
	int code = store_path(NULL, &dir, err);

	if (!code)
		code = store_open(&s, dir, STORE_READ, err);
	if (!code)
		code = store_find(&s, name, project, &e, NULL, err);
	if (!code && trust)
		code = check_signed(&s, &e, trust, err);
	if (!code) {
		code = store_object_check(&s, e.digest, e.bytes, err);
		if (code)
			pgo_err_prefix(err, "profile %.12s is damaged", e.digest);
	}
	if (!code)
		*ret = store_object_path(&s, e.digest);
	return code;
}

int store_locate(const char *name, const char *project, const struct trust *trust, char **ret,
		 struct pgo_err *err)
{
	if (store_is_name(name))
		return locate(name, project, trust, ret, err);
	if (trust) {
		pgo_error(err, PGO_EUSAGE, "'%s' is not in the store: its signature is not known",
			  name);
		return pgo_err_hint(err,
				    "pgoctl store add --key FILE signs one; then --profile "
				    "store:last-good");
	}
	*ret = xstrdup(name);
	return 0;
}
