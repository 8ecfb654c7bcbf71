/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/history.h"

#include <inttypes.h>
#include <math.h>

static const char *const schema_steps[] = {
	"CREATE TABLE result("
	"	id INTEGER PRIMARY KEY,"
	"	validation INTEGER NOT NULL,"
	"	time INTEGER NOT NULL,"
	"	workload TEXT,"
	"	commit_id TEXT,"
	"	dirty INTEGER NOT NULL,"
	"	source TEXT,"
	"	compiler TEXT,"
	"	profile TEXT,"
	"	metric TEXT,"
	"	machine TEXT,"
	"	estimate REAL,"
	"	low REAL,"
	"	high REAL,"
	"	verdict TEXT NOT NULL,"
	"	baseline_s REAL,"
	"	optimized_s REAL);"
	"CREATE INDEX result_by_workload ON result(workload, id);",
	"ALTER TABLE result ADD COLUMN estimand TEXT DEFAULT 'binary';",
};

static const struct database_schema schema = {
	.id = 0x70676f68, /* "pgoh" */
	.version = ARRAY_SIZE(schema_steps),
	.steps = schema_steps,
};

#define COLUMNS "validation, time, workload, commit_id, dirty, source, compiler, profile," \
		" metric, machine, estimate, low, high, verdict, baseline_s, optimized_s," \
		" estimand"

void history_row_release(struct history_row *r)
{
	free(r->workload);
	free(r->commit);
	free(r->source);
	free(r->compiler);
	free(r->profile);
	free(r->metric);
	free(r->machine);
	free(r->estimand);
	*r = (struct history_row){ 0 };
}

int history_open(struct history *h, const char *path, enum database_mode mode, struct pgo_err *err)
{
	return database_open(&h->db, path, &schema, mode, err);
}

void history_release(struct history *h)
{
	database_release(&h->db);
}

static void bind_row(struct statement *st, const struct history_row *r, int64_t validation)
{
	statement_bind_int(st, validation);
	statement_bind_int(st, r->time);
	statement_bind_text(st, r->workload);
	statement_bind_text(st, r->commit);
	statement_bind_int(st, r->dirty);
	statement_bind_text(st, r->source);
	statement_bind_text(st, r->compiler);
	statement_bind_text(st, r->profile);
	statement_bind_text(st, r->metric);
	statement_bind_text(st, r->machine);
	statement_bind_double(st, r->ci.estimate);
	statement_bind_double(st, r->ci.lo);
	statement_bind_double(st, r->ci.hi);
	statement_bind_text(st, verdict_name(r->verdict));
	statement_bind_double(st, r->median_a_s);
	statement_bind_double(st, r->median_b_s);
	statement_bind_text(st, r->estimand);
}

static int next_validation(struct history *h, int64_t *ret, struct pgo_err *err)
{
	static const char sql[] = "SELECT coalesce(max(validation), 0) + 1 FROM result";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int code = statement_init(&st, &h->db, sql, err);

	if (!code)
		code = statement_step(&st, err);
	if (code < 0)
		return code;
	*ret = statement_take_int(&st);
	return 0;
}

static int insert_rows(struct history *h, const struct history_row *rows, size_t nr,
		       struct pgo_err *err)
{
	static const char sql[] = "INSERT INTO result(" COLUMNS
				  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int64_t validation;
	int ret = next_validation(h, &validation, err);

	if (!ret)
		ret = statement_init(&st, &h->db, sql, err);
	for (size_t i = 0; !ret && i < nr; i++) {
		bind_row(&st, &rows[i], validation);
		ret = statement_run(&st, err);
	}
	return ret;
}

int history_add(struct history *h, const struct history_row *rows, size_t nr, struct pgo_err *err)
{
	int ret = database_begin(&h->db, err);

	if (ret)
		return ret;
	ret = insert_rows(h, rows, nr, err);
	if (!ret)
		return database_commit(&h->db, err);
	database_rollback(&h->db);
	return ret;
}

const char *history_series_name(enum history_series s)
{
	static const char *const names[] = {
		[HISTORY_BASELINE] = "baseline",
		[HISTORY_OPTIMIZED] = "optimized",
		[HISTORY_SPEEDUP] = "speed-up",
	};

	return names[s];
}

double history_point(const struct history_row *r, enum history_series s)
{
	double v = r->ci.estimate;

	if (s == HISTORY_BASELINE)
		v = r->median_a_s > 0 ? log(r->median_a_s) : NAN;
	else if (s == HISTORY_OPTIMIZED)
		v = r->median_b_s > 0 ? log(r->median_b_s) : NAN;
	return isfinite(v) ? v : NAN;
}

static void trend_release(struct history_trend *t)
{
	for (size_t i = 0; i < t->nr; i++)
		history_row_release(&t->rows[i]);
	free(t->rows);
	free(t->workload);
}

void history_trends_release(struct history_trends *t)
{
	for (size_t i = 0; i < t->nr; i++)
		trend_release(&t->v[i]);
	free(t->v);
	*t = (struct history_trends)HISTORY_TRENDS_INIT;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool take_verdict(struct statement *st, enum verdict *ret)
{
	PGO_AUTO_FREE char *name = statement_take_text(st);

	for (int v = 0; v < NR_VERDICTS; v++) {
		if (same(name, verdict_name((enum verdict)v))) {
			*ret = (enum verdict)v;
			return true;
		}
	}
	return false;
}

static bool take_row(struct statement *st, struct history_row *r)
{
	bool ok;

	r->validation = statement_take_int(st);
	r->time = statement_take_int(st);
	r->workload = statement_take_text(st);
	r->commit = statement_take_text(st);
	r->dirty = statement_take_int(st) != 0;
	r->source = statement_take_text(st);
	r->compiler = statement_take_text(st);
	r->profile = statement_take_text(st);
	r->metric = statement_take_text(st);
	r->machine = statement_take_text(st);
	r->ci.estimate = statement_take_double(st);
	r->ci.lo = statement_take_double(st);
	r->ci.hi = statement_take_double(st);
	ok = take_verdict(st, &r->verdict);
	r->median_a_s = statement_take_double(st);
	r->median_b_s = statement_take_double(st);
	r->estimand = statement_take_text(st);
	if (!r->estimand)
		r->estimand = xstrdup("binary");
	return ok;
}

/* Rows come ordered by workload: a new name begins a new trend. */
static void add_row(struct history_trends *t, struct history_row *r)
{
	struct history_trend *last = t->nr ? &t->v[t->nr - 1] : NULL;

	if (!last || !same(last->workload, r->workload)) {
		VEC_GROW(t->v, t->nr, t->alloc);
		last = &t->v[t->nr++];
		*last = (struct history_trend){ 0 };
		last->workload = r->workload ? xstrdup(r->workload) : NULL;
	}
	VEC_GROW(last->rows, last->nr, last->alloc);
	last->rows[last->nr++] = *r;
}

static int read_rows(struct history *h, const char *workload, struct history_trends *t,
		     struct pgo_err *err)
{
	static const char sql[] = "SELECT " COLUMNS
				  " FROM result"
				  " WHERE ?1 IS NULL OR workload = ?1 ORDER BY workload, id";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &h->db, sql, err);

	if (ret)
		return ret;
	statement_bind_text(&st, workload);
	while ((ret = statement_step(&st, err)) > 0) {
		struct history_row r = { 0 };

		if (!take_row(&st, &r)) {
			ret = pgo_error_at(err, PGO_EFORMAT, h->db.path, -1,
					   "validation %" PRId64 " in '%s' has an unknown verdict",
					   r.validation, h->db.path);
			history_row_release(&r);
			return ret;
		}
		add_row(t, &r);
	}
	return ret;
}

int history_read(struct history *h, const char *workload, struct history_trends *ret,
		 struct pgo_err *err)
{
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	int code = read_rows(h, workload, &t, err);

	if (code)
		return code;
	if (!t.nr && workload)
		return pgo_error(err, PGO_ENOTFOUND, "no validation of a workload '%s' in '%s'",
				 workload, h->db.path);
	if (!t.nr)
		return pgo_error(err, PGO_ENOTFOUND, "no validation in '%s' yet", h->db.path);
	history_find_steps(&t);
	*ret = t;
	t = (struct history_trends)HISTORY_TRENDS_INIT;
	return 0;
}

bool history_comparable(const struct history_row *a, const struct history_row *b)
{
	return same(a->machine, b->machine) && same(a->metric, b->metric) &&
	       same(a->estimand, b->estimand);
}

/* The latest points, at most STEP_MAX_N, and the rows that they are of. */
static size_t points_of(const struct history_trend *t, enum history_series s, double *v,
			size_t *rows)
{
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++) {
		const struct history_row *r = &t->rows[i];

		if (isnan(history_point(r, s)) || !history_comparable(r, &t->rows[t->nr - 1]))
			continue;
		v[nr] = history_point(r, s);
		rows[nr++] = i;
	}
	if (nr > STEP_MAX_N) {
		memmove(v, v + nr - STEP_MAX_N, STEP_MAX_N * sizeof(*v));
		memmove(rows, rows + nr - STEP_MAX_N, STEP_MAX_N * sizeof(*rows));
		nr = STEP_MAX_N;
	}
	return nr;
}

static void test_series(struct history_trend *t, enum history_series s)
{
	PGO_AUTO_FREE double *v = xcalloc(t->nr, sizeof(*v));
	PGO_AUTO_FREE size_t *rows = xcalloc(t->nr, sizeof(*rows));
	size_t nr = points_of(t, s, v, rows);
	struct step step;

	if (nr < STEP_MIN_N)
		return;
	step = step_find(v, nr, (uint64_t)s);
	t->steps[s] = (struct history_step){
		.tested = true,
		.row = rows[step.at],
		.before = rows[step.at - 1],
		.shift = step.shift,
		.p = step.p,
	};
}

void history_find_steps(struct history_trends *t)
{
	PGO_AUTO_FREE struct history_step **tested =
		xcalloc(t->nr * NR_HISTORY_SERIES, sizeof(struct history_step *));
	PGO_AUTO_FREE double *p = xcalloc(t->nr * NR_HISTORY_SERIES, sizeof(*p));
	PGO_AUTO_FREE double *adjusted = xcalloc(t->nr * NR_HISTORY_SERIES, sizeof(*adjusted));
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++) {
		for (enum history_series s = 0; s < NR_HISTORY_SERIES; s++) {
			struct history_step *step = &t->v[i].steps[s];

			test_series(&t->v[i], s);
			if (!step->tested)
				continue;
			p[nr] = step->p;
			tested[nr++] = step;
		}
	}
	holm_adjust(p, nr, adjusted);
	for (size_t i = 0; i < nr; i++) {
		tested[i]->p = adjusted[i];
		tested[i]->found = adjusted[i] <= HISTORY_ALPHA;
	}
}
