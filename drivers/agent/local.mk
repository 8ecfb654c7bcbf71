# SPDX-License-Identifier: Apache-2.0
# Preloaded into other people's programs: of libc only, never sanitised nor fortified.
agent_sources = \
	drivers/agent/calls.c \
	drivers/agent/counts.c \
	drivers/agent/elf.c \
	drivers/agent/helper.c \
	drivers/agent/images.c \
	drivers/agent/mark.c
agent_headers = drivers/agent/agent.h drivers/agent-wake.h
EXTRA_DIST += $(agent_sources) $(agent_headers)

BUILT_MODULES += pgoctl-agent.so
CLEANFILES += pgoctl-agent.so
pgoctl-agent.so: $(agent_sources) $(agent_headers)
	$(AM_V_GEN)$(CC) -I$(top_srcdir) -D_GNU_SOURCE $(CPPFLAGS) -std=gnu11 $(WARN_CFLAGS) \
		-include pgo/base/banned.h $(CFLAGS) -fvisibility=hidden -fPIC -U_FORTIFY_SOURCE \
		-shared -o $@ $(agent_sources:%=$(top_srcdir)/%) $(LDFLAGS) -Wl,-z,defs
