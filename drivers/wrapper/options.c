/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options whose value is the next argument when they are spelled as here; with
 * the value joined they need no look. The lists are sorted by bytes. Source:
 * gcc 12.2, clang 14.0.6, 19.1.7 and 22.1.8, given each option and a file.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/wrapper/args.h"

/* clang-format off */
static const char *const cc_options[] = {
	"--analyzer-output", "--assert", "--config", "--define-macro", "--dumpbase",
	"--dumpbase-ext", "--dumpdir", "--entry", "--for-assembler", "--for-linker",
	"--force-link", "--imacros", "--include", "--include-directory",
	"--include-directory-after", "--include-prefix", "--include-with-prefix",
	"--include-with-prefix-after", "--include-with-prefix-before", "--language",
	"--library-directory", "--output", "--param", "--prefix", "--serialize-diagnostics",
	"--specs", "--std", "--sysroot", "--undefine-macro", "-A", "-B", "-D", "-F", "-G", "-I",
	"-J", "-L", "-MF", "-MJ", "-MQ", "-MT", "-R", "-T", "-Tbss", "-Tdata", "-Ttext", "-U",
	"-Xanalyzer", "-Xassembler", "-Xclang", "-Xcuda-fatbinary", "-Xcuda-ptxas", "-Xlinker",
	"-Xoffload-linker", "-Xopenmp-target", "-Xpreprocessor", "-arch", "-aux-info",
	"-ccc-gcc-name", "-ccc-install-dir", "-cxx-isystem", "-dependency-dot",
	"-dependency-file", "-dumpbase", "-dumpbase-ext", "-dumpdir", "-e",
	"-fdebug-compilation-dir", "-framework", "-ftrapv-handler", "-idirafter", "-iframework",
	"-imacros", "-imultilib", "-include", "-include-pch", "-iprefix", "-iquote", "-isysroot",
	"-isystem", "-isystem-after", "-ivfsoverlay", "-iwithprefix", "-iwithprefixbefore",
	"-iwithsysroot", "-l", "-meabi", "-mllvm", "-mmlir", "-module-dependency-dir",
	"-mthread-model", "-o", "-resource-dir", "-rpath", "-serialize-diagnostics", "-specs",
	"-stdlib++-isystem", "-target", "-u", "-working-directory", "-wrapper", "-x", "-z",
};

static const char *const rust_options[] = {
	"--allow", "--cap-lints", "--cfg", "--check-cfg", "--codegen", "--color", "--crate-name",
	"--crate-type", "--deny", "--diagnostic-width", "--edition", "--emit", "--error-format",
	"--explain", "--extern", "--forbid", "--force-warn", "--json", "--out-dir", "--print",
	"--remap-path-prefix", "--sysroot", "--target", "--warn", "-A", "-C", "-D", "-F", "-L",
	"-W", "-Z", "-l", "-o",
};
/* clang-format on */

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

#define LISTED(opt, list) \
	(bsearch((opt), (list), ARRAY_SIZE(list), sizeof(*(list)), compare) != NULL)

bool cc_option_takes_value(const char *opt)
{
	return LISTED(opt, cc_options) || !strncmp(opt, "-Xarch_", 7) ||
	       !strncmp(opt, "-Xopenmp-target=", 16);
}

bool rust_option_takes_value(const char *opt)
{
	return LISTED(opt, rust_options);
}
