#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands that the README shows do what it says.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 make

readme=$srcdir/README.md
# The n-th block of shell commands, comments taken off.
block() {
	awk -v n="$1" '/^```sh/ { i++; on = i == n; next } /^```/ { on = 0 } on' "$readme" |
		sed 's/ *#.*//'
}

is "$(block 1)" "$(printf './bootstrap demo\n./bootstrap check')" "set-up is two commands"
ok "bootstrap knows the first" sh -c "'$srcdir/bootstrap' --help | grep -q '  demo '"
ok "and the second" sh -c "'$srcdir/bootstrap' --help | grep -q '  check '"
is "$(block 2 | wc -l)" 5 "the tour has five commands"
is "$(block 2 | head -n 1)" ./fetch "it begins with the source"

for file in $(grep -o '](\([a-zA-Z0-9/._-]*\))' "$readme" | tr -d '()]'); do
	ok "what it links to is there: $file" test -e "$srcdir/$file"
done

cp -r "$srcdir/examples/lua" "$srcdir/examples/fetch-lib.sh" .
mv lua fetch-lib.sh .. && cd ../lua || exit 1
run ./fetch
if [ "$status" -eq 6 ]; then
	skip 6 "Debian's source package cannot be fetched here"
else
	is "$status" 0 "fetch"
	PATH=$builddir:$PATH
	# That it runs, not how fast: what is measured takes a tenth as long.
	sed -i '/name: orbits$/,$s/\(run: .* [0-9]*\)0 11/\1 11/' pgo.yaml
	is "$(grep -Ec "run: .* (4000|3000|2500|800|300) 11'" pgo.yaml)" 5 "the five workloads are cut"
	block 2 | sed 1d | sed 's/^pgoctl validate.*/& --pairs 6/' >tour
	while read -r line; do
		run sh -c "$line"
		case $line:$status in
		*validate*:[134]) status=0 ;;	# noise may make it say so
		esac
		is "$status" 0 "$line"
		[ "$status" -eq 0 ] || diag <"$tmp/err"
	done <tour
fi
done_testing
