#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./bootstrap on systems that are made up: each tool of apt and of the build is a script of ours.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

mkdir bin usr tree tree/examples tree/examples/minivm
cp "$srcdir/bootstrap" tree/
# Nothing of the real system but these.
for tool in sh basename cat chmod cp dirname env grep mkdir rm sed sort touch tr; do
	ln -s "$(command -v "$tool")" "usr/$tool"
done
real=$PATH

# fake NAME: a program that notes its call in ./calls, then does what standard input says.
fake() {
	{ printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n' "$1" "$PWD" && cat; } >"bin/$1"
	chmod +x "bin/$1"
}
# What is installed, and what apt knows, are lists of names.
fake dpkg-query <<X
for package; do :; done
grep -qx -e "\$package" "$PWD/installed" && echo installed
X
fake apt-cache <<X
shift
for package; do
	echo "\$package:"
	if grep -qx -e "\$package" "$PWD/known"; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi
done
X
fake apt-get <<X
case \$1 in
update) cp "$PWD/archive" "$PWD/known" ;;
*)
	[ -e "$PWD/broken" ] && exit 100
	for package; do echo "\$package"; done >>"$PWD/installed"
	;;
esac
X
fake autoreconf <<'X'
printf '#!/bin/sh\ntouch config.status\necho "configured $*"\n' >configure
chmod +x configure
X
fake make <<'X'
mkdir -p build
printf '#!/bin/sh\necho "pgoctl $* in $(basename "$PWD")"\nexit 3\n' >build/pgoctl
chmod +x build/pgoctl
X
fake id <<'X'
echo 0
X
fake nproc <<'X'
echo 2
X

# A system that has nothing, and an archive that has all but what is named.
fresh() {
	rm -rf tree/build tree/configure broken calls installed known
	: >calls && : >installed && : >known
	sed -n "/^build_packages=/,/^known_llvm=/p" tree/bootstrap | tr -cs 'a-z0-9+-' '\n' >archive
	for n in 22 19 14; do
		for p in llvm-$n-dev clang-$n lld-$n llvm-$n libclang-rt-$n-dev; do echo "$p"; done
	done >>archive
	printf '%s\n' bolt-22 rustc-web cargo-web >>archive
	for package; do
		grep -vx -e "$package" archive >rest
		mv rest archive
	done
}
# bootstrap WANTED-STATUS DESCRIPTION ARGUMENT...
bootstrap() {
	want=$1
	what=$2
	shift 2
	: >calls
	PATH=$PWD/bin:$PWD/usr
	exits "$want" "$what" tree/bootstrap "$@"
	PATH=$real
}
called() { grep -c "^$1" calls; }

fresh
bootstrap 0 'help' -h
like "$out" 'usage: ./bootstrap' 'is printed'
bootstrap 2 'an unknown argument' demos
like "$err" "unknown argument 'demos'" 'is named'
bootstrap 2 'no number for LLVM' --llvm new
bootstrap 2 'nothing for LLVM' --llvm
is "$(called apt)" 0 'and apt was not asked'

bootstrap 0 'a fresh system'
is "$(called 'apt-get update')" 1 'gets an index'
is "$(called 'apt-get -o DPkg')" 1 'and its packages, at once'
like "$err" 'missing packages: .*libarchive-dev.*llvm-22-dev' 'which it names'
ok 'LLVM 22 with BOLT is among them' grep -q '^apt-get.* bolt-22 ' calls
nok 'LLVM 19 is not, nor what only tests want' grep -q '^apt-get.* \(clang-19\|cppcheck\) ' calls
bootstrap 0 'the second time'
is "$(called apt-get) $(called autoreconf)" '0 0' 'nothing is installed or configured'
is "$(called make)" 1 'but made'
echo libelf-dev | cat - archive >known
grep -vx libelf-dev installed >rest && mv rest installed
bootstrap 0 'with a package gone'
is "$(called 'apt-get update') $(called 'apt-get -o DPkg')" '0 1' 'it is installed without a new index'
is "$(called autoreconf)" 1 'and the build configured anew'

bootstrap 3 'demo ends with the exit code of pgoctl' demo
like "$out" 'pgoctl run --cc clang-22 in minivm' 'which runs in a copy of the example'
bootstrap 0 'check' check
ok 'installs what the tests want' grep -q '^apt-get.* cppcheck ' calls
ok 'Rust among it' grep -q '^apt-get.* rustc-web ' calls
ok 'and the other LLVMs' grep -q '^apt-get.* llvm-14-dev ' calls
ok 'and runs them' grep -q '^make .* check$' calls
rm -rf tree/build
bootstrap 0 'arguments for configure' --llvm=22 -- --enable-werror
like "$out" 'configured --enable-werror' 'reach it'

fresh llvm-22-dev
bootstrap 0 'without LLVM 22'
ok '19 is taken' grep -q '^apt-get.* clang-19 ' calls
fresh
bootstrap 0 'with --llvm 14' --llvm 14
ok '14 is taken' grep -q '^apt-get.* clang-14 ' calls
fresh
fake cargo </dev/null
bootstrap 0 'with a Rust already there' check
nok 'no other is installed' grep -q '^apt-get.* rustc-web ' calls
rm bin/cargo
fresh gcc-11
bootstrap 0 'without a compiler of the tests' check
like "$err" 'does not know gcc-11' 'which is told, the rest is there'

fresh
bootstrap 1 'only said what is missing' --no-install
unlike "$(cat calls)" '^apt-get' 'nothing is touched'
like "$err" 'error: apt has no index' 'and what to do is told'
fresh
cp archive known
bootstrap 1 'the same with an index' --no-install
like "$err" 'hint: as root: apt-get install .*clang-22' 'the command is told'
unlike "$(cat calls)" '^(apt-get|make|autoreconf)' 'nothing is touched'

fresh libcyaml-dev
bootstrap 1 'an archive without a library'
like "$err" 'apt does not know the packages libcyaml-dev$' 'it is named'
fresh
: >archive
bootstrap 1 'an archive that cannot be reached'
like "$err" 'error: apt has no index' 'is told'
fresh
touch broken
bootstrap 1 'apt fails'
like "$err" 'error: apt-get could not install' 'that is told'
like "$err" 'hint: as root: apt-get install' 'with the command'

# No root: with sudo, then without.
fake id <<'X'
echo 1000
X
fake sudo <<'X'
"$@"
X
fresh
bootstrap 0 'not root, with sudo'
is "$(called 'sudo apt-get update') $(called 'sudo env DEBIAN_FRONTEND=noninteractive apt-get')" '1 1' \
	'it is used for apt alone'
is "$(called sudo)" 2 'and nothing else'
rm bin/sudo
fresh
cp archive known
bootstrap 1 'not root, no sudo'
like "$err" 'needs root, and there is no sudo' 'is told'
rm bin/apt-get
bootstrap 1 'no Debian'
like "$err" 'no Debian-like system' 'is told'

done_testing
