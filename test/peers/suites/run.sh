#!/usr/bin/env bash
# npm run test:suites: the peers' own test suites against Gatehouse beside a real Keystone, from Debian's packages,
# or with --clones FOLDER from clones of their repositories (docs/compatibility.md tells which, and what they score).
# Everything it starts is stopped by pid, everything it writes goes with its temporary folder.
set -euo pipefail
name=test:suites
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
export PATH="$PWD/node_modules/.bin:$PATH"
. test/peers/packages.sh

need_packages python3-keystone uwsgi-core uwsgi-plugin-python3 \
  tempest python3-tempest barbican-tempest-plugin \
  python3-castellan python3-barbicanclient \
  python3-stestr python3-subunit python3-testtools python3-oslotest
case " $* " in
  *' --clones'*)
    # The clones bring their own code; Debian brings what that code imports.
    need_packages python3-barbican python3-webtest python3-oslo.reports python3-pykmip \
      python3-cliff python3-keystoneclient \
      python3-openstacksdk python3-platformdirs python3-psutil ;;
esac

status=0
TMPDIR=$work node --test-reporter=spec test/peers/suites/all.ts "$@" </dev/null 2>&1 | tee "$work/output" || status=$?
sum_up "$status"
