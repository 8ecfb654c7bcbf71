check_PROGRAMS += tests/bench/measure
tests_bench_measure_SOURCES = tests/bench/measure.c
EXTRA_DIST += tests/bench/bench-merge.sh

# Merges beside the tools that they stand in for; takes minutes.
.PHONY: bench-merge
bench-merge: all tests/bench/measure tests/lib/llvm-tool
	@builddir='$(abs_top_builddir)' $(SHELL) $(srcdir)/tests/bench/bench-merge.sh $(ROWS)

TAP_TESTS += tests/t/1014-bench-merge.t
