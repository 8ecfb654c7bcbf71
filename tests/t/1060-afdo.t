#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# GCC's .afdo: read, merged and written in both versions; GCC and the AutoFDO tools are the judges.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
export builddir
need python3

tool=$builddir/tests/lib/profile-tool
merge() { "$tool" merge "$@"; }

# A writer of its own, after the layout that gcc/auto-profile.cc documents.
cat >make.py <<'END'
import struct, sys

def word(*values):
    return b''.join(struct.pack('<I', v) for v in values)

def counter(value):
    return struct.pack('<Q', value)

def make(version, scale):
    names = [b'', b'bar', b'f', b'main', b'operator<< <int, long>']
    text = b''
    for name in names:
        padded = name + (b'\0' * (4 - len(name) % 4) if version == 1 else b'\0')
        text += word(len(padded) // 4 if version == 1 else len(padded)) + padded
    words = 1 + sum(1 + (len(n) + 4) // 4 for n in names)
    at = {n: i for i, n in enumerate(names)}
    f = counter(7 * scale) + word(at[b'main'], 2, 1)
    f += word(4 << 16 | 3, 2) + counter(100 * scale)
    f += word(7) + counter(at[b'bar']) + counter(60) + word(7) + counter(at[b'f']) + counter(40)
    f += word(9 << 16, 0) + counter(1000 * scale)
    f += word(8 << 16) + word(at[b'bar'], 1, 1) + word(1 << 16, 0) + counter(900 * scale)
    f += word(2 << 16) + word(at[names[4]], 1, 0) + word(3 << 16, 0) + counter(5)
    f += counter(11) + word(at[b'bar'], 1, 0) + word(1 << 16, 0) + counter(200)
    out = word(0x67636461, version, 0)
    out += word(0xaa000000, words, len(names)) + text
    out += word(0xac000000, len(f) // 4 + 1, 2) + f + word(0xae000000, 0, 0)
    # Working sets: of 1 / 128 steps, how many of the largest counts make them up.
    counts = sorted([100 * scale, 1000 * scale, 900 * scale, 5, 200], reverse=True)
    out += word(0xaf000000, 384)
    for i in range(1, 129):
        n = next(n for n in range(1, 6) if sum(counts[:n]) >= sum(counts) * i // 128)
        out += word(n) + counter(counts[n - 1])
    return out

open(sys.argv[3], 'wb').write(make(int(sys.argv[1]), int(sys.argv[2])))
END
# Functions are written by name: bar, which the maker has last, comes first.
for v in 1 2; do
	python3 make.py $v 1 hand$v.afdo
	python3 make.py $v 2 twice$v.afdo
done

# --- reading
"$tool" read hand1.afdo | sed 1d >want
"$tool" read hand2.afdo | sed 1d >got
ok 'both versions are read as the same profile' cmp got want
cat >want <<'END'
gcc samples, version 2: functions 2 counters 5 total 2205 max 1000 saturated 0
bar entry 11 sum 200
 |1: 200
main entry 7 sum 2005
 |4.3: 100
 |9: 1000
 8 bar|1: 900
 8 bar, 2 operator<< <int, long>|3: 5
 call 0 bar 0: 60
 call 0 f 0: 40
END
"$tool" read hand2.afdo >got
is "$(cat got)" "$(cat want)" 'with lines, inlined calls and targets'

# --- writing
for v in 1 2; do
	ok "version $v: one is merged" merge one$v.afdo 1,hand$v.afdo
	"$tool" read one$v.afdo >got
	"$tool" read hand$v.afdo >want
	ok "version $v: and is what it was" cmp got want
	ok "version $v: the size, too" test "$(wc -c <one$v.afdo)" -eq "$(wc -c <hand$v.afdo)"
	tail -c 1536 one$v.afdo >got
	tail -c 1536 hand$v.afdo >want
	ok "version $v: and the working sets" cmp got want
	merge again.afdo 1,one$v.afdo >/dev/null
	ok "version $v: what was written is written so again" cmp again.afdo one$v.afdo
done
merge x.afdo 1,one2.afdo >/dev/null
merge -to gcc-afdo-1 x.afdo 1,one2.afdo >/dev/null
ok 'version 2 becomes version 1' cmp x.afdo one1.afdo
merge -to gcc-afdo-2 x.afdo 1,one1.afdo >/dev/null
ok 'and version 1 version 2' cmp x.afdo one2.afdo
exits 7 'but nothing else' merge -to gcda x.afdo 1,one1.afdo

# --- sums
like "$(merge sum.afdo 3,hand2.afdo 2,twice2.afdo)" \
	'^inputs 2 functions 2 counters 5 total 15025 max 7000 saturated 0 version 2' 'weights count'
"$tool" read sum.afdo >got
like "$(cat got)" '^main entry 49 sum 14025' 'in the head'
like "$(cat got)" '^ call 0 bar 0: 300' 'and in targets'
like "$(merge sum.afdo 9223372036854775807,hand2.afdo)" 'max 9223372036854775807 saturated [1-9]' \
	'sums stop where GCC counts no more'

# --- what is refused
python3 make.py 3 1 v3.afdo
exits 7 'a version that is not known is refused' "$tool" read v3.afdo
like "$err" 'gcov_version=2' 'and what to do is said'
head -c 100 hand2.afdo >cut.afdo
exits 7 'so is a file that is cut off' "$tool" read cut.afdo
like "$err" 'at: cut.afdo [0-9]+$' 'with the place'
for v in 1 2; do
	like "$("$tool" hostile hand$v.afdo)" '^cut 0 inverted [0-9]+$' \
		"no byte of version $v can be cut off, and none that is inverted does harm"
done

merge -to gcc-afdo-1 sum1.afdo 1,hand2.afdo >/dev/null
merge -to gcc-afdo-2 sum2.afdo 1,hand2.afdo >/dev/null

# --- GCC takes them
cat >p.c <<'END'
int x[100];
__attribute__((noinline)) int bar(int i)
{
	return x[i % 100] + i;
}
int (*volatile fp)(int) = bar;
int main(int argc, char **argv)
{
	int s = 0;
	for (int i = 0; i < argc * 1000; i++)
		s += fp(i);
	return s & 1;
}
END
for gcc in 11:1 11:2 12:1 12:2; do
	major=${gcc%:*} v=${gcc#*:}
	have "gcc-$major" || { skip 1 "no gcc-$major"; continue; }
	case $gcc in
	11:1 | 12:2) ok "GCC $major takes version $v" \
		"gcc-$major" -O2 -g -fauto-profile=sum$v.afdo -c p.c -o p.o ;;
	*) nok "GCC $major does not take version $v" \
		"gcc-$major" -O2 -g -fauto-profile=sum$v.afdo -c p.c -o p.o ;;
	esac
done

# --- the AutoFDO tools, which know version 1
if have dump_gcov && have profile_merger; then
	is "$(dump_gcov -gcov_version=1 one1.afdo 2>/dev/null)" \
		"$(dump_gcov -gcov_version=1 hand1.afdo 2>/dev/null)" 'dump_gcov reads what was written'
	profile_merger -gcov_version=1 -output_file=theirs.afdo one1.afdo twice1.afdo 2>/dev/null
	merge ours.afdo 1,one1.afdo 1,twice1.afdo >/dev/null
	# profile_merger takes the last file's counts of a target for their sum.
	for f in ours theirs; do
		dump_gcov -gcov_version=1 $f.afdo 2>/dev/null | sed 's/  [a-z]*:[0-9]*//g' >$f
	done
	ok 'profile_merger adds up the same' cmp ours theirs
else
	skip 2 'no dump_gcov'
fi
done_testing
