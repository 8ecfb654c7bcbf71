#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgo.yaml: the manual against the schema, messages, and the file that a look at a tree writes.

: "${srcdir:=.}" "${builddir:=.}"
tool=$(cd "$builddir" && pwd)/tests/lib/config-tool
man=$(cd "$srcdir" && pwd)/man/pgo.yaml.5
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
nr=0

ok() {	# status name
	nr=$((nr + 1))
	if test "$1" -eq 0; then echo "ok $nr - $2"; else echo "not ok $nr - $2"; fi
}
check() {	# name command...
	name=$1
	shift
	"$@" >out 2>err
	status=$?
	ok "$status" "$name"
	test "$status" -eq 0 || sed 's/^/# /' out err
}
skip() {	# name reason
	nr=$((nr + 1))
	echo "ok $nr - $1 # SKIP $2"
}
have() { command -v "$1" >/dev/null 2>&1; }
same() { test "$1" = "$2" || { echo "got: $1"; echo "not: $2"; return 1; }; }

# --- the manual
"$tool" keys >keys
sed -n 's/^\.It Cm \([a-z.-]*\).*/\1/p' "$man" | sed '/^$/d' >man-keys
check "the manual names the keys of the schema, in its order" diff keys man-keys
check "there are keys" grep -qx build.command keys
if have mandoc; then
	check "the manual is clean for mandoc" sh -c 'test -z "$(mandoc -Tlint -Wwarning "$1" 2>&1)"' x "$man"
else
	skip "the manual is clean for mandoc" "no mandoc"
fi
awk '/^\.Bd/ { n++; on = 1; next } /^\.Ed/ { on = 0 } on { print > ("example" n ".yaml") }' "$man"
for n in 2 3; do
	sed -i 's/^\\&//' example$n.yaml
	check "example $n of the manual loads" "$tool" load example$n.yaml
done

# --- a message, as a user sees it
sed 's/command:/comand:/' example2.yaml >pgo.yaml
"$tool" load pgo.yaml 2>message
ok "$(($? != 2))" "a wrong key ends with status 2"
check "a wrong key is named with line and column" \
	grep -qx "error: pgo.yaml:5:3: unknown key 'comand'" message
check "the nearest key is told" \
	grep -q "^hint: did you mean 'command'? known keys here:" message
"$tool" load none.yaml 2>message
ok "$(($? != 2))" "a missing file ends with status 2"

# --- the nearest pgo.yaml
mkdir -p sub/folder
check "found from a folder below" same "$(cd sub/folder && "$tool" find .)" ../../pgo.yaml
rm pgo.yaml
check "not found where there is none" same "$(cd sub/folder && "$tool" find .)" none

# --- trees; each is made by a function in the current folder
c_source() { printf '#include <stdio.h>\nint main(void) { puts("%s"); return 0; }\n' "$1" >"$2"; }
make_tree() {
	c_source hello main.c
	mkdir bench
	touch bench/run.sh test.sh
	cat >Makefile <<'END'
PROG = hello
OBJS = main.o
all: $(PROG)
$(PROG): $(OBJS)
	$(CC) -o $@ $(OBJS)
check: $(PROG)
	./$(PROG)
clean:
	rm -f $(PROG) $(OBJS)
.PHONY: all check clean
END
}
lua_tree() {	# a makefile that goes to src/, where variables name the programs
	mkdir src
	c_source lua src/lua.c
	cat >Makefile <<'END'
PLAT= guess
PLATS= guess linux
all:	$(PLAT)
$(PLATS) clean:
	@cd src && $(MAKE) $@
.PHONY: all $(PLATS) clean
END
	cat >src/Makefile <<'END'
CORE_A= liblua.a
LUA_T= lua
LUA_O= lua.o
ALL_T= $(CORE_A) \
	$(LUA_T)
default: guess
all: $(ALL_T)
$(CORE_A): lua.o
	ar rc $@ lua.o
$(LUA_T): $(LUA_O)
	$(CC) -o $@ $(LUA_O)
guess: all
clean:
	rm -f $(ALL_T) *.o
.PHONY: all default guess clean
END
}
autotools_tree() {
	mkdir src
	c_source auto src/main.c
	cat >configure.ac <<'END'
AC_INIT([auto], [1])
AM_INIT_AUTOMAKE([foreign])
AC_PROG_CC
AC_CONFIG_FILES([Makefile src/Makefile])
AC_OUTPUT
END
	echo 'SUBDIRS = src' >Makefile.am
	printf 'bin_PROGRAMS = auto-prog\nauto_prog_SOURCES = main.c\n' >src/Makefile.am
}
cmake_tree() {
	mkdir app tests
	c_source cm app/main.c
	cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.10)
# add_executable(comment x.c)
project(packer C)
add_subdirectory(app)
END
	printf 'add_executable (${PROJECT_NAME}\n  main.c)\nadd_executable(a::b ALIAS packer)\n' \
		>app/CMakeLists.txt
	echo 'add_executable(t1 t.c)' >tests/CMakeLists.txt
}
meson_tree() {
	mkdir src
	c_source mes src/main.c
	printf "project('mes', 'c')\nsubdir('src')\n" >meson.build
	printf "# executable('no')\nexecutable('mes-prog', 'main.c')\n" >src/meson.build
}
cargo_tree() {
	mkdir -p src/bin
	printf '[package]\nname = "crate-prog"\nversion = "0.1.0"\nedition = "2021"\n\n' >Cargo.toml
	printf '[dependencies]\nname = "1"\n' | head -1 >>Cargo.toml
	echo 'fn main() { println!("main"); }' | tee src/main.rs >src/bin/extra.rs
}
unknown_tree() { echo hello >README; }

# Every switched-off key switched on; a server only trains.
switch_on() { sed 's/^#\(  .*\|[a-z]\)/\1/; s/use: both/use: train/' "$1"; }

sniff() {	# kind artifacts tree-function
	mkdir "$3" && (cd "$3" && "$3")
	"$tool" sniff "$3" >"$3/pgo.yaml" 2>kind
	check "$3: recognised as $1" same "$(cat kind)" "$1"
	check "$3: what is written loads" "$tool" load "$3/pgo.yaml"
	check "$3: the artifacts are guessed" \
		same "$(sed -n 's/^  artifacts: //p' "$3/pgo.yaml")" "$2"
	switch_on "$3/pgo.yaml" >"$3/on.yaml"
	touch "$3/data.txt"
	check "$3: it loads with every key switched on" "$tool" load "$3/on.yaml"
	sed -n 's/^ *\(- \)\{0,1\}\([a-z-]*\):.*/\2/p' "$3/on.yaml" >on-keys
	sed 's/.*\.//' keys >leaves
	check "$3: every key is there, in order" diff leaves on-keys
}
sniff make '[hello]' make_tree
sniff make '[src/lua]' lua_tree
sniff autotools '[src/auto-prog]' autotools_tree
sniff cmake '[app/packer]' cmake_tree
sniff meson '[src/mes-prog]' meson_tree
sniff cargo '[target/release/crate-prog, target/release/extra]' cargo_tree
sniff unknown '[my-program]' unknown_tree
check "tests and benchmarks are named" \
	grep -q 'perhaps of use: bench/, test.sh, make check' make_tree/pgo.yaml
check "no known build system is told" grep -q 'CHANGE: no known build' unknown_tree/pgo.yaml
check "make: clean is there for a target clean" grep -qx '  clean: make clean' make_tree/pgo.yaml
check "cmake: clean is not there" grep -qx '#  clean: make clean' cmake_tree/pgo.yaml
check "cargo: the compiler is named" grep -qx '  rustc: rustc' cargo_tree/pgo.yaml

# --- the guessed command builds the guessed artifact
builds() {	# tree: in a copy, as a stage does it
	rm -rf work && mkdir work && cp -R "$1" work/src && mkdir work/build || return 1
	PGO_SOURCE_DIR=$tmp/work/src PGO_BUILD_DIR=$tmp/work/build
	export PGO_SOURCE_DIR PGO_BUILD_DIR
	where=$PGO_SOURCE_DIR
	grep -qx '  out-of-tree: true' "$1/pgo.yaml" && where=$PGO_BUILD_DIR
	(cd "$where" && sh -c "$("$tool" get "$tmp/$1/pgo.yaml" clean)" &&
		sh -c "$("$tool" get "$tmp/$1/pgo.yaml" command)") || return 1
	test -x "$where/$("$tool" get "$1/pgo.yaml" artifact)"
}
try_build() {	# tree tool
	if have "$2"; then
		check "$1: the command builds the artifact" builds "$1"
	else
		skip "$1: the command builds the artifact" "no $2"
	fi
}
try_build make_tree make
try_build lua_tree make
try_build autotools_tree automake
try_build cmake_tree cmake
try_build meson_tree meson
CARGO_NET_OFFLINE=true
export CARGO_NET_OFFLINE
try_build cargo_tree cargo
(cd make_tree && make CFLAGS=-DSTALE >/dev/null 2>&1)
check "make_tree: it builds from a tree that was built in place" builds make_tree
if have automake; then
	(cd autotools_tree && autoreconf -fi && ./configure && make) >/dev/null 2>&1
	"$tool" sniff autotools_tree >new.yaml 2>kind && mv new.yaml autotools_tree/pgo.yaml
	check "autotools: configure is not made anew" \
		grep -qx '  command: ./configure && make -j"$(nproc)"' autotools_tree/pgo.yaml
	# make_tree has shown it; with PGO_TESTS_LONG=1.
	[ -z "${PGO_TESTS_LONG:-}" ] ||
		check "autotools: it builds from a tree that was built in place" builds autotools_tree
else
	skip "autotools: configure is not made anew" "no automake"
fi

# --- the toolchain is what PATH has
mkdir bin
for cc in gcc clang-14; do
	printf '#!/bin/sh\n' >"bin/$cc" && chmod +x "bin/$cc"
done
check "the first known compiler on PATH is taken" \
	same "$(PATH=$tmp/bin "$tool" sniff make_tree 2>&1 | sed -n 's/^  cc: //p')" clang-14
rm bin/clang-14
check "gcc is taken where there is no clang" \
	same "$(PATH=$tmp/bin "$tool" sniff make_tree 2>&1 | sed -n 's/^  cc: //p')" gcc

# --- names that would break yaml or a shell line are left out, and nothing is run
mkdir evil
cat >evil/Makefile <<'END'
X = e;f&g
all: $(shell touch run) a'b c"d $(X) -x ../up /abs good
END
touch "evil/test
  - injected: 1" "evil/bench'x"
"$tool" sniff evil >evil/pgo.yaml 2>kind
check "only plain names are guessed" same "$(sed -n 's/^  artifacts: //p' evil/pgo.yaml)" '[good]'
check "a hostile tree's file loads" "$tool" load evil/pgo.yaml
check "nothing of it is run" test ! -e run -a ! -e evil/run
ok "$("$tool" sniff nowhere >out 2>err; echo $(($? == 0)))" "a missing folder is an error"

echo "1..$nr"
