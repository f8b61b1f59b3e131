#!/usr/bin/env bash
# PgBouncer for the test that runs through it, where the machine has none. Debian and its like, as root.
set -euo pipefail

for folder in /usr/sbin /usr/local/sbin /usr/bin /usr/local/bin; do
  if [[ -x $folder/pgbouncer ]]; then exit 0; fi
done
if ! command -v apt-get >/dev/null || ((EUID != 0)); then
  echo 'A test goes through PgBouncer, and there is none: install 1.18 or newer.' >&2
  exit 1
fi
# Two runs may ask at once.
exec 9>"${TMPDIR:-/tmp}/veza-install-pgbouncer.lock"
flock 9
if [[ -x /usr/sbin/pgbouncer ]]; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends pgbouncer
