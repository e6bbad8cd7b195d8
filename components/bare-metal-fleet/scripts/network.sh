# shellcheck shell=bash disable=SC2154 # root, state: base-preparation.sh, which reads this file
# The network part of base preparation: files are written by a plan, applied, verified, and rolled back when the node would
# lose its connection, also when this script itself is cut off.

readonly rollback_after=90

managed_files() {
  local file
  for file in "$root"/etc/netplan/90-rackform.yaml "$root"/etc/systemd/network/10-rackform-* "$root"/etc/NetworkManager/system-connections/rackform-*; do
    if [ -f "$file" ]; then printf '%s\n' "${file#"$root"}"; fi
  done
}

network_differs() {
  local file content listed
  listed=$(cut -d' ' -f1 <<<"$RACKFORM_NETWORK_FILES")
  while read -r file; do
    if [ -n "$file" ] && ! grep -qxF "$file" <<<"$listed"; then return 0; fi
  done < <(managed_files)
  while read -r file content; do
    [ -f "$root$file" ] && base64 -d <<<"$content" | cmp -s - "$root$file" || return 0
  done <<<"${RACKFORM_NETWORK_FILES%$'\n'}"
  return 1
}

missing_addresses() {
  local address present
  present=$(ip -o address show | awk '{print $4}')
  while read -r address; do
    if [ -n "$address" ] && ! grep -qxF "$address" <<<"$present"; then printf '%s ' "$address"; fi
  done <<<"${RACKFORM_NETWORK_ADDRESSES:-}"
}

# A router counts as reachable when it answers a ping, or at least address resolution that begins now.
reachable() {
  ip neigh flush to "$1" >/dev/null 2>&1 || true
  ping -c 1 -W 2 "$1" >/dev/null 2>&1 && return 0
  ip neigh show to "$1" | grep -qE 'REACHABLE|DELAY'
}

# Bytes to the operator that are not acknowledged yet; nothing when that cannot be told (no ss, or sudo hides the connection).
unacknowledged() {
  local client port
  read -r client port _ _ <<<"${SSH_CONNECTION:-}"
  [ -n "${port:-}" ] && have ss || return 0
  case $client in *:*) client="[$client]" ;; esac
  ss -tnH state established "dst $client and dport = :$port" 2>/dev/null | awk '{print $2; exit}'
}

snapshot() {
  rm -rf "$state/network-before"
  mkdir -p "$state/network-before"
  { managed_files && printf '%s\n' /etc/network/interfaces; } | while read -r file; do
    [ -f "$root$file" ] || continue
    mkdir -p "$state/network-before/files${file%/*}"
    cp -p "$root$file" "$state/network-before/files$file"
  done
  printf '%s\n' "$RACKFORM_NETWORK_BACKEND" >"$state/network-before/backend"
  only_in_first "${RACKFORM_NETWORK_ADDRESSES:-}" "$old" >"$state/network-before/unwanted"
}

# only_in_first LINES LINES
only_in_first() { grep -vxF -f <(printf '%s\n' "$2") <<<"$1" || true; }

# The addresses of the configuration before; at first those that the installer has left.
old_addresses() {
  if [ -f "$state/network-addresses" ]; then cat "$state/network-addresses"; else ip -o address show scope global | awk '{print $4}'; fi
}

# Addresses of ours that are no longer planned: systemd-networkd would keep them until the next restart of the machine, and hide
# until then that the new ones do not work.
drop_old_addresses() {
  local address device
  while read -r address; do
    [ -n "$address" ] || continue
    device=$(ip -o address show | awk -v address="$address" '$4 == address {print $2; exit}')
    if [ -n "$device" ]; then ip address del "$address" dev "$device" || true; fi
  done <<<"$(only_in_first "$1" "${RACKFORM_NETWORK_ADDRESSES:-}")"
}

arm_rollback() {
  local script
  script=$(dirname "$(readlink -f "$0")")/network-rollback.sh
  if have systemd-run && systemd-run --quiet --collect --unit=rackform-network-rollback --on-active="$rollback_after" \
    --setenv=RACKFORM_ROOT="$root" bash "$script" >/dev/null 2>&1; then return 0; fi
  # shellcheck disable=SC2016 # expanded by the watchdog itself
  setsid bash -c 'sleep "$1"; exec bash "$2"' rackform "$rollback_after" "$script" </dev/null >/dev/null 2>&1 9>&- &
  printf '%s\n' "$!" >"$state/network-before/watchdog"
}

disarm_rollback() {
  if have systemctl; then systemctl stop rackform-network-rollback.timer >/dev/null 2>&1 || true; fi
  if [ -f "$state/network-before/watchdog" ]; then kill -- "-$(cat "$state/network-before/watchdog")" 2>/dev/null || true; fi
  rm -rf "$state/network-before"
}

write_network() {
  local file content
  while read -r file; do
    if [ -n "$file" ] && ! grep -q "^$file " <<<"$RACKFORM_NETWORK_FILES"; then rm -f "$root$file"; fi
  done < <(managed_files)
  while read -r file content; do
    base64 -d <<<"$content" | put "$file" "$([ "$RACKFORM_NETWORK_BACKEND" = networkd ] && echo 644 || echo 600)" || true
  done <<<"${RACKFORM_NETWORK_FILES%$'\n'}"
  # Debian's installer leaves the port to ifupdown, which would configure it too.
  if [ "$RACKFORM_NETWORK_BACKEND" = networkd ] &&
    grep -sE '^[[:space:]]*iface[[:space:]]' "$root/etc/network/interfaces" | grep -qvE 'iface[[:space:]]+lo[[:space:]]'; then
    printf 'auto lo\niface lo inet loopback\n' | put /etc/network/interfaces 644 || true
  fi
}

apply_network() {
  local connection
  case $RACKFORM_NETWORK_BACKEND in
    netplan) netplan generate >&2 && netplan apply >&2 ;;
    networkd)
      systemctl enable --quiet systemd-networkd && systemctl restart systemd-networkd ;;
    networkmanager)
      nmcli connection reload || return 1
      for connection in "$root"/etc/NetworkManager/system-connections/rackform-*.nmconnection; do
        nmcli --wait 30 connection up filename "${connection#"$root"}" >&2 || return 1
      done
      ;;
    *) fail "network backend $RACKFORM_NETWORK_BACKEND is unknown" ;;
  esac
}

set_resolver() {
  [ "${RACKFORM_NETWORK_BACKEND:-}" = networkd ] && [ -n "${RACKFORM_NAMESERVERS:-}" ] || return 0
  if systemctl is-active --quiet systemd-resolved || mountpoint -q "$root/etc/resolv.conf"; then return 0; fi
  if {
    if [ -n "${RACKFORM_SEARCH_DOMAINS:-}" ]; then printf 'search %s\n' "$(xargs <<<"$RACKFORM_SEARCH_DOMAINS")"; fi
    while IFS= read -r server; do printf 'nameserver %s\n' "$server"; done <<<"${RACKFORM_NAMESERVERS%$'\n'}"
  } | put /etc/resolv.conf 644; then note resolver; fi
}

set_network() {
  [ -n "${RACKFORM_NETWORK_BACKEND:-}" ] || return 0
  local gateway before=() missing until old told
  if ! network_differs && [ -z "$(missing_addresses)" ]; then return 0; fi
  while read -r gateway; do
    if [ -n "$gateway" ] && reachable "$gateway"; then before+=("$gateway"); fi
  done <<<"${RACKFORM_NETWORK_GATEWAYS:-}"
  told=$(unacknowledged)
  trap '' HUP PIPE
  old=$(old_addresses)
  snapshot
  arm_rollback
  write_network
  if ! apply_network; then
    roll_back "the new network configuration could not be applied"
  fi
  drop_old_addresses "$old"
  echo "rackform: network configuration applied, verifying" >&2 || true
  until=$((SECONDS + ${RACKFORM_NETWORK_WAIT:-20}))
  while :; do
    missing=$(missing_addresses)
    if [ -z "$missing" ] && gateways_answer "${before[@]}" && { [ -z "$told" ] || [ "$(unacknowledged)" = 0 ]; }; then
      disarm_rollback
      trap - HUP PIPE
      printf '%s' "${RACKFORM_NETWORK_ADDRESSES:-}" >"$state/network-addresses"
      note network
      return 0
    fi
    [ "$SECONDS" -lt "$until" ] || break
    sleep 1
  done
  roll_back "${missing:+addresses missing: $missing; }with the new network configuration the node lost its connection"
}

gateways_answer() {
  local gateway
  for gateway in "$@"; do reachable "$gateway" || return 1; done
}

roll_back() {
  bash "$(dirname "$(readlink -f "$0")")/network-rollback.sh" || true
  disarm_rollback
  fail "$1; the configuration before was restored"
}
