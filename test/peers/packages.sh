# Sourced by the scripts that run beside real peers: need_packages installs from Debian what is missing, and clean,
# on EXIT, takes away $work and what installing left. Wants $name, the npm script's, for its messages.

die() { printf '%s: %s\n' "$name" "$*" >&2; exit 1; }

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
made_policy=
clean() {
  [ -z "$made_policy" ] || rm -f "$policy"
  rm -rf "$work"
}
trap clean EXIT

apt() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$work/apt.log" 2>&1; }

need_packages() { # PACKAGE...
  local package missing=() try
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "needs the Debian packages ${missing[*]}, and there is no apt-get here"
  [ "$(id -u)" = 0 ] || die "needs root to install ${missing[*]}; install them yourself and call again"
  # Packages bring services; none of them may start on the machine of whoever tests.
  if [ ! -e "$policy" ]; then
    made_policy=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  printf '%s: installing %s\n' "$name" "${missing[*]}"
  for try in 1 2; do
    apt update || true
    if apt install -y --no-install-recommends "${missing[@]}"; then break; fi
    [ "$try" = 1 ] || { tail -30 "$work/apt.log" >&2; die "apt-get could not install ${missing[*]}"; }
    sleep 5
  done
}

# The ends of all logs below $work, for whoever reads a red run.
show_logs() {
  find "$work" -name '*.log' -size +0 | sort | while read -r log; do
    printf '\n--- the end of %s\n' "${log#"$work"/}"
    tail -n 60 "$log" | cut -c1-600
  done
}

# Sums up what node:test reported in $work/output, and ends with its status; in CI nothing may be skipped.
sum_up() { # STATUS
  local status=$1 passed failed skipped
  passed=$(reported pass) failed=$(($(reported fail) + $(reported cancelled)))
  skipped=$(($(reported skipped) + $(reported todo)))
  if [ "$status" != 0 ]; then
    [ "$failed" != 0 ] || failed=1
    show_logs
  fi
  if [ "${CI:-}" = true ] && [ "$skipped" != 0 ]; then status=1; fi
  printf '\n%s passed, %s failed, %s skipped\n' "${passed:-0}" "$failed" "$skipped"
  exit "$status"
}
reported() { sed -nE "s/^. $1 ([0-9]+)$/\1/p" "$work/output" | tail -1; }
