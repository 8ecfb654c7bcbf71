profiles_libpgoprofiles_a_SOURCES += \
	profiles/fmt-gcda.c \
	profiles/gcda-file.h \
	profiles/gcda-list.c \
	profiles/gcda-match.c \
	profiles/gcda-merge.c \
	profiles/gcda-raw.c \
	profiles/gcda-read.c \
	profiles/gcda-site.c \
	profiles/gcda-tree.c \
	profiles/gcda-write.c \
	profiles/gcda.c profiles/gcda.h

gcda_test_libs = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/gcda-test
tests_unit_gcda_test_SOURCES = tests/unit/gcda-test.c
tests_unit_gcda_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gcda_test_LDADD = $(gcda_test_libs) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/lib/gcda-merge-tool
tests_lib_gcda_merge_tool_SOURCES = tests/lib/gcda-merge-tool.c
tests_lib_gcda_merge_tool_LDADD = $(gcda_test_libs)

TAP_TESTS += tests/t/1020-gcda-merge.t
EXTRA_DIST += tests/t/1020-gcda-merge.t

EXTRA_DIST += tests/bench/bench-merge-gcda.sh
.PHONY: bench-merge-gcda
bench-merge-gcda: pgoctl
	@srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/tests/bench/bench-merge-gcda.sh
