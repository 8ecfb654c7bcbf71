# What works on this machine: included by the local.mk of this folder.
pgo_report_libpgoreport_a_SOURCES += pgo/report/doctor.h pgo/report/show-doctor.c
