#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whole builds through the wrapper: make, CMake and autotools with libtool. Each finds in every
# stage the same machine that it finds in the baseline, and its own profile in the last.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need gcc-12 clang-22 make
root=$tmp/work

cat >app.c <<'X'
#include <stdio.h>
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
int f(int);
int g(int);
int main(void)
{
	int s = 0;

	for (int i = 0; i < 1000; i++)
		s += f(i) + g(i);
	printf("%d\n", s);
	return 0;
}
X
echo 'int f(int x) { return x % 3 ? x : -x; }' >f.c
echo 'extern "C" int g(int x) { return x % 5 ? x : -x; }' >g.cc
mkdir "$tmp/orig" && mv app.c f.c g.cc "$tmp/orig"

fresh() { rm -rf "$root/w" && mkdir -p "$root/w" && cp -R "$tmp/orig/." "$root/w"; }
in_tree() { (cd "$root/w" && "$@") >"$tmp/out" 2>&1; }
# train FAMILY: what the program at bin leaves becomes $profile.
train() {
	rm -rf "$tmp/raw" "$tmp/use"
	(cd / && "$tool" train "$1" "$tmp/raw" "$root/w/$program") >/dev/null
	if [ "$1" = gcc ]; then
		"$tool" use "$tmp/raw" "$tmp/use"
		profile=$tmp/use
	else
		llvm-profdata-22 merge "$tmp"/raw/*.profraw -o "$tmp/p.profdata"
		profile=$tmp/p.profdata
	fi
}
# three NAME PROGRAM CONFIG SCRIPT COMPILER...: the stages with each compiler. CONFIG is what
# configuring found: it must not differ.
three() {
	what=$1 program=$2 config=$3 script=$4
	shift 4
	for cc; do
		family=${cc%-*}
		for s in baseline instrumented optimized; do
			fresh
			case $s in
			optimized) stage "$cc" $s "$profile" "$root" ;;
			*) stage "$cc" $s "" "$root" ;;
			esac
			in_tree build sh -ec "$script"
			tap_result $? "$what, $cc: $s" || tail -n 30 "$tmp/out" | diag
			if [ -n "$config" ]; then
				(cd "$root/w" && cat $config) >"$tmp/config.$s"
				ok "$what, $cc: configured as the baseline was" \
					cmp "$tmp/config.baseline" "$tmp/config.$s"
			fi
			test $s = instrumented && train "$family"
		done
		is "$(calls | sed 's/.*stale/stale/')" \
			"stale=0 missing=0 mismatch=0 out-of-date=0 corrupt=0" "$what, $cc: all have their profile"
		ok "$what, $cc: three compiles" test "$(count compiles)" -ge 3
		like "$(find "$root" -name '*.profraw' -o -name '*.gcda')" '^$' "$what, $cc: no profile in the tree"
	done
}

# --- make: compilers by name, an archive, dependencies
cat >"$tmp/orig/Makefile" <<'X'
CXX = g++
all: bin/app
obj/%.o: %.c
	@mkdir -p obj
	gcc -O2 -MMD -MP -c $< -o $@
obj/%.o: %.cc
	@mkdir -p obj
	$(CXX) -O2 -c $< -o $@
obj/lib.a: obj/f.o obj/g.o
	ar cr $@ $^
bin/app: obj/app.o obj/lib.a
	@mkdir -p bin
	c++ $^ -o $@
X
three make bin/app "" 'make -s -j2' gcc-12 clang-22
fresh
echo 'int puts(const char *); int main(void) { return puts("#define LIMIT 1") < 0; }' >"$root/w/gen.c"
stage gcc-12 instrumented "" "$root"
in_tree build sh -ec 'gcc -O2 gen.c -o gen; ./gen'
is "$(find "$root" -name '*.gcda')" "" "a generator that runs in the build leaves nothing in the tree"
is "$(find "$junk" -name '*gen.gcda' | wc -l | tr -d ' ')" 1 "but in the junk folder"

# --- CMake: checks, two languages, a shared and a static library, both generators
if have cmake; then
	cat >"$tmp/orig/CMakeLists.txt" <<'X'
cmake_minimum_required(VERSION 3.18)
project(app C CXX)
include(CheckFunctionExists)
include(CheckCSourceCompiles)
include(CheckCSourceRuns)
include(CheckCCompilerFlag)
include(CheckSymbolExists)
check_function_exists(fork HAVE_FORK)
check_function_exists(no_such_thing HAVE_NOTHING)
check_symbol_exists(printf stdio.h HAVE_PRINTF)
check_c_compiler_flag(-Wall HAVE_WALL)
check_c_compiler_flag(-Wno-such-warning-ever=3 HAVE_NO_SUCH)
set(CMAKE_REQUIRED_FLAGS -Werror)
check_c_source_compiles("int main(void) { return 0; }" HAVE_MAIN)
check_c_source_runs("int main(int argc, char **argv) { for (int i = 0; i < 9; i++) if (argv[i] == 0) return 0; return argc; }" HAVE_RUN)
unset(CMAKE_REQUIRED_FLAGS)
configure_file(config.h.in config.h)
add_library(f SHARED f.c)
add_library(g STATIC g.cc)
set_target_properties(g PROPERTIES POSITION_INDEPENDENT_CODE ON)
add_executable(app app.c)
target_compile_definitions(app PRIVATE HAVE_CONFIG_H)
target_include_directories(app PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(app f g)
X
	cat >"$tmp/orig/config.h.in" <<'X'
#cmakedefine HAVE_FORK
#cmakedefine HAVE_NOTHING
#cmakedefine HAVE_PRINTF
#cmakedefine HAVE_WALL
#cmakedefine HAVE_NO_SUCH
#cmakedefine HAVE_MAIN
#cmakedefine HAVE_RUN
X
	# With make too, if PGO_TESTS_LONG=1: the checks are the same.
	if [ -n "${PGO_TESTS_LONG:-}" ] || ! have ninja; then
		three "CMake with make" b/app b/config.h \
			'cmake -S . -B b -DCMAKE_BUILD_TYPE=Release; make -C b -j2' clang-22
	fi
	if have ninja; then
		three "CMake with ninja" b/app b/config.h \
			'cmake -G Ninja -S . -B b -DCMAKE_BUILD_TYPE=Release; ninja -C b' clang-22
	else
		skip 1 "no ninja"
	fi
	like "$(cat "$tmp/config.optimized")" 'define HAVE_RUN' "its checks answer"
	rm "$tmp/orig/CMakeLists.txt" "$tmp/orig/config.h.in"
else
	skip 1 "no cmake"
fi

# --- autotools: configure's probes, and libtool's, which read any warning as "no"
if have autoreconf && have libtoolize && have automake; then
	cat >"$tmp/orig/configure.ac" <<'X'
AC_INIT([app], [1])
AC_CONFIG_AUX_DIR([aux])
AM_INIT_AUTOMAKE([foreign subdir-objects])
AC_CONFIG_HEADERS([config.h])
AC_PROG_CC
LT_INIT([disable-static])
AC_CHECK_FUNCS([fork no_such_thing])
AC_CHECK_HEADERS([stdio.h no_such_thing.h])
AC_CHECK_SIZEOF([long])
AC_LANG_WERROR
AC_MSG_CHECKING([whether main compiles without a warning])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [[int i; for (i = 0; i < 10; i++) if (i == 7) return 1;]])],
	[AC_DEFINE([QUIET], [1], [no warnings])])
AC_RUN_IFELSE([AC_LANG_PROGRAM([], [return 0;])], [AC_DEFINE([RUNS], [1], [programs run])])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
X
	cat >"$tmp/orig/Makefile.am" <<'X'
bin_PROGRAMS = app
lib_LTLIBRARIES = libf.la libg.la
libf_la_SOURCES = f.c
libg_la_SOURCES = g.c
app_SOURCES = app.c
app_LDADD = libf.la libg.la
X
	rm "$tmp/orig/Makefile"
	# Without C++, whose probes libtool asks all over again: CMake has shown it.
	sed 's/extern "C" //' "$tmp/orig/g.cc" >"$tmp/orig/g.c" && rm "$tmp/orig/g.cc"
	# libtool asks some hundred questions more: with PGO_TESTS_LONG=1.
	settings=b/libtool.settings
	if [ -z "${PGO_TESTS_LONG:-}" ]; then
		settings=
		sed -i 's/^LT_INIT.*/AM_PROG_AR\nAC_PROG_RANLIB/' "$tmp/orig/configure.ac"
		sed -i 's/lib_LTLIBRARIES/noinst_LIBRARIES/; s/\([fg]\)[_.]la/\1PLACE/g; s/fPLACE_/f_a_/; s/gPLACE_/g_a_/; s/PLACE/.a/g' \
			"$tmp/orig/Makefile.am"
	fi
	if (cd "$tmp/orig" && mkdir aux && autoreconf -i) >"$tmp/out" 2>&1; then
		program=b/app
		three "autotools" b/app "b/config.h $settings" '
			mkdir b; cd b; ../configure
			[ ! -e libtool ] || grep -E "^(pic_flag|archive_cmds|need_|postdep_objects|compiler_lib|hardcode|lt_prog)" \
				libtool >libtool.settings
			make -j2' gcc-12
		like "$(cat "$tmp/config.optimized")" 'define QUIET 1' "its checks see no warning"
		[ -z "$settings" ] ||
			like "$(cat "$tmp/config.optimized")" '^pic_flag=.*-fPIC' "and libtool's neither"
	else
		skip 1 "autoreconf does not work here"
	fi
else
	skip 1 "no autotools with libtool"
fi

done_testing
