# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# What the fetch scripts of the examples share; they source it and have set
# $here, their own folder. It exits with 6 when the source cannot be had (no
# network, no mirror, a tool missing) and with 7 when it is not the pinned one.
#
# The source comes from Debian's archive by apt-get, with a sources list, index
# and cache of its own in $here/.fetch: the system's are read, never written.

umask 022
state=$here/.fetch
work=

fetch_cleanup()
{
	[ -z "$work" ] || rm -rf "$work"
}
trap fetch_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say()
{
	printf '%s\n' "fetch: $*" >&2
}

# die CODE MESSAGE [HINT]
die()
{
	say "error: $2"
	[ $# -lt 3 ] || printf 'hint: %s\n' "$3" >&2
	exit "$1"
}

# need COMMAND DEBIAN-PACKAGE
need()
{
	command -v "$1" >/dev/null ||
		die 6 "cannot find '$1'" "apt-get install $2"
}

# fetch_source PACKAGE UPSTREAM-VERSION TARBALL SHA256: what to take
fetch_source()
{
	package=$1 upstream=$2 tarball=$3 sha256=$4
	stamp="$package $upstream $sha256"
	for tool in awk sed sha256sum tar; do
		command -v "$tool" >/dev/null || die 6 "cannot find '$tool'"
	done
}

# Whether src has to be made; one that no fetch made is not touched.
fetch_missing()
{
	if [ ! -e "$here/src" ]; then
		return 0
	elif [ ! -f "$here/src/.fetched" ]; then
		die 2 "'$here/src' was not made by this script" \
			"move it away and run ./fetch again"
	elif [ "$(cat "$here/src/.fetched")" = "$stamp" ]; then
		say "$package $upstream is in src already"
		return 1
	fi
}

begin_work()
{
	mkdir -p "$state" || die 6 "cannot write to '$here'"
	work=$(mktemp -d "$here/src.tmp.XXXXXX") ||
		die 6 "cannot write to '$here'"
}

# The suites of Debian that this system takes, as an extended expression.
suite_pattern()
{
	codename=$(sed -n 's/^VERSION_CODENAME="\{0,1\}\([a-z]*\)"\{0,1\}$/\1/p' \
		/etc/os-release)
	names="${codename:-sid}|oldoldstable|oldstable|stable|testing|unstable|sid"
	printf '%s' "^($names)(-updates|-security|/updates)?\$"
}

# One-line entries on stdin to entries for the sources of the main component.
convert_list()
{
	awk -v suites="$1" '
	{ sub(/#.*/, "") }
	$1 == "deb" || $1 == "deb-src" {
		options = ""
		sub(/^[ \t]*deb(-src)?[ \t]+/, "")
		if (sub(/^\[/, "")) {
			options = "[" substr($0, 1, index($0, "]")) " "
			$0 = substr($0, index($0, "]") + 1)
		}
		entry = "deb-src " options $1 " " $2 " main"
		main = 0
		for (i = 3; i <= NF; i++)
			if ($i == "main")
				main = 1
		if (main && $2 ~ suites && $1 !~ /^cdrom:/ && !seen[entry]++)
			print entry
	}'
}

# The same for a deb822 file: its other fields, such as Signed-By, stay.
convert_sources()
{
	awk -v suites="$1" '
	function words(key, wanted,    list, n, i, out) {
		n = split(value[key], list, /[ \t\n]+/)
		for (i = 1; i <= n; i++)
			if (list[i] ~ wanted)
				out = out " " list[i]
		return out
	}
	function flush(    entry, s, k) {
		s = words("suites", suites)
		if (s != "" && words("components", "^main$") != "" &&
		    words("types", "^deb(-src)?$") != "" &&
		    tolower(value["enabled"]) !~ /^[ \t]*(no|false|0|off)/) {
			entry = "Types: deb-src\nSuites:" s \
				"\nComponents: main\n" rest
			if (!seen[entry]++)
				print entry
		}
		rest = key = ""
		for (k in value)
			delete value[k]
	}
	/^#/ { next }
	/^[ \t]*$/ { flush(); next }
	/^[^ \t]/ {
		colon = index($0, ":")
		key = tolower(substr($0, 1, colon - 1))
		value[key] = ""
		text = substr($0, colon + 1)
	}
	/^[ \t]/ { text = $0 }
	{ value[key] = value[key] text " " }
	key !~ /^(types|suites|components|enabled|architectures)$/ {
		rest = rest $0 "\n"
	}
	END { flush() }'
}

# Write the private lists; false when the system has no entry of use.
write_sources()
{
	eval "$(apt-config shell list Dir::Etc::sourcelist/f \
		parts Dir::Etc::sourceparts/d)"
	pattern=$(suite_pattern)
	mkdir -p "$work/sources.list.d"
	cat "$list" "$parts"/*.list 2>/dev/null | convert_list "$pattern" \
		>"$work/sources.list.d/debian.list"
	for file in "$parts"/*.sources; do
		[ ! -f "$file" ] || { cat "$file" && echo; }
	done | convert_sources "$pattern" \
		>"$work/sources.list.d/debian.sources"
	[ -s "$work/sources.list.d/debian.list" ] ||
		[ -s "$work/sources.list.d/debian.sources" ]
}

# Of the system's configuration only how to reach a mirror is taken, so that
# none of its hooks runs.
write_apt_conf()
{
	mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
	: >"$work/apt/status"
	{
		apt-config dump | sed -n '/^Acquire::/p'
		echo 'Dir::Etc::main "/dev/null";'
		echo 'Dir::Etc::parts "/dev/null";'
		echo 'Acquire::Languages "none";'
		echo 'Acquire::Retries "2";'
		echo 'APT::Sandbox::User "root";'
	} >"$work/apt.conf"
}

# private COMMAND ARGUMENT...: a command of apt that sees nothing but $work
private()
{
	command=$1
	shift
	APT_CONFIG=$work/apt.conf "$command" \
		-o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$work/sources.list.d" \
		-o Dir::State="$work/apt" -o Dir::State::lists="$work/apt/lists" \
		-o Dir::State::status="$work/apt/status" \
		-o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" \
		"$@"
}

# The full version in Debian of the pinned upstream version, or nothing.
find_version()
{
	private apt-cache showsrc --only-source "$package" 2>/dev/null |
		awk -v want="$upstream" '
		/^Version:/ && !found {
			version = upstream = $2
			sub(/^[0-9]+:/, "", upstream)
			sub(/-[^-]*$/, "", upstream)
			if (upstream == want) {
				print version
				found = 1
			}
		}'
}

last_lines()
{
	tail -n 5 "$work/log" | sed 's/^/  /' >&2
}

download()
{
	by_hand="put $tarball, from any mirror of Debian, into $state and run ./fetch again"
	for tool in apt-config apt-get apt-cache; do
		command -v "$tool" >/dev/null ||
			die 6 "cannot find '$tool', which takes the source from Debian" "$by_hand"
	done
	write_sources ||
		die 6 "no Debian archive in the system's apt sources" "$by_hand"
	write_apt_conf
	say "taking $package $upstream from Debian"
	private apt-get -q update >"$work/log" 2>&1 || :
	version=$(find_version)
	if [ -z "$version" ]; then
		last_lines
		die 6 "no mirror gave the sources of $package $upstream" "$by_hand"
	fi
	mkdir "$work/download"
	(cd "$work/download" && private apt-get -q --download-only --tar-only \
		--only-source source "$package=$version") >"$work/log" 2>&1 || {
		last_lines
		die 6 "cannot download $package $version" "$by_hand"
	}
	[ -f "$work/download/$tarball" ] ||
		die 6 "$package $version comes without '$tarball'" "$by_hand"
}

# check_tarball FILE
check_tarball()
{
	sum=$(sha256sum <"$1") || die 6 "cannot read '$1'"
	[ "${sum%% *}" = "$sha256" ] ||
		die 7 "'$1' is not the $tarball that is pinned: SHA-256 ${sum%% *}, not $sha256"
}

# Unpack the pinned tarball, taken from the archive unless it is there, into
# $new, beside where it will stand.
fetch_unpack()
{
	begin_work
	if [ ! -f "$state/$tarball" ]; then
		download
		check_tarball "$work/download/$tarball"
		mv "$work/download/$tarball" "$state/$tarball"
	fi
	check_tarball "$state/$tarball"
	new=$work/src
	mkdir "$new"
	tar -x --no-same-owner --strip-components=1 -C "$new" \
		-f "$state/$tarball" || die 7 "cannot unpack '$state/$tarball'"
}

# Let $new take the place of src.
fetch_place()
{
	printf '%s\n' "$stamp" >"$new/.fetched"
	[ ! -e "$here/src" ] || mv "$here/src" "$work/old"
	mv "$new" "$here/src"
	rm -rf "$work"
	work=
	say "$package $upstream is in src"
}

# What a script still does to the files of fetch_data, in the folder $1.
finish_data()
{
	:
}

# Make the files of data/ that the lines on stdin name: KIND SIZE SEED NAME.
fetch_data()
{
	files=$(cat)
	made="$(cat "$here/../mkdata.c" "$here/fetch" | cksum) $files"
	if [ -f "$here/data/.made" ] &&
	   [ "$(cat "$here/data/.made")" = "$made" ]; then
		say "data is there already"
		return
	fi
	begin_work
	mkdir "$work/data"
	need "${CC:-cc}" gcc
	"${CC:-cc}" -O2 -o "$work/mkdata" "$here/../mkdata.c" ||
		die 6 "cannot compile mkdata.c"
	printf '%s\n' "$files" | while read -r kind size seed name; do
		"$work/mkdata" "$kind" "$size" "$seed" >"$work/data/$name" ||
			exit 6
	done || die 6 "cannot write data"
	finish_data "$work/data"
	printf '%s\n' "$made" >"$work/data/.made"
	rm -rf "$here/data"
	mv "$work/data" "$here/data"
	rm -rf "$work"
	work=
	say "data is made"
}
