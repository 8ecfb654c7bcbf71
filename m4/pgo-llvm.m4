dnl SPDX-License-Identifier: Apache-2.0
dnl PGO_ARG_LLVM: one shim module is built for each LLVM major that is found
dnl (--with-llvm="22 19 14"; default: every llvm-config-N). Sets LLVM_MAJORS
dnl and, for each N, LLVM_CXXFLAGS_N and LLVM_LDFLAGS_N.
dnl Of LLVM's library a module takes the few parts that it uses, where their archives are there:
dnl loading all of it at run time takes longer than most merges (--with-llvm-link=static|shared).
m4_define([pgo_llvm_known], [22, 21, 20, 19, 18, 17, 16, 15, 14])
dnl PGO_CAN_LINK(FLAGS): all the libraries of these are there.
m4_define([PGO_CAN_LINK], [{ echo "int x;" >conftest.cc && $CXX -shared -fPIC -o conftest.so conftest.cc $1 >/dev/null 2>&1; }])
AC_DEFUN([PGO_LLVM_MAJOR], [
	AC_SUBST([LLVM_CXXFLAGS_$1])
	AC_SUBST([LLVM_LDFLAGS_$1])
	AS_IF([test "$with_llvm" = auto || echo " $with_llvm " | grep -q " $1 "], [
		AC_PATH_PROGS([LLVM_CONFIG_$1], [llvm-config-$1], [no],
			[$PATH:/usr/lib/llvm-$1/bin])
		AS_IF([test "$LLVM_CONFIG_$1" != no && { "$LLVM_CONFIG_$1" --link-static --libs profiledata || "$LLVM_CONFIG_$1" --link-shared --libs; } >/dev/null 2>&1 &&
		       test -f "`"$LLVM_CONFIG_$1" --includedir`/llvm/ProfileData/InstrProf.h"], [
			LLVM_MAJORS="$LLVM_MAJORS $1"
			LLVM_CXXFLAGS_$1=`"$LLVM_CONFIG_$1" --cxxflags`
			pgo_flags="-Wl,--gc-sections -Wl,--as-needed "`"$LLVM_CONFIG_$1" --link-static --ldflags --libs --system-libs profiledata 2>/dev/null | tr '\n' ' '`
			AS_IF([test "$with_llvm_link" != shared && "$LLVM_CONFIG_$1" --link-static --libs profiledata >/dev/null 2>&1 &&
			       PGO_CAN_LINK([$pgo_flags])],
				[LLVM_LDFLAGS_$1=$pgo_flags],
			      [test "$with_llvm_link" != static],
				[LLVM_LDFLAGS_$1=`"$LLVM_CONFIG_$1" --link-shared --ldflags --libs | tr '\n' ' '`],
				[AC_MSG_ERROR([LLVM $1 has no static libraries here, or what they need is missing (package llvm-$1-dev)])])
		], [test "$with_llvm" != auto], [
			AC_MSG_ERROR([LLVM $1 was asked for, but llvm-config-$1 or its headers are missing (package llvm-$1-dev)])
		])
	])
])
AC_DEFUN([PGO_ARG_LLVM], [
AC_ARG_WITH([llvm], [AS_HELP_STRING([--with-llvm=LIST],
	[LLVM majors to build a module for, "22 19 14" (default: all that are installed)])],
	[with_llvm=`echo "$withval" | tr , ' '`], [with_llvm=auto])
AS_CASE([$with_llvm], [yes], [with_llvm=auto])
AC_ARG_WITH([llvm-link], [AS_HELP_STRING([--with-llvm-link=static|shared],
	[how the modules take LLVM in (default: static, shared where an LLVM has no archives)])], [],
	[with_llvm_link=auto])
AS_CASE([$with_llvm_link], [auto | static | shared], [],
	[AC_MSG_ERROR([--with-llvm-link wants static or shared, not '$with_llvm_link'])])
LLVM_MAJORS=
m4_foreach([major], m4_dquote(pgo_llvm_known), [PGO_LLVM_MAJOR(major)])
LLVM_MAJORS=`echo $LLVM_MAJORS`
AS_IF([test -z "$LLVM_MAJORS" && test "$with_llvm" != no],
	[AC_MSG_ERROR([no LLVM development files were found: install llvm-22-dev, or say --without-llvm])])
AC_SUBST([LLVM_MAJORS])
])
