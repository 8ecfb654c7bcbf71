#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# BOLT alone and behind a compiler's profile: counts, payloads, what is said, what is refused.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 llvm-bolt-22 nm strip

mkdir p && cd p || exit 1
cat >app.c <<'X'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int in_library(int x);
__attribute__((noinline)) int called(int x) { return x % 3 ? x : -x; }
__attribute__((noinline)) int in_child(int x) { return x % 5 ? x : -x; }
int main(int argc, char **argv)
{
	volatile int s = 0;
	int n = atoi(argv[1]);

	for (int i = 0; i < n; i++)
		s += called(i) + in_library(i);
	if (argc > 2 && !fork()) {
		for (int i = 0; i < n; i++)
			s += in_child(i);
		if (!strcmp(argv[2], "lost"))
			_exit(0);
		exit(0);
	}
	wait(0);
	printf("%d\n", s);
	return 0;
}
X
cat >lib.c <<'X'
int in_library(int x)
{
	int s = x;

	while (x > 1) {
		x = x % 2 ? 3 * x + 1 : x / 2;
		s += x % 7 ? x : 1;
	}
	return s;
}
X
config() { # technique, more of profile, command, artifacts
	cat <<X
version: 1
toolchain: { cc: ${CC_NAME:-clang-22} }
profile: { technique: $1$2 }
build: { command: '$3', artifacts: [$4] }
workloads:
  - { name: one, run: '"\$PGO_OUT/app" 1000', use: train }
  - { name: three, run: '"\$PGO_OUT/app" 100', weight: 3 }
X
}
both='"$CC" -O1 -g -fPIC -shared lib.c -o libx.so && "$CC" -O1 -g app.c -o app -L. -lx'
single='"$CC" -O1 -g app.c lib.c -o app'
calls() { # of a function, in an .fdata file
	awk -v f="$1" '$2 == "main" && $5 == f && $6 == 0 { n += $8 } END { print n + 0 }' "$2"
}
report() { sed -n "s/ *\"$1\": \([0-9]*\),*/\1/p" .pgo/stages/optimized/stage.json; }

# --- one program
config bolt '' "$single" app >pgo.yaml
run "$pgoctl" run -n
is "$status" 0 "the dry run ends well"
like "$out" "build prebolt" "it names the stage that BOLT works on"
like "$out" "llvm-bolt(-22)? .* -instrument " "the command that adds counters"
like "$out" "llvm-bolt(-22)? .* -data=.*-reorder-blocks=ext-tsp.*-icf=all" "the one that lays out"
ok "and does nothing" test ! -e .pgo
exits 0 "collect" "$pgoctl" collect
like "$out" "^bolt.fdata +bolt-fdata " "its payload is BOLT's"
exits 0 "convert takes it out" "$pgoctl" convert merged.prof --to fdata -o all.fdata
is "$(calls called all.fdata)" 1300 "calls are counted exactly, by the workloads' weights"
exits 0 "build" "$pgoctl" -v build --profile merged.prof
like "$err" "app: [0-9]+ of [0-9]+ functions have a profile, [0-9]+ reordered, taken branches [-+]" \
	"what llvm-bolt did is told"
is "$(report stale)" 0 "nothing is stale"
ok "the work of llvm-bolt is what is kept" \
	sh -c 'readelf -SW .pgo/stages/optimized/out/app | grep -q bolt.org.text'
is "$("$PWD/.pgo/stages/optimized/out/app" 100)" "$("$PWD/.pgo/stages/prebolt/out/app" 100)" \
	"it does what the program did"
exits 0 "build again" "$pgoctl" -v build
like "$err" "optimized: unchanged, kept" "keeps it"
exits 0 "build from the bare profile" "$pgoctl" -v build --profile all.fdata
like "$err" "optimized: unchanged, kept" "which is the same one"
run "$pgoctl" validate --pairs 6
ok "validate comes to a verdict" is_verdict "$status"
ok "the baseline is built without BOLT's flags" \
	sh -c '! grep -q emit-relocs .pgo/stages/baseline/cc.jsonl'
exits 6 "other layouts are refused" "$pgoctl" validate --estimand=build --pairs 6
like "$err" "BOLT" "for what they are"

# --- what does not fit
sed -i 's/while (x > 1) {/while (x > 1 \&\& s != 12345) {\n\t\tif (s > 99999)\n\t\t\ts = 3;/' lib.c
exits 0 "a changed source builds with the old profile" "$pgoctl" build
like "$err" "profile of [0-9]+ functions? of 'app' does not fit: [0-9]+ of [0-9]+ counts" \
	"what is stale is told"
ok "and kept" test "$(report stale)" -gt 0
echo garbage >bad.fdata
exits 7 "a corrupt profile is refused" "$pgoctl" build --profile bad.fdata
printf 'f:10:1\n 1: 10\n' >sample.prof
exits 7 "one of another technique is refused" "$pgoctl" build --profile sample.prof
like "$err" "technique is 'bolt'" "naming the technique"

# --- processes: each that ends by exit has its own file, and no other
config bolt '' "$single" app | sed "s/ 1000'/ 1000 child'/; s/ 100'/ 100 lost'/" >pgo.yaml
exits 0 "collect with forks" "$pgoctl" collect
is "$(find .pgo/train-bolt -name '*.fdata' | wc -l | tr -d ' ')" 3 \
	"three processes of four left a profile: _exit loses one"
exits 0 "convert" "$pgoctl" convert merged.prof --to fdata -o all.fdata
is "$(calls in_child all.fdata)" 1000 "the child's counts are there"
is "$(calls called all.fdata)" 2300 "with those that it had of its parent"

# --- a program and a library
config bolt '' "$both" 'app, libx.so' >pgo.yaml
exits 0 "collect two artifacts" "$pgoctl" collect
like "$out" "^bolt-app.fdata " "the program has a payload"
like "$out" "^bolt-libx.so.fdata " "and so has the library"
exits 0 "build both" "$pgoctl" build
is "$(report profiled | wc -l | tr -d ' ')" 2 "both were laid out"
is "$(LD_LIBRARY_PATH=.pgo/stages/optimized/out .pgo/stages/optimized/out/app 100)" \
	"$(LD_LIBRARY_PATH=.pgo/stages/prebolt/out .pgo/stages/prebolt/out/app 100)" \
	"and do what they did"

# --- what BOLT cannot do
config bolt '' "$single && strip app" app >pgo.yaml
exits 2 "a stripped program is refused" "$pgoctl" collect
like "$err" "symbols and relocations" "saying what BOLT needs"
config bolt '' "\"\$CC\" -static -O1 app.c lib.c -o app" app >pgo.yaml
exits 8 "a static one, too" "$pgoctl" collect
like "$err" "static" "in llvm-bolt's words"
mkdir "$tmp/bin"
find /usr/bin /bin -maxdepth 1 ! -name 'llvm-bolt*' ! -type d -exec ln -sf -t "$tmp/bin" {} + \
	2>/dev/null
config bolt '' "$single" app >pgo.yaml
run env PATH="$tmp/bin" "$pgoctl" collect
is "$status" 6 "no llvm-bolt"
like "$err" "apt-get install bolt-22" "names its package"

# --- a program that llvm-bolt broke is not believed
exits 0 "collect" "$pgoctl" collect
exits 0 "build" "$pgoctl" build
cp .pgo/stages/optimized/stage.json before.json
real=$(command -v llvm-bolt-22)
cat >"$tmp/bin/llvm-bolt-22" <<X
#!/bin/sh
"$real" "\$@" || exit
case "\$*" in *-data=*) printf '#!/bin/sh\nexit 3\n' >"\$3" ;; esac
X
chmod +x "$tmp/bin/llvm-bolt-22"
run env PATH="$tmp/bin" "$pgoctl" build --force
is "$status" 8 "one that fails its first run"
like "$err" "workload 'three' with what llvm-bolt made failed with status 3" "is told"
ok "and the old one stands" cmp before.json .pgo/stages/optimized/stage.json

# --- killed programs: a process beside them writes what they counted
CC_NAME=clang-22
sed 's/_exit(0);/{ sleep(3); kill(getpid(), SIGKILL); }/; s/#include <stdio.h>/#include <signal.h>\n&/' app.c >killed.c
cat >killed.yaml <<'X'
version: 1
toolchain: { cc: clang-22 }
profile: { technique: bolt }
build: { command: '"$CC" -O1 -g killed.c lib.c -o killed', artifacts: [killed] }
workloads: [{ name: one, run: '"$PGO_OUT/killed" 1000 lost' }]
X
exits 0 "killed: collect" "$pgoctl" collect -c killed.yaml -o killed.prof
is "$(calls in_child "$(echo .pgo/train-bolt/one/0/raw/*.fdata)")" 0 "killed: its counts are lost"
exits 0 "killed: with --every" "$pgoctl" collect -c killed.yaml -o killed.prof --every 1s
like "$err" "a program that a run executes more than once leaves BOLT's counters of the last time only" "which has a price"
# BOLT counts some edges and concludes the others, which is one off where a function never ends.
ok "killed: they are not" test "$(calls in_child "$(echo .pgo/train-bolt/one/0/raw/*.fdata)")" -ge 999

# --- behind the compiler's profile
for CC_NAME in clang-22 gcc-12; do
	config instrument ', bolt: true' "$single" app >pgo.yaml
	exits 0 "$CC_NAME: collect for both" "$pgoctl" collect
	like "$out" "^bolt.fdata " "$CC_NAME: BOLT's payload"
	like "$out" "^(clang.profdata|gcc) " "$CC_NAME: and the compiler's"
	exits 0 "$CC_NAME: build with both" "$pgoctl" -v build
	like "$err" "prebolt: unchanged, kept" "$CC_NAME: what was trained is what is laid out"
	is "$(report stale)" 0 "$CC_NAME: so that nothing is stale"
	is "$(.pgo/stages/optimized/out/app 100)" "$(.pgo/stages/prebolt/out/app 100)" \
		"$CC_NAME: it does what the program did"
	like "$(cat .pgo/stages/prebolt/cc.jsonl)" "fprofile-use=.*emit-relocs" "$CC_NAME: the flags"
done
like "$(cat .pgo/stages/prebolt/cc.jsonl)" "fno-reorder-blocks-and-partition" "gcc's of its own"
exits 0 "convert takes out the compiler's" "$pgoctl" convert merged.prof --to gcda -o gcc.d
exits 7 "without BOLT's payload the build is refused" "$pgoctl" build --profile gcc.d
like "$err" "BOLT" "for the lack of it"
done_testing
