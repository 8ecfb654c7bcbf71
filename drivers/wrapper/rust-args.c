/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of rustc. Source: rustc 1.95 and what its cargo calls it with. */
#include <string.h>

#include "drivers/wrapper/args.h"
#include "drivers/wrapper/response.h"

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static const char *question(const char *opt)
{
	static const char *const options[] = {
		"-V", "-vV", "-Vv", "--version", "-h", "--help", NULL
	};

	for (const char *const *o = options; *o; o++)
		if (!strcmp(opt, *o))
			return *o;
	return NULL;
}

/* Whether a list after --emit names something that code is generated for. */
static bool emits_code(const char *list)
{
	static const char *const kinds[] = { "link", "obj", "asm", "llvm-ir", "llvm-bc" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstr(list, kinds[i]))
			return true;
	return false;
}

/* A procedural macro and a build script run inside the build, not in the program. */
static void take_pair(struct cc_call *call, const char *opt, const char *value)
{
	if (!strcmp(opt, "--print") && !starts_with(value, "link-args") &&
	    !starts_with(value, "native-static-libs"))
		call->why = "--print";
	else if (!strcmp(opt, "--explain"))
		call->why = "--explain";
	else if (!strcmp(opt, "--emit") && !emits_code(value))
		call->why = "no code asked for";
	else if (!strcmp(opt, "--crate-type") && !strcmp(value, "proc-macro"))
		call->why = "procedural macro";
	else if (!strcmp(opt, "--crate-name") && starts_with(value, "build_script_"))
		call->why = "build script";
	else if (!strcmp(opt, "--color") ||
		 (!strcmp(opt, "--error-format") && strcmp(value, "human") != 0))
		call->has_colour = true;
}

static void take_option(struct cc_call *call, const char *arg)
{
	const char *why = question(arg), *eq = strchr(arg, '=');

	if (why) {
		call->why = why;
	} else if (eq && starts_with(arg, "--")) {
		PGO_AUTO_FREE char *opt = xstrndup(arg, (size_t)(eq - arg));

		take_pair(call, opt, eq + 1);
	}
}

void rust_call_analyse(struct cc_call *call, char *const *argv)
{
	PGO_AUTO(flat_args) flat = FLAT_ARGS_INIT;
	const char *arg;

	call->mode = CC_PASSED;
	while (argv[call->insert_at])
		call->insert_at++;
	call->why = flat_args_expand(&flat, argv, RESPONSE_LINES);
	for (size_t i = 0; !call->why && (arg = flat.args.v[i]); i++) {
		if (arg[0] != '-' || !arg[1]) {
			strvec_push(&call->sources, arg);
		} else if (!rust_option_takes_value(arg)) {
			take_option(call, arg);
		} else if (flat.args.v[i + 1]) {
			take_pair(call, arg, flat.args.v[++i]);
		} else {
			call->why = "an option lacks its value";
		}
	}
	if (call->why)
		return;
	if (call->sources.nr != 1)
		call->why = "no input";
	else if (!strcmp(call->sources.v[0], "-"))
		call->why = "probe";
	else
		call->mode = CC_COMPILE;
}
