#!/usr/bin/env bash
# Times what anybody may ask about an address, for addresses that have an account and for made-up ones, side by side: the
# two columns should not differ. Each known address gets a mail; each made-up one that registers is an account unconfirmed.
#
#   scripts/probes/address-times.sh ada@people.example grace@people.example …
#
# VEZA_API_URL   where the API is; http://localhost:3000 unless told
#
# Take thirty known addresses or more, in an installation whose RATE_LIMIT_AUTH allows it: an address gets one mail a minute,
# so that each is asked about by one route, and signed in to by all.
# Exit: 0 all calls were answered alike, 1 some were not: another status, or medians that differ by more than half of the
# smaller one and by VEZA_PROBE_MS; 2 it could not be tried.
#
# VEZA_PROBE_MS   the least difference that counts, in milliseconds; 100 unless told
set -uo pipefail

api="${VEZA_API_URL:-http://localhost:3000}/api/v1"
password='a password that nobody has chosen'

say() { printf '%s\n' "$*"; }
[ $# -ge 3 ] || { say 'name three addresses that have an account, or more'; exit 2; }
for program in curl awk sort; do command -v "$program" >/dev/null || { say "$program is missing"; exit 2; }; done

# ask PATH ADDRESS: the status and the milliseconds that the answer took.
ask() {
  local body="{\"email\":\"$2\"}"
  case "$1" in */login | */register) body="{\"email\":\"$2\",\"password\":\"$password\"}" ;; esac
  curl --silent --max-time 40 --output /dev/null --write-out '%{http_code} %{time_total}\n' \
    --header 'Content-Type: application/json' --data "$body" "$api$1" | awk '{ printf "%s %.0f\n", $1, $2 * 1000 }'
}

# median FILE: of its second column.
median() { awk '{ print $2 }' "$1" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
# apart A B: whether two medians differ clearly.
apart() { awk -v a="$1" -v b="$2" -v least="${VEZA_PROBE_MS:-100}" 'BEGIN { d = a > b ? a - b : b - a; s = a > b ? b : a; exit !(d > least && d > s / 2) }'; }
statuses() { awk '{ print $1 }' "$1" | sort -u | tr '\n' ' '; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
differs=0
printf '%-28s %10s %10s   %s\n' 'median in ms' known unknown statuses
turn=-1
for path in /auth/login /auth/register /auth/password-reset /auth/verify-email/resend; do
  : >"$folder/known"
  : >"$folder/unknown"
  number=0
  for address in "$@"; do
    number=$((number + 1))
    [ "$turn" -lt 0 ] || [ $((number % 3)) -eq "$turn" ] || continue
    ask "$path" "$address" >>"$folder/known"
    ask "$path" "nobody-$$-$number-${path//\//-}@people.example" >>"$folder/unknown"
  done
  turn=$((turn + 1))
  known=$(statuses "$folder/known")
  unknown=$(statuses "$folder/unknown")
  [ "$known" = "$unknown" ] || differs=1
  case "$known$unknown" in *000*) say "no answer from $api$path"; exit 2 ;; esac
  known_ms=$(median "$folder/known")
  unknown_ms=$(median "$folder/unknown")
  ! apart "$known_ms" "$unknown_ms" || differs=1
  printf '%-28s %10s %10s   %s| %s\n' "$path" "$known_ms" "$unknown_ms" "$known" "$unknown"
done
exit "$differs"
