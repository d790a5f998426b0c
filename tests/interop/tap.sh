#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Linux kernel at the other end of a TAP device: ping, curl both ways, equal hashes.
# Usage: tests/interop/tap.sh [NIC]...   (rtl and soft when none is given)
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=${BUILD:-build}/packhorse
if [ "${1:-}" != --inside ]; then
  if [ ! -c /dev/net/tun ]; then
    echo "skipped: there is no /dev/net/tun"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  # A network namespace of its own; a user namespace too unless we are root.
  map=-n
  [ "$(id -u)" = 0 ] || map=-rn
  if ! unshare $map true 2>/dev/null; then
    echo "skipped: network namespaces are not permitted here"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  exec unshare $map "$0" --inside "$@"
fi
shift
passed=0
failed=0
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
ip link set lo up
mkdir "$work/www"
head -c 1000000 /dev/urandom >"$work/www/up"
head -c 700000 /dev/urandom >"$work/down"

check() { # NAME COMMAND...
  name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    cat "$work/log"
  fi
}

wait_ready() { # lines in the log, for at most 20 s
  for _ in $(seq 200); do
    grep -q '^ready' "$work/log" && return 0
    sleep 0.1
  done
  return 1
}

answers_ping() {
  ping -c 3 -i 0.2 -W 10 10.0.0.1 >"$work/ping" 2>&1 && grep -q ' 0% packet loss' "$work/ping"
}

# Linux fetches from our server.
serve() { # NIC
  timeout 120 "$tool" tap --nic "$1" --file "$work/down" --log "$work/session" >"$work/log" 2>&1 &
  pid=$!
  check "$1: starts" wait_ready
  check "$1: Linux pings us" answers_ping
  curl -s -m 60 -o "$work/got" http://10.0.0.1/file
  check "$1: curl gets our file" cmp "$work/down" "$work/got"
  curl -s -m 60 -o /dev/null -w '%{http_code}' http://10.0.0.1/none >"$work/code"
  check "$1: curl is told 404" grep -q 404 "$work/code"
  kill -TERM $pid
  wait $pid
  check "$1: the server ends well" test $? = 0
  timeout 120 "$tool" tap --nic "$1" --file "$work/down" --replay "$work/session" >"$work/again" 2>&1
  grep '^event hash' "$work/log" >"$work/hash"
  check "$1: the recorded session replays to the same event hash" grep -qxFf "$work/hash" "$work/again"
}

# Our client fetches from a Linux server.
fetch() { # NIC
  timeout 120 "$tool" tap --nic "$1" --fetch http://10.0.0.2:8000/up --output "$work/got" >"$work/log" 2>&1
  check "$1: our client gets a file from Linux" test $? = 0
  check "$1: the file is the same" cmp "$work/www/up" "$work/got"
}

python3 -m http.server 8000 --directory "$work/www" >/dev/null 2>&1 &
for nic in ${*:-rtl soft}; do
  serve "$nic"
  fetch "$nic"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
