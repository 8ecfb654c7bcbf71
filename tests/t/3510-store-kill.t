#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writers of the store that are killed at any moment, and a full disk: the store is clean every time,
# and what was acknowledged is in it. PGO_KILL_ROUNDS=200 makes it long, PGO_KILL_SEED repeats it.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need perl

rounds=${PGO_KILL_ROUNDS:-8}
seed=${PGO_KILL_SEED:-$$}
echo "# seed $seed"

# One that adds profiles, each another one, and notes the digest of each that it is told is there;
# the third notes nothing: it collects garbage.
cat >writer.pl <<'END'
my ($pgoctl, $round, $me) = @ARGV;
open(my $acked, '>>', "acked.$me") or die;
for (my $i = 0; ; $i++) {
	if ($me == 3) {
		select(undef, undef, undef, 0.005) until -s "$ENV{PGOCTL_STORE}/index.db";
		system("$pgoctl -q store gc --keep 1000000 >>gc.out 2>>gc.err") >> 8 and syswrite($acked, "failed\n");
		next;
	}
	if ($me == 2 && $i % 4 == 1) {
		system("$pgoctl -q store import archive >/dev/null 2>>add.err") >> 8
			? syswrite($acked, "failed\n") : system("cat archived >>acked.$me");
		next;
	}
	my $file = "$me.fdata";
	open(my $f, '>', $file) or die;
	print $f map { "1 f$round.$me.$i 5 1 g$_ 0 0 $_\n" } 1 .. 1 + $i * 97 % 1500;
	close($f);
	my $good = $i % 3 ? '' : '--good';
	my $said = `$pgoctl -q store add -p p$me $good $file 2>>add.err`;
	syswrite($acked, $? ? "failed\n" : substr($said, 0, 64) . "\n");
}
END
# kill.pl PROGRESS DELAY COMMAND: three of them as one group, which is killed so long after so many
# profiles were acknowledged.
cat >kill.pl <<'END'
my ($progress, $delay, @cmd) = @ARGV;
sub acked { my $sum = 0; $sum += -s $_ // 0 for glob('acked.?'); return $sum / 65; }
my $before = acked();
my $leader = fork() // die;
# Both: the group is there before it is killed, and before it has members.
setpgrp($leader, $leader);
if (!$leader) {
	for my $me (1 .. 3) {
		fork() or exec(@cmd, $me);
	}
	sleep(60);
	exit;
}
for (1 .. 3000) {
	last if acked() >= $before + $progress;
	select(undef, undef, undef, 0.01);
}
select(undef, undef, undef, $delay);
kill('KILL', -$leader) or die "nobody to kill\n";
waitpid($leader, 0);
END
# random SEED ROUND: how far writers come, and how much longer they live.
# Only at the first that goes into a new store may they come nowhere.
random() {
	perl -e 'srand($ARGV[0] * 1000 + $ARGV[1]); my $least = $ARGV[1] % 5 != 1;
		printf "%d %.3f\n", $least + rand(5 - $least), rand(0.06)' "$@"
}
cat >check.sh <<'END'
# What is wrong with the store, if anything; sets the numbers in the file count.
"$1" store verify >verify.out 2>verify.err
status=$?
cat acked.? 2>/dev/null | cut -c1-12 | sort -u >acked
if [ ! -s acked ] && grep -q 'there is no store' verify.err; then
	echo 0 0 0 >count
	exit
fi
[ $status -eq 0 ] || { echo "not clean: $status" && cat verify.out verify.err; }
"$1" store list | tail -n +2 >list
awk '{ print $4 }' list | sort -u >found
lost=$(comm -13 found acked)
[ -z "$lost" ] || echo "lost: $lost"
case $(grep -c ' q ' list) in 0 | 3) ;; *) echo 'half an archive' ;; esac
echo "$(wc -l <acked) $(comm -23 found acked | wc -l) $(grep -c 'left over' verify.out)" >count
END

# What writers import, all of it or nothing.
for n in 1 2 3; do
	echo "1 main 5 1 archived$n 0 0 $n" >"a$n.fdata"
	"$pgoctl" store add -p q "a$n.fdata" | cut -c1-64 >>archived
done
"$pgoctl" store export -o archive >/dev/null

i=0
left=0
total=0
while [ $i -lt "$rounds" ]; do
	i=$((i + 1))
	# Now and then from the very first write on.
	if [ $((i % 5)) -eq 1 ]; then rm -rf "$PGOCTL_STORE" acked.*; fi
	# shellcheck disable=SC2046
	perl kill.pl $(random "$seed" $i) perl writer.pl "$pgoctl" $i
	is "$(sh check.sh "$pgoctl" 2>&1)" '' "round $i: clean, and nothing is lost"
	read -r acked unsaid unreferenced <count
	left=$((left + unreferenced))
	total=$((total + acked))
	echo "# $acked acknowledged, $unsaid others in the index, $unreferenced files left over"
done
echo "# $left files were left over in $rounds rounds"
ok 'writers got somewhere' test "$total" -ge "$rounds"
is "$(cat add.err gc.err 2>/dev/null)" '' 'no writer complained'
exits 0 'gc' "$pgoctl" store gc --keep 1000000
is "$("$pgoctl" store verify | grep -c 'left over')" 0 'removes what was left over'
is "$(sh check.sh "$pgoctl" 2>&1)" '' 'and nothing else'

# --- in which order it goes to the disk
cat >order.py <<'END'
import re, sys
# Each call of interest by what it is of, in the order in which they were made.
names = []
for line in open("trace"):
	m = re.match(r'(?:\d+ +)?(fsync|fdatasync|rename|unlink|write)\((.*)\) += (\d+)', line)
	if not m:
		continue
	call, args = m.group(1), m.group(2)
	if call == "write" and not args.startswith("1<"):
		continue
	what = ("stdout" if call == "write" else "journal" if "-journal" in args else
		"index" if "index.db" in args else "place" if call == "rename" else
		"file" if "/tmp/" in args.rsplit("store", 1)[-1] else
		"folder" if re.search(r"objects/..>", args) else "objects" if "objects>" in args else
		"store" if re.search(r"/store>", args) else "")
	if what:
		names.append(("sync" if "sync" in call else call) + " " + what)
order = ["sync file", "rename place", "sync folder", "sync objects", "sync journal", "sync index",
	 "unlink journal", "sync store", "write stdout"]
# The last of each is after the last of the one before.
at = [max((i for i, n in enumerate(names) if n == o), default=-1) for o in order]
print("right" if at == sorted(at) and at[0] >= 0 else (names, at))
END
echo '1 main 5 1 traced 0 0 1' >traced.fdata
if have strace && strace -o trace -e trace=fsync true 2>/dev/null; then
	ok 'add under strace' strace -y -s 9 -o trace -e trace=fsync,fdatasync,rename,unlink,write \
		env ASAN_OPTIONS=detect_leaks=0 "$pgoctl" store add --good traced.fdata
	is "$(python3 order.py)" right 'file, name, folders, journal, index, and only then the answer'
else
	skip 2 'no strace, or it may not trace'
fi

# --- a full disk
cat >full.sh <<'END'
# Fill a small disk with profiles, then with anything, to the last byte but $room.
pgoctl=$1
mount -t tmpfs -o size=800k none full || exit 77
export PGOCTL_STORE=$PWD/full/store
dd if=/dev/zero of=full/pad bs=4096 count=16 2>/dev/null
profile() { perl -e 'print "1 f$ARGV[0] 5 1 g$_ 0 0 $_\n" for 1 .. $ARGV[1]' "$1" "$2"; }
add() {	# ARGUMENT...: note what was acknowledged; the status
	"$pgoctl" store add "$@" >said 2>err
	status=$?
	[ $status -ne 0 ] || cut -c1-64 said >>acked.9
	return $status
}
clean() {	# WHEN
	found=$(sh check.sh "$pgoctl" 2>&1)
	[ -z "$found" ] || echo "$1: $found"
}
n=0
while profile $n 900 >p.fdata && add --good p.fdata; do n=$((n + 1)); done
[ $status -eq 6 ] || echo "full: status $status: $(cat err)"
grep -Eq "'$PGOCTL_STORE[^']*'.*: (No space left on device|database or disk is full)" err || echo "full: says $(cat err)"
[ $n -ge 5 ] || echo "only $n profiles fitted"
clean 'full of profiles'
rm full/pad
for room in $rooms; do
	dd if=/dev/zero of=full/room bs=4096 count=$room 2>/dev/null
	cat /dev/zero >full/ballast 2>/dev/null
	dd if=/dev/zero bs=1 of=full/last 2>/dev/null
	[ $room -eq 0 ] || rm full/room
	for what in 1 300; do
		profile "room$room.$what" $what >p.fdata
		add --good p.fdata
		case $status in
		0 | 6) echo "$room: $status" >>seen ;;
		*) echo "room for $room: status $status: $(cat err)" ;;
		esac
		clean "room for $room"
	done
	for change in 'pin last-good' 'gc --keep 1000' 'unpin last-good' 'import archive'; do
		"$pgoctl" store $change >said 2>err
		case $? in
		0 | 6) ;;
		*) echo "$change, room for $room: $(cat err)" ;;
		esac
		clean "$change, room for $room"
	done
	rm -f full/ballast full/last
done
# What gc removes is not lost: of the last good ones the one in use and the one before it stay.
"$pgoctl" store gc --keep 3 >said 2>err || echo "gc on a full disk: $(cat err)"
"$pgoctl" store verify >said || cat said
"$pgoctl" store list | awk 'NR > 1 { print $4 }' >acked.9
[ "$(wc -l <acked.9)" -lt $n ] || echo 'gc removed nothing'
profile again 900 >p.fdata
add --good p.fdata || echo "room again: $(cat err)"
clean 'room again'
END
mkdir full
[ "$rounds" -lt 100 ] && rooms='0 3 12' || rooms='0 1 2 3 4 5 6 7 8 10 12'
export rooms
rm -rf "$PGOCTL_STORE" acked.* seen
unshare=
for try in 'unshare -m' 'unshare -rm'; do
	[ -n "$unshare" ] || ! $try sh -c 'mount -t tmpfs none full' 2>/dev/null || unshare=$try
done
if [ -n "$unshare" ]; then
	is "$($unshare sh full.sh "$pgoctl" 2>&1)" '' 'a disk that is full, or nearly: clean, and nothing is lost'
	is "$(grep -c '^0: 0' seen) $(grep -q '^[1-9].*: 0' seen && echo some)" '0 some' \
		'none fits on a full one, and some on one that is not'
else
	skip 2 'may not mount a small tmpfs in a namespace of its own'
fi
done_testing
