#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Flame graphs of recordings, of their text and of collapsed stacks: all have the same samples.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

# number FIELD: the first of the JSON in $out.
number() { printf '%s\n' "$out" | sed -n 's/^ *"'"$1"'": \([0-9]*\),*$/\1/p' | head -n 1; }

# --- collapsed stacks
printf 't;main;b 90\nt;main;a 9\nt;main;c 1\n' >new
printf 't;main;b 50\nt;main;a 90\nt;main;old;older 60\n' >old
exits 0 'collapsed stacks' "$pgoctl" report flame new --json
is "$(number samples) $(number frames) $(number levels) $(number frames_left_out)" '100 5 3 0' \
	'all are drawn'
is "$(grep -c '<g class="f ' new.svg)" 6 'each frame once, and the root'
like "$(cat new.svg)" '<title>b$' 'a frame has its name'
like "$(cat new.svg)" '^90 samples, 90.00 %$' 'and its samples'
cp new.svg first.svg
exits 0 'again, to another place' "$pgoctl" report flame -o second.svg new
ok 'gives the same bytes' cmp first.svg second.svg
unlike "$(sed 's|xmlns="[^"]*"||; s|createElementNS||; s|"http://www.w3.org/[0-9/svgxhtml]*"||g' new.svg)" \
	'https?:|url\(|@import|xlink|src=' 'nothing is fetched from elsewhere'

exits 0 'narrow frames' "$pgoctl" report flame --min-share 5% new --json
is "$(number frames) $(number frames_left_out) $(number samples_left_out)" '4 1 1' 'are left out'
like "$err" '^pgoctl: 1 frames with 1 samples are left out' 'which is told'
like "$(cat new.svg)" '4 frames drawn; 1 frame too narrow or too deep left out, with 1 sample \(1.00 %\)' \
	'also in the picture'
exits 0 'several files' "$pgoctl" report flame -o both.svg new old --json
is "$(number samples)" 300 'are added up'
exits 0 'their title' "$pgoctl" report flame --title '<&">' new
like "$(cat new.svg)" '>&lt;&amp;&quot;&gt;</text>' 'is text'

# --- a comparison
exits 0 'against a baseline' "$pgoctl" report flame new -b old -o diff.svg --json
like "$out" '"baseline": \{' 'which the JSON tells of'
is "$(number samples_gone)" 60 'with what the baseline alone has'
is "$(printf '%s\n' "$out" | grep -A 2 '"function"' | xargs)" \
	'function: older, total: 60, self: 60 -- function: old, total: 60, self: 0' 'is listed'
like "$(cat diff.svg)" '2 functions only in the baseline; 30.00 % of its samples are in calls that are gone' \
	'also in the picture'
like "$(cat diff.svg)" 'class="f tp4 sp4".*<title>b$' 'more'
like "$(cat diff.svg)" 'class="f tm4 sm4".*<title>a$' 'less'
like "$(cat diff.svg)" 'class="f t0 s0".*<title>main$' 'as much as before'
like "$(cat diff.svg)" '^total 90.00 % \(baseline 25.00 %, \+65.00\)$' 'with both shares'
like "$(cat diff.svg)" 'class="by-total"' 'by totals'
exits 0 'by self' "$pgoctl" report flame new -b old --by self -o diff.svg
like "$(cat diff.svg)" 'class="by-self"' 'if asked for'
sed 's/^t/other/' old >renamed
exits 0 'another thread' "$pgoctl" report flame new -b renamed -o diff.svg
like "$err" 'warning: no call is in both: .*--join-threads' 'is told'
exits 0 'is left out' "$pgoctl" report flame new -b renamed -o diff.svg --join-threads
unlike "$err" 'no call is in both' 'if asked for'

# --- what is none
: >empty
printf 'a;b 1\na;b;\n' >bad
printf 'a;b 0\n' >zero
printf 'main:10:1\n 1: 10\n' >counts
rm -f out.svg
exits 7 'an empty file' "$pgoctl" report flame empty -o out.svg
exits 7 'no samples' "$pgoctl" report flame zero -o out.svg
like "$err" "no sample is in 'zero'" 'is told'
exits 7 'a bad line' "$pgoctl" report flame bad -o out.svg
{ yes 'a;b;c;d 1' | head -n 1000; echo 'x;y -1'; } >bad
exits 7 'also far behind' "$pgoctl" report flame bad -o out.svg
like "$err" "line 1001 of 'bad', at byte 10000, is no collapsed stack" 'is told'
exits 7 'a profile of counters' "$pgoctl" report flame counts -o out.svg
like "$err" "holds no samples" 'is none of samples'
like "$err" '^hint: .*perf record -g' 'how to record is told'
exits 2 'no file' "$pgoctl" report flame nowhere -o out.svg
exits 2 'the input as the output' "$pgoctl" report flame new -o ./new
exits 2 'the baseline as the output' "$pgoctl" report flame new -b old -o ./old
ok 'nothing is written then' test ! -e out.svg
if have xmllint; then
	for svg in first.svg both.svg new.svg diff.svg; do
		ok "$svg is well-formed" xmllint --noout "$svg"
	done
else
	skip 4 'no xmllint'
fi

# --- a recording
have perf || { skip 16 'no perf'; done_testing; exit; }
cat >work.c <<'END'
#include <stdlib.h>
#define KEEP __attribute__((noinline, noipa))
KEEP static unsigned leaf(unsigned x)
{
	for (unsigned i = 0; i < 40; i++)
		x = x * 3 + i;
	return x;
}
KEEP static unsigned inner(unsigned x) { return leaf(x) + leaf(x + 1) + 1; }
int main(int argc, char **argv)
{
	unsigned s = 0;

	for (long i = 0, n = argc > 1 ? atol(argv[1]) : 1000; i < n; i++)
		s += inner((unsigned)i);
	return s == 1;
}
END
${CC:-cc} -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -o work work.c 2>/dev/null &&
	perf record -q -F 997 -e cpu-clock:u -g -o work.data ./work 4000000 >/dev/null 2>&1 || {
	skip 16 'perf may not record here'
	done_testing
	exit
}
exits 0 'a recording' "$pgoctl" report flame work.data -o work.svg --json
samples=$(number samples)
is "$samples" "$(perf script -F event -i work.data 2>/dev/null | grep -c cpu-clock)" \
	'has the samples that perf script finds'
exits 0 'its collapsed stacks' "$pgoctl" convert work.data --to collapsed -o work.txt
is "$(awk '{ n += $NF } END { print n }' work.txt)" "$samples" 'have as many'
exits 0 'a graph of these' "$pgoctl" report flame work.txt -o text.svg --json
graph() { grep -o 'data-x=.*' "$1"; }
is "$(graph text.svg)" "$(graph work.svg)" 'is the same graph'
ok 'perf script of it' sh -c 'perf script --show-mmap-events -i work.data >work.script 2>/dev/null'
exits 0 'a graph of that text' "$pgoctl" report flame work.script -o script.svg --json
is "$(number samples)" "$samples" 'has as many'
share_of() { grep -A 1 "<title>$2\$" "$1" | tail -n 1; }
is "$(share_of script.svg main)" "$(share_of work.svg main)" 'and as many in main'
exits 7 'two kinds' "$pgoctl" report flame work.data work.txt -o out.svg
like "$err" '^hint: .*pgoctl convert --to collapsed' 'what to do is told'
exits 7 'two kinds to compare' "$pgoctl" report flame work.data -b work.txt -o out.svg
perf record -q -F 997 -e cpu-clock:u -o flat.data ./work 1000000 >/dev/null 2>&1
exits 0 'without call stacks' "$pgoctl" report flame flat.data -o flat.svg
like "$err" 'warning: no sample has a caller, the graph is flat: record them with perf record -g, of a program' \
	'how to have them is told'
exits 7 'one with them, one without' "$pgoctl" report flame work.data -b flat.data -o out.svg
done_testing
