/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/opt.h"

#include <string.h>

#include "pgo/base/num.h"
#include "pgo/base/strvec.h"

bool opt_takes_value(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

static const char *what_is_wanted(enum opt_type type)
{
	switch (type) {
	case OPT_UINT:
	case OPT_U64:
		return "a whole number";
	case OPT_DOUBLE:
		return "a number";
	case OPT_PERCENT:
		return "a percentage like 2%";
	case OPT_DURATION:
		return "a duration like 500ms, 30s or 3m";
	case OPT_SIZE:
		return "a size like 64K or 1.5G";
	default:
		return "a value";
	}
}

static bool store(const struct opt *o, void *options, const char *value)
{
	void *field = (char *)options + o->offset;

	switch (o->type) {
	case OPT_STR:
		*(const char **)field = value;
		return true;
	case OPT_STRS:
		strvec_push(field, value);
		return true;
	case OPT_UINT:
		return num_parse_uint(value, field);
	case OPT_U64:
		return num_parse_u64(value, field);
	case OPT_DOUBLE:
		return num_parse_double(value, field);
	case OPT_PERCENT:
		return num_parse_percent(value, field);
	case OPT_DURATION:
		return num_parse_duration(value, field);
	case OPT_SIZE:
		return num_parse_size(value, field);
	case OPT_FLAG:
	case OPT_COUNT:
	case OPT_END:
		break;
	}
	return false;
}

static int set_value(const struct opt *o, void *options, const char *value, struct pgo_err *err)
{
	if (store(o, options, value))
		return 0;
	return pgo_error(err, PGO_EUSAGE, "option --%s wants %s, not '%s'", o->name,
			 what_is_wanted(o->type), value);
}

static void set_flag(const struct opt *o, void *options, bool on)
{
	void *field = (char *)options + o->offset;

	if (o->type == OPT_COUNT)
		*(unsigned *)field = on ? *(unsigned *)field + 1 : 0;
	else
		*(bool *)field = on;
}

#define EDIT 2		/* a letter more, less or another */
#define SWAP 1		/* two letters in the wrong order: the likeliest slip */
#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The weighted number of slips between two words (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), rows[3][WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j * EDIT;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *up = rows[(i - 1) % 3], *above = rows[(i + 1) % 3];

		row[0] = i * EDIT;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = up[j - 1] + (a[i - 1] == b[j - 1] ? 0 : EDIT);
			row[j] = least(row[j], least(up[j], row[j - 1]) + EDIT);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], above[j - 2] + SWAP);
		}
	}
	return rows[la % 3][lb];
}

const char *opt_nearest(const char *word, const char *const *candidates)
{
	size_t best_distance = (strlen(word) / 3 + 2) * EDIT, d;
	const char *best = NULL;

	for (; *candidates; candidates++) {
		d = distance(word, *candidates);
		if (d < best_distance) {
			best_distance = d;
			best = *candidates;
		}
	}
	return best;
}

static int unknown(const struct opt *opts, const char *name, struct pgo_err *err)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	const char *near;

	for (const struct opt *o = opts; o->type; o++)
		strvec_push(&names, o->name);
	strvec_push(&names, "help");
	near = opt_nearest(name, (const char *const *)names.v);
	pgo_error(err, PGO_EUSAGE, "unknown option '--%s'", name);
	if (near)
		pgo_err_hint(err, "did you mean --%s?", near);
	return -PGO_EUSAGE;
}

/* "--name", "--name=value", "--no-name"; *used is the number of arguments taken. */
static int parse_long(const struct opt *opts, void *options, char **argv, int *used,
		      struct pgo_err *err)
{
	const char *name = argv[0] + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	PGO_AUTO_FREE char *bare = xstrndup(name, len);

	*used = 1;
	for (const struct opt *o = opts; o->type; o++) {
		bool negated = !strncmp(bare, "no-", 3) && !strcmp(bare + 3, o->name);

		if (strcmp(bare, o->name) != 0 && !(negated && !opt_takes_value(o)))
			continue;
		if (!opt_takes_value(o)) {
			if (eq)
				return pgo_error(err, PGO_EUSAGE, "option --%s takes no value",
						 o->name);
			set_flag(o, options, !negated);
			return 0;
		}
		if (eq)
			return set_value(o, options, eq + 1, err);
		if (!argv[1])
			return pgo_error(err, PGO_EUSAGE, "option --%s wants %s", o->name,
					 what_is_wanted(o->type));
		*used = 2;
		return set_value(o, options, argv[1], err);
	}
	return unknown(opts, bare, err);
}

/* "-abc", "-ofile", "-o file". */
static int parse_letters(const struct opt *opts, void *options, char **argv, int *used,
			 struct pgo_err *err)
{
	const struct opt *o;

	*used = 1;
	for (const char *p = argv[0] + 1; *p; p++) {
		for (o = opts; o->type && o->letter != *p; o++)
			;
		if (!o->type)
			return pgo_error(err, PGO_EUSAGE, "unknown option '-%c'", *p);
		if (!opt_takes_value(o)) {
			set_flag(o, options, true);
			continue;
		}
		if (p[1])
			return set_value(o, options, p + 1, err);
		if (!argv[1])
			return pgo_error(err, PGO_EUSAGE, "option -%c wants %s", *p,
					 what_is_wanted(o->type));
		*used = 2;
		return set_value(o, options, argv[1], err);
	}
	return 0;
}

int opt_parse(const struct opt *opts, void *options, int argc, char **argv, bool stop_at_operand,
	      struct pgo_err *err)
{
	int nr = 0, i = 1, used, ret;

	while (i < argc) {
		char *arg = argv[i];

		if (!strcmp(arg, "--")) {
			i++;
			break;
		}
		if (arg[0] != '-' || !arg[1]) {
			if (stop_at_operand)
				break;
			argv[1 + nr++] = arg;
			i++;
			continue;
		}
		ret = arg[1] == '-' ? parse_long(opts, options, argv + i, &used, err)
				    : parse_letters(opts, options, argv + i, &used, err);
		if (ret)
			return ret;
		i += used;
	}
	while (i < argc)
		argv[1 + nr++] = argv[i++];
	argv[1 + nr] = NULL;
	return nr;
}

void opt_add_help(struct strbuf *sb, const struct opt *opts)
{
	for (; opts->type; opts++) {
		size_t start = sb->len, width;

		strbuf_addstr(sb, "  ");
		if (opts->letter)
			strbuf_addf(sb, "-%c, ", opts->letter);
		else
			strbuf_addstr(sb, "    ");
		strbuf_addf(sb, "--%s", opts->name);
		if (opts->arg)
			strbuf_addf(sb, " %s", opts->arg);
		width = sb->len - start;
		strbuf_addf(sb, "%*s%s\n", width < 29 ? (int)(30 - width) : 2, "", opts->help);
	}
}
