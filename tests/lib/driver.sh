# SPDX-License-Identifier: Apache-2.0
# For the tests of the compiler drivers, after tap.sh. Set are tool, wrapper and
# shims (the folder of links), and log (of the wrapper's calls).

tool=$builddir/tests/lib/driver-tool
wrapper=$builddir/pgoctl-cc
shims=$tmp/bin
log=$tmp/cc.jsonl
junk=$tmp/junk
LC_ALL=C
export LC_ALL
unset CC CXX CFLAGS CXXFLAGS LDFLAGS CPPFLAGS LLVM_PROFILE_FILE GCOV_PREFIX GCOV_PREFIX_STRIP

mkdir "$junk" && "$tool" shims "$shims" "$wrapper" || exit 1

# The C++ driver beside a C driver.
cxx_of() { echo "$1" | sed 's/gcc/g++/; s/clang/clang++/'; }

# stage COMPILER STAGE [PROFILE [ROOT]]: the wrapper's configuration, and an empty log.
stage() {
	stage_cc=$(command -v "$1") || return 1
	stage_cxx=$(command -v "$(cxx_of "$1")")
	stage_name=$2
	shift 2
	: >"$log"
	"$stage_cc" -v 2>&1 | "$tool" conf "$tmp/conf" "$stage_cc" "$stage_cxx" "$stage_name" \
		"$shims" "$log" "$@"
}

# build COMMAND...: run it as a build of the stage.
build() { "$tool" build "$tmp/conf" "key-$stage_name" "$junk" "$@"; }

# sum: the log's sum, and one item of it.
calls() { "$tool" sum "$log"; }
count() { calls | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# The calls of one mode, as "file file: flag flag".
logged() {
	sed -n 's/^{"tool":"[^"]*","file":\[\([^]]*\)\],"mode":"'"$1"'".*"added":\[\([^]]*\)\].*/\1: \2/p' \
		"$log" | tr -d '"' | tr ',' ' '
}

add() { awk '{ s += $1 } END { print s + 0 }'; }
# How often f was called, by all profiles below $tmp/raw: its first counter. Set are cc and major.
calls_of_f() {
	case $cc in
	clang-*)
		"llvm-profdata-$major" merge --text "$tmp"/raw/*.profraw -o - 2>/dev/null |
			awk 'want == 2 { print; want = 0 }
				/^f$/ { want = 1 } want && /^# Counter Values/ { want = 2 }'
		;;
	*)
		find "$tmp/raw" -name '*f.gcda' 2>/dev/null | while read -r file; do
			cp "$file" x.gcda && "gcov-dump-$major" -l x.gcda 2>/dev/null |
				grep -A1 'COUNTERS arcs' | sed -n 's/.*: *0: \([0-9]*\).*/\1/p'
		done
		;;
	esac | add
}
