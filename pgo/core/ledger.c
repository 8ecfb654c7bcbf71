/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/ledger.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/stats/dist.h"

static const char *const steps[] = {
	"CREATE TABLE aa_check("
	"	id INTEGER PRIMARY KEY,"
	"	time INTEGER NOT NULL,"
	"	machine TEXT NOT NULL,"
	"	metric TEXT NOT NULL,"
	"	nr_pairs INTEGER NOT NULL,"
	"	p REAL NOT NULL,"
	"	noise_floor REAL);"
	"CREATE INDEX aa_check_by_machine ON aa_check(machine, id);",
};

static const struct database_schema schema = {
	.id = 0x70676f6c, /* "pgol" */
	.version = ARRAY_SIZE(steps),
	.steps = steps,
};

/* The value of the first line "name : value"; *len is 0 when there is none. */
static const char *cpuinfo_field(const char *text, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	*len = 0;
	while (*text) {
		size_t line = strcspn(text, "\n");
		const char *after = text + name_len;

		if (line > name_len && !strncmp(text, name, name_len)) {
			after += strspn(after, " \t");
			if (*after == ':') {
				*len = (size_t)(text + line - ++after);
				return after;
			}
		}
		text += line + (text[line] == '\n');
	}
	return text;
}

/* What names the model, by architecture. Frequencies change, and are left out. */
void machine_key_of(const char *cpuinfo, long nr_cpus, const char *release,
		    char key[DIGEST_HEX_LEN + 1])
{
	static const char *const fields[] = {
		"model name",	"stepping", "CPU implementer", "CPU variant", "CPU part",
		"CPU revision", "cpu",	    "cpu model",       "uarch",	      "isa",
		"machine",
	};
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t len;
		const char *value = cpuinfo_field(cpuinfo, fields[i], &len);
		PGO_AUTO_FREE char *copy = xstrndup(value, len);

		digest_add_str(&d, copy);
	}
	digest_add(&d, &(uint64_t){ (uint64_t)nr_cpus }, sizeof(uint64_t));
	digest_add_str(&d, release);
	digest_hex(&d, key);
}

void machine_key(char key[DIGEST_HEX_LEN + 1])
{
	PGO_AUTO(strbuf) cpuinfo = STRBUF_INIT;
	struct utsname u = { 0 };

	if (fs_read_file("/proc/cpuinfo", &cpuinfo, NULL) < 0)
		log_debug("no /proc/cpuinfo: the processor's model is unknown");
	uname(&u);
	machine_key_of(cpuinfo.buf, sysconf(_SC_NPROCESSORS_ONLN), u.release, key);
}

int ledger_path(char **ret, struct pgo_err *err)
{
	const char *named = getenv(LEDGER_ENV), *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (named && *named)
		*ret = xstrdup(named);
	else if (state && *state == '/') /* a relative one is to be ignored, says XDG */
		*ret = fs_join(state, "pgoctl/ledger.db");
	else if (home && *home)
		*ret = fs_join(home, ".local/state/pgoctl/ledger.db");
	else
		return pgo_error(err, PGO_ENOTFOUND, "no place for the ledger: set HOME or %s",
				 LEDGER_ENV);
	return 0;
}

int ledger_open(struct ledger *l, const char *path, struct pgo_err *err)
{
	return database_open(&l->db, path, &schema, DATABASE_CREATE, err);
}

void ledger_release(struct ledger *l)
{
	database_release(&l->db);
}

int ledger_add(struct ledger *l, const struct ledger_entry *e, struct pgo_err *err)
{
	static const char sql[] =
		"INSERT INTO aa_check(time, machine, metric, nr_pairs, p, noise_floor)"
		" VALUES (?, ?, ?, ?, ?, ?)";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret;

	if (!(e->p >= 0 && e->p <= 1))
		return pgo_error(err, PGO_EFORMAT, "an A/A check has no p-value of %g", e->p);
	ret = statement_init(&st, &l->db, sql, err);
	if (ret)
		return ret;
	statement_bind_int(&st, e->time);
	statement_bind_text(&st, e->machine);
	statement_bind_text(&st, e->metric);
	statement_bind_int(&st, e->nr_pairs);
	statement_bind_double(&st, e->p);
	statement_bind_double(&st, e->floor);
	return statement_run(&st, err);
}

/* Of the last checks on the machine; limit -1 is all. */
static int count(struct ledger *l, const char *machine, int64_t limit, uint64_t *k, uint64_t *n,
		 struct pgo_err *err)
{
	static const char sql[] =
		"SELECT count(*), sum(p <= ?) FROM (SELECT p FROM aa_check"
		" WHERE machine = ? AND nr_pairs >= ? ORDER BY id DESC LIMIT ?)";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &l->db, sql, err);

	if (ret)
		return ret;
	statement_bind_double(&st, LEDGER_LEVEL);
	statement_bind_text(&st, machine);
	statement_bind_int(&st, LEDGER_MIN_PAIRS);
	statement_bind_int(&st, limit);
	ret = statement_step(&st, err);
	if (ret < 0)
		return ret;
	*n = (uint64_t)statement_take_int(&st);
	*k = (uint64_t)statement_take_int(&st);
	return 0;
}

static double binomial_upper(uint64_t k, uint64_t n, double rate)
{
	if (k == 0)
		return 1;
	return k > n ? 0 : dist_beta_cdf(rate, (double)k, (double)(n - k + 1));
}

/*
 * An exact p is at most LEDGER_LEVEL a little less often than that, which makes
 * the plain tail slow to complain: half of the observed count's chance is left out.
 */
void ledger_judge(struct ledger_rate *r)
{
	r->ci = (struct interval){ 0, 1, LEDGER_LEVEL };
	if (r->n)
		r->ci = dist_binomial_interval(r->k, r->n, 0.05);
	r->recent_p = 0.5 * (binomial_upper(r->recent_k, r->recent_n, LEDGER_LEVEL) +
			     binomial_upper(r->recent_k + 1, r->recent_n, LEDGER_LEVEL));
	r->broken = r->recent_p < LEDGER_BROKEN_P;
}

int ledger_rate(struct ledger *l, const char *machine, struct ledger_rate *ret, struct pgo_err *err)
{
	struct ledger_rate r = { 0 };
	int code = count(l, machine, -1, &r.k, &r.n, err);

	if (!code)
		code = count(l, machine, LEDGER_RECENT, &r.recent_k, &r.recent_n, err);
	if (code)
		return code;
	ledger_judge(&r);
	*ret = r;
	return 0;
}

static int note(const struct ledger_entry *e, struct ledger_rate *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO(ledger) l = LEDGER_INIT;
	int code = ledger_path(&path, err);

	if (!code)
		code = ledger_open(&l, path, err);
	if (code)
		return code;
	if (l.db.read_only)
		log_warn("the ledger '%s' cannot be written: this A/A check is not entered", path);
	else
		code = ledger_add(&l, e, err);
	return code ? code : ledger_rate(&l, e->machine, ret, err);
}

bool ledger_note(const struct ledger_entry *e, struct ledger_rate *ret)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (note(e, ret, &err) == 0)
		return true;
	log_warn("no ledger of A/A checks: %s%s%s", err.msg, err.hint ? "; " : "",
		 err.hint ? err.hint : "");
	return false;
}
