#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A compiler whose LLVM this pgoctl has no module for: its llvm-profdata writes what it reads.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 llvm-profdata-19

cat >a.c <<'END'
int main(int argc, char **argv)
{
	volatile int s = 0;
	for (int i = 0; i < argc * 100; i++) s += i % 3;
	return !argv;
}
END
clang-22 -O1 -fprofile-generate a.c -o a || { echo 'Bail out! cannot build'; exit 1; }
LLVM_PROFILE_FILE=$PWD/1.profraw ./a
LLVM_PROFILE_FILE=$PWD/2.profraw ./a x
printf 'main:40:1\n 1: 1\n 2: 39\n' >s.txt

# An LLVM that is not here; 7, with which nothing is built, stands in where all are.
other=7
for i in 13 15 16 17 18 20 21; do
	have "llvm-profdata-$i" || { other=$i; break; }
done

# All that there is but the modules for other majors.
mkdir lib && ln -s "$builddir/pgoctl-cc" "$builddir/llvm-22.so" lib/
few() { run env PGOCTL_LIBDIR="$PWD/lib" "$pgoctl" "$@"; }

llvm-profdata-22 merge --text 1.profraw -weighted-input=3,2.profraw -o want.proftext
llvm-profdata-19 merge want.proftext -o want.profdata
few merge --for clang-19 1.profraw -w 3,2.profraw -o got.profdata
is $status 0 'a profile for LLVM 19, without its module'
ok 'as llvm-profdata-19 writes it' cmp want.profdata got.profdata
like "$out" 'got.profdata: llvm-indexed, version 12$' 'its version is told'
like "$out" '^left out  *what the text form has no place for' 'and what text loses'
"$pgoctl" merge --for clang-19 1.profraw -w 3,2.profraw -o module.profdata >out
ok 'what the module writes has the same counts' sh -c '
	llvm-profdata-19 show --all-functions --counts got.profdata >a.show
	llvm-profdata-19 show --all-functions --counts module.profdata >b.show
	cmp a.show b.show'
unlike "$(cat out)" '^left out' 'and lost nothing'

llvm-profdata-19 merge --sample --extbinary s.txt -o want.sample
few convert s.txt --to sample-extbinary --llvm 19 -o got.sample
ok 'a sampled one by the same way' cmp want.sample got.sample
few merge --for clang-19 --text 1.profraw -o got.proftext
is $status 0 'text needs no other LLVM'

few merge --for "clang-$other" 1.profraw -o none.profdata
is $status 6 'an LLVM that is not there'
like "$err" "no module for LLVM $other, and 'llvm-profdata-$other' is not on PATH" 'is named'
like "$err" "hint: apt-get install llvm-$other" 'with its package'
ok 'nothing is written' test ! -e none.profdata

# A tool that fails is quoted.
mkdir bin
printf '#!/bin/sh\necho "warning: one"; echo "error: too new for me" >&2; exit 1\n' >"bin/llvm-profdata-$other"
chmod +x "bin/llvm-profdata-$other"
PATH=$PWD/bin:$PATH few merge --for "clang-$other" 1.profraw -o none.profdata
is $status 7 'a tool that cannot read it'
like "$err" "llvm-profdata-$other cannot read the profile: error: too new for me" 'is quoted'
ok 'and leaves nothing' test ! -e none.profdata

mkdir empty && ln -s "$builddir/pgoctl-cc" empty/
run env PGOCTL_LIBDIR="$PWD/empty" "$pgoctl" merge 1.profraw -o none.profdata
is $status 6 'without any module'
like "$err" 'there is no module for LLVM in' 'it is said'

done_testing
