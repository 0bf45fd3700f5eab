#!/usr/bin/env bash
# npm run test:peers: installs from Debian what the claims need, runs them beside a real Keystone, sums up.
# npm run test:differential: the same for the comparison with a real Barbican.
# Everything it starts is stopped by pid, everything it writes goes with its temporary folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

part=${1:-peers}
die() { printf 'test:%s: %s\n' "$part" "$*" >&2; exit 1; }

case $part in
  peers)
    program=test/peers/all.ts
    packages=(
      python3-keystone uwsgi-core uwsgi-plugin-python3
      python3-castellan python3-barbicanclient python3-openstackclient
      python3-keystoneauth1 python3-oslo.context python3-cryptography
      python3-cinder python3-nova python3-os-brick python3-cursive python3-octavia python3-swift
      python3-heat python3-magnum python3-openstacksdk cryptsetup-bin qemu-utils
      golang-go golang-github-gophercloud-gophercloud-dev
    )
    ;;
  differential)
    program=test/peers/differential/all.ts
    packages=(python3-barbican python3-pastescript uwsgi-core uwsgi-plugin-python3)
    ;;
  *) die 'knows peers and differential' ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
made_policy=
clean() {
  [ -z "$made_policy" ] || rm -f "$policy"
  rm -rf "$work"
}
trap clean EXIT

apt() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$work/apt.log" 2>&1; }

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "needs the Debian packages ${missing[*]}, and there is no apt-get here"
  [ "$(id -u)" = 0 ] || die "needs root to install ${missing[*]}; install them yourself and call again"
  # Packages bring services; none of them may start on the machine of whoever tests.
  if [ ! -e "$policy" ]; then
    made_policy=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  printf 'test:%s: installing %s\n' "$part" "${missing[*]}"
  for try in 1 2; do
    apt update || true
    if apt install -y --no-install-recommends "${missing[@]}"; then break; fi
    [ "$try" = 1 ] || { tail -30 "$work/apt.log" >&2; die "apt-get could not install ${missing[*]}"; }
    sleep 5
  done
fi

status=0
TMPDIR=$work node --test --test-reporter=spec "$program" </dev/null 2>&1 | tee "$work/output" || status=$?

count() { sed -nE "s/^. $1 ([0-9]+)$/\1/p" "$work/output" | tail -1; }
passed=$(count pass) failed=$(($(count fail) + $(count cancelled))) skipped=$(($(count skipped) + $(count todo)))
if [ "$status" != 0 ]; then
  [ "$failed" != 0 ] || failed=1
  find "$work" -name '*.log' -size +0 | sort | while read -r log; do
    printf '\n--- the end of %s\n' "${log#"$work"/}"
    tail -n 60 "$log" | cut -c1-600
  done
fi
if [ "${CI:-}" = true ] && [ "$skipped" != 0 ]; then status=1; fi
printf '\n%s passed, %s failed, %s skipped\n' "${passed:-0}" "$failed" "$skipped"
exit "$status"
