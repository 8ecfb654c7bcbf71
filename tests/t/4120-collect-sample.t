#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Samples by perf, of workloads, a command and a running process, to profiles of Clang, GCC and BOLT.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 perf make llvm-profdata-22
perf record -q -e cpu-clock:u -o try.data true >/dev/null 2>&1 || skip_all "perf may not record here"

mkdir -p app/src && cd app || exit 1
cat >src/work.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#define KEEP __attribute__((noinline))
KEEP static unsigned hot(unsigned x)
{
	for (unsigned i = 0; i < 200; i++)
		x = x * 3 + (x >> 5);
	return x;
}
KEEP static unsigned other(unsigned x)
{
	for (unsigned i = 0; i < 200; i++)
		x = x * 5 ^ (x >> 3);
	return x;
}
int main(int argc, char **argv)
{
	unsigned s = 0;

	for (long i = 0, n = argc > 2 ? atol(argv[2]) : 1; i < n; i++)
		s += argv[1][0] == 'h' ? hot((unsigned)i) : other((unsigned)i);
	printf("%u\n", s);
	return argc > 3 ? atoi(argv[3]) : 0;
}
END
printf 'work: work.c\n\t$(CC) -O2 -o work work.c\n' >src/Makefile
cat >pgo.yaml <<'END'
version: 1
toolchain:
  cc: clang-22
build:
  source: src
  command: make
  artifacts: [work]
workloads:
  - name: hot
    run: '"$PGO_OUT/work" h 700000'
    weight: 3
  - name: other
    run: '"$PGO_OUT/work" o 300000'
  - name: not-this
    run: '"$PGO_OUT/work" o 1'
    use: validate
END
# sample OPTION...: collected without the estimate of what it costs, which takes time.
sample() { "$pgoctl" collect --sample --overhead-runs 0 "$@"; }
# total N: of the N-th total_count of the JSON, which has the workloads first.
total() { sed -n 's/^ *"total_count": \([0-9]*\),/\1/p' "$tmp/out" | sed -n "$1p"; }
payload() { sed -n '/"payloads"/,$s/^ *"format": "\(.*\)",/\1/p' "$tmp/out"; }

exits 0 "the plan" sample -n
like "$out" "perf record .* -e [a-z0-9:-]+ (-F|-c)[0-9]+ .*samples/hot/0/raw/perf.data -- /bin/sh -c" \
	"has the command"
like "$out" "g1 -fdebug-info-for-profiling" "and the flags of the build"
ok "nothing is done" test ! -e .pgo

# --- Clang
exits 0 "the workloads are recorded" "$pgoctl" collect --sample --overhead-runs 1 --json
like "$err" "2 recordings \(0 kept from before\), [0-9.]+ [KM]iB, are in .*/app/\.pgo/samples$" \
	"where they are, and how large"
like "$err" "'hot' takes about [+-][0-9.]+ % processor time while it is recorded .*pairs of runs: 1\)" \
	"what it costs"
is "$(payload)" llvm-sample-extbinary "the profile is what clang reads"
like "$out" '"technique": "sample"' "the manifest knows the technique"
like "$out" '"recorder": "perf version' "who recorded"
like "$out" '"event": "[a-z]' "which event"
like "$out" '"branch_stacks": (true|false)' "with branch stacks or not"
unlike "$out" 'not-this' "what is for validation alone is not recorded"
is "$(sed -n 's/^ *"samples": \([0-9]*\),/\1/p' "$tmp/out" | head -n 1)" \
	"$(perf script -F ip -i .pgo/samples/hot/0/raw/perf.data 2>/dev/null | grep -c .)" \
	"as many samples as perf script finds"
is "$(total 3)" "$((3 * $(total 1) + $(total 2)))" "the workloads have their weights"
ok "nothing is left of the estimate" test ! -e .pgo/samples/hot/0.overhead
if grep -q '"branch_stacks": false' "$tmp/out"; then
	like "$err" "^pgoctl: no branch stacks .*less exact" "what is missing costs"
	like "$err" "profile.technique instrument, or bolt" "and what would help is told"
else
	skip 2 "this machine has branch stacks"
fi
exits 0 "the profile taken out" "$pgoctl" convert merged.prof --to sample-extbinary -o clang.afdo
run llvm-profdata-22 show --sample clang.afdo
like "$out" "^Function: .*hot" "llvm-profdata reads it"
like "$out" "^Function: .*other" "all of it"
exits 0 "show" "$pgoctl" show merged.prof
like "$out" "^event .* a second, with(out)? branch stacks, by perf version|^event .* each" "tells the event"

lines() { grep -c '"what":"recorded' .pgo/record.jsonl; }
sum=$(sha256sum <merged.prof)
before=$(lines)
exits 0 "once more" sample
is "$(lines)" "$before" "nothing is recorded again"
is "$(sha256sum <merged.prof)" "$sum" "and the bundle is the same"
exits 0 "at another rate" sample --rate 1000 -o other.prof
is "$(lines)" "$((before + 2))" "all is"
exits 7 "a damaged recording" sh -c 'data=.pgo/samples/hot/0/raw/perf.data; size=$(wc -c <$data) &&
	head -c 104 $data >x && head -c $((size - 104)) /dev/zero >>x && mv x $data &&
	"$0" collect --sample --rate 1000 --overhead-runs 0 -o other.prof' "$pgoctl"
like "$err" "workload 'hot'" "is named"

# --- GCC, BOLT
exits 0 "with gcc" sample --json --cc gcc-12 -o gcc.prof
is "$(payload)" gcc-afdo-2 "the profile is what gcc 12 reads"
exits 0 "taken out" "$pgoctl" convert gcc.prof --to afdo-2 -o gcc.afdo
ok "gcc takes it" gcc-12 -O2 -g1 -fauto-profile=gcc.afdo -c -o work.o src/work.c
exits 0 "for BOLT" sample --json --to fdata -o bolt.prof
is "$(payload)" bolt-fdata "it is BOLT's"

# --- other things than the workloads
work=$PWD/.pgo/stages/baseline/out/work
exits 0 "a command" sample -o command.prof -- "$work" h 1000000
like "$out" "^command +1 +100.0 %" "stands in the place of the workloads"
exits 0 "for a while" sample --duration 3s -o command.prof -- "$work" h 2000000000
mkdir ../elsewhere && cd ../elsewhere || exit 1
"$work" h 2000000000 &
victim=$!
exits 0 "a running process, without a project" sample --cc clang-22 --pid "$victim" --duration 3s \
	--json
like "$out" '"commit": null' "its source is not known"
ok "the bundle is here" test -s merged.prof
# The topmost one, in which one program is asked for.
if perf record -q -a -e cpu-clock:u -G / -o try.data true >/dev/null 2>&1; then
	exits 0 "a control group" sample --cc clang-22 --cgroup / --binary "$work" --duration 3s -o group.prof
	like "$("$pgoctl" show group.prof --function hot)" "hot" "has what the program did"
else
	skip 2 "perf may not record control groups here"
fi
ok "it goes on" kill "$victim"
exits 2 "a control group without a name" sample --cc clang-22 --cgroup ""
like "$err" "the control group has no name" "is asked for it"
exits 2 "that is not there" sample --pid 4194303 --cc clang-22
like "$err" "there is no process 4194303" "is told"
exits 2 "nothing to record" "$pgoctl" collect --sample
like "$err" "no pgo.yaml" "there is no project"
cd ../app || exit 1

# --- what goes wrong leaves the last bundle
sum=$(sha256sum <merged.prof)
exits 2 "two targets" sample --pid 1 -- true
exits 2 "without --sample" "$pgoctl" collect --rate 100
like "$err" "^hint: pgoctl collect --sample" "how it is meant"
for bad in --rate --duration --max-size; do
	exits 2 "$bad 0" sample $bad 0 -- true
	like "$err" "option $bad wants more than 0" "is none"
done
exits 2 "another form" sample --to profdata
exits 2 "too often" sample --rate 99999999
like "$err" "^hint: sudo sysctl kernel.perf_event_max_sample_rate=99999999$" "which the kernel decides"
exits 8 "no such event" sample --event no-such-event -- true
like "$err" "perf left no recording" "is no recording"
like "$err" "event syntax error" "perf's own words are shown"
exits 8 "a command that fails" sample -- "$work" h 10 3
like "$err" "failed with status 3" "with its status"
exits 8 "a command that runs something else" sample -- sh -c 'i=0; while [ $i -lt 99999 ]; do i=$((i+1)); done'
like "$err" "none of the [0-9]+ samples .* is in an artifact" "has no profile"
like "$err" "^hint: most are in '/.*--binary FILE" "where they are is told"
exits 0 "a recording that grows too large" sample --max-size 64K -o full.prof -- "$work" h 40000000
like "$err" "warning: the recording reached its largest size, 64.0 KiB" "ends, which is told"
"$pgoctl" collect --sample --overhead-runs 0 -- "$work" h 2000000000 >/dev/null 2>"$tmp/stopped" &
victim=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -s .pgo/samples/command/0.new/raw/perf.data ] && break
	sleep 0.3
done
kill -INT "$victim"
wait "$victim"
is "$?" 130 "stopped by a signal"
like "$(cat "$tmp/stopped")" "stopped by Interrupt" "which is told"
nok "no half recording stays" test -e .pgo/samples/command/0.new/raw/perf.data

# fake LINE...: a perf of our own that does this for "record"; $file is the recording.
mkdir fake
fake() {
	{
		printf '#!/bin/sh\n[ "$1" != --version ] || { echo "perf version 0"; exit 0; }\n'
		printf 'while [ "$1" != -o ]; do shift; done\nfile=$2\n'
		printf '%s\n' "$@"
	} >fake/perf
	chmod +x fake/perf
}
with_fake() { PATH=$PWD/fake:$PATH sample -- "$work" h 10; }
fake ': >"$file"'
exits 8 "an empty recording" with_fake
like "$err" "perf left an empty recording" "is told"
fake 'true'
exits 8 "none at all" with_fake
like "$err" "perf left no recording" "as well"
fake 'echo half >"$file"; echo "failed to mmap with 12" >&2; exit 255'
exits 8 "perf that fails" with_fake
like "$err" "failed to mmap with 12" "in its own words"
fake 'perf=$(command -v -p perf); exec "$perf" record -q -e cpu-clock:u -F 1 -o "$file" true'
exits 8 "nothing was sampled" with_fake
like "$err" "has no samples|none of the [0-9]+ samples" "is no profile"
printf '#!/bin/sh\necho "WARNING: perf not found for kernel 6.8.0-31"\nexit 2\n' >fake/perf
exits 6 "a perf that does not run here" with_fake
like "$err" "perf does not run here: WARNING: perf not found for kernel" "in its own words"
like "$err" "^hint: sudo apt-get install linux-" "what to install"
mkdir few && ln -s /usr/bin/* few/ 2>/dev/null
rm -f few/perf
exits 6 "no perf" env PATH="$PWD/few" "$pgoctl" collect --sample
like "$err" "^hint: sudo apt-get install linux-" "what to install"
is "$(sha256sum <merged.prof)" "$sum" "the last bundle has outlived it all"
done_testing
