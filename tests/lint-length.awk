# SPDX-License-Identifier: Apache-2.0
# Functions of at most 100 lines, lines of at most 100 columns (tabs of 8).

# Bytes that begin a character; each tab goes on to the next multiple of 8.
function width(s,    n, i, parts)
{
	n = split(s, parts, /\t/)
	for (i = 1; i <= n; i++) {
		gsub(/[\200-\277]/, "", parts[i])
		w = (i == 1 ? 0 : w + 8 - w % 8) + length(parts[i])
	}
	return w
}

FNR == 1 { start = 0 }
{
	if (width($0) > 100)
		print FILENAME ":" FNR ": a line of " w " columns"
}
/^{/ { start = FNR }
/^}/ {
	if (start && FNR - start - 1 > 100)
		print FILENAME ":" start ": a function of " FNR - start - 1 " lines"
	start = 0
}
