#!/usr/bin/env bash
# npm run test:peers: installs from Debian what the claims need, runs them beside a real Keystone, sums up.
# npm run test:differential: the same for the comparison with a real Barbican.
# Everything it starts is stopped by pid, everything it writes goes with its temporary folder.
set -euo pipefail
part=${1:-peers}
name=test:$part
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
. test/peers/packages.sh

case $part in
  peers)
    program=test/peers/all.ts
    packages=(
      rabbitmq-server python3-keystone uwsgi-core uwsgi-plugin-python3
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
need_packages "${packages[@]}"

status=0
TMPDIR=$work node --test --test-reporter=spec "$program" </dev/null 2>&1 | tee "$work/output" || status=$?
sum_up "$status"
