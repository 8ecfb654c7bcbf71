#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl merge --watch: complete files are folded in and removed, others wait; whenever it is
# killed, nothing is lost and nothing is counted twice. PGO_KILL_ROUNDS=100 makes it long.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 gcc-12 gcov-dump-12 python3

cat >a.c <<'END'
#include <stdio.h>
#include <unistd.h>
static volatile int hold;
__attribute__((noinline)) void once(void) { hold++; }
int main(int argc, char **argv)
{
	once();
	if (argc > 1) pause();
	return 0;
}
END
clang-22 -O1 -fprofile-generate a.c -o prog && gcc-12 -O1 -fprofile-generate -c a.c -o a.o &&
	gcc-12 -fprofile-generate a.o -o gprog || { echo 'Bail out! cannot build'; exit 1; }

# counted BUNDLE: how often the program ran, by its profile.
counted() {
	"$pgoctl" -q convert "$1" --to proftext -o counted.proftext &&
		sed -n '/^once$/,/^$/p' counted.proftext | sed -n 7p
}
raw_files() { find "$1" -type f ! -path '*/.pgoctl-watch/lock'; }
train() { LLVM_PROFILE_FILE=$PWD/w/$1.profraw ./prog; }
# soon COMMAND...: it succeeds within 20 seconds.
soon() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || return 1
		sleep 0.1
	done
}
is_empty() { [ -z "$(raw_files w)" ]; }

mkdir w
"$pgoctl" merge --watch w -o w.prof --json >json 2>err &
watcher=$!
n=0
while [ $n -lt 5 ]; do
	train a$n
	n=$((n + 1))
done
ok 'files go away' soon is_empty
ok 'a bundle is there' soon test -s w.prof
is "$(counted w.prof)" 5 'with their counts'
printf x >w/notes
"$pgoctl" -q convert w.prof --to profdata -o w/kept.profdata
# A file that is open or locked waits, however whole it looks.
LLVM_PROFILE_FILE=$PWD/spare.profraw ./prog
exec 9>w/open.profraw
cat spare.profraw >&9
train b
ok 'others go away' soon test ! -e w/b.profraw
sleep 1
ok 'one that is open waits' test -s w/open.profraw
exits 6 'a second watch of the folder is refused' "$pgoctl" merge --watch w -o other.prof
like "$err" "another pgoctl watches '" 'and says why'
exec 9>&-
ok 'until it is closed' soon test ! -e w/open.profraw
train c
kill -TERM $watcher
wait $watcher
is "$?" 0 'TERM ends it well'
is "$(cat err)" '' 'without a word'
is "$(counted w.prof)" 8 'after a last fold'
is "$(python3 -c 'import json; d = json.load(open("json")); print(d["files"], d["lost"])')" '8 []' \
	'which it tells'
is "$(cat w/notes; ls w)" "x$(printf 'kept.profdata\nnotes')" 'what no process leaves stays'

# --- it goes on
train d
"$pgoctl" -q merge --watch w -o w.prof --until-exit $watcher >/dev/null
is "$?" 0 'a process that is gone ends it'
is "$(counted w.prof)" 9 'it goes on with its bundle'
exits 2 'the bundle of another folder is no accumulator' "$pgoctl" merge --watch none -o w.prof
mkdir none
exits 2 'nor of another one' "$pgoctl" merge --watch none -o w.prof --until-exit $watcher
exits 2 'no profile comes' "$pgoctl" merge --watch none -o none.prof --until-exit $watcher
exits 2 'it takes no inputs' "$pgoctl" merge --watch w -o w.prof spare.profraw
exits 2 'it writes bundles' "$pgoctl" merge --watch w -o w.x --to profdata
exits 2 '--until-exit alone' "$pgoctl" merge --until-exit 1 -o x spare.profraw

# --- what cannot be read
: >w/killed.profraw
exits 7 'an empty file ends it' "$pgoctl" merge --watch w -o w.prof --until-exit $watcher
like "$err" '^hint: .*--quarantine DIR' 'the way out is told'
is "$(counted w.prof)" 9 'the bundle stays'
is "$(raw_files w | grep -c killed.profraw)" 1 'the file, too'
train e
exits 0 'it goes to the quarantine' "$pgoctl" merge --watch w -o w.prof --until-exit $watcher \
	--quarantine w/bad --max-lost 20%
is "$(ls w/bad)" killed.profraw 'which may be in the folder'
is "$(counted w.prof)" 10 'the rest is folded'
like "$("$pgoctl" show w.prof)" '^left out: .*killed.profraw' 'the bundle tells'

# --- gcda: trees by process
mkdir g
slashes=$(pwd | tr -cd / | wc -c)
n=0
while [ $n -lt 6 ]; do
	GCOV_PREFIX=$PWD/g/%p GCOV_PREFIX_STRIP=$slashes ./gprog
	GCOV_PREFIX=$PWD/gseq GCOV_PREFIX_STRIP=$slashes ./gprog
	n=$((n + 1))
done
"$pgoctl" -q merge --watch g -o g.prof --until-exit $watcher >/dev/null
is "$?" 0 'trees are folded'
is "$(raw_files g)" '' 'and removed'
"$pgoctl" -q convert g.prof --to gcda -o g.out
ok 'as libgcov leaves them' diff -r gseq g.out

# --- kill -9 at any moment
rm -rf w w.prof
mkdir w
seed=${PGO_KILL_SEED:-$$}
rounds=${PGO_KILL_ROUNDS:-4}
runs=$((rounds * 8))
(
	n=0
	while [ $n -lt $runs ]; do
		train k$n
		LLVM_PROFILE_FILE=$PWD/w/pool%m.profraw ./prog
		sleep 0.0$((n % 10))
		n=$((n + 1))
	done
) &
trainer=$!
round=0
while [ $round -lt "$rounds" ]; do
	"$pgoctl" -q merge --watch w -o w.prof >/dev/null 2>>kill.err &
	watcher=$!
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	sleep 0.$((seed / 65536 % 8))$((seed / 4096 % 10))
	kill -9 $watcher
	wait $watcher 2>/dev/null
	round=$((round + 1))
done
wait $trainer
exits 0 'after the last kill' "$pgoctl" -q merge --watch w -o w.prof --until-exit $trainer
is "$(cat kill.err)" '' 'no error'
is "$(counted w.prof)" $((2 * runs)) "all counts are there, once (seed ${PGO_KILL_SEED:-$$})"
is "$(raw_files w)" '' 'and no file is left'
done_testing
