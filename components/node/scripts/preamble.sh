#!/usr/bin/env bash
# --- rackform step: strict mode, parameters from standard input as NAME=base64 lines, one step at a time ---
set -euo pipefail
umask 077
while IFS= read -r line; do
  name=${line%%=*}
  case $name in '' | *[!A-Z0-9_]* | [0-9_]*) echo "rackform: refused a parameter name" >&2 && exit 64 ;; esac
  value=$(printf '%s' "${line#*=}" | base64 -d && printf .)
  export "$name=${value%.}"
done
mkdir -p "${RACKFORM_ROOT:-}/run/lock"
exec 9>"${RACKFORM_ROOT:-}/run/lock/rackform-step"
flock -w 900 9 || { echo "rackform: another step has held the lock for 15 minutes" >&2 && exit 75; }
# --- end of preamble ---
