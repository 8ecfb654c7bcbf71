# Tests of the frame, of pgo/base, pgo/core and pgo/report. Other folders list theirs.
EXTRA_DIST += tests/lib/tap.sh

TAP_TESTS += \
	tests/t/0001-tap.t \
	tests/t/0010-help.t \
	tests/t/0020-completion.t \
	tests/t/3110-bundle.t \
	tests/t/3120-intake.t \
	tests/t/4060-layout.t \
	tests/t/4120-collect-sample.t

if HAVE_CMOCKA
folder_sources = tests/lib/folder.c tests/lib/folder.h
base_test_libs = pgo/base/libpgobase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)
core_test_libs = pgo/core/libpgocore.a drivers/libpgodrivers.a profiles/libpgoprofiles.a \
	pgo/stats/libpgostats.a pgo/base/libpgobase.a $(JANSSON_LIBS) $(CYAML_LIBS) \
	$(ARCHIVE_LIBS) $(SODIUM_LIBS) $(ELF_LIBS) $(SQLITE_LIBS) $(ZSTD_LIBS) $(CMOCKA_LIBS) -lm
report_test_libs = pgo/report/libpgoreport.a $(core_test_libs)

check_PROGRAMS += \
	tests/unit/base-child-held-test \
	tests/unit/base-child-test \
	tests/unit/base-cursor-test \
	tests/unit/base-err-test \
	tests/unit/base-fs-test \
	tests/unit/base-map-test \
	tests/unit/base-num-test \
	tests/unit/base-opt-test \
	tests/unit/base-strbuf-test \
	tests/unit/base-tree-test \
	tests/unit/core-artifacts-test \
	tests/unit/core-bundle-test \
	tests/unit/core-counters-test \
	tests/unit/core-digest-test \
	tests/unit/core-json-test \
	tests/unit/core-layout-test \
	tests/unit/core-merge-test \
	tests/unit/core-sampling-test \
	tests/unit/core-tree-test \
	tests/unit/core-workload-test \
	tests/unit/report-experiment-test \
	tests/unit/report-layout-test \
	tests/unit/report-show-test

tests_unit_base_child_held_test_SOURCES = tests/unit/base-child-held-test.c
tests_unit_base_child_held_test_LDADD = $(base_test_libs)
tests_unit_base_child_test_SOURCES = tests/unit/base-child-test.c $(folder_sources)
tests_unit_base_child_test_LDADD = $(base_test_libs)
tests_unit_base_cursor_test_SOURCES = tests/unit/base-cursor-test.c
tests_unit_base_cursor_test_LDADD = $(base_test_libs)
tests_unit_base_err_test_SOURCES = tests/unit/base-err-test.c
tests_unit_base_err_test_LDADD = $(base_test_libs)
tests_unit_base_fs_test_SOURCES = tests/unit/base-fs-test.c $(folder_sources)
tests_unit_base_fs_test_LDADD = $(base_test_libs)
tests_unit_base_map_test_SOURCES = tests/unit/base-map-test.c
tests_unit_base_map_test_LDADD = $(base_test_libs)
tests_unit_base_num_test_SOURCES = tests/unit/base-num-test.c
tests_unit_base_num_test_LDADD = $(base_test_libs)
tests_unit_base_opt_test_SOURCES = tests/unit/base-opt-test.c
tests_unit_base_opt_test_LDADD = $(base_test_libs)
tests_unit_base_strbuf_test_SOURCES = tests/unit/base-strbuf-test.c
tests_unit_base_strbuf_test_LDADD = $(base_test_libs)
tests_unit_base_tree_test_SOURCES = tests/unit/base-tree-test.c $(folder_sources)
tests_unit_base_tree_test_LDADD = $(base_test_libs)
tests_unit_core_artifacts_test_SOURCES = tests/unit/core-artifacts-test.c $(folder_sources)
tests_unit_core_artifacts_test_LDADD = $(core_test_libs)
tests_unit_core_bundle_test_SOURCES = tests/unit/core-bundle-test.c $(folder_sources)
tests_unit_core_bundle_test_LDADD = $(core_test_libs)
tests_unit_core_counters_test_SOURCES = tests/unit/core-counters-test.c
tests_unit_core_counters_test_LDADD = $(core_test_libs)
tests_unit_core_digest_test_SOURCES = tests/unit/core-digest-test.c $(folder_sources)
tests_unit_core_digest_test_LDADD = $(core_test_libs)
tests_unit_core_json_test_SOURCES = tests/unit/core-json-test.c
tests_unit_core_json_test_LDADD = $(core_test_libs)
tests_unit_core_layout_test_SOURCES = tests/unit/core-layout-test.c
tests_unit_core_layout_test_LDADD = $(core_test_libs)
tests_unit_core_merge_test_SOURCES = tests/unit/core-merge-test.c
tests_unit_core_merge_test_LDADD = $(core_test_libs)
tests_unit_core_sampling_test_SOURCES = tests/unit/core-sampling-test.c
tests_unit_core_sampling_test_LDADD = $(core_test_libs)
tests_unit_core_tree_test_SOURCES = tests/unit/core-tree-test.c
tests_unit_core_tree_test_LDADD = $(core_test_libs)
tests_unit_core_workload_test_SOURCES = tests/unit/core-workload-test.c $(folder_sources)
tests_unit_core_workload_test_LDADD = $(core_test_libs)
tests_unit_report_experiment_test_SOURCES = tests/unit/report-experiment-test.c
tests_unit_report_experiment_test_LDADD = $(report_test_libs)
tests_unit_report_layout_test_SOURCES = tests/unit/report-layout-test.c
tests_unit_report_layout_test_LDADD = $(report_test_libs)
tests_unit_report_show_test_SOURCES = tests/unit/report-show-test.c
tests_unit_report_show_test_LDADD = $(report_test_libs)
endif
