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
