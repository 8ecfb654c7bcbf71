#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds with profiles of samples, made by hand: Clang's and GCC's flags, forms, what does not fit.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 objcopy python3

mkdir p && cd p || exit 1
cat >a.c <<'X'
int often(int x), seldom(int x);
int (*volatile choose)(int);
static __attribute__((noinline)) int hot(int x)
{
	choose = often;
	if (x % 300)
		return often(x) + 1;
	return seldom(x) + 2;
}
int main(int argc, char **argv)
{
	int s = 0;

	(void)argv;
	for (int i = 0; i < 200000; i++)
		s += hot(i + argc);
	return s == 0;
}
X
cat >b.c <<'X'
int often(int x) { return x & 5; }
int seldom(int x) { return x & 3; }
X
config() { # compiler
	cat <<X
version: 1
toolchain: { cc: $1 }
profile: { technique: sample }
build: { command: '"\$CC" -O2 -Wall -Werror -c a.c && "\$CC" -O2 -c b.c && "\$CC" a.o b.o -o app', artifacts: [app, a.o] }
workloads: [{ name: one, run: '"\$PGO_OUT/app"' }]
X
}
text() { objcopy -O binary -j .text "$1" "$2"; }

# --- clang
config clang-22 >pgo.yaml
exits 0 "the dry run of validate" "$pgoctl" validate -n
like "$out" "-g1 -fdebug-info-for-profiling -funique-internal-linkage-names" \
	"the baseline can be sampled"
clang-22 -O2 -g1 -fdebug-info-for-profiling -funique-internal-linkage-names -c a.c
name=$(nm a.o | sed -n 's/.* t //p')
like "$name" "^_ZL3hoti.__uniq" "a static function's name is its own"
cat >good.prof <<X
main:400000:0
 6: 200000 $name:200000
$name:800000:200000
 2: 200000
 3: 200000
 4: 199000 often:199000
 5: 1000 seldom:1000
X
exits 0 "build with a text profile" "$pgoctl" build --profile good.prof
like "$(cat .pgo/stages/optimized/cc.jsonl)" "-fprofile-sample-use=" "clang is given it"
unlike "$err" "complains" "which fits"
used=$(echo "$PWD"/.pgo/profile/*/clang.afdo)
(cd .pgo/work/src && clang-22 -O2 -g1 -fdebug-info-for-profiling -funique-internal-linkage-names \
	-fprofile-sample-use="$used" -c a.c -o hand.o)
text .pgo/work/src/hand.o hand && text .pgo/stages/optimized/out/a.o ours && text a.o plain
ok "the code is clang's by hand" cmp hand ours
nok "not what it is without a profile" cmp ours plain
exits 0 "convert" "$pgoctl" convert good.prof --to sample-extbinary -o good.bin
exits 0 "build with the binary form" "$pgoctl" build --profile good.bin
exits 0 "merge" "$pgoctl" merge good.prof good.prof -o twice.prof --to bundle
exits 0 "build with a bundle" "$pgoctl" build --profile twice.prof

sed -i 's/^	choose = often;/&\n\n\n\n\n/' a.c
exits 0 "a changed source builds with the old profile, under -Werror" \
	"$pgoctl" build --profile good.prof
like "$err" "complains of the profile \(mismatch 1\)" "what does not fit is counted"
like "$("$pgoctl" build --profile good.prof --json)" '"mismatch": 1' "and in the JSON"

printf ':ir\n' >e.proftext
exits 7 "counters of an instrumented build are refused" "$pgoctl" build --profile e.proftext
like "$err" "technique is 'sample'" "naming the technique"
like "$err" "hint: set profile.technique" "and what mends it"
sed 's/sample }/instrument }/' pgo.yaml >instrument.yaml
exits 7 "samples are refused for counters" \
	"$pgoctl" build -c instrument.yaml --profile good.prof
like "$err" "technique is 'instrument'" "likewise"
echo garbage >bad.prof
exits 7 "garbage is refused" "$pgoctl" build --profile bad.prof

# --- gcc
cat >make.py <<'X'
import struct, sys

def word(*values):
    return b''.join(struct.pack('<I', v) for v in values)

def function(head, name, lines):
    out = struct.pack('<Q', head) + word(name, len(lines), 0)
    return out + b''.join(word(o << 16, 0) + struct.pack('<Q', c) for o, c in lines)

version, names = int(sys.argv[1]), [b'hot', b'main']
text = b''
for n in names:
    padded = n + (b'\0' * (4 - len(n) % 4) if version == 1 else b'\0')
    text += word(len(padded) // 4 if version == 1 else len(padded)) + padded
body = function(200000, 0, [(2, 200000), (3, 200000), (4, 199000), (5, 1000)])
body += function(1, 1, [(6, 200000)])
out = word(0x67636461, version, 0)
out += word(0xaa000000, 1 + sum(1 + (len(n) + 4) // 4 for n in names), len(names)) + text
out += word(0xac000000, len(body) // 4 + 1, 2) + body + word(0xae000000, 0, 0)
out += word(0xaf000000, 384) + (word(1) + struct.pack('<Q', 200000)) * 128
open(sys.argv[2], 'wb').write(out)
X
python3 make.py 1 old.afdo && python3 make.py 2 new.afdo
exits 7 "gcc's profile is refused for clang" "$pgoctl" build --profile new.afdo
config gcc-12 >pgo.yaml
exits 0 "gcc: the dry run of validate" "$pgoctl" validate -n
like "$out" "gcc-12 -g1" "the baseline has line tables"
exits 0 "gcc: build" "$pgoctl" build --profile new.afdo
like "$(cat .pgo/stages/optimized/cc.jsonl)" "-fauto-profile=" "gcc is given it"
used=$(echo "$PWD"/.pgo/profile/*/gcc.afdo)
(cd .pgo/work/src && gcc-12 -O2 -g1 -fauto-profile="$used" -c a.c -o hand.o)
gcc-12 -O2 -g1 -c a.c -o a.o
text .pgo/work/src/hand.o hand && text .pgo/stages/optimized/out/a.o ours && text a.o plain
ok "the code is gcc's by hand" cmp hand ours
nok "not what it is without a profile" cmp ours plain
exits 7 "the version of older ones is refused" "$pgoctl" build --profile old.afdo
like "$err" "hint: pgoctl convert .*old.afdo --to afdo-2" "with the command that mends it"
exits 0 "which does" "$pgoctl" convert old.afdo --to afdo-2 -o mended.afdo
exits 0 "so that it builds" "$pgoctl" build --profile mended.afdo
exits 7 "clang's is refused for gcc" "$pgoctl" build --profile good.prof

# --- a server is loaded with counters in it only
cat >>pgo.yaml <<'X'
  - { name: server, run: '"$PGO_OUT/app"', drive: 'true', use: train }
X
sed -i 's/^workloads: \[\(.*\)\]$/workloads:\n  - \1/' pgo.yaml
exits 6 "a server is not recorded" "$pgoctl" collect -n
like "$err" "workload 'server' is a server with 'drive', which is not recorded" "which is told"
like "$err" "hint: .*collect --sample --pid PID" "with another way"
done_testing
