# SPDX-License-Identifier: Apache-2.0
# Who may include whom (docs/architecture.md): prints each #include of ours that its folder may not have.

function allow(folder, pattern)
{
	order[++nr] = folder
	allowed[folder] = pattern
}

# The most telling folder of the table that path lies in, or "".
function folder_of(path,    i)
{
	for (i = 1; i <= nr; i++)
		if (index(path, order[i] "/") == 1)
			return order[i]
	return ""
}

BEGIN {
	base = "^pgo/base/"
	profiles = "^profiles/(diff|dwarf-units|elf-image|format|gcda|llvm|object-maker|probes|profile|sample-images|sample-table|sample-tree|samples|samples-write)\\.h$"
	drivers = "^drivers/(agent|agent-wake|collector|compiler|drivers|postlink|wrapper)\\.h$"
	core = "^pgo/(core|stats)/"

	allow("pgo/base", base)
	allow("pgo/stats", base "|^pgo/stats/")
	allow("pgo/core", base "|" core "|" profiles "|" drivers)
	allow("pgo/report", base "|" core "|^pgo/report/|" profiles)
	allow("pgo/cmd", base "|" core "|^pgo/report/|^pgo/cmd/|" profiles "|" drivers)
	allow("profiles/llvm", base "|^profiles/|^llvm(-c)?/")
	allow("profiles", base "|^profiles/")
	allow("drivers/agent", "^drivers/agent(/|-wake\\.h$)")
	allow("drivers", base "|^drivers/")
}

/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	ours = $0 ~ /include[ \t]*"/
	name = $0
	sub(/^[^<"]*[<"]/, "", name)
	sub(/[>"].*/, "", name)
	folder = folder_of(FILENAME)
	llvm = name ~ /^llvm(-c)?\//
	if (llvm && FILENAME !~ /^profiles\/llvm\/shim(-sample)?\.cc$/)
		print FILENAME ":" FNR ": only the shim includes " name
	else if (ours && folder != "" && name !~ allowed[folder])
		print FILENAME ":" FNR ": " folder " does not include " name
	else if (folder == "pgo/stats" && name ~ /^(fcntl|stdio|time|unistd)\.h$|^sys\//)
		print FILENAME ":" FNR ": pgo/stats has no use for " name
}
