# SPDX-License-Identifier: Apache-2.0
# What ELF files say of the code in them; included by the local.mk of this folder.
profiles_libpgoprofiles_a_SOURCES += \
	profiles/dwarf-units.c profiles/dwarf-units.h \
	profiles/object-maker.c profiles/object-maker.h \
	profiles/probes.c profiles/probes.h \
	profiles/probes-llvm.c \
	profiles/probes-match.c profiles/probes-match.h
