#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job on a real program, with Clang and with GCC: collect, build, validate, and again.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 llvm-profdata-22 make

cp -r "$srcdir/examples/minivm" minivm && cd minivm || exit 1
# What is judged here is not the speed-up: shorter runs do.
sed -i 's/numbers.mv 3000/numbers.mv 300/; s/words.mv 40000/words.mv 4000/; s/recursion.mv 24/recursion.mv 18/' ./*.yaml

run "$pgoctl" run -n
is "$status" 0 "the dry run ends well"
like "$out" "build instrumented" "it names the stages"
like "$out" "make -j" "it names the project's command"
ok "and does nothing" test ! -e .pgo

exits 0 "collect" "$pgoctl" collect
like "$out" "words-train +1 +[0-9.]+ % +1 +1" "its table has each training workload"
unlike "$out" "words  " "and no workload that only validates"
ok "the bundle is there" test -s merged.prof
cp merged.prof other.prof
exits 0 "bundles are merged" "$pgoctl" merge -w 3,merged.prof other.prof -o both.prof
run "$pgoctl" show both.prof
like "$out" "^merged.prof: words-train +3 +[0-9.]+ %" "a workload keeps its weight and the bundle's"
like "$out" "^other.prof: words-train +1 +[0-9.]+ %" "in each of them"
exits 0 "build" "$pgoctl" build --profile merged.prof
like "$out" "/\.pgo/stages/optimized/out/minivm$" "it prints where the artifact is"
run "$pgoctl" validate --pairs 6 --json
ok "validate comes to a verdict" is_verdict "$status"
ok "its JSON has the schema's version" grep -q '"schema": 1' "$tmp/out"
is "$(grep -c '"output": "same"' "$tmp/out")" 3 "outputs of all workloads were compared"

# The profile and the program are those that one gets by hand.
exits 0 "convert takes the native profile out" \
	"$pgoctl" convert merged.prof --to profdata -o ours.profdata
llvm-profdata-22 merge -o hand.profdata .pgo/train/*/*/raw/*.profraw
ok "it is llvm-profdata's, byte for byte" cmp ours.profdata hand.profdata
hand=$PWD/hand.profdata
(cd .pgo/work/src && make clean && make CC="clang-22 -fprofile-use=$hand") >make.log 2>&1
ok "the program is clang's by hand, byte for byte" \
	cmp .pgo/work/src/minivm .pgo/stages/optimized/out/minivm
nok "and not the baseline" cmp .pgo/stages/baseline/out/minivm .pgo/stages/optimized/out/minivm

# Nothing is done twice, and what depends on a change is done again.
lines() { grep -c '"what":"\(build\|training\)' .pgo/record.jsonl; }
sum=$(sha256sum <merged.prof)
before=$(lines)
exits 0 "collect again" "$pgoctl" collect
is "$(lines)" "$before" "starts no child"
is "$(sha256sum <merged.prof)" "$sum" "leaves the same bundle"
exits 0 "collect by force" "$pgoctl" collect --force
ok "starts children" test "$(lines)" -gt "$before"
is "$(sha256sum <merged.prof)" "$sum" "and makes the same bundle, byte for byte"
before=$(lines)
echo '# another comment' >>bench/numbers.mv
exits 0 "collect after a workload's input changed" "$pgoctl" collect
is "$(lines)" "$((before + 1))" "runs that workload alone"
before=$(lines)
echo '/* changed */' >>src/heap.c
exits 0 "collect after a source changed" "$pgoctl" collect
is "$(lines)" "$((before + 4))" "builds and trains anew"
run "$pgoctl" validate --pairs 6
is "$status" 7 "validate refuses an optimized build of older sources"
like "$err" "hint: pgoctl build" "and says how to mend it"

exits 0 "show explains the bundle" "$pgoctl" show merged.prof
like "$out" "^compiler +Debian clang version 22|^compiler +clang version 22" "with the compiler"
like "$out" "vm_run" "and the hottest functions"
ok "llvm-profdata reads what convert took out" llvm-profdata-22 show ours.profdata

# The same with GCC, from the same tree.
exits 0 "collect with gcc" "$pgoctl" collect -c pgo-gcc.yaml -o gcc.prof
exits 0 "build with gcc" "$pgoctl" build -c pgo-gcc.yaml --profile gcc.prof
is "$(grep -c 'missing-profile\|coverage-mismatch' .pgo/stages/optimized/build.log)" 0 \
	"gcc finds a profile for every file"
run "$pgoctl" validate -c pgo-gcc.yaml --pairs 6
ok "validate with gcc" is_verdict "$status"
exits 0 "convert takes the folder of .gcda out" "$pgoctl" convert gcc.prof --to gcda -o gcc.d
hand=$PWD/gcc.d
(cd .pgo/work/src && make clean &&
	make CC="gcc-12 -fprofile-use=$hand -fprofile-prefix-path=${PWD%/src} -fprofile-correction") \
	>make.log 2>&1
# Beside the code, gcc notes its command line in the debug information.
objcopy -O binary -j .text .pgo/work/src/minivm hand.text
objcopy -O binary -j .text .pgo/stages/optimized/out/minivm ours.text
ok "the code is gcc's by hand, byte for byte" cmp hand.text ours.text

# A bare native profile does as well as a bundle.
exits 0 "build from a bare .profdata" "$pgoctl" build --profile ours.profdata
raw=$(find .pgo/train/numbers -name '*.gcda' | head -n 1)
ok "training with gcc left .gcda files" test -n "$raw"
exits 7 "gcc's files are refused for clang" "$pgoctl" build --profile gcc.d
like "$err" "gcda.*clang" "naming both"
exits 7 "gcc's bundle is refused for clang" "$pgoctl" build --profile gcc.prof
done_testing
