/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgoctl-cc: stands in for a project's compilers while pgoctl builds it. Adds
 * the flags of the stage to compiles and links, and logs each call.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/wrapper/args.h"
#include "drivers/wrapper/log.h"
#include "drivers/wrapper/relink.h"
#include "drivers/wrapper/resolve.h"
#include "drivers/wrapper/run.h"
#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"

#define MAX_STALE_NAMES 16
/* Files carry the time of the last timer tick, which may be a little before the true time. */
#define MTIME_SLACK_NS 20000000
#define EXIT_NOT_RUN 127

struct session {
	struct wrapper_conf conf;
	struct resolved to;
	struct cc_call call;
	struct strvec added;
	struct relink relink;
	struct strvec stale;
	uint64_t nr_stale;
	struct warning_scan scan;
	char *cwd;
	char *map; /* that the linker is asked for, or NULL */
};
#define SESSION_INIT { .conf = WRAPPER_CONF_INIT, .to = RESOLVED_INIT, .call = CC_CALL_INIT, \
		       .added = STRVEC_INIT, .stale = STRVEC_INIT, .scan = WARNING_SCAN_INIT, \
		       .relink = RELINK_INIT }

static void session_release(struct session *s)
{
	wrapper_conf_release(&s->conf);
	resolved_release(&s->to);
	cc_call_release(&s->call);
	strvec_release(&s->added);
	relink_release(&s->relink);
	strvec_release(&s->stale);
	warning_scan_release(&s->scan);
	free(s->cwd);
	free(s->map);
}
PGO_DEFINE_AUTO(session, session_release)

static bool in_stage(const struct session *s, enum stage_kind kind)
{
	return !strcmp(s->conf.stage, stage_kind_name(kind));
}

static bool is_rust(const struct session *s)
{
	return s->to.name.stem->tool == CC_TOOL_RUST;
}

static bool links(const struct session *s)
{
	return s->call.mode == CC_LINK || s->call.mode == CC_COMPILE_LINK;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]);
}

static void analyse(struct session *s)
{
	if (is_rust(s))
		rust_call_analyse(&s->call, s->to.args);
	else
		cc_call_analyse(&s->call, s->to.args);
	/*
	 * Checks of a configure step have a main that is not the profiled one, and some take
	 * any warning for a failure: they see the plain compiler. Not while instrumenting:
	 * they may link with what the build has made already.
	 */
	if (!s->to.foreign && s->call.mode != CC_PASSED && in_stage(s, STAGE_OPTIMIZED) &&
	    cc_call_is_probe(&s->call, s->cwd)) {
		s->call.mode = CC_PASSED;
		s->call.why = "probe";
	}
}

/* gcc warns, beyond the reach of -Wno-error, when it works outside of the prefix. */
static bool fits_here(const struct session *s, const char *flag)
{
	static const char prefix[] = "-fprofile-prefix-path=";

	return strncmp(flag, prefix, sizeof(prefix) - 1) != 0 ||
	       is_below(s->cwd, flag + sizeof(prefix) - 1);
}

static void add_flags(struct session *s, const struct strvec *flags)
{
	for (size_t i = 0; i < flags->nr; i++)
		if (fits_here(s, flags->v[i]) && !strvec_has(&s->added, flags->v[i]))
			strvec_push(&s->added, flags->v[i]);
}

/*
 * What the agent calls, which libgcov leaves out of programs that do not ask for it. These are
 * hidden: another shared object's, which is for that object, does not stand in for them. Not
 * without libc, which libgcov needs. Source: gcc 11.3 and 12.2.
 */
static void keep_for_agent(struct session *s)
{
	if (!in_stage(s, STAGE_INSTRUMENTED) || strcmp(s->conf.family, "gcc") != 0 ||
	    s->call.no_default_libs)
		return;
	strvec_push(&s->added, "-Wl,-u,__gcov_dump_int,-u,__gcov_reset_int");
}

/*
 * What the linker took from which object, of what is worth it: checks of a configure step are not.
 * The last option counts, so that a map of the build's own is left alone.
 */
static void ask_for_map(struct session *s)
{
	if (!s->conf.maps || cc_call_is_probe(&s->call, s->cwd))
		return;
	for (size_t i = 0; s->to.args[i]; i++)
		if (strstr(s->to.args[i], "-Map"))
			return;
	s->map = xstrfmt("%s/%ld-%llu.map", s->conf.maps, (long)getpid(),
			 (unsigned long long)clock_now_ns());
	strvec_push(&s->added, "-Xlinker");
	strvec_pushf(&s->added, "-Map=%s", s->map);
}

static void choose_flags(struct session *s)
{
	if (s->call.mode == CC_PASSED || s->to.foreign)
		return;
	if (is_rust(s)) {
		add_flags(s, &s->conf.rustflags);
		return;
	}
	if (s->call.mode != CC_LINK)
		add_flags(s, &s->conf.cflags);
	if (!links(s))
		return;
	add_flags(s, &s->conf.ldflags);
	/*
	 * libtool links C++ libraries with -nostdlib and "-lc" among the objects. clang puts
	 * its runtime last, too late for what that needs of libc's static part: a program
	 * that uses the library could not be linked.
	 */
	if (s->call.no_default_libs && in_stage(s, STAGE_INSTRUMENTED) &&
	    !strcmp(s->conf.family, "clang"))
		strvec_push(&s->added, "-Wl,-u,atexit");
	keep_for_agent(s);
	ask_for_map(s);
}

/* The links of this compiler that make a program or a library; rustc's come here by themselves. */
static int choose_layout(struct session *s, const struct strvec *env, struct pgo_err *err)
{
	int ret;

	if (!s->conf.layout || !links(s) || s->to.foreign || is_rust(s))
		return 0;
	ret = relink_prepare(&s->relink, &s->conf, s->to.real, &s->call.target, env, err);
	if (!ret)
		add_flags(s, &s->relink.flags);
	return ret;
}

/*
 * An object named by an absolute path with ".." in it has its profile looked
 * for below the profile's folder by that very path: its way must exist there.
 * When this fails gcc says that the profile is missing.
 */
static void make_gcda_way(const struct session *s)
{
	static const char use[] = "-fprofile-use=";
	const char *output = s->call.output;

	if (strcmp(s->conf.family, "gcc") != 0 || is_rust(s) || !output || output[0] != '/' ||
	    !strstr(output, "/../"))
		return;
	for (size_t i = 0; i < s->added.nr; i++) {
		PGO_AUTO_FREE char *dir = fs_dirname(output), *way = NULL;

		if (strncmp(s->added.v[i], use, sizeof(use) - 1) != 0)
			continue;
		way = xstrfmt("%s%s", s->added.v[i] + sizeof(use) - 1, dir);
		fs_mkdir_p(way, NULL);
	}
}

/* Another compiler that is only asked something is no news. */
static const char *mode_name(const struct session *s)
{
	return s->to.foreign && s->call.mode != CC_PASSED ? "foreign" : cc_mode_name(s->call.mode);
}

/* Objects on a link line, inside the tree, that are older than the stage. */
static void find_stale(struct session *s)
{
	const struct strvec *objects = &s->call.objects;
	struct stat st;

	for (size_t i = 0; links(s) && i < objects->nr; i++) {
		const char *path = objects->v[i];
		int64_t ns;

		if ((path[0] == '/' && !is_below(path, s->cwd)) || stat(path, &st) ||
		    !S_ISREG(st.st_mode))
			continue;
		ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		if (ns >= s->conf.started_ns - MTIME_SLACK_NS)
			continue;
		s->nr_stale++;
		if (s->stale.nr < MAX_STALE_NAMES)
			strvec_push(&s->stale, path);
	}
}

/* Where the profile is used its warnings are looked for, so that stderr becomes a pipe. */
static bool captures(const struct session *s)
{
	return in_stage(s, STAGE_OPTIMIZED) && s->added.nr > 0;
}

/* Before the caller's own arguments, which win. */
static void push_first(const struct session *s, struct strvec *argv)
{
	const char *std = s->to.name.stem->std;

	if (std && !s->to.foreign && !s->call.has_std)
		strvec_push(argv, std);
	if (!captures(s) || !log_colour(STDERR_FILENO))
		return;
	if (!is_rust(s))
		strvec_push(argv, !strcmp(s->conf.family, "clang") ? "-fcolor-diagnostics"
								   : "-fdiagnostics-color=always");
	else if (!s->call.has_colour)
		strvec_push(argv, "--color=always");
}

static void build_argv(const struct session *s, struct strvec *argv)
{
	size_t i;

	strvec_pushv(argv, s->to.launchers.v);
	strvec_push(argv, s->to.real);
	push_first(s, argv);
	if (s->relink.pad)
		strvec_push(argv, s->relink.pad);
	for (i = 0; s->to.args[i] && i < s->call.insert_at; i++)
		strvec_push(argv, s->to.args[i]);
	strvec_pushv(argv, s->added.v);
	strvec_pushv(argv, s->to.args + i);
}

/* rustc calls its linker by PATH, and that is to come here; nobody else's children are. */
static void build_env(const struct session *s, struct strvec *env)
{
	PGO_AUTO_FREE char *path = path_without_shims(s->conf.shim_dir);

	strvec_pushv(env, environ);
	if (!is_rust(s))
		strvec_setenv(env, "PATH", path);
}

static int write_log(const struct session *s, const struct run_result *res, struct pgo_err *err)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	PGO_AUTO(strvec) output = STRVEC_INIT;
	struct log_call call = {
		.tool = s->to.asked,
		.dir = s->cwd,
		.files = &s->call.sources,
		.mode = mode_name(s),
		.why = s->call.why,
		.added = &s->added,
		.wall_ms = res->wall_ms,
		.status = res->status,
		.warnings = s->scan.counts,
		.stale = &s->stale,
		.map = s->map,
		.nr_stale = s->nr_stale,
	};

	if (links(s) && !is_rust(s) && !s->to.foreign)
		call.output = s->call.output ? s->call.output : "a.out";
	if (s->call.mode == CC_LINK) {
		strvec_push(&output, s->call.output ? s->call.output : "a.out");
		call.files = &output;
	}
	log_call_format(&line, &call);
	return fs_append_line(s->conf.log, line.buf, line.len, err);
}

static int open_session(struct session *s, char **argv, struct pgo_err *err)
{
	const char *path = getenv(WRAPPER_ENV);
	int ret;

	if (!path || !*path) {
		pgo_error(err, PGO_EUSAGE, "%s is not set", WRAPPER_ENV);
		pgo_err_hint(err,
			     "this program stands in for compilers while 'pgoctl build' or "
			     "'pgoctl collect' runs; elsewhere call the compiler itself");
		return -PGO_EUSAGE;
	}
	ret = wrapper_conf_read(&s->conf, path, err);
	if (ret)
		return ret;
	s->cwd = get_current_dir_name();
	if (!s->cwd)
		s->cwd = xstrdup("/");
	return resolve_call(&s->to, argv, &s->conf, err);
}

/* Everything but the end: res is how the compiler went. */
static int run_session(struct session *s, char **argv, struct run_result *res, struct pgo_err *err)
{
	PGO_AUTO(strvec) cmd = STRVEC_INIT, env = STRVEC_INIT;
	int ret = open_session(s, argv, err), log_ret;

	if (ret)
		return ret;
	analyse(s);
	choose_flags(s);
	make_gcda_way(s);
	find_stale(s);
	build_env(s, &env);
	ret = choose_layout(s, &env, err);
	if (ret)
		return ret;
	build_argv(s, &cmd);
	ret = run_compiler(cmd.v, env.v, captures(s) ? &s->scan : NULL, res, err);
	if (ret)
		res->status = EXIT_NOT_RUN;
	log_ret = write_log(s, res, ret ? NULL : err);
	return ret ? ret : log_ret;
}

/* A pipe of ours must not become the child's stdin because the caller closed that. */
static void open_standard_files(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			exit(PGO_EXIT_TOOL);
}

static int report(const struct pgo_err *err)
{
	fprintf(stderr, "pgoctl-cc: error: %s\n", err->msg);
	if (err->hint)
		fprintf(stderr, "pgoctl-cc: hint: %s\n", err->hint);
	return err->code == PGO_ETOOL ? EXIT_NOT_RUN : PGO_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct pgo_err err = PGO_ERR_INIT;
	struct run_result res = { 0 };
	int status = 0;

	if (argc < 1)
		return PGO_EXIT_USAGE;
	open_standard_files();
	{
		PGO_AUTO(session) s = SESSION_INIT;

		if (run_session(&s, argv, &res, &err))
			status = report(&err);
	}
	pgo_err_release(&err);
	if (status)
		return status;
	run_exit_as(&res);
}
