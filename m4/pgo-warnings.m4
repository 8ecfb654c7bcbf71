dnl SPDX-License-Identifier: Apache-2.0
dnl PGO_ARG_WERROR: WARN_CFLAGS, WARN_CXXFLAGS; warnings are errors with --enable-werror.
AC_DEFUN([PGO_ARG_WERROR], [
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make every warning an error])],
	[], [enable_werror=no])
WARN_CFLAGS="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
-Wwrite-strings -Wundef -Wformat=2 -Wvla"
WARN_CXXFLAGS="-Wall -Wextra -Wno-unused-parameter"
AS_IF([test "$enable_werror" = yes],
	[WARN_CFLAGS="$WARN_CFLAGS -Werror"; WARN_CXXFLAGS="$WARN_CXXFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
AC_SUBST([WARN_CXXFLAGS])
])

dnl PGO_ARG_SANITIZERS: SAN_CFLAGS for --enable-sanitizers=address,undefined.
AC_DEFUN([PGO_ARG_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers=LIST], [build with these sanitizers: address,undefined])],
	[], [enable_sanitizers=no])
AS_CASE([$enable_sanitizers],
	[no], [SAN_CFLAGS=],
	[yes], [enable_sanitizers=address,undefined])
AS_IF([test "$enable_sanitizers" != no],
	[SAN_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"])
AC_SUBST([SAN_CFLAGS])
AM_CONDITIONAL([SANITIZED], [test "$enable_sanitizers" != no])
])
