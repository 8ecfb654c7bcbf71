#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LLVM's sampled profiles: merged to the bytes that llvm-profdata writes, in every form.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
export builddir

tool=$builddir/tests/lib/profile-tool
majors=
for v in 14 19 22; do
	[ -f "$builddir/llvm-$v.so" ] && have "llvm-profdata-$v" && majors="$majors $v"
done
[ -n "$majors" ] || need llvm-profdata-22
newest=${majors##* }
profdata=llvm-profdata-$newest

cat >a.txt <<'END'
main:3000:7
 0: 7
 4.3: 100 _Z3foov:60 std::vector<int, A<b> >::f(int):40
 4: 12
 10: 1000
 8: _Z3barv:1900
  1: 900
  2.1: 300 g:300
  3: deep:700
   1: 700
_Z3barv:500:11
 1: 200
 9: 300
cold:0:0
END
cat >b.txt <<'END'
# a comment

main:18446744073709551000:3
 4.3: 18446744073709551000 _Z3foov:10 other:5
 11: 1
 8: _Z3bazv:9
  1: 9
new:40:2
 1: 40
END
cat >probe.txt <<'END'
main:30:7
 1: 10
 2: 20 f:20
 3: inl:20
  1: 20
  !CFGChecksum: 99
 !CFGChecksum: 563022570642068
 !Attributes: 1
f:20:20
 1: 20
 !CFGChecksum: 42
END
cat >cs.txt <<'END'
[main]:30:7
 1: 10
 2: 20
[main:2 @ f]:20:20
 1: 20
[main:2.1 @ f:1 @ g]:5:5
 1: 5
END
forms='text binary extbinary'
for f in a b probe cs; do
	for form in $forms; do
		# The plain binary has no place for probes and contexts.
		case $f.$form in probe.binary | cs.binary) continue ;; esac
		"$profdata" merge --sample "--$form" "$f.txt" -o "$f.$form"
	done
done
"$profdata" merge --sample --extbinary --use-md5 a.txt -o a.md5
"$profdata" merge --sample --extbinary --compress-all-sections a.txt -o a.packed
printf 'one\ntwo\n' >symbols
"$profdata" merge --sample --extbinary --prof-sym-list=symbols a.txt -o a.symbols

# same MAJOR FORM WEIGHT,FILE...: both merge, to the same bytes.
same() {
	major=$1
	form=$2
	shift 2
	rm -f ours theirs
	"$tool" merge -llvm "$major" -to "llvm-sample-$form" ours "$@" || return 1
	for input; do set -- "$@" "--weighted-input=$input"; shift; done
	"llvm-profdata-$major" merge --sample "--$form" "$@" -o theirs || return 1
	cmp ours theirs
}

for v in $majors; do
	for form in $forms; do
		ok "LLVM $v, $form: one" same "$v" "$form" 1,a.txt
		ok "LLVM $v, $form: two in two forms, weighted" same "$v" "$form" 3,a.extbinary 2,b.binary
		ok "LLVM $v, $form: the other way, with saturation" same "$v" "$form" 7,b.text 1,a.packed
		ok "LLVM $v, $form: with a list of symbols" same "$v" "$form" 1,a.symbols 1,a.txt
	done
	ok "LLVM $v: names that are hashes" same "$v" extbinary 2,a.md5
	for form in text extbinary; do
		ok "LLVM $v, $form: pseudo-probes" same "$v" "$form" 2,probe.extbinary 1,probe.text
		ok "LLVM $v, $form: contexts" same "$v" "$form" 2,cs.extbinary 1,cs.text
	done
	# What LLVM knows of one merge must not go into the next.
	ok "LLVM $v: after all that a plain one" same "$v" extbinary 1,a.txt
done

# --- the own reader says the same of every form
"$tool" read a.txt | sed 1d >want
for f in a.text a.binary a.extbinary a.packed a.symbols; do
	"$tool" read $f | sed 1d >got
	ok "$f is read as the text is" cmp got want
done
"$tool" read probe.text | sed 1d >want
"$tool" read probe.extbinary | sed 1d >got
ok 'pseudo-probes, too' cmp got want
"$tool" read cs.text | sed 1d >want
"$tool" read cs.extbinary | sed 1d >got
ok 'and contexts' cmp got want
"$tool" read a.extbinary >got
like "$(cat got)" '^clang samples, version 103: functions 3 counters 9' 'counts are told'
like "$(cat got)" '^ 8 _Z3barv, 3 deep\|1: 700' 'those of inlined calls with their path'
like "$(cat got)" '^ call [0-9]+ std::vector<int, A<b> >::f\(int\) 0: 40' 'and targets with odd names'

# --- what does not mix or is not whole
exits 7 'probes and lines do not mix' "$tool" merge out 1,a.txt 1,probe.text
exits 7 'nor contexts and none' "$tool" merge out 1,cs.text 1,a.txt
refused() {	# WHAT PATTERN: the file "bad" is refused
	exits 7 "$1 is refused" "$tool" read bad
	like "$err" "$2" "$1: with the place"
}
printf 'main:3:1\n 1: 3' >bad
refused 'a line that is cut off' 'byte 14: the last line has no end'
printf 'main:3:1\n x: 3\n' >bad
refused 'a line without a number' 'byte 10: no line number'
printf 'main:3:1\n   1: 3\n' >bad
refused 'too much indentation' 'byte 9: more indented'
printf 'main:3:1\n 70000: 3\n' >bad
refused 'a line number out of range' 'byte 10'
printf 'main:3:1\nfoo:3\n' >bad
refused 'a head without two counts' 'byte 9: no name:total:head'
printf 'main:3:1\n 1: 99999999999999999999\n' >bad
refused 'a count out of range' 'byte 13: no count'
{ printf 'main:3:1\n'; for i in $(seq 300); do printf "%${i}s1: f:3\n" ''; done; } >bad
refused 'a bomb of inlined calls' 'inlined too deep'
head -c 60 a.extbinary >bad
refused 'a table of sections that is cut off' 'byte'
for f in a.binary probe.extbinary cs.extbinary a.packed; do
	ok "no cut and no inverted byte of $f does harm" "$tool" hostile $f
done
ok 'nor of the text' "$tool" hostile a.text
done_testing
