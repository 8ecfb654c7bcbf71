#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the whole process group at any moment: the next run goes on and ends with the same bundle.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 make perl

cp -r "$srcdir/examples/minivm" minivm && cd minivm || exit 1
# What is judged here is not the speed-up: shorter runs do.
sed -i 's/numbers.mv 3000/numbers.mv 300/; s/words.mv 40000/words.mv 4000/; s/recursion.mv 24/recursion.mv 18/' ./*.yaml
rounds=${PGO_KILL_ROUNDS:-2}
seed=${PGO_KILL_SEED:-$$}
echo "# seed $seed"

exits 0 "an undisturbed run" "$pgoctl" collect
want=$(sha256sum <merged.prof)

# Start pgoctl as the leader of a group, kill the group after a while.
cat >kill.pl <<'P'
my ($delay, @cmd) = @ARGV;
my $pid = fork();
if (!$pid) {
	setpgrp(0, 0);
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>', '/dev/null');
	exec(@cmd);
}
select(undef, undef, undef, $delay);
kill('KILL', -$pid);
waitpid($pid, 0);
print $? & 127, "\n";
P
delay() { perl -e 'srand($ARGV[0] * 1000 + $ARGV[1]); printf "%.3f\n", 0.02 + rand($ARGV[2])' "$@"; }

killed=0
i=0
while [ $i -lt "$rounds" ]; do
	i=$((i + 1))
	rm -rf merged.prof
	[ $((i % 2)) -eq 1 ] && rm -rf .pgo
	[ "$(perl kill.pl "$(delay "$seed" $i 4)" "$pgoctl" run --pairs 6)" = 9 ] && killed=$((killed + 1))
	"$pgoctl" run --pairs 6 >run.out 2>run.err
	status=$?
	case $status in
	0 | 1 | 3 | 4) ;;
	*) diag <run.err ;;
	esac
	is "$(case $status in 0 | 1 | 3 | 4) echo ended ;; *) echo "$status" ;; esac) $(sha256sum <merged.prof)" \
		"ended $want" "round $i ends with the same bundle"
	is "$(find .pgo -name '*.new' -o -name '*.tmp-*' -o -name '*.old' | tr '\n' ' ')" "" \
		"round $i leaves nothing half-made"
done
echo "# $killed of $rounds were killed at work"
ok "most were killed at work" test $((killed * 2)) -ge "$rounds"

# Ctrl-C: ended at once, children too, and it goes on.
rm -rf .pgo merged.prof
cat >slow.yaml <<'Y'
version: 1
toolchain: {cc: clang-22}
build:
  source: src
  command: make
  artifacts: [minivm]
workloads:
  - name: slow
    run: '"$PGO_OUT/minivm" bench/numbers.mv 10 7; touch started; sleep 60 | cat'
Y
"$pgoctl" collect -c slow.yaml >int.out 2>int.err &
pid=$!
n=0
while [ ! -e started ] && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.1; done
ok "the workload is at work" test -e started
"$pgoctl" collect -c slow.yaml >second.out 2>second.err
is $? 6 "a second pgoctl in the same tree is refused"
ok "naming the first" grep -q "process $pid" second.err
kill -INT $pid
wait $pid
is $? 130 "Ctrl-C ends pgoctl with 130"
ok "it says so" grep -q "stopped by Interrupt" int.err
# What was killed needs a processor once more to go.
for i in $(seq 50); do
	left=$(grep -lsz "^PGOCTL_OWNER=$PWD/.pgo\$" /proc/[0-9]*/environ | tr '\n' ' ')
	[ -n "$left" ] || break
	sleep 0.1
done
is "$left" "" "no child is left"
ok "no bundle is there" test ! -e merged.prof
done_testing
