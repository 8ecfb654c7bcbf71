noinst_LIBRARIES += pgo/stats/libpgostats.a
pgo_stats_libpgostats_a_SOURCES = \
	pgo/stats/cluster.c pgo/stats/cluster.h \
	pgo/stats/dist.c pgo/stats/dist.h \
	pgo/stats/interval.h \
	pgo/stats/paired.c pgo/stats/paired.h \
	pgo/stats/rng.c pgo/stats/rng.h \
	pgo/stats/sign-flip.c pgo/stats/sign-flip.h \
	pgo/stats/signed-rank.c pgo/stats/signed-rank.h \
	pgo/stats/simplex-fit.c pgo/stats/simplex-fit.h \
	pgo/stats/spending.c pgo/stats/spending.h \
	pgo/stats/step.c pgo/stats/step.h \
	pgo/stats/verdict.c pgo/stats/verdict.h \
	pgo/stats/whatif.c pgo/stats/whatif.h

stats_test_libs = pgo/stats/libpgostats.a pgo/base/libpgobase.a $(CMOCKA_LIBS) -lm

if HAVE_RMATH
rmath_cppflags = -DHAVE_RMATH
rmath_libs = -lRmath
endif

check_PROGRAMS += \
	tests/unit/stats-cluster-test \
	tests/unit/stats-dist-test \
	tests/unit/stats-paired-test \
	tests/unit/stats-rng-test \
	tests/unit/stats-sign-flip-test \
	tests/unit/stats-signed-rank-test \
	tests/unit/stats-simplex-fit-test \
	tests/unit/stats-spending-test \
	tests/unit/stats-step-test \
	tests/unit/stats-verdict-test \
	tests/unit/stats-whatif-test

tests_unit_stats_cluster_test_SOURCES = tests/unit/stats-cluster-test.c
tests_unit_stats_cluster_test_CPPFLAGS = $(AM_CPPFLAGS) $(rmath_cppflags)
tests_unit_stats_cluster_test_LDADD = $(stats_test_libs) $(rmath_libs)

tests_unit_stats_dist_test_SOURCES = tests/unit/stats-dist-test.c
tests_unit_stats_dist_test_CPPFLAGS = $(AM_CPPFLAGS) $(rmath_cppflags)
tests_unit_stats_dist_test_LDADD = $(stats_test_libs) $(rmath_libs)

tests_unit_stats_paired_test_SOURCES = tests/unit/stats-paired-test.c
tests_unit_stats_paired_test_LDADD = $(stats_test_libs)

tests_unit_stats_rng_test_SOURCES = tests/unit/stats-rng-test.c
tests_unit_stats_rng_test_LDADD = $(stats_test_libs)

tests_unit_stats_sign_flip_test_SOURCES = tests/unit/stats-sign-flip-test.c
tests_unit_stats_sign_flip_test_LDADD = $(stats_test_libs)

tests_unit_stats_signed_rank_test_SOURCES = tests/unit/stats-signed-rank-test.c
tests_unit_stats_signed_rank_test_CPPFLAGS = $(AM_CPPFLAGS) $(rmath_cppflags)
tests_unit_stats_signed_rank_test_LDADD = $(stats_test_libs) $(rmath_libs)

tests_unit_stats_simplex_fit_test_SOURCES = tests/unit/stats-simplex-fit-test.c
tests_unit_stats_simplex_fit_test_LDADD = $(stats_test_libs)

tests_unit_stats_spending_test_SOURCES = tests/unit/stats-spending-test.c \
	tests/lib/boundaries.c tests/lib/boundaries.h \
	tests/lib/noise.c tests/lib/noise.h
tests_unit_stats_spending_test_LDADD = $(stats_test_libs)

tests_unit_stats_step_test_SOURCES = tests/unit/stats-step-test.c
tests_unit_stats_step_test_LDADD = $(stats_test_libs)

tests_unit_stats_verdict_test_SOURCES = tests/unit/stats-verdict-test.c
tests_unit_stats_verdict_test_LDADD = $(stats_test_libs)

tests_unit_stats_whatif_test_SOURCES = tests/unit/stats-whatif-test.c
tests_unit_stats_whatif_test_CPPFLAGS = $(AM_CPPFLAGS) $(rmath_cppflags)
tests_unit_stats_whatif_test_LDADD = $(stats_test_libs) $(rmath_libs)
