#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Spaces, quotes, dollars, newlines and more in paths, files and options break nothing.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12

odd="a b'c\"d\$e#f;g&h(i)*[j]?
k"
mkdir "$odd" && cd "$odd" || exit 1
mkdir "s r'c" "da\$ta"
cat >"s r'c/odd \$na'me.c" <<'C'
#include <stdio.h>
int main(int argc, char **argv)
{
	int c, n = 0;
	while ((c = getchar()) != EOF)
		n += c * (argc + 1);
	printf("%s %d\n", argc > 1 ? argv[1] : "", n);
	return 0;
}
C
echo some input >"da\$ta/in put'.txt"
for cc in clang-22 gcc-12; do
	cat >pgo.yaml <<Y
version: 1
toolchain: {cc: $cc}
build:
  source: "s r'c"
  command: 'for f in *.c; do "\$CC" -O2 -DNAME="\"a b\\\$c\"" -c "\$f" -o "\${f%.c}.o"; done && "\$CC" *.o -o "pro g\$1"'
  env: ["ODD=a b'c\$d"]
  artifacts: ["pro g*"]
workloads:
  - name: odd
    run: '"\$PGO_OUT/pro g" "x y" ; test "\$ODD" = ""'
    stdin: "da\$ta/in put'.txt"
Y
	exits 0 "$cc: collect" "$pgoctl" collect -o "out'put \$1.prof"
	exits 0 "$cc: build" "$pgoctl" build --profile "out'put \$1.prof"
	run "$pgoctl" validate --pairs 6
	like "$status" "^[0134]$" "$cc: validate"
	is "$(sed -n 's/.*"missing": *\([0-9]*\).*/\1/p' .pgo/stages/optimized/stage.json)" 0 \
		"$cc: the profile was found for every file"
	exits 0 "$cc: show" "$pgoctl" show "out'put \$1.prof"
	rm -rf .pgo
done
cd .. && mkdir 'per%m' && cp -r "$odd/." 'per%m' && cd 'per%m' || exit 1
sed -i 's/cc: gcc-12/cc: clang-22/' pgo.yaml
run "$pgoctl" collect
is "$status" 6 "a '%' in the project's path, which the profile runtime expands, is refused"
like "$err" "'%'" "with the reason"
done_testing
