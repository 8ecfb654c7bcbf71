#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl merge: inputs, weights, forms, consumers, what is refused and what is left out.
# llvm-profdata and gcov are the judges.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 gcc-12 gcov-dump-12

cat >a.c <<'END'
#include <stdlib.h>
static int f(int x) { int s = 0; for (int i = 0; i < x; i++) s += i % 3 ? i : -i; return s; }
int main(int argc, char **argv)
{
	volatile int r = 0;
	for (int i = 0; argc > 1 && i < atoi(argv[1]); i++) r += f(i);
	return 0;
}
END
clang-22 -O1 -fprofile-generate a.c -o ir && clang-22 -O1 -fprofile-instr-generate a.c -o fe &&
	gcc-12 -O1 -fprofile-generate -c a.c -o a.o && gcc-12 -fprofile-generate a.o -o gcc ||
	{ echo 'Bail out! cannot build'; exit 1; }
slashes=$(pwd | tr -cd / | wc -c)
for n in 1 2 3; do
	LLVM_PROFILE_FILE=$PWD/r$n.profraw ./ir $((10 * n))
	GCOV_PREFIX=$PWD/g$n GCOV_PREFIX_STRIP=$slashes ./gcc $((10 * n))
	GCOV_PREFIX=$PWD/seq GCOV_PREFIX_STRIP=$slashes ./gcc $((10 * n))
done
LLVM_PROFILE_FILE=$PWD/fe.profraw ./fe 10

merge() { run "$pgoctl" merge "$@"; }
json() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

# --- weights, lists, forms
llvm-profdata-22 merge r1.profraw r2.profraw -weighted-input=3,r3.profraw -o want.profdata
llvm-profdata-22 merge --text r1.profraw r2.profraw -weighted-input=3,r3.profraw -o want.proftext
ok 'weights as llvm-profdata has them' "$pgoctl" merge r1.profraw r2.profraw -w 3,r3.profraw \
	-o a.profdata
ok 'and the same bytes' cmp want.profdata a.profdata
ok 'the long name' "$pgoctl" merge r1.profraw --weighted-input=3,r3.profraw r2.profraw -o b.profdata
ok 'operands come first' cmp want.profdata b.profdata
printf '# a list\n\nr1.profraw\n  1,r2.profraw \n3,r3.profraw\r\n' >list
ok 'a list' "$pgoctl" merge -f list -o c.profdata
ok 'is the same' cmp want.profdata c.profdata
ok 'the text form by its suffix' "$pgoctl" merge -f list -o d.proftext
ok 'is the same' cmp want.proftext d.proftext
ok '--text' "$pgoctl" merge -f list --text -o e
ok 'is the same' cmp want.proftext e
ok '--to' "$pgoctl" merge -f list --to proftext -o f.profdata
ok 'wins over the suffix' cmp want.proftext f.profdata
for bad in x 0,r1.profraw ,r1.profraw "3," -1,r1.profraw 1.5,r1.profraw; do
	exits 2 "-w '$bad' is refused" "$pgoctl" merge -w "$bad" -o no
done
printf 'r1.profraw\n0,r2.profraw\n' >bad-list
exits 2 'a bad line' "$pgoctl" merge -f bad-list -o no
like "$err" "line 2 of 'bad-list'" 'is named'
exits 2 'no such list' "$pgoctl" merge -f nowhere -o no

# --- bundles
ok 'a bundle' "$pgoctl" merge -f list -o a.prof --json
"$pgoctl" merge -f list -o a2.prof --json >json
ok 'equal inputs, equal bytes' cmp a.prof a2.prof
is "$(json json 'd["kind"], d["format"], d["files"], d["saturated"]')" \
	"('bundle', 'llvm-indexed', 3, 0)" 'what it says'
is "$(json json '[(i["path"], i["weight"], i["files"]) for i in d["inputs"]]')" \
	"[('r1.profraw', 1, 1), ('r2.profraw', 1, 1), ('r3.profraw', 3, 1)]" 'its inputs'
is "$(json json 'd["inputs"][0]["sha256"]')" "$(sha256sum r1.profraw | cut -d' ' -f1)" 'their hash'
is "$(json json 'd["manifest"]["inputs"] == d["inputs"]')" True 'the manifest has them'
ok 'out of it' "$pgoctl" convert a.prof --to profdata -o g.profdata
ok 'comes the same profile' cmp want.profdata g.profdata
ok 'a bundle and a raw file' "$pgoctl" merge a.prof r1.profraw -o h.profdata
llvm-profdata-22 merge want.profdata r1.profraw -o want2.profdata
ok 'are merged' cmp want2.profdata h.profdata
like "$("$pgoctl" show a.prof)" '^r3.profraw +llvm-raw +3 +1 ' 'show tells the inputs'

# --- folders
mkdir -p raw/sub
cp r3.profraw raw/b.profraw && cp r1.profraw raw/sub/a.profraw && cp r2.profraw raw/c
echo text >raw/README
"$pgoctl" merge raw -o raw/out.profdata --json >json
is "$(json json '[i["path"] for i in d["inputs"]], d["skipped"]')" \
	"(['raw/b.profraw', 'raw/c', 'raw/sub/a.profraw'], 1)" 'a folder, in the order of names'
ok 'the output is no input' "$pgoctl" merge raw -o raw/out.profdata
llvm-profdata-22 merge r1.profraw r2.profraw r3.profraw -o want3.profdata
ok 'the same profile' cmp want3.profdata raw/out.profdata
merge r1.profraw ./r1.profraw -o x.profdata
like "$err" "warning: './r1.profraw' is given more than once" 'an input that is given twice'
mkdir none
exits 2 'a folder without profiles' "$pgoctl" merge none -o no
exits 2 'no such input' "$pgoctl" merge nowhere -o no
exits 7 'no profile' "$pgoctl" merge a.c -o no

# --- gcda
ok 'trees' "$pgoctl" merge g1 g2 g3 -o tree/
ok 'as libgcov leaves them' diff -r seq tree
exits 2 'a folder that is there' "$pgoctl" merge g1 -o tree/
like "$err" "'tree/' is there already" 'is not written over'
ok 'single files' "$pgoctl" merge g1/a.gcda g2/a.gcda g3/a.gcda -o files.gcda
ok 'are merged by name' diff -r seq files.gcda
ok 'weights' "$pgoctl" merge -w 2,g1 g2 -o w/
ok 'one by one' "$pgoctl" merge g2 g1 g1 -o w1/
ok 'are the same' diff -r w w1
mkdir -p deep/x/y mangled && cp g1/a.gcda deep/x/y/ && cp g2/a.gcda 'mangled/#old#o#a.gcda'
ok '--strip and --prefix' "$pgoctl" merge deep --strip x/y --prefix /new/z -o s1/
is "$(find s1 -type f)" s1/new/z/a.gcda 'of folders'
ok '--strip and --prefix' "$pgoctl" merge mangled --strip /old --prefix /new/z -o s2/
is "$(find s2 -type f)" 's2/#new#z#o#a.gcda' 'of mangled names'
ok '--strip that is no folder of it' "$pgoctl" merge mangled --strip ol -o s3/
is "$(find s3 -type f)" 's3/#old#o#a.gcda' 'does nothing'
ok 'a bundle of trees' "$pgoctl" merge g1 g2 g3 -o g.prof
ok 'converts' "$pgoctl" convert g.prof --to gcda -o g.out
ok 'to the same' diff -r seq g.out
ok 'threads do not matter' "$pgoctl" merge -j 3 g1 g2 g3 -o j3/
ok 'to the result' diff -r seq j3
cp r1.profraw g1/
exits 7 'a tree with a profile of another family' "$pgoctl" merge g1 -o no
rm g1/r1.profraw

# --- families, kinds, consumers
exits 7 'two families' "$pgoctl" merge r1.profraw g1 -o no
like "$err" "'g1' is a profile of format gcda, but 'r1.profraw' is of llvm-raw" 'are named'
exits 7 'front end and IR' "$pgoctl" merge r1.profraw fe.profraw -o no
exits 7 'a form of another family' "$pgoctl" merge g1 -o no.profdata
exits 7 'and by --to' "$pgoctl" merge r1.profraw --to gcda -o no
ok 'a suffix that is no form of profiles: a bundle' "$pgoctl" merge r1.profraw -o bundle.txt
printf 'f:40:1\n 1: 1\n 2: 39\n' >s.txt
for to in text binary extbinary; do
	llvm-profdata-22 merge --sample --$to s.txt -o want.sample
	ok "samples as $to" "$pgoctl" merge s.txt --to sample-$to -o got.sample
	ok 'as llvm-profdata writes them' cmp want.sample got.sample
done
exits 2 'a form that there is not' "$pgoctl" merge r1.profraw --to profdta -o no
like "$err" '^hint: did you mean profdata' 'with the nearest'
exits 7 '--for a GCC' "$pgoctl" merge r1.profraw --for gcc-12 -o no
exits 6 '--for what is no compiler' "$pgoctl" merge r1.profraw --for frob-1 -o no
ok '--for a compiler' "$pgoctl" merge r1.profraw --for clang-22 -o for.prof
like "$("$pgoctl" show for.prof)" '^compiler +.*clang version 22' 'is in the bundle'
if have clang-19; then
	ok '--for an older one' "$pgoctl" merge r1.profraw --for clang-19 -o for19.profdata
	ok 'which reads it' clang-19 -O1 -fprofile-use=for19.profdata -c a.c -o /dev/null
	ok 'an indexed one of a newer LLVM' "$pgoctl" merge want.profdata --for clang-19 -o down.profdata
	llvm-profdata-22 merge --text want.profdata -o want.text && llvm-profdata-19 merge want.text -o want.19
	ok 'goes by its text form' cmp down.profdata want.19
	ok 'out of a bundle, too' "$pgoctl" convert for.prof --llvm 19 --to profdata -o down2.profdata
	ok 'which reads it' clang-19 -O1 -fprofile-use=down2.profdata -c a.c -o /dev/null
	head -c 300 want.profdata >cut.profdata
	exits 7 'one that is cut off' "$pgoctl" merge cut.profdata --for clang-19 -o no
	like "$err" "'cut.profdata' is truncated or corrupt" 'is told of by its own name'
else
	skip 8 'no clang-19'
fi
ok '--for by the letter' "$pgoctl" merge r1.profraw --for llvm-22 -o llvm.profdata
exits 2 'no input' "$pgoctl" merge -o no
exits 2 'no output' "$pgoctl" merge r1.profraw

# --- what cannot be read
mkdir many
for n in 01 02 03 04 05 06 07 08 09 10; do
	cp r1.profraw many/$n.profraw
done
ok 'ten' "$pgoctl" merge many -o ten.profdata
: >many/03.profraw
head -c 200 r1.profraw >many/07.profraw
cp ten.profdata keep
exits 7 'an empty file ends the merge' "$pgoctl" merge many -o ten.profdata
like "$err" "'many/03.profraw' is empty" 'by name'
like "$err" '^hint: the process that was to write it was killed' 'with the cause'
ok 'nothing is written over' cmp keep ten.profdata
rm many/03.profraw
exits 7 'so does a cut one' "$pgoctl" merge many -o ten.profdata
like "$err" "many/07.profraw.*byte" 'with the place'
: >many/03.profraw
exits 7 'more than may be lost' "$pgoctl" merge many --quarantine bad --max-lost 10% -o ten.profdata
like "$err" '2 of 10 files cannot be read: more than 10 % would be lost' 'is counted'
like "$err" '^  .*07.profraw' 'every file in the message'
ok 'nothing is moved' test ! -e bad -a -e many/07.profraw
"$pgoctl" merge many --quarantine bad --max-lost 20% -o ten.prof --json >json 2>err
is "$?" 0 'as much as may be lost'
is "$(cd bad && echo *)" '03.profraw 07.profraw' 'is moved'
is "$(json json '[(l["path"], l["moved_to"]) for l in d["lost"]]')" \
	"[('many/03.profraw', 'bad/03.profraw'), ('many/07.profraw', 'bad/07.profraw')]" 'and told'
is "$(json json 'd["manifest"]["lost"] == d["lost"], len(d["inputs"])')" '(True, 8)' \
	'also in the manifest'
is "$(grep -c '^pgoctl: warning: left out:' err)" 2 'and on stderr'
like "$("$pgoctl" show ten.prof)" "^left out: 'many/03.profraw' is empty" 'show tells it'
llvm-profdata-22 merge many/*.profraw -o want8.profdata
"$pgoctl" convert ten.prof --to profdata -o ten8.profdata
ok 'the rest is whole' cmp want8.profdata ten8.profdata
: >many/03.profraw
ok 'a number of files' "$pgoctl" merge many --quarantine bad --max-lost 1 -o x.prof
is "$(cd bad && echo *)" '03.profraw 03.profraw.1 07.profraw' 'a name that is taken gets another'
: >many/03.profraw
exits 7 'a weighted file counts as much as it weighs' "$pgoctl" merge many/01.profraw \
	many/02.profraw many/04.profraw -w 9,many/03.profraw --quarantine bad --max-lost 40% -o x.prof
exits 2 '--max-lost alone' "$pgoctl" merge many --max-lost 1 -o x
for bad in x 100% -1; do
	exits 2 "--max-lost $bad" "$pgoctl" merge r1.profraw --quarantine q --max-lost=$bad -o x
done
mkdir t && cp -r g1 t/1 && cp -r g2 t/2 && head -c 100 g2/a.gcda >t/2/b.gcda
exits 7 'a cut .gcda file' "$pgoctl" merge t/1 t/2 -o no/
like "$err" "'t/2/b.gcda' is truncated or corrupt at byte" 'with the place'
ok 'to the quarantine' "$pgoctl" merge t/1 t/2 --quarantine gone --max-lost 1 -o t12/
is "$(echo gone/* t12/*)" 'gone/b.gcda t12/a.gcda' 'the rest of its tree is taken'
mkdir all && : >all/a.profraw
exits 7 'all are lost' "$pgoctl" merge all --quarantine gone --max-lost 1 -o no
like "$err" 'no input is left' 'which is no result'
head -c 300 a.prof >cut.prof
exits 7 'a cut bundle' "$pgoctl" merge cut.prof -o no
ok 'nothing was written' test ! -e no

# --- a truncation at every byte of a small file: never taken for a whole one, never a crash
if have python3; then
	cat >cut.py <<'END'
import subprocess, sys
tool, data = sys.argv[1], open(sys.argv[2], "rb").read()
bad = []
for n in range(len(data)):
	open("cut.gcda", "wb").write(data[:n])
	r = subprocess.run([tool, "read", "cut.gcda"], capture_output=True)
	if r.returncode != 7 or b"cut.gcda" not in r.stderr:
		bad.append((n, r.returncode))
print(bad)
END
	is "$(python3 cut.py "$builddir/tests/lib/gcda-merge-tool" g1/a.gcda)" '[]' \
		'a .gcda file that is cut at any byte is refused'
else
	skip 1 'no python3'
fi
done_testing
