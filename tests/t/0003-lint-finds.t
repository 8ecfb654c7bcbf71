#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/lint: a tree without a fault passes, and each kind of fault is found.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

# A small tree that the lint takes for the project.
mkdir -p pgo/base pgo/stats pgo/core profiles drivers tests man docs
cp "$srcdir"/tests/lint* tests/
cp "$srcdir/.clang-format" "$srcdir/.clang-tidy" .
spdx='/* SPDX-License-Identifier: Apache-2.0 */'
for dir in pgo/base pgo/stats pgo/core profiles drivers; do
	name=$(basename "$dir")
	printf '%s\nint %s_get(void);\n' "$spdx" "$name" >"$dir/$name.h"
	printf '%s\n#include "%s"\n\nint %s_get(void)\n{\n\treturn 1;\n}\n' \
		"$spdx" "$dir/$name.h" "$name" >"$dir/$name.c"
done
cat >man/x.1 <<'X'
.\" SPDX-License-Identifier: Apache-2.0
.Dd January 1, 2026
.Dt X 1
.Os
.Sh NAME
.Nm x
.Nd does nothing
X
echo 'See [x](../man/x.1).' >docs/x.md

# lint [CHECK]: the numbers of the checks, or of that one, that fail, on one line.
lint() {
	srcdir=$PWD PGO_TESTS_COMPLETE='' LINT_ONLY=${1-} sh tests/lint >"$tmp/lint" 2>&1
	sed -n 's/^not ok \([0-9]*\).*/\1/p' "$tmp/lint" | tr '\n' ' '
}

# finds CHECK FILE DESCRIPTION TEXT: with TEXT at the end of FILE that check fails, and tells of the
# file.
finds() {
	cp "$2" "$tmp/kept" 2>/dev/null || rm -f "$tmp/kept"
	printf '%b\n' "$4" >>"$2"
	is "$(lint "$1")" "$1 " "$3 is found"
	ok 'and the file is named' grep -q "$2" "$tmp/lint"
	rm -f "$2"
	[ ! -e "$tmp/kept" ] || cp "$tmp/kept" "$2"
}

is "$(lint)" '' 'a clean tree passes'
is "$(tail -n 1 "$tmp/lint")" '1..13' 'after all checks'

finds 1 pgo/base/other.c 'a source without its licence' 'int other;'
finds 2 pgo/base/up.c 'base that includes core' "$spdx\n#include \"pgo/core/core.h\""
finds 2 profiles/side.c 'a profile that includes drivers' "$spdx\n#include \"drivers/drivers.h\""
finds 2 pgo/stats/clock.c 'statistics with a clock' "$spdx\n#include <time.h>"
finds 3 pgo/core/core.c 'core that prints' '\nint printf(const char *, ...);'
finds 3 drivers/drivers.c 'a driver that starts a process' '\nint fork(void);'
finds 4 pgo/core/core.c 'a banned call' '\nint atoi(const char *);'
finds 5 pgo/core/core.c 'a bare mark' "\n/* FIX""ME: later */"
finds 6 pgo/core/core.c 'a path of one machine' '\n/* as in /''home/somebody/x */'
finds 7 pgo/core/core.c 'a long function' "
int core_long(void)\n{\n$(for i in $(seq 101); do printf '\\tcore_get();\\n'; done)}"
finds 7 pgo/core/core.c 'a long line' "\n/* $(printf '%090d %010d' 1 1) */"
finds 8 pgo/core/core.h 'a header that needs another one' 'size_t core_size(void);'
finds 9 docs/x.md 'a link that leads nowhere' '[y](y.md)'
if have clang-format-19; then
	finds 10 pgo/core/core.c 'a line as nobody formats it' '\nint  x;'
else
	skip 2 'no clang-format-19'
fi
if have mandoc; then
	finds 11 man/x.1 'an unknown macro of mdoc' '.Bogus'
else
	skip 2 'no mandoc'
fi
if have shellcheck; then
	finds 12 tests/x 'a script that splits words' \
		'#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nrm $1'
else
	skip 2 'no shellcheck'
fi
if have cppcheck; then
	finds 13 pgo/core/core.c 'an index out of bounds' \
		'\nint core_bad(void)\n{\n\tint a[2] = { 0 };\n\n\treturn a[2];\n}'
else
	skip 2 'no cppcheck'
fi
done_testing
