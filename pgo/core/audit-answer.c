/* SPDX-License-Identifier: Apache-2.0 */
/* What an audit comes to, in numbers, words and JSON. */
#include <inttypes.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/audit.h"

const char *audit_cause_name(enum audit_cause cause)
{
	static const char *const names[AUDIT_NR_CAUSES] = {
		[AUDIT_UNKNOWN] = "unknown",
		[AUDIT_ASSEMBLY] = "assembly",
		[AUDIT_OTHER_COMPILER] = "other-compiler",
		[AUDIT_BEFORE_BUILD] = "before-build",
		[AUDIT_SYSTEM] = "system",
		[AUDIT_WITHOUT_FLAG] = "without-flag",
		[AUDIT_FUNCTION] = "function",
	};

	return names[cause];
}

bool audit_has_probes(const struct audit *a)
{
	return a->probes.llvm || a->probes.gcc || a->probes.bolt;
}

bool audit_is_judged(const struct audit *a)
{
	return (a->probes.llvm || a->probes.gcc) && !a->probes.nameless &&
	       a->probed.functions + a->bare.functions > 0;
}

static double share(uint64_t part, uint64_t rest)
{
	return part + rest ? (double)part / (double)(part + rest) : 1;
}

double audit_share_bytes(const struct audit *a)
{
	return share(a->probed.bytes, a->bare.bytes);
}

double audit_share_functions(const struct audit *a)
{
	return share(a->probed.functions, a->bare.functions);
}

bool audit_passes(const struct audit *a, double min_share)
{
	return audit_has_probes(a) &&
	       (!audit_is_judged(a) ||
		(audit_share_bytes(a) >= min_share && audit_share_functions(a) >= min_share));
}

const char *audit_kind(const struct audit *a)
{
	if (a->probes.llvm && a->probes.gcc)
		return "clang and gcc";
	if (a->probes.llvm)
		return "clang";
	if (a->probes.gcc)
		return "gcc";
	return a->probes.bolt ? "llvm-bolt" : "none";
}

const char *audit_limit(const struct audit *a)
{
	const struct probes *p = &a->probes;

	if (p->bolt && !p->llvm && !p->gcc)
		return "llvm-bolt's counters do not tell their functions: its own output does";
	if (!audit_has_probes(a))
		return NULL;
	if (p->nameless && !p->has_symtab)
		return "it is stripped: which functions have probes cannot be known; check it "
		       "before 'strip'";
	if (p->nameless)
		return "no names of the functions with probes are in it: link without -x or "
		       "-profile-correlate";
	if (!p->has_symtab)
		return "it is stripped: only functions that other files may call are known; check "
		       "it before 'strip'";
	if (a->has_libc)
		return "the C library is a part of it, and is counted as without probes: the "
		       "linker's map tells it from the rest (--map)";
	return NULL;
}

void audit_add_cause(const struct audit *a, const struct audit_finding *f, struct strbuf *out)
{
	static const char *const texts[AUDIT_NR_CAUSES] = {
		[AUDIT_UNKNOWN] = "origin not known: compile with -g, or give the linker's map",
		[AUDIT_ASSEMBLY] = "assembly: compilers put no probes into it",
		[AUDIT_OTHER_COMPILER] = "compiled by another compiler",
		[AUDIT_BEFORE_BUILD] =
			"compiled before this build: set build.clean, or build it too",
		[AUDIT_SYSTEM] = "comes with the system, compiled without probes",
		[AUDIT_WITHOUT_FLAG] =
			"compiled outside of the build, or with -fno-profile-generate",
		[AUDIT_FUNCTION] =
			"left out by the compiler: no_profile_instrument_function, naked",
	};

	if (f->cause == AUDIT_OTHER_COMPILER && f->compiler && a->compiler)
		strbuf_addf(out, "compiled by %s, what has probes by %s", f->compiler, a->compiler);
	else
		strbuf_addstr(out, texts[f->cause]);
}

void audit_add_finding(const struct audit_finding *f, struct strbuf *out)
{
	const char *what = f->what && f->is_archive ? fs_basename(f->what) : f->what;

	strbuf_addvis(out, what ? what : "code of unknown origin");
	strbuf_addstr(out, " (");
	num_add_count(out, f->bare.functions);
	strbuf_addf(out, " function%s, %.1f %% of the code)", f->bare.functions == 1 ? "" : "s",
		    f->share * 100);
}

static json_t *sum_json(const struct audit_sum *sum)
{
	json_t *o = json_object();

	json_object_set_new(o, "functions", js_u64(sum->functions));
	json_object_set_new(o, "bytes", js_u64(sum->bytes));
	return o;
}

static json_t *findings_json(const struct audit *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->nr_findings; i++) {
		const struct audit_finding *f = &a->findings[i];
		PGO_AUTO(strbuf) title = STRBUF_INIT;
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		json_t *o = json_object();

		audit_add_finding(f, &title);
		audit_add_cause(a, f, &text);
		json_object_set_new(o, "what", js_string(f->what));
		json_object_set_new(o, "archive", json_boolean(f->is_archive));
		json_object_set_new(o, "whole", json_boolean(f->whole));
		json_object_set_new(o, "functions", js_u64(f->bare.functions));
		json_object_set_new(o, "bytes", js_u64(f->bare.bytes));
		json_object_set_new(o, "share", json_real(f->share));
		json_object_set_new(o, "cause", js_string(audit_cause_name(f->cause)));
		json_object_set_new(o, "title", js_string(title.buf));
		json_object_set_new(o, "text", js_string(text.buf));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *groups_json(const struct audit *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->nr_groups; i++) {
		const struct audit_group *g = &a->groups[i];
		json_t *o = json_object();

		json_object_set_new(o, "file", js_string(g->file));
		json_object_set_new(o, "member", js_string(g->member));
		json_object_set_new(o, "source", js_string(g->source));
		json_object_set_new(o, "language", js_string(g->language));
		json_object_set_new(o, "compiler", js_string(g->compiler));
		json_object_set_new(o, "probed", sum_json(&g->probed));
		json_object_set_new(o, "bare", sum_json(&g->bare));
		json_object_set_new(o, "ambiguous", sum_json(&g->ambiguous));
		json_object_set_new(o, "cause",
				    g->bare.bytes ? js_string(audit_cause_name(g->cause))
						  : json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *functions_json(const struct audit *a, size_t most)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->nr_functions && i < most; i++) {
		const struct audit_function *f = &a->functions[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", js_string(f->f->name));
		json_object_set_new(o, "bytes", js_u64(f->f->bytes));
		json_object_set_new(o, "group", js_u64(f->group));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *audit_json(const struct audit *a, size_t functions)
{
	const bool judged = audit_is_judged(a);
	json_t *o = json_object();

	json_object_set_new(o, "path", js_string(a->path));
	json_object_set_new(o, "probes", js_string(audit_kind(a)));
	json_object_set_new(o, "compiler", js_string(a->compiler));
	json_object_set_new(o, "judged", json_boolean(judged));
	json_object_set_new(o, "limit", js_string(audit_limit(a)));
	json_object_set_new(o, "share_bytes",
			    judged ? json_real(audit_share_bytes(a)) : json_null());
	json_object_set_new(o, "share_functions",
			    judged ? json_real(audit_share_functions(a)) : json_null());
	json_object_set_new(o, "probed", sum_json(&a->probed));
	json_object_set_new(o, "bare", sum_json(&a->bare));
	json_object_set_new(o, "ambiguous", sum_json(&a->ambiguous));
	json_object_set_new(o, "runtime", sum_json(&a->runtime));
	json_object_set_new(o, "generated", sum_json(&a->generated));
	json_object_set_new(o, "counted", js_u64(a->probes.nr_counted));
	json_object_set_new(o, "unnamed", js_u64(a->probes.nr_unnamed));
	json_object_set_new(o, "gcda_files", js_u64(a->probes.nr_gcda));
	json_object_set_new(o, "labels", js_u64(a->nr_labels));
	json_object_set_new(o, "text_bytes", js_u64(a->probes.text_bytes));
	json_object_set_new(o, "findings", findings_json(a));
	json_object_set_new(o, "groups", groups_json(a));
	json_object_set_new(o, "functions", functions_json(a, functions));
	return o;
}
