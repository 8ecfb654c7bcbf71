#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Training a server: collect --ready --drive, the same in pgo.yaml, and --continuous.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-14 clang-19 clang-22 gcc-12 jq

mkdir project && cd project || exit 1
cat >server.c <<'X'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noinline)) int warm_up(int x) { return x % 5 ? x : -x; }
__attribute__((noinline)) int answer(int x) { return x % 3 ? x : -x; }

/* server SOCKET KIND: plain, stubborn (ignores SIGTERM), daemon, workers, late, dies, never, crashes */
int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *kind = argc > 2 ? argv[2] : "plain";
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char byte;

	for (int i = 0; i < 100; i++)
		sink += warm_up(i);
	if (!strcmp(kind, "stubborn"))
		signal(SIGTERM, SIG_IGN);
	if (!strcmp(kind, "dies"))
		return fprintf(stderr, "no licence\n"), 3;
	if (!strcmp(kind, "never"))
		for (;;)
			pause();
	if (!strcmp(kind, "late"))
		usleep(400000);
	if (!strcmp(kind, "daemon") && daemon(1, 1))
		return 1;
	strcpy(to.sun_path, argv[1]);
	unlink(argv[1]);
	if (bind(s, (struct sockaddr *)&to, sizeof(to)) || listen(s, 50))
		return perror("bind"), 1;
	if (!strcmp(kind, "workers"))
		for (int i = 0; i < 2; i++)
			if (!fork())
				break;
	while ((c = accept(s, 0, 0)) >= 0) {
		if (read(c, &byte, 1) == 1 && byte == 'a')
			sink += answer(1);
		if (byte == 'a' && !strcmp(kind, "crashes"))
			raise(SIGSEGV);
		if (write(c, "", 1) != 1 || close(c))
			return 1;
	}
	return 1;
}
X
cat >client.c <<'X'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* client SOCKET WHAT N */
int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char byte;

	(void)argc;
	strcpy(to.sun_path, argv[1]);
	for (int i = atoi(argv[3]); i > 0; i--) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (connect(s, (struct sockaddr *)&to, sizeof(to)) || write(s, argv[2], 1) != 1 ||
		    read(s, &byte, 1) != 1)
			return 1;
		close(s);
	}
	return 0;
}
X
gcc-12 client.c -o "$tmp/client" || exit 1
sock=$tmp/s
for cc in clang-22 gcc-12; do
	cat >pgo-$cc.yaml <<X
version: 1
toolchain: {cc: $cc}
build: {command: "\$CC -O1 server.c -o server", artifacts: [server]}
workloads:
  - {name: unused, run: 'false', use: train}
X
done
# serve KIND [OPTION...]: 100 requests are answered by a server that 10 pings have found ready
serve() {
	kind=$1
	shift
	run "$pgoctl" collect -c pgo-$cc.yaml --force -o "$tmp/$cc.prof" \
		--ready "$tmp/client $sock p 10" --drive "$tmp/client $sock a 100" "$@" -- ./server "$sock" "$kind"
}
# count FUNCTION: what its counters come to, by the bundle. GCC's have no names: the kth in order.
count() {
	case $cc-$1 in
	gcc-*-answer) set -- '.:' 1 ;;
	gcc-*-warm_up) set -- '.:' 0 ;;
	*) set -- "$1" 0 ;;
	esac
	"$pgoctl" show "$tmp/$cc.prof" --function "${1#.}" --json |
		jq "[.. | objects | select(has(\"sum\")) | .sum] | sort | .[$2]"
}
for cc in clang-22 gcc-12; do
	for kind in plain daemon workers; do
		serve $kind
		is "$status" 0 "$cc: a server, $kind" || diag <"$tmp/err"
		is "$(count answer)" 100 'every answer is counted, once'
		is "$(count warm_up)" 0 'what came before it was ready is not'
		nok 'none is left' "$tmp/client" "$sock" p 1
	done
	like "$err" "server 'command': ready after .* \(its counts until then are discarded\), loaded for" 'is told'
	like "$err" "'./server' is run as the instrumented build has made it" 'which program it was, too'
done
cc=clang-22
serve stubborn
is "$status" 0 'a server that does not end when asked to'
like "$err" "1 processes did not end within 10 s of SIGTERM and were killed" 'is killed, which is said'
is "$(count answer)" 100 'with its counts'
like "$(cat .pgo/train/command/0/run.json)" '"warm_up_discarded": true' 'the run has its record'
like "$(cat .pgo/train/command/0/run.json)" '"killed": 1' 'with all of it'

serve dies
is "$status" 8 'a server that ends'
like "$err" 'failed with status 3' 'is named, with its status'
like "$err" 'no licence' 'and its last words'
serve crashes --drive "$tmp/client $sock a 1 || :"
is "$status" 8 'a server that crashes under its load'
like "$err" 'was ended by signal 11' 'is no run, by its signal'
like "$err" 'hint: the server ended before its load did' 'and in time'
unlike "$err" 'SIGTERM' 'which was not asked for'
serve plain --drive 'exit 4'
is "$status" 8 'a load that fails'
like "$err" "the load of workload 'command' failed with status 4" 'is named'
nok 'and the server does not live on' "$tmp/client" "$sock" p 1
for bad in "--ready true" "--drive true" "--ready true --drive true --sample"; do
	# shellcheck disable=SC2086
	exits 2 "refused: $bad" "$pgoctl" collect -c pgo-clang-22.yaml $bad
done
exits 2 'no load' "$pgoctl" collect -c pgo-clang-22.yaml --ready true -- ./server x

# --- continuous: counted in the file, so that also a kill loses nothing
cat >killed.sh <<X
"\$PGO_OUT/server" "$sock" plain & pid=\$!
n=0
while ! $tmp/client $sock p 1 && [ \$n -lt 100 ]; do n=\$((n + 1)); sleep 0.05; done
$tmp/client $sock a 100
kill -KILL \$pid
wait \$pid || true
X
for cc in clang-19 clang-22; do
	sed "s/clang-22/$cc/; s/unused, run: 'false'/killed, run: 'sh killed.sh'/" pgo-clang-22.yaml >pgo-c.yaml
	exits 0 "$cc: a program that is killed, counting in its file" "$pgoctl" collect -c pgo-c.yaml \
		-o "$tmp/$cc.prof" --continuous
	is "$(count answer)" 100 'has all its counts'
	exits 0 'the profile is used' "$pgoctl" build -c pgo-c.yaml --profile "$tmp/$cc.prof"
done
cc=clang-22
serve plain --continuous
is "$status" 0 'a server that counts in its file'
like "$err" "stays in its profile: it counts in the file" 'keeps its warm-up, which is said'
is "$(count answer)" 100 'and all its answers'
exits 6 'clang-14 cannot' "$pgoctl" collect -c pgo-clang-22.yaml --cc clang-14 --continuous
like "$err" 'clang 14[.0-9]* crashes' 'as it crashes'
exits 6 'gcc cannot' "$pgoctl" collect -c pgo-gcc-12.yaml --continuous
like "$err" 'hint: .*--every 30s' 'and what can, is said'

# --- in pgo.yaml
cat >pgo.yaml <<X
version: 1
toolchain: {cc: clang-22}
build: {command: "\$CC -O1 server.c -o server", artifacts: [server]}
workloads:
  - name: served
    run: '"\$PGO_OUT/server" $sock late'
    ready: $tmp/client $sock p 1
    drive: $tmp/client $sock a 50
    use: train
X
exits 0 'a workload that is a server' "$pgoctl" collect -o "$tmp/clang-22.prof"
cc=clang-22
is "$(count answer)" 50 'its answers'
is "$(count warm_up)" 0 'and nothing else'
run "$pgoctl" -v collect
like "$err" 'training: 1 runs \(1 kept\)' 'is not run again'
sed -i 's/a 50/a 51/' pgo.yaml
run "$pgoctl" collect -n
like "$out" "until $tmp/client $sock p 1; do sleep 0.1; done" 'the plan has it'
run "$pgoctl" collect -o "$tmp/clang-22.prof"
is "$(count answer)" 51 'but it is with another load'
sed -i 's/late/never/; s/use: train/&\n    timeout: 1s/' pgo.yaml
exits 8 'a server that is never ready' "$pgoctl" collect
like "$err" "the server of workload 'served' was not ready within 1.00 s" 'is given up'
sed 's/use: train/use: both/' pgo.yaml >both.yaml
exits 2 'a server is not validated' "$pgoctl" collect -c both.yaml
like "$err" "both.yaml:8:.*'drive' can only train" 'with the place'
sed '/drive:/d' pgo.yaml >ready.yaml
exits 2 'ready alone' "$pgoctl" collect -c ready.yaml
like "$err" "'ready' without 'drive'" 'is refused'
done_testing
