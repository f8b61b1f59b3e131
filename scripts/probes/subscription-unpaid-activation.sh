#!/usr/bin/env bash
# Tries to get a paid plan without paying: subscribes, pays nothing, and asks every gate. Over HTTP, as anybody could.
#
#   VEZA_TOKEN=<bearer token> scripts/probes/subscription-unpaid-activation.sh [--destructive]
#
# VEZA_API_URL   where the API is; http://localhost:3000 unless told
# VEZA_TOKEN     of a person who has no subscription, and a seller's role where selling is asked too
# VEZA_SELLING_GATED  true where the deployment has SUBSCRIPTION_GATES_SELLING=true: asks the gate of selling too. The last
#                line says whether it was asked: a role is refused before the gate, and an open deployment sells to anybody
# VEZA_PLAN      the plan that is tried: creator unless told
#
# Without --destructive it is a dry run: it reads, says what it would do, and knows nothing. With it, it subscribes and
# cancels again. Exit: 0 closed, 1 open, 2 unknown.
set -uo pipefail

api="${VEZA_API_URL:-http://localhost:3000}/api/v1"
plan="${VEZA_PLAN:-creator}"
destructive=false
has_subscribed=false
is_selling_gated="${VEZA_SELLING_GATED:-false}"

say() { printf '%s\n' "$*"; }
unknown() { say "UNKNOWN: $*"; clean_up; exit 2; }
open() { say "OPEN: $*"; clean_up; exit 1; }

case "${1:-}" in
  --destructive) destructive=true ;;
  '') ;;
  *) say "unknown option $1"; exit 2 ;;
esac
[ -n "${VEZA_TOKEN:-}" ] || { say 'VEZA_TOKEN is missing'; exit 2; }
for program in curl node; do command -v "$program" >/dev/null || { say "$program is missing"; exit 2; }; done

# call METHOD PATH [JSON]: sets $status and $body. The token goes through standard input, not into the list of processes.
call() {
  local answer
  answer=$(printf 'header = "Authorization: Bearer %s"\n' "$VEZA_TOKEN" |
    curl --silent --show-error --max-time 40 --config - --request "$1" --write-out '\n%{http_code}' \
      ${3:+--header 'Content-Type: application/json' --data "$3"} "$api$2") || { status=000; body=''; return; }
  status="${answer##*$'\n'}"
  body="${answer%$'\n'*}"
}

# holds EXPRESSION: whether it is true of the answer, called `it`.
holds() {
  printf '%s' "$body" | node -e '
    const it = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    process.exit(new Function("it", `return ${process.argv[1]}`)(it) ? 0 : 1);' "$1" 2>/dev/null
}

clean_up() {
  $has_subscribed || return 0
  has_subscribed=false
  call POST /subscriptions/cancel '{}'
  [ "$status" = 200 ] && say 'cleaned up: the subscription is cancelled' || say "NOT CLEANED UP: cancel answers $status"
}
trap clean_up EXIT

# The gate that every feature goes through: a subscription is shown only where it grants something.
ask_gates() {
  call GET /me/subscription
  [ "$status" = 200 ] || unknown "GET /me/subscription answers $status $1"
  holds 'it.subscription !== null' && open "GET /me/subscription grants a plan $1"
  holds 'it.needs_payment === true' || open "GET /me/subscription asks for no payment $1"
  holds 'it.pending === null || !it.pending.subscription.features.can_distribute' || open "the features are given $1"
  ask_selling "$1"
}

# Only the gate's own codes close it: who has no role to sell is refused before it is asked.
ask_selling() {
  [ "$is_selling_gated" = true ] || return 0
  call POST /marketplace/products '{"title":"Probe of the payment gate","amount":100,"currency":"USD","active":false}'
  [ "$status" = 201 ] && open "a product was created $1"
  holds "['subscription_no_payment', 'plan_required'].includes(it.code)" ||
    unknown "the gate of selling was not reached $1: POST /marketplace/products answers $status $body"
}

call GET /me/subscription
[ "$status" = 200 ] || unknown "GET /me/subscription answers $status: is the token good, and the API there?"
holds 'it.subscription === null && it.needs_payment === false' ||
  unknown 'this person has a subscription already: take one who has none'
call GET /plans
[ "$status" = 200 ] && holds "it.data.some((one) => one.id === '$plan' && one.rank > 0)" ||
  unknown "there is no paid plan $plan to try"

if ! $destructive; then
  say "dry run: would subscribe to $plan, pay nothing, ask the gates, and cancel. Nothing was tried: --destructive does it."
  exit 2
fi

# Before a row is written: a token that cannot ask this gate would leave one for nothing.
ask_selling 'before subscribing'
call POST /subscriptions/subscribe "{\"plan_id\":\"$plan\"}"
[ "$status" = 201 ] || [ "$status" = 202 ] || unknown "subscribing answers $status"
has_subscribed=true
say "subscribed to $plan, and paid nothing"
holds "it.subscription.status === 'pending_payment'" || open 'the subscription does not wait for its payment'
ask_gates 'after subscribing'

# What a cheat would try next. Each may answer what it likes: the gates are asked after it.
call POST /subscriptions/subscribe "{\"plan_id\":\"$plan\",\"status\":\"active\"}"
ask_gates 'after naming a status'
call POST /subscriptions/reactivate '{}'
ask_gates 'after taking back a cancellation that never was'
call POST /subscriptions/change '{"plan_id":"premium"}'
ask_gates 'after wishing for a higher plan'
call POST /subscriptions/payment-method '{}'
ask_gates 'after beginning to put a card on file'
call POST /subscriptions/pay '{}'
ask_gates 'after beginning to pay'

clean_up
call GET /me/subscription
[ "$status" = 200 ] && holds 'it.subscription === null && it.needs_payment === false' ||
  unknown 'the subscription is not gone'
if [ "$is_selling_gated" = true ]; then
  say 'CLOSED: nothing is given before the payment is confirmed; selling was asked too'
else
  say 'CLOSED, but for selling, which was not asked: nothing else is given before the payment is confirmed'
fi
exit 0
