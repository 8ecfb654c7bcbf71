/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/tempfile.h"
#include "profiles/format.h"
#include "profiles/llvm/decode.h"
#include "profiles/llvm/guard.h"
#include "profiles/llvm/module.h"
#include "profiles/llvm/raw.h"
#include "profiles/llvm/sum.h"

/*
 * Which majors read which version. Source: INSTR_PROF_RAW_VERSION and
 * INSTR_PROF_INDEX_VERSION of llvm/ProfileData/InstrProfData.inc.
 */
static const struct {
	unsigned major, raw, indexed;
} versions[] = {
	{ 13, 7, 7 },  { 14, 8, 7 },   { 15, 8, 8 },   { 16, 8, 9 },   { 17, 8, 10 },
	{ 18, 9, 12 }, { 19, 10, 12 }, { 20, 10, 12 }, { 21, 10, 12 }, { 22, 10, 13 },
};
#define NR_VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* Of a function's hash: it is of the context-sensitive part. NamedInstrProfRecord's CS_FLAG. */
#define LLVM_HASH_CS (1ULL << 60)

/* An input in memory. */
struct llvm_file {
	struct strbuf data;
	struct llvm_form form;
};
#define LLVM_FILE_INIT { .data = STRBUF_INIT }

static void llvm_file_release(struct llvm_file *f)
{
	strbuf_release(&f->data);
}
PGO_DEFINE_AUTO(llvm_file, llvm_file_release)

static int file_load(struct llvm_file *f, const char *path, struct pgo_err *err)
{
	int ret;

	strbuf_clear(&f->data);
	ret = fs_read_file(path, &f->data, err);
	if (ret)
		return ret;
	if (!f->data.len)
		return prof_error_empty(path, err);
	if (!llvm_form_of(f->data.buf, f->data.len, &f->form))
		return pgo_error_at(err, PGO_EFORMAT, path, 0,
				    "'%s' (%zu bytes) is no LLVM profile", path, f->data.len);
	return 0;
}

static bool reads(const struct shim_api *api, const struct llvm_form *form)
{
	switch (form->type) {
	case LLVM_FORM_RAW:
		return llvm_raw_known(form->version);
	case LLVM_FORM_INDEXED:
		return form->version && form->version <= api->indexed_version;
	default:
		return true;
	}
}

/* "LLVM 14 to 17" for those of the table that read form; false: none of them. */
static bool add_readers(struct strbuf *sb, const struct llvm_form *form)
{
	unsigned first = 0, last = 0;

	for (size_t i = 0; i < NR_VERSIONS; i++) {
		if (form->type == LLVM_FORM_RAW ? versions[i].raw != form->version
						: versions[i].indexed < form->version)
			continue;
		first = first ? first : versions[i].major;
		last = versions[i].major;
	}
	if (form->type == LLVM_FORM_INDEXED && first)
		strbuf_addf(sb, "LLVM %u and later", first);
	else if (first == last)
		strbuf_addf(sb, "LLVM %u", first);
	else
		strbuf_addf(sb, "LLVM %u to %u", first, last);
	return first != 0;
}

static int version_error(const struct shim_api *api, const char *path, const struct llvm_form *form,
			 struct pgo_err *err)
{
	bool raw = form->type == LLVM_FORM_RAW;
	PGO_AUTO(strbuf) readers = STRBUF_INIT;
	PGO_AUTO(strbuf) there = STRBUF_INIT;
	int ret;

	ret = pgo_error_at(err, PGO_EVERSION, path, 8,
			   "'%s' is of %s version %" PRIu64 ", but LLVM %u reads version %u%s",
			   path, llvm_form_name(form->type), form->version, api->major,
			   raw ? api->raw_version : api->indexed_version, raw ? "" : " and older");
	if (!add_readers(&readers, form))
		return ret;
	llvm_add_majors(&there);
	pgo_err_hint(err, "%s version %" PRIu64 " is read by %s; this pgoctl has %s",
		     llvm_form_name(form->type), form->version, readers.buf, there.buf);
	return ret;
}

/* Of the version that the module's own reader takes; others are read here. */
static bool is_native(const struct shim_api *api, const struct llvm_form *form)
{
	return form->type == LLVM_FORM_RAW && form->version != api->raw_version;
}

/* Everything that can be told without LLVM. */
static int file_check(const struct llvm_file *f, const char *path, const struct shim_api *api,
		      struct pgo_err *err)
{
	bool cut_off = f->form.type != LLVM_FORM_TEXT && f->data.len < 16;

	if (!cut_off && !reads(api, &f->form))
		return version_error(api, path, &f->form, err);
	return llvm_guard(&f->form, path, f->data.buf, f->data.len,
			  is_native(api, &f->form) ? 0 : api->major, err);
}

static struct shim_input input_of(const struct llvm_file *f, const char *path)
{
	return (struct shim_input){
		.data = f->data.buf,
		.len = f->data.len,
		.path = path,
		.raw = f->form.type == LLVM_FORM_RAW,
	};
}

/* What a fault of the shim is to the user. path: the input at fault, or NULL. */
static int fault_error(const struct shim_api *api, struct shim_fault *fault, const char *path,
		       size_t len, const struct llvm_form *form, struct pgo_err *err)
{
	const char *message = fault->message ? fault->message : "unknown fault";
	int ret;

	switch (fault->code) {
	case SHIM_EKIND:
		ret = pgo_error_at(err, PGO_EMISMATCH, path, -1,
				   "'%s' is of another kind than the profiles before it: %s", path,
				   message);
		break;
	case SHIM_ECOUNTS:
		ret = pgo_error_at(err, PGO_EMISMATCH, path, -1,
				   "function '%s' of '%s' differs from that of the profiles before "
				   "it: %s",
				   fault->function, path, message);
		pgo_err_hint(err, "merge only profiles of one build");
		break;
	default:
		ret = pgo_error_at(err, fault->code == SHIM_EVERSION ? PGO_EVERSION : PGO_EFORMAT,
				   path, 0, "'%s' (%zu bytes) is no good %s%s%s%s: %s", path, len,
				   llvm_form_name(form->type),
				   fault->function ? ", function '" : "",
				   fault->function ? fault->function : "",
				   fault->function ? "'" : "", message);
		break;
	}
	api->fault_release(fault);
	return ret;
}

/* major's module if it reads form, or else the newest that does, or else the newest. */
static int choose_module(unsigned major, const struct llvm_form *form, const struct shim_api **ret,
			 struct pgo_err *err)
{
	const unsigned *m = llvm_majors();
	const struct shim_api *api;
	int status;

	if (major) {
		status = llvm_module(major, ret, err);
		if (status || form->type != LLVM_FORM_INDEXED || reads(*ret, form))
			return status;
	}
	if (!m[0]) {
		pgo_error(err, PGO_ETOOL, "this pgoctl was built without LLVM");
		return -PGO_ETOOL;
	}
	for (size_t i = 0; m[i]; i++) {
		status = llvm_module(m[i], &api, err);
		if (status)
			return status;
		if (reads(api, form)) {
			*ret = api;
			return 0;
		}
	}
	return llvm_module(major ? major : m[0], ret, err);
}

struct merge {
	const struct shim_api *api;
	struct shim_merger *merger;
	bool one_by_one; /* the sum of raw files is not to be tried */
	unsigned threads;
	uint64_t nr_summed;
	uint64_t nr_runs;     /* sums that were made */
	uint64_t nr_binaries; /* of the last one */
	bool text_loses;      /* an input went by its text form, which lost something */
	const char *first_path;
	uint64_t first_variant;
};

/* LLVM 14, 19 and 22 all add the two kinds up without a word. */
static int check_kind(struct merge *m, const char *path, const struct llvm_form *form,
		      struct pgo_err *err)
{
	bool ir = form->variant & LLVM_VARIANT_IR;
	int ret;

	if (!m->first_path) {
		m->first_path = path;
		m->first_variant = form->variant;
		return 0;
	}
	if (ir == !!(m->first_variant & LLVM_VARIANT_IR))
		return 0;
	ret = pgo_error_at(err, PGO_EMISMATCH, path, 8, "'%s' is of %s, but '%s' of %s", path,
			   ir ? "-fprofile-generate" : "-fprofile-instr-generate", m->first_path,
			   ir ? "-fprofile-instr-generate" : "-fprofile-generate");
	pgo_err_hint(err, "build every part with the same one of the two");
	return ret;
}

static int hand_over(struct merge *m, unsigned part, const struct llvm_input *input,
		     const struct llvm_file *f, struct pgo_err *err)
{
	PGO_AUTO(llvm_decoded) decoded = LLVM_DECODED_INIT;
	struct shim_fault fault = { 0 };
	struct shim_input in = input_of(f, input->path);
	enum shim_code code;
	int ret;

	if (is_native(m->api, &f->form)) {
		ret = llvm_decode(&f->form, input->path, in.data, in.len, &decoded, err);
		if (ret)
			return ret;
		code = m->api->merger_add_batch(m->merger, part, &decoded.batch, input->weight,
						&fault);
	} else {
		code = m->api->merger_add(m->merger, part, &in, input->weight, &fault);
	}
	return code ? fault_error(m->api, &fault, input->path, in.len, &f->form, err) : 0;
}

static bool is_newer(const struct shim_api *api, const struct llvm_form *form)
{
	return form->type == LLVM_FORM_INDEXED && form->version > api->indexed_version;
}

/* Whether it is another profile when it is binary again. */
static int check_text(const char *path, const char *text, unsigned major, const char *dir,
		      bool *ret_loses, struct pgo_err *err)
{
	const struct llvm_input from[] = { { path, 1 }, { text, 1 } };
	const struct llvm_merge_opts opts = { .major = major, .jobs = 1 };
	PGO_AUTO_FREE char *direct = fs_join(dir, "direct"), *again = fs_join(dir, "again");
	struct llvm_merge_result res;
	bool same = true;
	int ret = llvm_merge(&from[0], 1, &opts, direct, &res, err);

	if (!ret)
		ret = llvm_merge(&from[1], 1, &opts, again, &res, err);
	if (!ret)
		ret = fs_same_content(direct, again, &same, err);
	*ret_loses |= !same;
	return ret;
}

/* What the text form says, as LLVM's own tools have it pass from one release to another. */
static int load_by_text(struct merge *m, const char *path, struct llvm_file *f, struct pgo_err *err)
{
	const struct llvm_input input = { path, 1 };
	struct llvm_merge_opts opts = { .text = true, .jobs = 1 };
	struct llvm_merge_result res;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *text = NULL;
	const struct shim_api *newer;
	int ret = choose_module(0, &f->form, &newer, err);

	if (ret)
		return ret;
	if (!reads(newer, &f->form))
		return version_error(m->api, path, &f->form, err);
	ret = tempdir_make(&dir, NULL, err);
	if (ret)
		return ret;
	text = fs_join(dir.path, "text");
	opts.major = newer->major;
	ret = llvm_merge(&input, 1, &opts, text, &res, err);
	if (!ret)
		ret = check_text(path, text, newer->major, dir.path, &m->text_loses, err);
	if (!ret)
		ret = file_load(f, text, err);
	if (ret)
		return ret;
	ret = file_check(f, path, m->api, err);
	if (ret)
		pgo_err_prefix(err, "in LLVM %u's text form of it", newer->major);
	return ret;
}

static int add_input(struct merge *m, unsigned part, const struct llvm_input *input,
		     struct llvm_file *f, struct pgo_err *err)
{
	int ret = file_load(f, input->path, err);

	if (!ret && is_newer(m->api, &f->form))
		ret = load_by_text(m, input->path, f, err);
	else if (!ret)
		ret = file_check(f, input->path, m->api, err);
	if (!ret)
		ret = check_kind(m, input->path, &f->form, err);
	return ret ? ret : hand_over(m, part, input, f, err);
}

/* Sums lead to an error that only files one by one can tell. */
#define NOT_SUMMED 1
/* So many files in a row that are not fit for a sum, and it is not tried again. */
#define MAX_MISSES 2

static int hand_over_sum(struct merge *m, unsigned part, const struct llvm_sum *sum,
			 const char *path, struct pgo_err *err)
{
	const struct llvm_form form = { .type = LLVM_FORM_RAW, .variant = sum->batch.variant };
	struct shim_fault fault = { 0 };
	int ret = check_kind(m, path, &form, err);

	if (ret || !m->api->merger_add_batch(m->merger, part, &sum->batch, 1, &fault))
		return ret;
	m->api->fault_release(&fault);
	return NOT_SUMMED;
}

/*
 * Add inputs[0..*ret_run) as one, as many as can be; 0 is no error. first: part
 * is empty yet. Otherwise weights, or values, would make it matter what was
 * there before.
 */
static int add_run(struct merge *m, unsigned part, const struct llvm_input *inputs, size_t nr,
		   bool first, size_t *ret_run, struct pgo_err *err)
{
	PGO_AUTO(llvm_sum) sum = LLVM_SUM_INIT;
	PGO_AUTO(llvm_sum) head = LLVM_SUM_INIT;
	struct llvm_sum *run = &sum;

	*ret_run = 0;
	for (size_t i = 0; i < nr && !first; i++)
		if (inputs[i].weight != 1)
			return 0;
	if (!llvm_sum_files(inputs, nr, m->threads, &sum)) {
		nr = sum.unfit == SIZE_MAX ? 0 : sum.unfit;
		run = &head;
		if (nr < 2 || !llvm_sum_files(inputs, nr, m->threads, &head))
			return 0;
	}
	if (!first && run->has_values)
		return 0;
	*ret_run = nr;
	m->nr_summed += nr;
	m->nr_runs++;
	m->nr_binaries = run->nr_binaries;
	return hand_over_sum(m, part, run, inputs[0].path, err);
}

/* Runs of raw profiles as sums, anything else one by one. */
static int add_part(struct merge *m, unsigned part, const struct llvm_input *inputs, size_t nr,
		    struct pgo_err *err)
{
	PGO_AUTO(llvm_file) file = LLVM_FILE_INIT;
	unsigned misses = m->one_by_one ? MAX_MISSES : 0;
	int ret = 0;

	for (size_t i = 0, run; i < nr && !ret; i += run) {
		run = 0;
		if (misses < MAX_MISSES && nr - i > 1)
			ret = add_run(m, part, inputs + i, nr - i, !i, &run, err);
		misses = run ? 0 : misses + 1;
		if (!ret && !run) {
			ret = add_input(m, part, &inputs[i], &file, err);
			run = 1;
		}
	}
	return ret;
}

static int add_inputs(struct merge *m, const struct llvm_input *inputs, size_t nr, unsigned jobs,
		      struct pgo_err *err)
{
	PGO_AUTO_FREE struct llvm_input *own = xcalloc(nr, sizeof(*own));
	int ret = 0;

	for (unsigned part = 0; part < jobs && !ret; part++) {
		size_t n = 0;

		for (size_t i = part; i < nr; i += jobs)
			own[n++] = inputs[i];
		ret = add_part(m, part, own, n, err);
	}
	return ret;
}

static int write_error(const struct shim_api *api, struct shim_fault *fault, const char *path,
		       struct pgo_err *err)
{
	int ret;

	if (fault->code == SHIM_EIO) {
		errno = fault->errnum;
		ret = pgo_error_errno(err, "cannot write '%s'", path);
	} else {
		ret = pgo_error_at(err, fault->code == SHIM_ECOUNTS ? PGO_EMISMATCH : PGO_EFORMAT,
				   path, -1, "cannot merge into '%s': %s", path, fault->message);
	}
	api->fault_release(fault);
	return ret;
}

static int write_output(struct merge *m, const struct llvm_merge_opts *opts, const char *out_path,
			struct llvm_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(fs_atomic) out = FS_ATOMIC_INIT;
	struct shim_fault fault = { 0 };
	struct shim_totals t;
	int ret = fs_atomic_open(&out, out_path, 0666, err);

	if (ret)
		return ret;
	if (m->api->merger_write(m->merger, out.fd, opts->text, &t, &fault))
		return write_error(m->api, &fault, out_path, err);
	if (opts->text && !t.nr_functions && !lseek(out.fd, 0, SEEK_END)) {
		pgo_error_at(err, PGO_EFORMAT, out_path, -1,
			     "there is no function in the profile: its text form would be an empty "
			     "file, which nothing reads");
		return pgo_err_hint(err, "the binary form keeps it: --to profdata");
	}
	ret = fs_atomic_commit(&out, err);
	if (ret)
		return ret;
	*res = (struct llvm_merge_result){
		.nr_functions = t.nr_functions,
		.nr_counters = t.nr_counters,
		.total_count = t.total_count,
		.max_count = t.max_count,
		.version = opts->text ? 0 : m->api->indexed_version,
		.nr_overflow = t.nr_overflow,
		.nr_summed = m->nr_summed,
		.text_loses = m->text_loses,
		.nr_lost = t.nr_lost,
	};
	return 0;
}

static int merge_with_jobs(const struct shim_api *api, const struct llvm_input *inputs, size_t nr,
			   const struct llvm_merge_opts *opts, unsigned jobs, const char *out_path,
			   struct llvm_merge_result *res, struct pgo_err *err)
{
	struct merge m = { .api = api, .threads = opts->threads };
	int ret = NOT_SUMMED;

	for (int tries = 0; tries < 2 && ret == NOT_SUMMED; tries++) {
		m.merger = api->merger_new(opts->sparse, jobs);
		m.one_by_one = tries > 0;
		m.first_path = NULL;
		m.nr_summed = m.nr_runs = 0;
		m.text_loses = false;
		ret = add_inputs(&m, inputs, nr, jobs, err);
		if (!ret)
			ret = write_output(&m, opts, out_path, res, err);
		if (!ret && jobs == 1 && m.nr_runs == 1 && m.nr_summed == nr)
			res->nr_binaries = m.nr_binaries;
		api->merger_free(m.merger);
	}
	return ret;
}

bool llvm_reads_indexed(unsigned major, uint64_t version)
{
	unsigned last = 0;

	for (size_t i = 0; i < NR_VERSIONS && versions[i].major <= major; i++)
		last = versions[i].indexed;
	return version <= last || major > versions[NR_VERSIONS - 1].major;
}

int llvm_merge(const struct llvm_input *inputs, size_t nr, const struct llvm_merge_opts *opts,
	       const char *out_path, struct llvm_merge_result *res, struct pgo_err *err)
{
	const struct shim_api *api;
	unsigned jobs;
	int ret = llvm_module(opts->major, &api, err);

	if (ret)
		return ret;
	jobs = opts->jobs ? opts->jobs : api->default_jobs(nr);
	ret = merge_with_jobs(api, inputs, nr, opts, jobs, out_path, res, err);
	/* Where parts disagree, only a merge in one part can tell whose function it is. */
	if (ret == -PGO_EMISMATCH && jobs > 1)
		ret = merge_with_jobs(api, inputs, nr, opts, 1, out_path, res, err);
	return ret;
}

static void add_values(struct profile *p, struct prof_func *f, const struct shim_record *record)
{
	struct prof_value *values = arena_alloc(&p->arena, record->nr_values, sizeof(*values));

	for (size_t i = 0; i < record->nr_values; i++) {
		const struct shim_site_value *v = &record->values[i];

		if (v->kind >= PROF_NR_VALUE_KINDS)
			continue;
		values[f->nr_values++] = (struct prof_value){
			.kind = (enum prof_value_kind)v->kind,
			.site = v->site,
			.value = v->value,
			.name = v->name_len ? arena_strndup(&p->arena, v->name, v->name_len) : NULL,
			.count = v->count,
		};
	}
	f->values = values;
}

static void add_func(const struct shim_record *record, void *arg)
{
	struct profile *p = arg;
	struct prof_func *f = profile_add(p);

	f->name = arena_strndup(&p->arena, record->name, record->name_len);
	f->hash = record->hash;
	f->nr_counts = record->nr_counts;
	f->counts = arena_alloc(&p->arena, record->nr_counts, sizeof(*f->counts));
	if (record->nr_counts)
		memcpy(f->counts, record->counts, record->nr_counts * sizeof(*f->counts));
	f->entry = record->nr_counts ? record->counts[0] : 0;
	f->nr_value_sites = record->nr_value_sites;
	f->value_total = record->value_total;
	add_values(p, f, record);
	f->cs = record->cs && p->kind == PROF_KIND_LLVM_CS;
}

static int by_value(const void *a, const void *b)
{
	const struct shim_site_value *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* By kind, site and value, as the shim has them, but without the names of functions. */
static struct shim_site_value *decoded_values(const struct shim_func *from, size_t *ret_nr)
{
	const uint8_t *nr_values = from->site_counts;
	const struct shim_value *v = from->values;
	struct shim_site_value *values = NULL;
	size_t nr = 0, alloc = 0;

	for (uint32_t kind = 0; kind < SHIM_NR_KINDS; kind++)
		for (uint32_t site = 0; site < from->nr_sites[kind]; site++) {
			size_t first = nr;

			for (unsigned n = *nr_values++; n; n--, v++) {
				VEC_GROW(values, nr, alloc);
				values[nr++] = (struct shim_site_value){ .kind = kind,
									 .site = site,
									 .value = v->value,
									 .count = v->count };
			}
			if (nr > first)
				qsort(values + first, nr - first, sizeof(*values), by_value);
		}
	*ret_nr = nr;
	return values;
}

static void add_decoded(const struct shim_func *from, struct profile *p)
{
	PGO_AUTO_FREE struct shim_site_value *values = NULL;
	struct shim_record record = { .name = from->name,
				      .name_len = from->name_len,
				      .hash = from->hash,
				      .counts = from->counts,
				      .nr_counts = from->nr_counts,
				      .cs = from->hash & LLVM_HASH_CS };

	for (unsigned kind = 0; kind < SHIM_NR_KINDS; kind++)
		record.nr_value_sites += from->nr_sites[kind];
	values = decoded_values(from, &record.nr_values);
	record.values = values;
	for (size_t i = 0; i < record.nr_values; i++)
		record.value_total = num_add_sat(record.value_total, values[i].count, NULL);
	add_func(&record, p);
}

static int by_name_and_hash(const void *a, const void *b)
{
	const struct prof_func *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->hash > y->hash) - (x->hash < y->hash);
}

static enum prof_kind kind_of(const struct llvm_form *form)
{
	if (form->variant & LLVM_VARIANT_CS)
		return PROF_KIND_LLVM_CS;
	return form->variant & LLVM_VARIANT_IR ? PROF_KIND_LLVM_IR : PROF_KIND_LLVM_FE;
}

/* A raw profile needs no module. */
static int read_raw(const struct llvm_file *f, const char *path, struct profile *p,
		    struct pgo_err *err)
{
	PGO_AUTO(llvm_decoded) decoded = LLVM_DECODED_INIT;
	int ret = llvm_guard(&f->form, path, f->data.buf, f->data.len, 0, err);

	if (!ret)
		ret = llvm_decode(&f->form, path, f->data.buf, f->data.len, &decoded, err);
	for (size_t i = 0; i < decoded.batch.nr_funcs; i++)
		add_decoded(&decoded.batch.funcs[i], p);
	return ret;
}

static int read_with_module(const struct llvm_file *f, const char *path, unsigned major,
			    struct profile *p, struct pgo_err *err)
{
	struct shim_fault fault = { 0 };
	const struct shim_api *api;
	struct shim_input in;
	int ret = choose_module(major, &f->form, &api, err);

	if (!ret)
		ret = file_check(f, path, api, err);
	if (ret)
		return ret;
	in = input_of(f, path);
	if (api->read(&in, add_func, p, &fault))
		return fault_error(api, &fault, path, in.len, &f->form, err);
	return 0;
}

static bool is_known_raw(const struct llvm_form *form)
{
	return form->type == LLVM_FORM_RAW && (!form->version || llvm_raw_known(form->version));
}

int llvm_read(const char *path, unsigned major, struct profile *out, struct pgo_err *err)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	PGO_AUTO(llvm_file) file = LLVM_FILE_INIT;
	int ret = file_load(&file, path, err);

	if (ret)
		return ret;
	p.kind = kind_of(&file.form);
	ret = is_known_raw(&file.form) ? read_raw(&file, path, &p, err)
				       : read_with_module(&file, path, major, &p, err);
	if (ret)
		return ret;
	p.version = file.form.version;
	if (p.nr_funcs)
		qsort(p.funcs, p.nr_funcs, sizeof(*p.funcs), by_name_and_hash);
	profile_finish(&p);
	*out = p;
	p = (struct profile)PROFILE_INIT;
	return 0;
}
