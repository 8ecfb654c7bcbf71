profiles_libpgoprofiles_a_SOURCES += \
	profiles/collapsed.c profiles/collapsed.h \
	profiles/fmt-collapsed.c \
	profiles/branch-length.c profiles/branch-length.h \
	profiles/dwarf-lines.c profiles/dwarf-lines.h \
	profiles/elf-image.c profiles/elf-image.h \
	profiles/fmt-perf-data.c \
	profiles/fmt-perf-script.c \
	profiles/perf-attr.c \
	profiles/perf-count.c \
	profiles/perf-data.c profiles/perf-data.h \
	profiles/perf-file.c profiles/perf-file.h \
	profiles/perf-scan.c \
	profiles/perf-script.c profiles/perf-script.h \
	profiles/perf-script-line.c \
	profiles/perf-stream.c \
	profiles/sample-images.c profiles/sample-images.h \
	profiles/sample-maps.c profiles/sample-maps.h \
	profiles/sample-places.c profiles/sample-places.h \
	profiles/sample-table.c profiles/sample-table.h \
	profiles/sample-tree.c profiles/sample-tree.h \
	profiles/samples.c profiles/samples.h \
	profiles/samples-code.c profiles/samples-code.h \
	profiles/samples-fdata.c profiles/samples-fdata.h \
	profiles/samples-finish.c \
	profiles/samples-symbolize.c profiles/samples-symbolize.h \
	profiles/samples-write.c profiles/samples-write.h

sample_test_libs = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ELF_LIBS) $(ZSTD_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/branch-length-test tests/unit/perf-data-test
tests_unit_branch_length_test_SOURCES = tests/unit/branch-length-test.c
tests_unit_branch_length_test_LDADD = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(CMOCKA_LIBS)
tests_unit_perf_data_test_SOURCES = tests/unit/perf-data-test.c \
	tests/fuzz/fuzz-perf-data.c tests/lib/perf-make.c tests/lib/perf-make.h
tests_unit_perf_data_test_LDADD = $(sample_test_libs) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/lib/perf-synth
tests_lib_perf_synth_SOURCES = tests/lib/perf-synth.c tests/lib/perf-make.c tests/lib/perf-make.h
tests_lib_perf_synth_LDADD = $(sample_test_libs)

TAP_TESTS += \
	tests/t/1080-perf-corpora.t \
	tests/t/1081-perf-record.t \
	tests/t/1082-perf-branches.t \
	tests/t/1083-perf-lines.t \
	tests/t/1084-perf-addresses.t \
	tests/t/1085-perf-images.t
EXTRA_DIST += tests/bench/bench-perf.sh tests/bench/techniques

.PHONY: bench-perf bench-techniques
bench-perf: all tests/lib/perf-synth
	@srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/tests/bench/bench-perf.sh
# EXAMPLES='lua sqlite', CONFIGS='pgo.yaml pgo-gcc.yaml', BOLT=sqlite, REPEAT=20
bench-techniques: all
	@srcdir='$(abs_top_srcdir)' pgoctl='$(abs_builddir)/pgoctl' \
		$(SHELL) $(srcdir)/tests/bench/techniques
