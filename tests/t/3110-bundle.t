#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# merged.prof from outside: other tools read it, show and convert tell what is wrong with a bad one.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 make tar zstd sha256sum

mkdir src && cat >src/prog.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	long sum = 0;

	for (long i = 0; i < (argc > 1 ? atol(argv[1]) : 10); i++)
		sum += i % 7 ? i : 1;
	printf("%ld\n", sum);
	return 0;
}
END
printf 'prog: prog.c\n\t$(CC) -O2 -o prog prog.c\n' >src/Makefile
cat >pgo.yaml <<'END'
version: 1
toolchain: {cc: clang-22}
build: {source: src, command: make, artifacts: [prog]}
workloads:
  - {name: one, run: '"$PGO_OUT/prog" 1000', weight: 0.5}
  - {name: two, run: '"$PGO_OUT/prog" 9'}
END
exits 0 'collect' "$pgoctl" collect

# --- with tar alone
mkdir unpacked
exits 0 'tar unpacks it' tar -C unpacked --zstd -xf merged.prof
is "$err" '' 'and has nothing to say of it'
is "$(tar --zstd -tf merged.prof | head -n 1)" manifest.json 'its manifest comes first'
ok 'sha256sum agrees with its sum' sh -c 'cd unpacked && sha256sum -c manifest.sha256'
like "$(tr -d ' \n' <unpacked/manifest.json)" \
	"\"sha256\":\"$(sha256sum <unpacked/clang.profdata | cut -d' ' -f1)\"" \
	'the manifest has the hash of the payload'
is "$(tar --zstd -tvf merged.prof | grep -cv ' 1970-01-01 ')" 0 'there is no time in it'
ok 'llvm-profdata reads the payload' llvm-profdata-22 show unpacked/clang.profdata

# --- show
exits 0 'show' "$pgoctl" show merged.prof
like "$out" '^one +0\.5 +[0-9]+\.[0-9] % +1 +1 ' 'show: a workload, its weight, share, runs and inputs'
exits 0 'a bundle and its payload are the same profile' "$pgoctl" diff merged.prof unpacked/clang.profdata
like "$out" '^before +clang\.profdata ' 'diff: the payload is named'
like "$out" '^functions +1 same' 'diff: and its function is the same'
exits 0 'show, again' "$pgoctl" show merged.prof
like "$out" '^clang\.profdata +llvm-indexed +[0-9]+ +1 ' 'show: the payload'
like "$out" ' main$' 'show: a function'
exits 0 'show --top 0' "$pgoctl" show --top 0 merged.prof
unlike "$out" ' main$' 'show --top 0: no function'
exits 0 'show --json' "$pgoctl" show --json merged.prof
is "$(grep -c '"technique": "instrument"' "$tmp/out")" 1 'show --json: the manifest'
is "$(grep -c '"name": "main"' "$tmp/out")" 1 'show --json: the function'

# --- convert
exits 0 'convert' "$pgoctl" convert --to profdata merged.prof
ok 'convert: what is in it, byte for byte' cmp merged.profdata unpacked/clang.profdata
exits 0 'convert over an old file' "$pgoctl" convert --to proftext -o merged.profdata merged.prof
like "$(head -n 2 merged.profdata)" '^:ir$|^# IR' 'convert --to proftext: a text'
exits 6 'convert --llvm 99' "$pgoctl" convert --to profdata --llvm 99 merged.prof
exits 7 'convert --to gcda' "$pgoctl" convert --to gcda merged.prof
nok 'convert --to gcda: makes nothing' test -e merged.gcda
mkdir folder
exits 2 'convert onto a folder' "$pgoctl" convert --to profdata -o folder merged.prof
exits 2 'convert below no folder' "$pgoctl" convert --to profdata -o no/x merged.prof
exits 2 'convert onto a device' "$pgoctl" convert --to profdata -o /dev/null merged.prof
ok 'which is one still' test -c /dev/null
exits 0 'convert to a name with everything' "$pgoctl" convert --to profdata -o "$(printf 'a b\n$x')" merged.prof
ok 'is done' test -s "$(printf 'a b\n$x')"
if have gcc-12; then
	mkdir raw && printf 'int main(void) { return 0; }\n' >m.c && gcc-12 --coverage -o raw/m m.c &&
		raw/m && find . -maxdepth 2 -name '*.gcda' -exec mv {} raw/ \; 2>/dev/null
	rm raw/m
	exits 0 'convert a folder with a slash' "$pgoctl" convert --to gcda raw/
	is "$(ls raw.gcda)" "$(ls raw)" 'is a copy beside it'
	exits 2 'convert onto it again' "$pgoctl" convert --to gcda raw/
	exits 2 'convert into itself' "$pgoctl" convert --to gcda -o raw/x raw
else
	skip 4 'no gcc-12'
fi

# --- bad ones: refused by each command, with the file and the right status
bad() {	# STATUS DESCRIPTION FILE
	for cmd in show 'convert --to profdata -o x' 'build --profile'; do
		exits "$1" "$cmd of $2" "$pgoctl" $cmd "$3"
		like "$err" "^pgoctl: error: .*'([^']*/)?$3'" "$cmd of $2: names it"
	done
}
size=$(wc -c <merged.prof)
for n in 4 5 100 $((size / 2)) $((size - 1)); do
	head -c "$n" merged.prof >cut.prof
	bad 7 "one of $n bytes" cut.prof
done
: >empty.prof
bad 7 'an empty one' empty.prof
{ head -c $((size / 2)) merged.prof; printf '\377\000\377\000'; tail -c +$((size / 2 + 5)) merged.prof; } >hit.prof
bad 7 'one with four wrong bytes' hit.prof
tar --zstd -cf other.prof src
bad 7 'another archive' other.prof
tar -cf plain.prof -C unpacked manifest.json manifest.sha256 clang.profdata
bad 7 'one that is not compressed' plain.prof
sed -i 's/"weight": 0.5/"weight": 0.7/' unpacked/manifest.json
tar --zstd -cf edited.prof -C unpacked manifest.json manifest.sha256 clang.profdata
bad 7 'one with an edited manifest' edited.prof
(cd unpacked && sha256sum manifest.json >manifest.sha256)
tar --zstd -cf edited.prof -C unpacked manifest.json manifest.sha256 clang.profdata
exits 0 'its sum may be edited, too' "$pgoctl" show edited.prof
like "$out" '^one +0\.7 ' 'and the manifest counts then'
sed -i 's/"format": 1,/"format": 2,/' unpacked/manifest.json
(cd unpacked && sha256sum manifest.json >manifest.sha256)
tar --zstd -cf newer.prof -C unpacked manifest.json manifest.sha256 clang.profdata
bad 7 'one of a newer format' newer.prof
like "$err" '^hint: .*newer' 'a newer format: the hint'
bad 2 'one that is not there' nothing.prof
nok 'convert of a bad one makes nothing' test -e x

# --- output that cannot be written: the result on stdout, the bundle
sh -c '"$@" >&-' x "$pgoctl" show merged.prof 2>err
is "$?" 6 'show >&-'
sh -c '"$@" >&-' x "$pgoctl" collect 2>err
is "$?" 6 'collect >&-'
like "$(cat .pgo/lock)" '^[0-9]*$' 'nothing went into another file'
exits 2 'collect -o onto a folder' "$pgoctl" collect -o folder
exits 2 'collect -o /dev/null' "$pgoctl" collect -o /dev/null
ok '/dev/null is a device still' test -c /dev/null

done_testing
