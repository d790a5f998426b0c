#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A program that knows build/libpackhorse.a or .so and one header: it compiles with the plain names of sockets, links
# with no other library, runs, and sees no other name of ours in the shared object.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
check() { # NAME COMMAND...
  name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    cat "$work/log"
  fi
}
mkdir "$work/include"
cp sim/threads/packhorse.h "$work/include"
cat >"$work/program.c" <<'EOF'
#define PACKHORSE_BSD_NAMES
#include <errno.h>
#include <packhorse.h>

int main(void) {
  int wire[2], fd;
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  char data[4] = "";
  if (socket(AF_INET, SOCK_DGRAM, 0) != -1 || errno != ENETDOWN || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire) != 0) {
    return 1;
  }
  struct packhorse_config config = {.frames_fd = wire[0], .address = {"10.0.0.1/24"}};
  struct packhorse *stack = packhorse_start(&config);
  if (!stack || (fd = socket(AF_INET, SOCK_DGRAM, 0)) != 0) {
    return 2;
  }
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, &at, sizeof(at)) != 0 || getsockname(fd, &at, &len) != 0 ||
      sendto(fd, "abc", 3, 0, &at, len) != 3 || recv(fd, data, sizeof(data), 0) != 3 || data[2] != 'c') {
    return 3;
  }
  packhorse_stop(stack, 0);
  packhorse_free(stack);
  return close(fd) == -1 && errno == ENETDOWN ? 0 : 4;
}
EOF
flags="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I$work/include"
check "compiles and links with the archive" ${CC:-gcc} $flags "$work/program.c" "$build/libpackhorse.a" -lpthread -o "$work/static"
check "runs" "$work/static"
check "compiles and links with the shared object" \
  ${CC:-gcc} $flags "$work/program.c" -L"$build" -lpackhorse -Wl,-rpath,"$PWD/$build" -o "$work/shared"
check "runs" "$work/shared"
nm -D --defined-only "$build/libpackhorse.so" | awk '{print $3}' | sort >"$work/exported"
sed -n 's/^[a-z].*[ *]\(packhorse_[a-z0-9_]*\)(.*/\1/p' sim/threads/packhorse.h | sort -u >"$work/declared"
check "exports what the header declares and nothing else" diff "$work/declared" "$work/exported"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
