#!/usr/bin/env bash
# Chromium for the tests of the operators' console, where the machine has none. Debian and its like, as root.
set -euo pipefail

for name in "${CHROMIUM_PATH:-}" chromium chromium-browser google-chrome; do
  if [[ -n $name ]] && command -v "$name" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null || ((EUID != 0)); then
  echo 'The console is tested in Chromium, and there is none: install it, or name one in CHROMIUM_PATH.' >&2
  exit 1
fi
# Two test files may ask at once.
exec 9>"${TMPDIR:-/tmp}/veza-install-chromium.lock"
flock 9
if command -v chromium >/dev/null; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium
