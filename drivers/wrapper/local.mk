# SPDX-License-Identifier: Apache-2.0
tools_PROGRAMS += pgoctl-cc
pgoctl_cc_SOURCES = \
	drivers/wrapper/pgoctl-cc.c \
	drivers/wrapper/relink.c drivers/wrapper/relink.h \
	drivers/wrapper/resolve.c drivers/wrapper/resolve.h \
	drivers/wrapper/run.c drivers/wrapper/run.h
pgoctl_cc_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a
