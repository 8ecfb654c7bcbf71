# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += drivers/libpgodrivers.a
drivers_libpgodrivers_a_SOURCES = \
	drivers/cc-clang.c \
	drivers/cc-gcc.c \
	drivers/cc-rustc.c \
	drivers/compiler.c drivers/compiler.h \
	drivers/drivers.h \
	drivers/wrapper.h \
	drivers/wrapper/args.c drivers/wrapper/args.h \
	drivers/wrapper/conf.c \
	drivers/wrapper/log-format.c drivers/wrapper/log-read.c drivers/wrapper/log.h \
	drivers/wrapper/names.c drivers/wrapper/names.h \
	drivers/wrapper/options.c \
	drivers/wrapper/response.c drivers/wrapper/response.h \
	drivers/wrapper/rust-args.c \
	drivers/wrapper/shims.c \
	drivers/wrapper/warnings.c drivers/wrapper/warnings.h

include drivers/wrapper/local.mk
