#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings and the files that they are of: deleted, rebuilt, moved, without build ids; several events;
# what is no file.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need perf clang-22
perf record -q -e cpu-clock -o try.data true >/dev/null 2>&1 || skip_all "perf cannot record here"

cat >work.c <<'X'
#include <stdlib.h>
__attribute__((noinline)) int inner(int i) { return i % 7 * 3; }
__attribute__((noinline)) int work(int n)
{
	volatile int s = 0;
	for (int i = 0; i < n; i++)
		s += inner(i);
	return s;
}
int main(int argc, char **argv) { return work(argc > 1 ? atoi(argv[1]) : 1000) == 1; }
X
sed 's/inner/another/g; s/work/labour/g' work.c >other.c
compile() { clang-22 -O2 -g1 -fdebug-info-for-profiling -fno-omit-frame-pointer -Wl,--build-id "$1" -o "$2"; }
compile work.c kept || exit 1
total() { awk '{ n += $NF } END { print n + 0 }' "$1"; }

# --- a file that was deleted when it was recorded, and has another in its place
cp kept gone
./gone 2000000000 &
pid=$!
n=0
until [ "$(readlink /proc/$pid/exe)" = "$(pwd -P)/gone" ] || [ $n -ge 400 ]; do n=$((n + 1)); sleep 0.05; done
rm gone
compile other.c gone
perf record -q -e cpu-clock:u -g -p $pid -o gone.data sleep 0.5 >/dev/null 2>&1
kill $pid
exits 7 "a file in the place of the deleted one is refused" \
	"$pgoctl" convert gone.data --to sample-text -o gone.prof
like "$err" "was deleted when it was recorded: what is there now is another file" "as what it is"
ok "and nothing is written" test ! -e gone.prof
exits 0 "call stacks" "$pgoctl" convert gone.data --to collapsed -o gone.txt
like "$err" "was deleted when it was recorded, its functions have no names" "say so"
unlike "$(cat gone.txt)" "labour|another" "and take no name from it"
cp gone replaced
mkdir -p elsewhere
cp kept elsewhere/gone
exits 0 "the file that was recorded" "$pgoctl" convert gone.data --binary elsewhere/gone \
	--to collapsed -o gone.txt
like "$(cat gone.txt)" ";work(;inner)? [0-9]" "gives its names"
exits 0 "by another name, if it is insisted on" "$pgoctl" convert gone.data --binary kept \
	--allow-mismatch --to sample-text -o gone.prof
like "$(cat gone.prof)" "^work:" "its lines, too"

# --- a file that was moved, and is known by its build id
cp kept moved
perf record -q -e cpu-clock:u -g -o moved.data ./moved 100000000 >/dev/null 2>&1
mv moved there
exits 0 "a moved file" "$pgoctl" convert moved.data --to collapsed -o moved.txt
like "$err" "'.*/moved' is not here, its functions have no names" "is missed"
exits 0 "a moved file that is named" "$pgoctl" convert moved.data --binary there --to collapsed -o moved.txt
unlike "$err" "is not here" "is not"
like "$(cat moved.txt)" ";work(;inner)? [0-9]" "and names the functions"
exits 0 "another file" "$pgoctl" convert moved.data --binary gone --to collapsed -o moved.txt
unlike "$(cat moved.txt)" "labour|another" "names nothing"

# --- no build ids
perf record -q -B -N -e cpu-clock:u -g -o bare.data ./kept 100000000 >/dev/null 2>&1
exits 0 "without build ids" "$pgoctl" convert bare.data --to collapsed -o bare.txt
like "$err" "whether '.*', and others without a build id, are what was recorded cannot be told" "names are doubted"
is "$(printf '%s\n' "$err" | grep -c 'cannot be told')" 1 "once"
# Of all that is mapped: perf's own list leaves out what only callers were in.
if perf record -q --buildid-mmap -e cpu-clock:u -g -o sure.data ./kept 100000000 >/dev/null 2>&1; then
	exits 0 "with build ids" "$pgoctl" convert sure.data --binary there --to collapsed -o sure.txt
	unlike "$err" "cannot be told" "they are not"
else
	skip 2 "this perf asks for no build ids of what is mapped"
fi

# --- several events
perf record -q -e cpu-clock:u,task-clock:u -o two.data ./kept 100000000 >/dev/null 2>&1
exits 0 "two events" "$pgoctl" convert two.data --to sample-text -o two.prof
like "$err" "samples of several events are added up: cpu-clock.*, task-clock" "are told of"
exits 0 "one event" "$pgoctl" convert bare.data --to sample-text -o one.prof
unlike "$err" "several events" "is not"

# --- what is no file
mkfifo fifo
cat moved.txt >fifo &
exits 6 "a pipe is refused" "$pgoctl" convert fifo --to collapsed -o x.txt
like "$err" "'fifo' is no regular file" "as what it is"
like "$err" "hint: write it to a file" "with what mends it"
kill $! 2>/dev/null
wait
exits 0 "a file" "$pgoctl" convert moved.txt --to collapsed -o x.txt
is "$(total x.txt)" "$(total moved.txt)" "is read whole"
done_testing
