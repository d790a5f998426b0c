#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every script of this folder over the soft NIC, and but for those that say
# `// family: ipv4` over IPv6 and with IPv4-mapped addresses, too; those that say `// nic: rtl` in
# their first lines also through driver and RTL; `// profile: bsd` as FreeBSD.
# Times are exact here: no tolerance that grows with time. Then those of wrong/, which
# must fail.
cd "$(dirname "$0")/../.." || exit 1
tool=${BUILD:-build}/test/packhorse
passed=0 failed=0

# run PROFILE NIC FAMILY FILE...
run() {
  profile=$1 nic=$2 family=$3
  shift 3
  [ $# -gt 0 ] || return 0
  output=$("$tool" packet --quiet --tolerance_percent 0 --profile "$profile" --nic "$nic" --ip-version "$family" "$@" 2>&1)
  status=$?
  printf '%s\n' "$output"
  counts=$(printf '%s\n' "$output" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' | tail -n 1)
  [ -n "$counts" ] || counts="0 $#"
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
  if [ $status -ne 0 ] && [ "${counts#* }" -eq 0 ]; then
    failed=$((failed + 1))
  fi
}

# Files whose first five lines have the comment.
saying() {
  awk -v word="^// $1\$" 'FNR == 1 { said = 0 } FNR <= 5 && $0 ~ word && !said { print FILENAME; said = 1 }' tests/packet/*.pkt
}

bsd=$(saying 'profile: bsd')
rtl=$(saying 'nic: rtl')
linux=
for file in tests/packet/*.pkt; do
  case "
$bsd
" in
    *"
$file
"*) ;;
    *) linux="$linux $file" ;;
  esac
done
neutral() {
  for file; do
    case "
$ipv4
" in
      *"
$file
"*) ;;
      *) echo "$file" ;;
    esac
  done
}
ipv4=$(saying 'family: ipv4')
# File names are identifiers: no spaces to protect.
# shellcheck disable=SC2086
{
  run linux soft ipv4 $linux
  run bsd soft ipv4 $bsd
  run linux rtl ipv4 $rtl
  run linux soft ipv6 $(neutral $linux)
  run bsd soft ipv6 $(neutral $bsd)
  run linux rtl ipv6 $(neutral $rtl)
  run linux soft ipv4-mapped-ipv6 $(neutral $linux)
}
# What is wrong must be seen, and said: `// expect: text` in the first line, or
# `// skip: text` if the script is about what is not built.
for file in tests/packet/wrong/*.pkt; do
  text=$(sed -n '1s/^\/\/ [a-z]*: //p' "$file")
  right='[12]'
  grep -q '^// skip: ' "$file" && right=77
  output=$("$tool" packet --tolerance_percent 0 "$file" 2>&1)
  status=$?
  case $status:$output in
    $right:*"$file:"*"$text"*) passed=$((passed + 1)) ;;
    *)
      failed=$((failed + 1))
      printf '%s\n' "  FAIL  $file: expected '$text', status $status:" "$output"
      ;;
  esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
