noinst_LIBRARIES += pgo/report/libpgoreport.a
pgo_report_libpgoreport_a_SOURCES = \
	pgo/report/show.h \
	pgo/report/show-calibration.c \
	pgo/report/show-diff.c \
	pgo/report/show-experiment.c \
	pgo/report/layout.h \
	pgo/report/show-layout.c \
	pgo/report/show-merge.c \
	pgo/report/show-function.c \
	pgo/report/show-explain.c \
	pgo/report/show-import.c \
	pgo/report/show-profile.c \
	pgo/report/show-samples.c \
	pgo/report/show-stage.c \
	pgo/report/table.c pgo/report/table.h
include pgo/report/history.mk
include pgo/report/audit.mk
include pgo/report/doctor.mk
include pgo/report/flame.mk
include pgo/report/html.mk
include pgo/report/store.mk
