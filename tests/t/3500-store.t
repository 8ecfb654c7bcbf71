#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl store from outside: what it keeps, marks, signs, hands on and refuses; store: wherever a profile
# is taken.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 jq make python3 tar zstd openssl sha256sum

# profile N: a file that BOLT's profile could be.
profile() { printf '1 main 5 1 f%s 0 0 %s\n' "$1" "$((10 + $1))" >"$1.fdata"; }
digest() { sha256sum <"$1" | cut -d' ' -f1; }
# field FILTER: of the JSON in $out.
field() { printf '%s\n' "$out" | jq -r "$1"; }
store() { "$pgoctl" store "$@"; }

# --- add, list, show
mkdir demo && cd demo || exit 1
for n in 0 1 2 3; do profile $n; done
exits 2 'a store that is not there' "$pgoctl" store list
like "$err" "^hint: pgoctl store add FILE makes one; --store DIR or PGOCTL_STORE" 'and how to make one'
nok 'is not made by looking' test -e "$tmp/store"
exits 0 'add' "$pgoctl" store add 0.fdata
is "$out" "$(digest 0.fdata) added to demo" 'its digest is told'
ok 'the file is there by its digest' cmp 0.fdata \
	"$tmp/store/objects/$(digest 0.fdata | sed 's,^..,&/,')"
exits 0 'add again' "$pgoctl" store add 0.fdata --good --note 'too late'
is "$out" "$(digest 0.fdata) was there already in demo, last-good" 'is no error, and marks it'
like "$err" 'its note stays' 'its note stays, and that is said'
exits 0 'two at once' "$pgoctl" store add --json --note 'the second' 1.fdata 2.fdata
is "$(field '.profiles[1].sha256') $(field '.profiles[0].note')" \
	"$(digest 2.fdata) the second" 'as JSON'
is "$(field '.profiles[0].origin')" "$PWD/1.fdata" 'with where it is from'
exits 0 'list' "$pgoctl" store list
is "$(printf '%s\n' "$out" | wc -l)" 4 'has a head and three lines'
like "$out" "demo +$(digest 0.fdata | cut -c1-12) .*last-good" 'and the mark'
exits 0 'in another project' "$pgoctl" store add -p other 0.fdata
exits 0 'list of a project' "$pgoctl" store list -p other --json
is "$(field '.profiles[0].project')" other 'has its profiles'
exits 0 'show' "$pgoctl" store show "$(digest 1.fdata | cut -c1-8)"
like "$out" '^note +the second' 'tells the note'
like "$out" '^added .* on .*, from .*/1\.fdata' 'and where it was added'
for bad in junk empty; do : >$bad; done
echo 'no profile' >junk
exits 7 'no profile' "$pgoctl" store add junk
exits 7 'an empty file' "$pgoctl" store add empty
exits 2 'a folder' "$pgoctl" store add .
like "$err" '^hint: pgoctl merge -o merged.prof' 'and what mends it'
exits 2 'an odd project' "$pgoctl" store add -p a/b 0.fdata
is "$(store list | wc -l)" 5 'nothing of that is in the store'

# --- marks and retention
exits 2 'no good one before' "$pgoctl" store rollback
exits 0 'the next good one' "$pgoctl" store add --good 1.fdata
exits 0 'rollback' "$pgoctl" store rollback --json
is "$(field '.last_good') $(field '.taken_back')" "$(digest 0.fdata) $(digest 1.fdata)" \
	'goes back to the one before'
exits 0 'the history' "$pgoctl" store show last-good
like "$out" "^good +$(digest 1.fdata | cut -c1-12), .*taken back" 'has what was taken back'
exits 0 'pin' "$pgoctl" store pin "$(digest 1.fdata)"
exits 0 'gc -n' "$pgoctl" store gc -n --keep 0
like "$out" "^would remove $(digest 2.fdata | cut -c1-12) of demo" 'tells what would go'
is "$(store list | wc -l)" 5 'and removes nothing'
exits 0 'gc' "$pgoctl" store gc --keep 0 --json
is "$(field '.removed | length')" 2 'removes what is neither pinned nor good'
nok 'and its file' test -e "$tmp/store/objects/$(digest 2.fdata | sed 's,^..,&/,')"
exits 0 'unpin' "$pgoctl" store unpin "$(digest 1.fdata)"
exits 0 'gc again' "$pgoctl" store gc --keep 0
is "$(store list | tail -n +2 | awk '{ print $4 }')" "$(digest 0.fdata | cut -c1-12)" 'leaves the last good one'
: >"$tmp/store/tmp/left"
exits 0 'verify' "$pgoctl" store verify
like "$out" '^left over: tmp/left' 'tells what a killed writer left'
exits 0 'gc' "$pgoctl" store gc
is "$(store verify)" '1 profile in 1 file (21 B), 0 signatures: all good' 'removes that'

# --- damage
object=$tmp/store/objects/$(digest 0.fdata | sed 's,^..,&/,')
chmod u+w "$object" && printf '1 main 5 1 f0 0 0 11\n' >"$object"
exits 1 'verify of a damaged file' "$pgoctl" store verify
like "$out" '^bad: .* has 2[0-9] bytes, not|other bytes than were added' 'tells it'
exits 7 'which is not used' "$pgoctl" show store:last-good
exits 0 'add again' "$pgoctl" store add 0.fdata
exits 0 'mends it' "$pgoctl" store verify

# --- signatures, with openssl as the other side
exits 0 'keygen' "$pgoctl" store keygen our.key
is "$(stat -c %a our.key)" 600 'the secret is its owner'\''s'
exits 2 'keygen onto it' "$pgoctl" store keygen our.key
store keygen their.key >/dev/null
exits 0 'add --key' "$pgoctl" store add --good --key our.key 3.fdata
exits 0 'verify --trust of one' "$pgoctl" store verify --trust our.key.pub last-good
exits 1 'by another key' "$pgoctl" store verify --trust their.key.pub last-good
like "$out" 'which is not trusted' 'is told'
exits 1 'verify --trust of all' "$pgoctl" store verify --trust our.key.pub
like "$out" "^bad: $(digest 0.fdata | cut -c1-12) .*is not signed" 'tells the one that is not signed'
exits 7 'the secret is no public key' "$pgoctl" store verify --trust our.key
like "$err" '\.pub$' 'and the hint says which is'
chmod 640 our.key
exits 6 'a key that others can read' "$pgoctl" store add --key our.key 0.fdata
like "$err" '^hint: chmod 600 ' 'and what mends it'
chmod 600 our.key
exits 0 'export --key' "$pgoctl" store export -k our.key -o all.tar.zst
head -n 2 all.tar.zst.sig >message
sed -n 's/^ed25519 //p' all.tar.zst.sig | python3 -c \
	'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >sig.bin
python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex("302a300506032b6570032100" +
	open(sys.argv[1]).read().split()[1]))' our.key.pub >pub.der
ok 'openssl finds the signature right' openssl pkeyutl -verify -pubin -keyform DER -inkey pub.der \
	-rawin -in message -sigfile sig.bin
is "$(sed -n 2p message)" "sha256 $(digest all.tar.zst)" 'and it is of the archive'
export_again() { store export -k our.key -o again.tar.zst >/dev/null && cmp all.tar.zst again.tar.zst; }
ok 'the same profiles give the same bytes' export_again
there=$tmp/there
exits 0 'import --trust' "$pgoctl" store import --store "$there" --trust our.key.pub all.tar.zst
like "$out" '^2 profiles, 2 new$' 'takes all'
exits 0 'import again' "$pgoctl" store import --store "$there" all.tar.zst --good
like "$out" '^2 profiles, 0 new$' 'is no error'
exits 0 'what is good there is good here then' "$pgoctl" store show --store "$there" demo/last-good
like "$out" "^profile +$(digest 3.fdata)" 'the same one'
exits 0 'each is signed there' "$pgoctl" store verify --store "$there" --trust our.key.pub
exits 7 'import by another key' "$pgoctl" store import --trust their.key.pub all.tar.zst
like "$err" 'is signed by the key [0-9a-f]{16}, which is not trusted' 'says so'
cp all.tar.zst bare.tar.zst
exits 7 'import without a signature' "$pgoctl" store import --trust our.key.pub bare.tar.zst
like "$err" 'is not signed' 'says so'
cp all.tar.zst.sig bare.tar.zst.sig
printf x >>bare.tar.zst
exits 7 'import of a changed archive' "$pgoctl" store import --trust our.key.pub bare.tar.zst
like "$err" 'is not the file that was signed' 'says so'
exits 7 'without --trust, too' "$pgoctl" store import bare.tar.zst
like "$err" 'is not the file that was signed' 'for the same reason'
echo garbage >bare.tar.zst.sig
exits 7 'what stands for a signature and is none' "$pgoctl" store import bare.tar.zst
like "$err" 'is no signature' 'is told'
is "$(tar --zstd -tf all.tar.zst | head -n 1)" manifest.json 'tar reads the archive'

# --- hostile archives, made by others
cat >hostile.py <<'END'
import hashlib, io, json, subprocess, sys, tarfile
good = b"1 main 5 1 f 0 0 10\n"
sha = lambda b: hashlib.sha256(b).hexdigest()
def member(name, data=b"", **k):
    t = tarfile.TarInfo(name)
    t.size = len(data)
    for key, value in k.items():
        setattr(t, key, value)
    return t, data
def archive(path, members, objects, claimed=None, **k):
    manifest = {"format": 1, "tool": "t", "signatures": [],
        "files": [{"sha256": h, "bytes": claimed or n} for h, n in sorted(objects)],
        "profiles": [{"project": "p", "sha256": h, "added": 0, "host": None, "origin": None,
                      "note": None, "last_good": True} for h, n in objects], **k}
    text = json.dumps(manifest).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for t, data in [member("manifest.json", text),
                        member("manifest.sha256", (sha(text) + "  manifest.json\n").encode())] + members:
            tar.addfile(t, io.BytesIO(data) if t.isreg() else None)
    open(path, "wb").write(subprocess.run(["zstd", "-q", "-c"], input=out.getvalue(), stdout=subprocess.PIPE).stdout)
h = sha(good)
ours, name = [(h, len(good))], "objects/" + h
archive("good", [member(name, good)], ours)
archive("up", [member("objects/../../../" + h, good)], ours)
archive("up2", [member("../" + name, good)], ours)
archive("absolute", [member("/tmp/" + h, good)], ours)
archive("symlink", [member(name, type=tarfile.SYMTYPE, linkname="/etc/passwd")], ours)
archive("through", [member("objects", type=tarfile.SYMTYPE, linkname="/tmp"), member(name, good)], ours)
archive("hardlink", [member(name, type=tarfile.LNKTYPE, linkname="manifest.json")], ours)
archive("device", [member(name, type=tarfile.CHRTYPE, devmajor=1, devminor=5)], ours)
archive("fifo", [member(name, type=tarfile.FIFOTYPE)], ours)
archive("swapped", [member(name, good.replace(b"10", b"11"))], ours)
archive("claims", [member(name, good)], ours, claimed=1 << 40)
archive("bomb", [member(name, bytes(64 << 20))], ours)
archive("extra", [member(name, good), member("objects/" + sha(b"x"), b"x")], ours)
archive("newer", [member(name, good)], ours, format=9)
archive("project", [member(name, good)], ours, profiles=[{"project": "../x", "sha256": h, "added": 0,
    "host": None, "origin": None, "note": None, "last_good": True}])
# A good archive of a bundle that would itself be a bomb.
manifest = json.loads(open("m/manifest.json").read())
manifest["payloads"][0]["bytes"] = 1 << 40
text = json.dumps(manifest).encode()
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w") as tar:
    for t, data in [member("manifest.json", text),
                    member("manifest.sha256", (sha(text) + "  manifest.json\n").encode())]:
        tar.addfile(t, io.BytesIO(data))
bundle = subprocess.run(["zstd", "-q", "-c"], input=out.getvalue(), stdout=subprocess.PIPE).stdout
archive("nested", [member("objects/" + sha(bundle), bundle)], [(sha(bundle), len(bundle))])
END
"$pgoctl" -q merge -o m.prof 0.fdata >/dev/null && mkdir m && tar -C m --zstd -xf m.prof
ok 'archives are made' python3 hostile.py
before=$(store list)
refused() {	# STATUS FILE TEXT
	exits "$1" "import of '$2'" "$pgoctl" store import "$2"
	like "$err" "$3" "'$2': says why"
}
for bad in up up2 absolute through extra; do refused 7 $bad 'is not in its manifest'; done
for bad in symlink hardlink device fifo; do refused 7 $bad 'is no regular file'; done
refused 7 swapped 'has not the digest of its manifest'
refused 7 claims 'would unpack to 1099511627776 bytes'
refused 7 bomb 'has not the size of its manifest'
refused 7 nested 'would unpack to 1099511627776 bytes'
refused 7 newer 'of store archive format 9'
refused 7 project 'lacks a field or has a wrong one'
refused 7 m.prof "no archive of a store|lacks a field"
is "$(store list)" "$before" 'nothing of them is in the store'
is "$(store verify | grep -c 'left over')" 0 'nor left over'
exits 7 'import --max-size' "$pgoctl" store import --max-size 10 good
exits 0 'a good one of the same making' "$pgoctl" store import good

# --- store: wherever a profile is taken
exits 0 'add a bundle' "$pgoctl" store add --good m.prof
exits 0 'show' "$pgoctl" show store:last-good
like "$out" '^bundle +store:last-good' 'names it so'
exits 0 'show of a bare one, by digest' "$pgoctl" show "store:$(digest 3.fdata)" --json
is "$(field '.path')" "store:$(digest 3.fdata)" 'as given'
exits 0 'diff' "$pgoctl" diff store:last-good 0.fdata
exits 1 'diff of others' "$pgoctl" diff store:last-good "store:$(digest 3.fdata)"
exits 0 'convert' "$pgoctl" convert store:last-good --to fdata
ok 'to a file of its name here' cmp last-good.fdata m/bolt.fdata
exits 0 'merge' "$pgoctl" merge -o both.prof -w 2,store:last-good 3.fdata --json
is "$(field '.inputs[1].path') $(field '.inputs[1].weight')" 'store:last-good 2' 'named so'
exits 0 'the project of another folder' "$pgoctl" -C / show store:demo/last-good
exits 2 'which is not that one' "$pgoctl" -C / show store:last-good
exits 2 'a name that is none' "$pgoctl" show store:nothing
exits 0 'add of what is in the store' "$pgoctl" store add -p third --good store:demo/last-good
cd .. || exit 1

# --- build
mkdir app && cd app || exit 1
mkdir src
printf '#include <stdio.h>\nint main(void) { for (int i = 0; i < 99; i++) printf("%%d\\n", i); return 0; }\n' >src/prog.c
printf 'prog: prog.c\n\t$(CC) -O2 -o prog prog.c\n' >src/Makefile
cat >pgo.yaml <<'END'
version: 1
toolchain: {cc: clang-22}
build: {source: src, command: make, artifacts: [prog]}
workloads:
  - {name: one, run: '"$PGO_OUT/prog"'}
END
exits 2 'no good profile of this project yet' "$pgoctl" build --profile store:last-good
like "$err" "^pgoctl: error: project 'app' has no last good profile" 'says so'
ok 'collect' "$pgoctl" collect
exits 0 'add --good' "$pgoctl" store add --good merged.prof --json
is "$(field '.profiles[0].technique')" instrument 'with what its manifest says'
exits 0 'build --profile store:last-good' "$pgoctl" build --profile store:last-good --json
key=$(field '.key')
exits 0 'build with the file' "$pgoctl" build --json
is "$(field '.key') $(field '.kept')" "$key true" 'is the same build'
exits 7 'build --trust of what is not signed' "$pgoctl" build -p store:last-good --trust ../demo/our.key.pub
like "$err" '^hint: pgoctl store add --key FILE store:' 'and how to sign it'
ok 'signed afterwards' "$pgoctl" store add -k ../demo/our.key store:last-good
exits 0 'build --trust' "$pgoctl" build -p store:last-good --trust ../demo/our.key.pub
exits 7 'build --trust of another key' "$pgoctl" build -p store:last-good --trust ../demo/their.key.pub
exits 2 'build --trust of a file' "$pgoctl" build --trust ../demo/our.key.pub
exits 0 'build -n' "$pgoctl" build -n -p store:app/last-good

# --- an index that is not this pgoctl's
cp -r "$tmp/store" "$tmp/newer"
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version = 41")' \
	"$tmp/newer/index.db"
exits 7 'a newer index' "$pgoctl" store --store "$tmp/newer" list
like "$err" 'is of version 41, this pgoctl knows up to 1' 'both versions are told'
rm "$tmp/newer/index.db"
exits 7 'a lost index' "$pgoctl" store --store "$tmp/newer" gc
like "$err" '^hint: the profiles can be added again' 'is not taken for an empty one'
is "$(find "$tmp/newer/objects" -type f | wc -l)" "$(find "$tmp/store/objects" -type f | wc -l)" 'no file is removed'
done_testing
