#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PORT REQUESTS: start the server of this stage, load it, stop it. Requests come 32 at a time, or
# most of the time is the kernel's, of which PGO changes nothing.
set -eu
port=$1
"$PGO_OUT/src/redis-server" --bind 127.0.0.1 --port "$port" --save "" --appendonly no \
	--dir "$PGO_TMP" >/dev/null &
until "$PGO_OUT/src/redis-cli" -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
"$PGO_OUT/src/redis-benchmark" -p "$port" -q -n "$2" -P 32 -c 20 -r 10000 \
	-t set,get,incr,lpush,lpop,sadd,hset,spop,zadd,lrange_100,mset >/dev/null
"$PGO_OUT/src/redis-cli" -p "$port" shutdown nosave
wait
