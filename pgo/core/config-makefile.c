/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/config-makefile.h"

#include <ctype.h>

#include "pgo/base/fs.h"
#include "pgo/base/strbuf.h"

/* A hostile file may define variables that double each other, or targets in a ring. */
#define MAX_VARS 2000
#define MAX_RULES 500
#define MAX_REFERENCES 100000
#define MAX_EXPANDED_BYTES 4096
#define MAX_DEPTH 8
#define MAX_SEEN 200
#define MAX_PROGRAMS 8

void makefile_release(struct makefile *mk)
{
	for (size_t i = 0; i < mk->nr_rules; i++) {
		strvec_release(&mk->rules[i].targets);
		strvec_release(&mk->rules[i].needs);
	}
	free(mk->rules);
	strvec_release(&mk->vars);
	*mk = (struct makefile)MAKEFILE_INIT;
}

/* The next line, with those that a backslash joins to it and without its comment. */
static const char *next_line(const char *text, struct strbuf *line)
{
	bool comment = false;

	strbuf_clear(line);
	for (; *text && *text != '\n'; text++) {
		if (text[0] == '\\' && text[1] == '\n') {
			text++;
			strbuf_addch(line, ' ');
			continue;
		}
		comment |= *text == '#';
		if (!comment && *text != '\r')
			strbuf_addch(line, *text);
	}
	return *text ? text + 1 : text;
}

/* "NAME = value" with any of make's assignment signs; false: the line is none. */
static bool parse_assignment(struct makefile *mk, const char *line)
{
	const char *eq = strchr(line, '='), *end = eq, *name = line;
	PGO_AUTO_FREE char *key = NULL, *value = NULL;
	const char *old;
	bool add, keep;

	if (!eq)
		return false;
	while (end > line && strchr(":+?!", end[-1]))
		end--;
	add = end < eq && *end == '+';
	keep = end < eq && *end == '?';
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	name += strspn(name, " \t");
	if (name >= end || strcspn(name, " \t:$") < (size_t)(end - name))
		return false;
	key = xstrndup(name, end - name);
	old = strvec_getenv(&mk->vars, key);
	if ((keep && old) || (!old && mk->vars.nr == MAX_VARS))
		return true;
	value = add && old ? xstrfmt("%.*s %s", MAX_EXPANDED_BYTES, old, eq + 1) : xstrdup(eq + 1);
	strvec_setenv(&mk->vars, key, value);
	return true;
}

/* "targets: needs ; recipe", still to be expanded; false: the line is none. */
static bool parse_rule(struct makefile *mk, char *line)
{
	char *colon = strchr(line, ':'), *needs, *recipe;
	struct make_rule *rule;

	if (!colon || mk->nr_rules == MAX_RULES)
		return false;
	*colon = '\0';
	needs = colon + 1 + strspn(colon + 1, ":");
	recipe = strchr(needs, ';');
	if (recipe)
		*recipe = '\0';
	if (strchr(needs, '='))
		return false; /* a variable for this target alone */
	VEC_GROW(mk->rules, mk->nr_rules, mk->alloc_rules);
	rule = &mk->rules[mk->nr_rules++];
	*rule = (struct make_rule){
		.targets = STRVEC_INIT, .needs = STRVEC_INIT, .has_recipe = recipe != NULL
	};
	strvec_push(&rule->targets, line);
	strvec_push(&rule->needs, needs);
	return true;
}

static void expand(struct makefile *mk, const char *text, unsigned depth, struct strbuf *out);

/* A reference behind '$'; returns what follows it. Only "(NAME)" and "{NAME}" give a value. */
static const char *expand_reference(struct makefile *mk, const char *ref, unsigned depth,
				    struct strbuf *out)
{
	const char *value, *end = ref;
	char open = *ref, close = open == '(' ? ')' : '}';
	PGO_AUTO_FREE char *name = NULL;
	size_t nested = 0;

	if (open != '(' && open != '{')
		return ref + (open != '\0');
	do {
		nested += *end == open;
		nested -= *end == close;
	} while (*end++ && nested);
	if (nested || mk->nr_references++ > MAX_REFERENCES)
		return ref + strlen(ref);
	name = xstrndup(ref + 1, end - ref - 2);
	value = strvec_getenv(&mk->vars, name);
	if (value && depth < MAX_DEPTH)
		expand(mk, value, depth + 1, out);
	return end;
}

static void expand(struct makefile *mk, const char *text, unsigned depth, struct strbuf *out)
{
	while (*text && out->len < MAX_EXPANDED_BYTES) {
		if (*text == '$')
			text = expand_reference(mk, text + 1, depth, out);
		else
			strbuf_addch(out, *text++);
	}
}

static void expand_words(struct makefile *mk, const char *text, struct strvec *words)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	expand(mk, text, 0, &sb);
	for (const char *p = sb.buf; *p;) {
		size_t len = strcspn(p, " \t");

		if (len)
			strvec_push_take(words, xstrndup(p, len));
		p += len + strspn(p + len, " \t");
	}
}

void makefile_words(struct makefile *mk, const char *var, struct strvec *words)
{
	const char *value = strvec_getenv(&mk->vars, var);

	if (value)
		expand_words(mk, value, words);
}

/* The one text of a fresh rule's list becomes its words. */
static void resolve(struct makefile *mk, struct strvec *list)
{
	struct strvec words = STRVEC_INIT;

	expand_words(mk, list->v[0], &words);
	strvec_release(list);
	*list = words;
}

void makefile_parse(struct makefile *mk, const char *text)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	bool in_rule = false;

	while (*text) {
		bool recipe = *text == '\t';

		text = next_line(text, &line);
		if (!line.buf[strspn(line.buf, " \t")])
			continue;
		if (recipe && in_rule)
			mk->rules[mk->nr_rules - 1].has_recipe = true;
		else if (!recipe)
			in_rule = !parse_assignment(mk, line.buf) && parse_rule(mk, line.buf);
	}
	for (size_t i = 0; i < mk->nr_rules; i++) {
		resolve(mk, &mk->rules[i].targets);
		resolve(mk, &mk->rules[i].needs);
	}
}

/* The index of the first rule at or after from that names target; nr_rules: none. */
static size_t find_rule(const struct makefile *mk, const char *target, size_t from)
{
	while (from < mk->nr_rules && !strvec_has(&mk->rules[from].targets, target))
		from++;
	return from;
}

bool makefile_has_target(const struct makefile *mk, const char *target)
{
	return find_rule(mk, target, 0) < mk->nr_rules;
}

/* Targets that are commands in most makefiles, whether they say so or not. */
static bool is_command(const struct makefile *mk, const char *target)
{
	static const char *const usual[] = {
		"all",	     "bench", "benchmark", "check",    "clean", "default", "dist",
		"distclean", "doc",   "docs",	   "examples", "help",	"install", "lib",
		"libs",	     "man",   "prebuild",  "release",  "test",	"tests",
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!strcmp(target, usual[i]))
			return true;
	for (size_t i = find_rule(mk, ".PHONY", 0); i < mk->nr_rules;
	     i = find_rule(mk, ".PHONY", i + 1))
		if (strvec_has(&mk->rules[i].needs, target))
			return true;
	return false;
}

static bool has_object(const struct strvec *needs)
{
	for (size_t i = 0; i < needs->nr; i++) {
		size_t len = strlen(needs->v[i]);

		if (len > 2 &&
		    (!strcmp(needs->v[i] + len - 2, ".o") || !strcmp(needs->v[i] + len - 2, ".c")))
			return true;
	}
	return false;
}

/* Made by a recipe or by make's own rules, and not just a name for other targets. */
static bool is_made(const struct makefile *mk, const char *target)
{
	if (!makefile_has_target(mk, target))
		return true;
	for (size_t i = find_rule(mk, target, 0); i < mk->nr_rules;
	     i = find_rule(mk, target, i + 1))
		if (mk->rules[i].has_recipe || has_object(&mk->rules[i].needs))
			return true;
	return false;
}

struct gather {
	const struct makefile *mk;
	struct strvec *programs;
	struct strvec seen;
};

static void gather(struct gather *g, const char *target, unsigned depth)
{
	const struct makefile *mk = g->mk;

	if (depth > MAX_DEPTH || g->programs->nr == MAX_PROGRAMS || g->seen.nr == MAX_SEEN ||
	    strvec_has(&g->seen, target))
		return;
	strvec_push(&g->seen, target);
	if (!is_command(mk, target) && is_made(mk, target)) {
		if (!strpbrk(fs_basename(target), ".%*"))
			strvec_push(g->programs, target);
		return;
	}
	for (size_t i = find_rule(mk, target, 0); i < mk->nr_rules;
	     i = find_rule(mk, target, i + 1))
		for (size_t k = 0; k < mk->rules[i].needs.nr; k++)
			gather(g, mk->rules[i].needs.v[k], depth + 1);
}

/* "all" where there is one, else the first target that make would take. */
static const char *default_goal(const struct makefile *mk)
{
	if (makefile_has_target(mk, "all"))
		return "all";
	for (size_t i = 0; i < mk->nr_rules; i++) {
		const struct strvec *targets = &mk->rules[i].targets;

		if (targets->nr && targets->v[0][0] != '.' && !strchr(targets->v[0], '%'))
			return targets->v[0];
	}
	return NULL;
}

void makefile_programs(const struct makefile *mk, struct strvec *programs)
{
	const char *goal = default_goal(mk);
	struct gather g = { .mk = mk, .programs = programs, .seen = STRVEC_INIT };

	if (goal)
		gather(&g, goal, 0);
	strvec_release(&g.seen);
}
