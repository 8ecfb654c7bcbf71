#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl convert between the forms of a family, and pgoctl show of all of them.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 jq

convert() { "$pgoctl" -q convert "$@"; }

# --- instrumentation
cat >p.c <<'END'
#include <string.h>
__attribute__((noinline)) int one(int i) { return i * 3; }
__attribute__((noinline)) int two(int i) { return i ^ 17; }
int (*volatile fs[])(int) = { one, two };
char from[64], to[64];
int main(void)
{
	int s = 0;

	for (int i = 0; i < 90; i++) {
		s += fs[i % 3 == 0](i);
		memcpy(to, from, i % 8);
	}
	return s & 1;
}
END
clang-22 -O1 -fprofile-generate -Wl,--build-id p.c -o p
LLVM_PROFILE_FILE="$tmp/work/p.profraw" ./p
llvm-profdata-22 merge p.profraw -o want.profdata
llvm-profdata-22 merge --text p.profraw -o want.proftext
ok 'raw becomes profdata' convert --to profdata p.profraw
ok 'as llvm-profdata makes it' cmp p.profdata want.profdata
run "$pgoctl" convert --to proftext p.profdata
is "$status" 0 'profdata becomes text'
ok 'as llvm-profdata makes it, too' cmp p.proftext want.proftext
like "$err" "without what the text form has no place for, such as the build ids" 'and the loss is said'
is "$("$pgoctl" -q convert --json --to proftext -o x p.profdata 2>/dev/null | jq -c '[.format, (.lost | length)]')" \
	'["proftext",1]' 'in the JSON, too'
cp p.proftext before
exits 6 '--strict makes it an error' "$pgoctl" convert --strict --to proftext p.profdata
ok 'and leaves the file alone' cmp p.proftext before
is "$(echo ./*tmp*)" './*tmp*' 'and nothing beside it'
clang-22 -O1 -fprofile-generate -Wl,--build-id=none p.c -o p0
LLVM_PROFILE_FILE="$tmp/work/p0.profraw" ./p0
ok 'where there is no build id nothing is lost' convert --strict --to proftext p0.profraw
ok 'text becomes profdata' convert --strict --to profdata p0.proftext
exits 2 'not over itself' "$pgoctl" convert --to profdata p0.profdata

# --- samples
cat >s.txt <<'END'
main:1100:7
 4.3: 100 one:60 two:40
 8: bar:1000
  1: 900
  2: deep:100
   5: 100
cold:0:0
END
printf 'never\n' >symbols
llvm-profdata-22 merge --sample --extbinary --prof-sym-list=symbols s.txt -o s.prof
for form in text binary extbinary; do
	llvm-profdata-22 merge --sample "--$form" s.txt -o want
	ok "samples as text become $form" convert --strict --to sample-$form -o got.$form s.txt
	ok "$form: as llvm-profdata makes it" cmp got.$form want
	convert --strict --to sample-text -o back got.$form
	ok "$form: and text again" cmp back got.text
done
run "$pgoctl" convert --to sample-text -o x s.prof
like "$err" "without the list of symbols" 'a list of symbols has no place in the text'
exits 6 'which --strict refuses' "$pgoctl" convert --strict --to sample-binary -o x s.prof
ok 'but it has in extbinary' convert --strict --to sample-extbinary -o x s.prof

# --- families do not mix
for to in profdata gcda afdo-2 fdata; do
	exits 7 "a sampled profile is no $to" "$pgoctl" convert --to $to -o x s.txt
done
printf '1 b 0 1 a 4 0 1\n1 a 0 1 a 4 0 1\n' >f.fdata
ok 'fdata is put in order' convert --strict --to fdata -o g.fdata f.fdata
is "$(head -n 1 g.fdata)" '1 a 0 1 a 4 0 1' 'by place'

# --- show
run "$pgoctl" show --detail p.profdata
like "$out" '^counter +60 +.* %  0$' 'a counter is shown'
like "$out" '^call +60 +0: (one|two)$' 'and whom a call went to'
like "$out" '^size +1?[0-9] +0: 7$' 'and a size'
run "$pgoctl" show --function two p.profdata
like "$out" '^two$' '--function shows that function'
unlike "$out" '^one$' 'and no other'
exits 2 'a name that is in none is an error' "$pgoctl" show --function three p.profdata
run "$pgoctl" show -d s.txt
like "$out" '^at +100 +9.1 %  8 bar, 2 deep, 5$' 'a line of an inlined call is shown'
like "$out" '^call +60 +[0-9]: one$' 'and a target of a line'
run "$pgoctl" show -d f.fdata
like "$out" '^at +1 +100.0 %  0x0 to a\+0x4$' 'and a branch'
is "$("$pgoctl" show --json --function main s.txt |
	jq -c '.profiles[0].details[0].counts[] | select(.count == 900) | [.line, .inlined[0].function]')" \
	'[1,"bar"]' 'the same in JSON'
is "$("$pgoctl" show --json -d p.profdata | jq '[.profiles[0].details[] | .values[].count] | add')" \
	180 'and values'
done_testing
