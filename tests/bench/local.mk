# The measure of done of pgoctl validate: make bench-validate, and a short form among the tests.
check_PROGRAMS += tests/bench/spin tests/bench/validate-bench
tests_bench_spin_SOURCES = tests/bench/spin.c
tests_bench_spin_LDADD = pgo/base/libpgobase.a
tests_bench_validate_bench_SOURCES = \
	tests/bench/bench.h \
	tests/bench/live.c tests/bench/live.h \
	tests/bench/main.c \
	tests/bench/row-coverage.c \
	tests/bench/row-family.c \
	tests/bench/row-laws.c \
	tests/bench/row-live.c \
	tests/bench/row-replay.c \
	tests/bench/row-rules.c \
	tests/bench/row-tables.c \
	tests/bench/sim.c tests/bench/sim.h \
	tests/bench/trace.c tests/bench/trace.h \
	tests/lib/boundaries.c tests/lib/boundaries.h \
	tests/lib/noise.c tests/lib/noise.h
tests_bench_validate_bench_CPPFLAGS = $(AM_CPPFLAGS) $(rmath_cppflags)
tests_bench_validate_bench_LDADD = pgo/report/libpgoreport.a pgo/core/libpgocore.a \
	drivers/libpgodrivers.a profiles/libpgoprofiles.a pgo/stats/libpgostats.a \
	pgo/base/libpgobase.a $(JANSSON_LIBS) $(CYAML_LIBS) $(ARCHIVE_LIBS) $(SODIUM_LIBS) \
	$(ELF_LIBS) $(SQLITE_LIBS) $(ZSTD_LIBS) $(rmath_libs) -lm

TAP_TESTS += tests/t/3400-validate-bench.t
EXTRA_DIST += tests/bench/examples
CLEANFILES += bench-validate.json

.PHONY: bench-validate bench-validate-examples
# ROWS='4 5', SCALE=0.1, JSON=FILE
bench-validate: all tests/bench/spin tests/bench/validate-bench
	@tests/bench/validate-bench --pgoctl '$(abs_builddir)/pgoctl' \
		--spin '$(abs_builddir)/tests/bench/spin' --json '$(or $(JSON),bench-validate.json)' \
		$(if $(ROWS),--rows '$(ROWS)') $(if $(SCALE),--scale '$(SCALE)')
# EXAMPLES='lua zstd', CONFIGS='pgo.yaml pgo-gcc.yaml', BUDGET=1m, VALIDATIONS=5
bench-validate-examples: all
	@pgoctl='$(abs_builddir)/pgoctl' srcdir='$(abs_top_srcdir)' EXAMPLES='$(EXAMPLES)' \
		CONFIGS='$(CONFIGS)' BUDGET='$(BUDGET)' VALIDATIONS='$(VALIDATIONS)' \
		$(SHELL) '$(srcdir)/tests/bench/examples'
