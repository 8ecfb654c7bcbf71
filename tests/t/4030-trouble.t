#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What goes wrong is said: what, where, how to mend it, with the promised exit code.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 make

mkdir src && cat >src/prog.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	long sum = 0;
	for (long i = 0; i < (argc > 1 ? atol(argv[1]) : 10); i++)
		sum += i % 7;
	printf("%ld\n", sum);
	fflush(stdout);
	if (argc > 2)
		_exit(0);
	return 0;
}
C
cat >src/Makefile <<'M'
prog: prog.c
	$(CC) -O2 -o prog prog.c
M
yaml() {	# cc run [build command]
	cat <<Y
version: 1
toolchain: {cc: $1}
build:
  source: src
  command: ${3:-make}
  artifacts: [prog]
workloads:
  - name: one
    run: '$2'
    timeout: 20s
Y
}
plain='"\$PGO_OUT/prog" 100000'
plain=$(printf '%s' "$plain" | tr -d '\\')

yaml clang-22 "$plain" false >pgo.yaml
exits 2 "a folder in the place of the profile" "$pgoctl" collect -o src
like "$err" "cannot write the profile to '.*/src': it is a folder" "is said before anything is built"
exits 2 "a folder that is not there" "$pgoctl" collect -o nowhere/merged.prof
like "$err" "cannot write the profile below '.*/nowhere'" "names it"

yaml clang-22 "$plain" 'echo first line; echo the reason >&2; exit 3' >pgo.yaml
exits 8 "a failing build" "$pgoctl" collect
like "$err" "build:instrumented failed with status 3" "names the stage and the status"
like "$err" "the reason" "shows the end of its log"
like "$err" "command: echo first" "and its command"
like "$err" "hint: the whole log is in '.*build.log'" "and where the log is"
log=$(sed -n "s/^hint: the whole log is in '\(.*\)'/\1/p" "$tmp/err")
ok "where it really is" grep -q "the reason" "$log"

yaml clang-22 "$plain" 'true' >pgo.yaml
exits 2 "a build that compiles nothing" "$pgoctl" collect
like "$err" "compiled nothing through" "is not taken for an instrumented one"

yaml clang-22 "$plain" 'make && mv prog other' >pgo.yaml
exits 2 "a missing artifact" "$pgoctl" collect
like "$err" "made no 'prog'" "is named"
like "$err" "programs there: other" "with what there is instead"

yaml clang-22 "$plain; exit 4" >pgo.yaml
exits 8 "a failing workload" "$pgoctl" collect
like "$err" "workload 'one' failed with status 4" "is named"

yaml clang-22 'echo nothing of ours runs' >pgo.yaml
exits 8 "a workload that leaves no profile" "$pgoctl" collect
like "$err" "workload 'one' left no profile" "is named"
ok "and no bundle is written" test ! -e merged.prof

yaml clang-22 '"$PGO_OUT/prog" 10 die' >pgo.yaml
exits 0 "a program that leaves by _exit keeps its counts" "$pgoctl" collect
like "$("$pgoctl" show merged.prof)" " main\$" "they are in the profile"
rm -f merged.prof

yaml clang-22 'true' >pgo.yaml
exits 8 "a workload that runs nothing of the build" "$pgoctl" collect
like "$err" "left no profile" "is told to have left none"

yaml clang-22 'kill -9 $$' >pgo.yaml
exits 8 "a workload ended by a signal" "$pgoctl" collect
like "$err" "signal 9" "names the signal"

yaml clang-22 'sleep 60' | sed 's/timeout: 20s/timeout: 300ms/' >pgo.yaml
exits 8 "a workload that hangs" "$pgoctl" collect
like "$err" "did not end within 300.0 ms" "is ended and told"

yaml no-such-cc "$plain" >pgo.yaml
exits 6 "a missing compiler" "$pgoctl" collect
like "$err" "hint: apt-get install no-such-cc" "names the package"

# A compiler whose profile runtime is not installed, as its driver says it.
mkdir bare && cat >bare/clang-22 <<'S'
#!/bin/sh
case " $* " in
*" -fprofile-generate "*)
	echo "ld: cannot find /usr/lib/llvm/lib/libclang_rt.profile.a: No such file or directory" >&2
	exit 1
	;;
esac
exec clang-22 "$@"
S
chmod +x bare/clang-22
yaml "$PWD/bare/clang-22" "$plain" >pgo.yaml
exits 6 "a compiler without a profile runtime" "$pgoctl" collect
like "$err" "has no profile runtime" "is told"
like "$err" "hint: apt-get install libclang-rt-22-dev" "with the package"

# Profiles that are not.
yaml clang-22 "$plain" >pgo.yaml
exits 0 "a good collection" "$pgoctl" collect
cp merged.prof good.prof
head -c 300 good.prof >merged.prof
exits 7 "a truncated bundle" "$pgoctl" build --profile merged.prof
like "$err" "merged.prof.*at byte [0-9]+" "names the file and the byte"
echo hello >text.txt
exits 7 "no profile at all" "$pgoctl" build --profile text.txt
like "$err" "text.txt" "names the file"
exits 2 "a missing profile" "$pgoctl" build --profile nowhere.prof
like "$err" "hint: pgoctl collect -o nowhere.prof" "says how to make it"
"$pgoctl" convert good.prof --to profdata -o good.profdata 2>/dev/null
head -c 200 good.profdata >cut.profdata
exits 7 "a truncated native profile" "$pgoctl" build --profile cut.profdata
like "$err" "cut.profdata" "names the file"
: >empty.profraw
exits 7 "an empty raw profile" "$pgoctl" build --profile empty.profraw
like "$err" "empty" "says that it is empty"
exits 0 "the good one still does" "$pgoctl" build --profile good.prof

# A raw profile of a killed process stops the merge.
: >"$(find .pgo/train/one/0/raw -name '*.profraw')"
exits 0 "a raw file that was emptied is made anew" "$pgoctl" collect
ok "and is whole again" test -s "$(find .pgo/train/one/0/raw -name '*.profraw')"

# Outputs that differ are found; those that differ by themselves are not blamed.
yaml clang-22 '"$PGO_OUT/prog" 100000; cat "$PGO_OUT/stage"' 'make && echo $PGO_STAGE >stage' |
	sed 's/artifacts: .prog./artifacts: [prog, stage]/' >pgo.yaml
exits 0 "collect for a program whose output gives its build away" "$pgoctl" collect
exits 0 "build it" "$pgoctl" build
exits 5 "validate finds the difference" "$pgoctl" validate --pairs 6
like "$out" "OUTPUT DIFFERS" "and says so"
yaml clang-22 '"$PGO_OUT/prog" 100000; date +%N' >pgo.yaml
"$pgoctl" collect >/dev/null 2>&1 && "$pgoctl" build >/dev/null 2>&1
run "$pgoctl" validate --pairs 6
unlike "$status" "^5$" "an output that differs run by run is no miscompare"
like "$out" "differs run by run" "and is told"
yaml clang-22 "$plain" | sed 's/name: one/name: one\n    use: train/' >pgo.yaml
"$pgoctl" collect >/dev/null 2>&1 && "$pgoctl" build >/dev/null 2>&1
exits 2 "no workload to validate" "$pgoctl" validate
like "$err" "marked 'validate' or 'both'" "is told"

# A full disk: the path is named and what was there stays.
yaml clang-22 "$plain" >pgo.yaml
mkdir full
if mount -t tmpfs -o size=400k none full 2>/dev/null; then
	"$pgoctl" collect >/dev/null 2>&1
	echo old >full/merged.prof
	head -c 1000000 /dev/zero >full/fill 2>/dev/null
	exits 6 "a full disk" "$pgoctl" collect -o full/merged.prof
	like "$err" "full/merged.prof.*No space left" "is told with the path"
	is "$(cat full/merged.prof)" old "the old file is whole"
	is "$(ls full)" "$(printf 'fill\nmerged.prof')" "nothing half-written is left"
	umount full
else
	skip 4 "cannot mount a small tmpfs"
fi
done_testing
