#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Other layouts of the same code: links alone are done again, by each linker in its own way; the
# layout floor and the estimand of the build; what cannot be laid out anew.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 ld.lld-22 ld.bfd nm make llvm-profdata-22 jq

# --- options
bad() {	# DESCRIPTION PATTERN OPTION...
	bad_what=$1 bad_like=$2
	shift 2
	exits 2 "$bad_what" "$pgoctl" validate "$@"
	like "$err" "$bad_like" "and says so"
}
bad "one relink is no spread" "layout-floor wants 2 to 64, not 1" --layout-floor 1
bad "none neither" "layout-floor wants 2 to 64, not 0" --layout-floor 0
bad "too many" "layouts wants 2 to 64, not 65" --estimand=build --layouts 65
bad "one layout is no sample" "layouts wants 2 to 64, not 1" --estimand=build --layouts 1
bad "an unknown estimand" "estimand wants binary or build, not 'foo'" --estimand=foo
bad "layouts of a binary" "layouts is for --estimand=build" --layouts 5
bad "fewer pairs than layouts" "6 pairs are less than one for each of 7" \
	--estimand=build --layouts 7 --pairs 6
bad "commands have no layouts" "commands cannot be linked anew" -a true -b true --layout-floor 3
bad "nor a build" "need a project" -a true -b true --estimand=build

# --- a project whose one workload is short
config() {	# COMPILER COMMAND ARTIFACT RUN
	cat >pgo.yaml <<X
version: 1
toolchain:
  cc: $1
profile:
  technique: instrument
build:
  source: src
  command: $2
  artifacts: [$3]
workloads:
  - name: numbers
    run: '"\$PGO_OUT/$4'
X
}
minivm() {	# FOLDER COMPILER LDFLAGS
	cp -r "$srcdir/examples/minivm" "$1" && cd "$1" && rm -f pgo*.yaml src/minivm src/*.o &&
		config "$2" "make -j2 CFLAGS=-O1 LDFLAGS=$3" minivm 'minivm" bench/numbers.mv 60 7'
}
small() {	# FOLDER COMMAND ARTIFACT
	mkdir -p "$1/src" && cd "$1" && config gcc-12 "$2" "$3" "$3\"" || return
	cat >src/a.c <<X
#include <stdio.h>
int main(void)
{
	unsigned sum = 0;

	for (volatile unsigned i = 0; i < 3000000; i++)
		sum += i;
	printf("%u\\n", sum);
	return 0;
}
X
}
# The functions' sizes; where one of them is.
sizes() { nm -S "$1" | awk 'NF == 4 && $3 ~ /[tT]/ && $4 !~ /pgoctl_pad/ { print $2, $4 }' | sort; }
address() { nm "$1" | awk '$3 == "vm_run" { print $1 }'; }
modes() { sed 's/.*"mode":"\([a-z+]*\)".*/\1/' "$1/cc.jsonl" | sort | uniq -c | tr -s ' '; }
# What replaying must give again, bit for bit: not what the warm-up waited for, which is no evidence.
result() { jq 'del(.waits, .forecast)' "$1" | grep -v '"wall_ns"\|"evidence"\|"cancelled"'; }

laid_out() {	# NAME STAGE
	for l in 01 02; do
		one=.pgo/stages/$2-layout-$l/out/minivm
		ok "$1: $2, layout $l is there" test -x "$one"
		nok "$1: other bytes than the build" cmp "$one" ".pgo/stages/$2/out/minivm"
		is "$(sizes "$one")" "$(sizes ".pgo/stages/$2/out/minivm")" \
			"$1: the same functions"
		nok "$1: at other addresses" \
			test "$(address "$one")" = "$(address ".pgo/stages/$2/out/minivm")"
		is "$("$one" bench/words.mv 300 3)" \
			"$(".pgo/stages/$2/out/minivm" bench/words.mv 300 3)" "$1: it does the same"
		is "$(modes ".pgo/stages/$2-layout-$l")" " 1 link" "$1: by one link, no compile"
	done
	nok "$1: $2, the layouts differ" cmp ".pgo/stages/$2-layout-01/out/minivm" "$one"
}

of_build() {	# NAME COMPILER LDFLAGS ADDED
	minivm "$1" "$2" "$3" || return
	"$pgoctl" collect >/dev/null 2>&1
	exits 0 "$1: build" "$pgoctl" build --profile merged.prof
	run "$pgoctl" validate --layout-floor 2 --estimand=build --layouts 2 --pairs 6 \
		--report page.html --json
	ok "$1: validate comes to a verdict" is_verdict "$status"
	cp "$tmp/out" live.json
	for s in baseline optimized; do laid_out "$1" $s; done
	like "$(cat .pgo/stages/*-layout-*/cc.jsonl)" "$4" "$1: in the linker's own way"
	exits "$status" "$1: replay" "$pgoctl" validate --replay .pgo/validate/evidence.jsonl --json
	is "$(result "$tmp/out")" "$(result live.json)" "$1: gives the same, bit for bit"
	like "$(cat live.json)" '"estimand": "build"' "$1: its JSON has the estimand"
	grep '"validity":"valid"' .pgo/validate/evidence.jsonl >valid.jsonl
	is "$(grep -c '"kind":"ab".*"layout":2' valid.jsonl)" 3 \
		"$1: three pairs of the second layout"
	is "$(grep -c '"kind":"layout".*"layout":1' valid.jsonl)" 8 \
		"$1: eight of the baseline and its first"
	like "$(cat page.html)" "Does the layout matter" "$1: the page has a section"
}
of_build lld clang-22 -fuse-ld=lld-22 'randomize-section-padding=1"'
cd ..
of_build gcc gcc-12 "" '"-Wl,-u,pgoctl_pad_0"'

# --- the floor beside a claim about binaries; nothing is linked twice
links() { grep -c '"what":"build:' .pgo/record.jsonl; }
before=$(links)
run "$pgoctl" validate --layout-floor 2 --pairs 6
ok "validate with a floor alone" is_verdict "$status"
like "$out" "^layout: .*\(2 relinks of the baseline, 16 pairs, p " "prints it"
is "$(links)" "$before" "the links are kept"
exits "$status" "replay" "$pgoctl" validate --replay .pgo/validate/evidence.jsonl
like "$out" "^layout: .*\(2 relinks of the baseline, 16 pairs, p " "prints it again"
sed '/"kind":"layout"/s/"layout":1/"layout":3/' .pgo/validate/evidence.jsonl >odd.jsonl
exits 7 "a layout that is none of the file's is refused" "$pgoctl" validate --replay odd.jsonl
like "$err" "layout 3 is none of this file's" "by its number"
run "$pgoctl" validate -n --layout-floor 3 --estimand=build --layouts 4
like "$out" "relink both builds with layouts 1 to 4" "the dry run tells of it"
run "$pgoctl" validate --pairs 6
unlike "$out" "layout" "without the option there is no word of it"
is "$(grep -c layout .pgo/validate/evidence.jsonl)" 0 "also in the evidence"

# A work copy in which somebody built by hand is built whole.
(cd .pgo/work/src && make clean && make CFLAGS=-O0) >/dev/null 2>&1
"$pgoctl" validate --calibrate 1 --force --layout-floor 2 --pairs 6 >/dev/null 2>&1
is "$(sizes .pgo/stages/baseline-layout-01/out/minivm)" "$(sizes .pgo/stages/baseline/out/minivm)" \
	"objects of another build are not linked"
cd ..

# --- clang with GNU ld; against itself, which needs no optimized build
minivm bfd clang-22 -fuse-ld=bfd
run "$pgoctl" validate --calibrate 1 --estimand=build --layouts 2 --pairs 6
ok "clang with GNU ld: a calibration" is_verdict "$status"
laid_out bfd baseline
like "$(cat .pgo/stages/*-layout-*/cc.jsonl)" '"-Wl,-u,pgoctl_pad_0"' "by a pad"
cd ..

# --- a build that does not redo its links is built whole
floor() { run "$pgoctl" validate --calibrate 1 --layout-floor 2 --pairs 6; }
small stamp "test -e stamp || { \$CC -c a.c && \$CC a.o -o prog && touch stamp; }" prog
floor
is "$(modes .pgo/stages/baseline-layout-02 | grep -c compile)" 1 "a stamp: built whole"
nok "and laid out anew" cmp .pgo/stages/baseline-layout-02/out/prog .pgo/stages/baseline/out/prog
cd ..
# The link is redone, but the artifact is an older copy of it.
small copy "\$CC a.c -o prog && { test -e kept || cp prog kept; }" kept
floor
nok "a copy that would be left: laid out anew" \
	cmp .pgo/stages/baseline-layout-02/out/kept .pgo/stages/baseline-layout-01/out/kept
cd ..
# A command that works once.
small once "mkdir fresh && \$CC a.c -o prog" prog
floor
nok "a command that works once: laid out anew" \
	cmp .pgo/stages/baseline-layout-02/out/prog .pgo/stages/baseline-layout-01/out/prog
cd ..
# Its linker is not called through the wrapper.
small direct "\$CC -c a.c && /usr/bin/gcc-12 a.o -o prog" prog
floor
is "$status" 6 "a link past the wrapper is refused"
like "$err" "no artifact is linked through pgoctl" "with the reason"
ok "the baseline stands" test -x .pgo/stages/baseline/out/prog
nok "no layout does" test -e .pgo/stages/baseline-layout-01
cd ..
done_testing
