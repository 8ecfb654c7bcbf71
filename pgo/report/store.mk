# The store: included by the local.mk of this folder.
pgo_report_libpgoreport_a_SOURCES += \
	pgo/report/show-store.c pgo/report/store.h
