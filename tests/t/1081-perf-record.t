#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings made here in many ways, and their forms for other tools, against perf script.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need perf
cat >work.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#define KEEP __attribute__((noinline, noipa))
KEEP static unsigned leaf(unsigned x) { return x * 3 + 1; }
KEEP static unsigned inner(unsigned x)
{
	unsigned s = 0;

	for (unsigned i = 0; i < x % 7 + 1; i++)
		s += leaf(i ^ x);
	return s;
}
int main(int argc, char **argv)
{
	unsigned s = 0;

	for (long i = 0, n = argc > 1 ? atol(argv[1]) : 1000; i < n; i++)
		s += inner((unsigned)i);
	return s == 1;
}
END
${CC:-cc} -O1 -g -fno-omit-frame-pointer -Wl,--build-id -o work work.c 2>/dev/null || skip_all "no compiler"
perf record -q -e cpu-clock -o try.data ./work >/dev/null 2>&1 || skip_all "perf may not record here"

# number FIELD: of the JSON in $out.
number() { printf '%s\n' "$out" | sed -n 's/^  "'"$1"'": \([0-9]*\),*$/\1/p' | head -n 1; }
# events FILE: as perf counts them, "name samples" a line.
events() { perf script -F event -i "$1" 2>/dev/null | sed 's/^ *//; s/: *$//' | grep . | sort | uniq -c |
	awk '{ print $2, $1 }'; }
ours() { printf '%s\n' "$out" | awk '/"events"/ { e = 1 } /"binaries"/ { e = 0 }
	e && /"name"/ { gsub(/[",]/, ""); n = $2 } e && /"samples"/ && $2 + 0 { print n, $2 + 0 }' | sort; }

# as_perf FILE DESCRIPTION: the same events with as many samples.
as_perf() {
	exits 0 "$2: read" "$pgoctl" show --json "$1"
	is "$(ours)" "$(events "$1")" "$2: events and samples as perf script has them"
	is "$(number lost)" 0 "$2: nothing lost"
}

record() { perf record -q -F 997 "$@" >/dev/null 2>&1; }
while IFS=: read -r name options; do
	# shellcheck disable=SC2086 # several words
	if record $options -o "$name.data" ./work 3000000; then
		as_perf "$name.data" "perf record $options"
	else
		skip 3 "perf record $options fails here"
	fi
done <<'END'
plain:-e cpu-clock
chains:-e cpu-clock -g
dwarf:-e cpu-clock --call-graph=dwarf,1024
packed:-e cpu-clock -z
several:-e cpu-clock,task-clock,page-faults
switches:-e cpu-clock --switch-events
everywhere:-e cpu-clock -a
data:-e cpu-clock -d
regs:-e cpu-clock --user-regs=ip,sp --intr-regs=ip
weights:-e cpu-clock --sample-cpu --timestamp --period
group:-e {cpu-clock,page-faults}
namespaces:-e cpu-clock --namespaces
buildid:-e cpu-clock --buildid-mmap
END

perf record -q -F 997 -e cpu-clock -o - ./work 3000000 2>/dev/null >pipe.data
exits 0 "a pipe" "$pgoctl" show --json pipe.data
is "$(number samples)" "$(perf script -i - <pipe.data 2>/dev/null | grep -c cpu-clock)" \
	"has the samples that perf script finds"
like "$out" '"format": "perf.data, pipe"' "and is known as one"
perf record -q -F 997 -z -e cpu-clock -o - ./work 3000000 2>/dev/null >pipe.data
exits 0 "a packed pipe" "$pgoctl" show --json pipe.data
is "$(number samples)" "$(perf script -i - <pipe.data 2>/dev/null | grep -c cpu-clock)" "as well"
echo "[ perf record: Woken up 1 times ]" >>pipe.data
exits 0 "with text after it" "$pgoctl" show pipe.data
like "$out" "^note  .*34 bytes from byte [0-9]* on are not read$" "which is told"

./work 2000000000 &
victim=$!
record -e cpu-clock -p "$victim" -o attached.data -- sleep 0.3
kill "$victim"
as_perf attached.data "a running process"

# --- what processes do: a shell that starts others, which exec
record -e cpu-clock -o shell.data sh -c 'for i in 1 2 3; do ./work 300000; done; exec ./work 500000'
as_perf shell.data "a shell"
where() { perf script -F ip,dso -i "$1" 2>/dev/null | grep -c '/work)$'; }
is "$(printf '%s\n' "$out" | grep -A 4 '/work",' | sed -n 's/.*"samples": \([0-9]*\),/\1/p')" \
	"$(where shell.data)" "samples are of the program that perf script says"

# --- collapsed stacks
collapse() {	# FILE: of perf script, frames of this program by name
	perf script -F comm,tid,time,event,ip,sym -i "$1" 2>/dev/null |
		awk '/^[^ \t]/ { n++ } END { print n + 0 }'
}
exits 0 "collapsed stacks" "$pgoctl" convert chains.data --to collapsed -o chains.txt
is "$(awk '{ n += $NF } END { print n }' chains.txt)" "$(collapse chains.data)" "hold every sample"
like "$(cat chains.txt)" '^work;.*;main;inner [0-9]+$' "have callers first, by name"
exits 0 "the text of perf script" sh -c 'perf script --show-mmap-events -i chains.data >chains.script'
exits 0 "is read" "$pgoctl" show --json chains.script
is "$(number samples)" "$(collapse chains.data)" "all of it"
like "$out" '/work",$' "with the binaries that it tells of"
exits 0 "and collapsed" "$pgoctl" convert chains.script --to collapsed -o script.txt
mine() { grep -E ';(main|inner|leaf)' "$1" | awk '{ n += $NF } END { print n }'; }
is "$(mine script.txt)" "$(mine chains.txt)" "as many samples are below main"
is "$(sed 's/.*;//' chains.txt | awk '/^(main|inner|leaf) /{ n[$1] += $2 } END { for (i in n) print i, n[i] }' | sort)" \
	"$(sed 's/.*;//' script.txt | awk '/^(main|inner|leaf) /{ n[$1] += $2 } END { for (i in n) print i, n[i] }' | sort)" \
	"each function has as many"

# Any choice of fields: whose thread it is stands before the frames, with or without a pid.
selves() { sed 's/^\([^;]*\);.*;/\1;/' "$1" | awk '/;(main|inner|leaf) /{ n[$1] += $2 } END { for (i in n) print i, n[i] }' | sort; }
for fields in comm,ip,sym comm,event,ip,sym comm,time,ip,sym,dso comm,time,event,ip,sym comm,tid,ip,sym,symoff comm,pid,tid,ip,sym; do
	perf script -F $fields -i chains.data >fields.script 2>/dev/null
	exits 0 "the fields $fields" "$pgoctl" convert fields.script --to collapsed -o fields.txt
	is "$(selves fields.txt)" "$(selves chains.txt)" "have the same threads and functions"
	unlike "$err" 'not understood' "every line is understood"
done
printf 'Words of a\nletter, 12 of them.\n\t12 is a number\n' >letter.txt
nok "a letter is no perf script" "$pgoctl" show letter.txt

mkdir -p "root$PWD" && cp work "root$PWD/"
id=$(readelf -n work | awk '/Build ID/ { print $3 }')
debug=root/usr/lib/debug/.build-id/$(echo "$id" | cut -c1-2)
mkdir -p "$debug" && cp work "$debug/$(echo "$id" | cut -c3-).debug"
strip "root$PWD/work"
exits 0 "a stripped program, its debug file elsewhere" "$pgoctl" convert chains.data --to collapsed \
	--root root -o root.txt
is "$(mine root.txt)" "$(mine chains.txt)" "has the same names"

# --- cut and damaged
# Of its header: where the data begin, and their size. What is behind them is cut in the middle.
samples_end=$(od -An -td8 -j40 -N16 plain.data | awk '{ print $1 + $2 }')
head -c $(((samples_end + $(wc -c <plain.data)) / 2)) plain.data >cut.data
exits 0 "one that is cut behind the samples has them all" "$pgoctl" show --json cut.data
is "$(number samples)" "$(perf script -F event -i plain.data | grep -c cpu-clock)" "every one"
like "$out" "features behind the data are cut off|is not within the file" "what is missing is told"
head -c 1800 plain.data >cut.data
exits 0 "a cut recording gives what it has" "$pgoctl" show --json cut.data
like "$out" '"truncated": true,' "says so"
like "$out" "the file is cut: [0-9]+ of [0-9]+ bytes of data are missing" "and how much is lost"
head -c 50 plain.data >cut.data
exits 7 "half a header is none" "$pgoctl" show cut.data
exits 7 "no branch stacks" "$pgoctl" convert plain.data --to unsymbolized -o out
like "$err" "^hint: record with perf record -b" "what to do is told"
exits 7 "a recording is no profile of counters" "$pgoctl" convert plain.data --to profdata -o out
like "$err" "^hint: formats: unsymbolized" "but can become others"
cp work other && strip -o work2 work && objcopy --remove-section=.note.gnu.build-id work2 &&
	${CC:-cc} -O2 -Wl,--build-id -o work work.c
exits 7 "the program was built again" "$pgoctl" convert plain.data --to preaggregated -o out
like "$err" "'.*/work' is of build id [0-9a-f]+, but the samples are of build id [0-9a-f]+$" "is refused"
exits 0 "unless that is allowed" "$pgoctl" convert plain.data --to preaggregated --allow-mismatch -o out
like "$err" "warning: .* is of another build" "and told"
exits 0 "the right one may be elsewhere" "$pgoctl" convert plain.data --to preaggregated \
	--binary other -o out
like "$(cat out)" "^E cpu-clock" "samples without branches are for BOLT, too"
is "$(awk '/^S/ { n += $3 } END { print n }' out)" "$(where plain.data)" "all of them"
exits 7 "no samples in it" "$pgoctl" convert plain.data --to preaggregated --binary "$pgoctl" -o out
like "$err" "^hint: samples are in: .*/work" "who has them is told"
done_testing
