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

# Brings a node to what the fleet's arguments say: hostname, time, repositories, packages, users, kernel modules and settings,
# network. Every part checks, changes only what differs, and verifies. Nothing here is undone by running it again.

readonly root=${RACKFORM_ROOT:-}
readonly state=$root/var/lib/rackform
changed=()
reboot=no
lists=old

fail() {
  echo "rackform: $*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# folder PATH: the parameters are private, folders such as /etc/apt/keyrings are not.
folder() { (umask 022 && mkdir -p "$1"); }

# put PATH MODE: writes standard input there when it differs. True when it was written.
put() {
  local target=$root$1 new
  folder "${target%/*}"
  new=$(mktemp "${target%/*}/.rackform.XXXXXX")
  cat >"$new"
  chmod "$2" "$new"
  if [ -f "$target" ] && cmp -s "$new" "$target" && [ "$(stat -c %a "$target")" = "$(stat -c %a "$new")" ]; then
    rm -f "$new"
    return 1
  fi
  mv -f "$new" "$target"
}

# drop PATH: removes a file of ours. True when it was there.
drop() { [ -e "$root$1" ] && rm -f "$root$1"; }

note() { changed+=("$1"); }

# shellcheck source=SCRIPTDIR/network.sh
source "$(dirname "$0")/network.sh"

# --- the machine is the one that is meant ---

check_installation() {
  local marker=$root/etc/rackform/installation wanted=${RACKFORM_INSTALLATION_ID:?}
  if [ "${RACKFORM_JOINED:-no}" = yes ]; then
    grep -qsF "\"$wanted\"" "$marker" && return
    printf '{"installationId": "%s", "hostname": "%s", "installedAt": "%s"}\n' "$wanted" "$RACKFORM_HOSTNAME" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" |
      put /etc/rackform/installation 644 && note installation
  elif ! grep -qsF "\"$wanted\"" "$marker"; then
    fail "$marker does not name installation $wanted: another system has booted, or another machine has this address; nothing was changed"
  fi
}

# --- hostname, time ---

set_hostname() {
  local name=$RACKFORM_HOSTNAME
  if [ "$(cat "$root/etc/hostname" 2>/dev/null)" != "$name" ]; then
    printf '%s\n' "$name" | put /etc/hostname 644
    note hostname
  fi
  if [ "$(hostname)" != "$name" ]; then hostname "$name"; fi
  local hosts
  hosts=$(sed '/^127\.0\.1\.1[[:space:]]/d' "$root/etc/hosts" 2>/dev/null || true)
  if printf '%s\n127.0.1.1 %s\n' "${hosts:-127.0.0.1 localhost}" "$name" | put_in_place /etc/hosts; then note hosts; fi
  [ "$(hostname)" = "$name" ] || fail "the hostname is still $(hostname) and not $name"
}

# put_in_place PATH: as put, for files that may be mounted and cannot be replaced.
put_in_place() {
  local content
  content=$(cat && printf .)
  content=${content%.}
  [ "$(cat "$root$1" 2>/dev/null && printf .)" = "$content." ] && return 1
  printf '%s' "$content" >"$root$1"
  chmod 644 "$root$1"
}

set_timezone() {
  local zone=${RACKFORM_TIMEZONE:-}
  [ -n "$zone" ] || return 0
  local link=/usr/share/zoneinfo/$zone
  [ "$(readlink "$root/etc/localtime" 2>/dev/null)" = "$link" ] && return 0
  if [ ! -e "$root$link" ]; then
    install_packages tzdata
    [ -e "$root$link" ] || fail "there is no time zone $zone in /usr/share/zoneinfo"
  fi
  ln -sfn "$link" "$root/etc/localtime"
  note timezone
}

# A container shares its host's clock and may not set it.
in_container() { have systemd-detect-virt && systemd-detect-virt --container --quiet; }

set_time() {
  if in_container; then return 0; fi
  install_packages chrony
  local config=/etc/chrony.conf drift=/var/lib/chrony/drift unit=chronyd
  if have apt-get; then config=/etc/chrony/chrony.conf drift=/var/lib/chrony/chrony.drift unit=chrony; fi
  local restart=no
  if [ -n "${RACKFORM_NTP_SERVERS:-}" ]; then
    if {
      while IFS= read -r server; do printf 'server %s iburst\n' "$server"; done <<<"${RACKFORM_NTP_SERVERS%$'\n'}"
      printf 'driftfile %s\nmakestep 1.0 3\nrtcsync\n' "$drift"
    } | put "$config" 644; then
      restart=yes
      note time
    fi
  fi
  systemctl is-enabled --quiet "$unit" || systemctl enable --quiet "$unit"
  if [ $restart = yes ] || ! systemctl is-active --quiet "$unit"; then systemctl restart "$unit"; fi
  systemctl is-active --quiet "$unit" || fail "the time service $unit does not run; see journalctl -u $unit"
}

# --- packages ---

set_repositories() {
  local name definition key folder=/etc/yum.repos.d extension=repo keys=/etc/pki/rpm-gpg touched=no
  if have apt-get; then folder=/etc/apt/sources.list.d extension=sources keys=/etc/apt/keyrings; fi
  local wanted=()
  while read -r name definition key; do
    [ -n "$name" ] || continue
    wanted+=("rackform-$name.$extension")
    if [ -n "$key" ] && base64 -d <<<"$key" | put "$keys/$name.asc" 644; then touched=yes; fi
    if base64 -d <<<"$definition" | put "$folder/rackform-$name.$extension" 644; then touched=yes; fi
  done <<<"${RACKFORM_REPOSITORIES:-}"
  local file
  for file in "$root$folder"/rackform-*."$extension"; do
    [ -e "$file" ] || continue
    case " ${wanted[*]:-} " in *" ${file##*/} "*) ;; *) rm -f "$file" && touched=yes ;; esac
  done
  if [ $touched = no ]; then return 0; fi
  note repositories
  lists=old
}

installed() {
  local name=${1%%=*}
  if have dpkg-query; then
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || return 1
    case $1 in *=*) [ "$(dpkg-query -W -f '${Version}' "$name")" = "${1#*=}" ] ;; esac
  else
    rpm -q "${1/=/-}" >/dev/null 2>&1
  fi
}

# install_packages NAME…: installs what is not there. The lists are fetched once a run, and again when a repository changed.
install_packages() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  if have apt-get; then
    local apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold)
    if [ $lists = old ]; then "${apt[@]}" update >&2 || fail "apt-get update failed; check mirror, repositories and nameservers"; fi
    lists=new
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "${missing[@]}" >&2 || fail "apt-get could not install ${missing[*]}"
  elif have dnf; then
    dnf -q -y install "${missing[@]/=/-}" >&2 || fail "dnf could not install ${missing[*]}"
  else
    fail "there is neither apt-get nor dnf to install ${missing[*]}"
  fi
  for package in "${missing[@]}"; do installed "$package" || fail "package $package is still not installed"; done
  note packages
}

set_packages() {
  local packages=()
  mapfile -t packages < <(printf '%s' "${RACKFORM_PACKAGES:-}")
  install_packages "${packages[@]}"
}

# --- users ---

set_users() {
  local user kind home keys known=$state/users
  folder "$state"
  while read -r user kind; do
    [ -n "$user" ] || continue
    if ! getent passwd "$user" >/dev/null; then
      useradd --create-home --shell /bin/bash "$user"
      note "user:$user"
    fi
    home=$(getent passwd "$user" | cut -d: -f6)
    keys=$(sed -n "s/^$user //p" <<<"${RACKFORM_AUTHORIZED_KEYS:-}")
    mkdir -p "$root$home/.ssh"
    if put "$home/.ssh/authorized_keys" 600 <<<"$keys"; then note "keys:$user"; fi
    chmod 700 "$root$home/.ssh"
    chown -R "$user:" "$root$home/.ssh"
    if [ "$kind" = sudo ]; then
      install_packages sudo
      if put "/etc/sudoers.d/rackform-$user" 440 <<<"$user ALL=(ALL:ALL) NOPASSWD: ALL"; then note "sudo:$user"; fi
    elif drop "/etc/sudoers.d/rackform-$user"; then note "sudo:$user"; fi
    grep -qsxF "$user" "$known" || printf '%s\n' "$user" >>"$known"
  done <<<"${RACKFORM_USERS:-}"
  [ -e "$known" ] || return 0
  # A user that is no longer listed keeps its files and loses its logins.
  while read -r user; do
    grep -q "^$user " <<<"${RACKFORM_USERS:-}" && continue
    home=$(getent passwd "$user" | cut -d: -f6 || true)
    if [ -n "$home" ] && drop "$home/.ssh/authorized_keys"; then note "keys:$user"; fi
    if drop "/etc/sudoers.d/rackform-$user"; then note "sudo:$user"; fi
  done <"$known"
}

# --- kernel ---

set_modules() {
  local module
  if [ -z "${RACKFORM_KERNEL_MODULES:-}" ]; then
    if drop /etc/modules-load.d/rackform.conf; then note modules; fi
    return 0
  fi
  if put /etc/modules-load.d/rackform.conf 644 <<<"${RACKFORM_KERNEL_MODULES%$'\n'}"; then note modules; fi
  while read -r module; do
    [ -d "$root/sys/module/${module//-/_}" ] || modprobe "$module" || fail "kernel $(uname -r) has no module $module; install the package that brings it, or remove it from kernelModules"
  done <<<"${RACKFORM_KERNEL_MODULES%$'\n'}"
}

set_sysctls() {
  local key value now
  if [ -z "${RACKFORM_SYSCTLS:-}" ]; then
    if drop /etc/sysctl.d/90-rackform.conf; then note sysctls; fi
    return 0
  fi
  if put /etc/sysctl.d/90-rackform.conf 644 <<<"${RACKFORM_SYSCTLS%$'\n'}"; then note sysctls; fi
  while IFS='=' read -r key value; do
    now=$(sysctl -n "$key" 2>/dev/null) || fail "this kernel has no setting $key; a module may be missing from kernelModules"
    [ "$(xargs <<<"$now")" = "$(xargs <<<"$value")" ] && continue
    sysctl -q -w "$key=$value" >&2 || fail "the kernel refuses $key=$value"
    now=$(sysctl -n "$key")
    [ "$(xargs <<<"$now")" = "$(xargs <<<"$value")" ] || fail "$key is $now after it was set to $value"
  done <<<"${RACKFORM_SYSCTLS%$'\n'}"
}

set_kernel_parameters() {
  local wanted before parameter line
  wanted=$(xargs <<<"${RACKFORM_KERNEL_PARAMETERS:-}")
  before=$(cat "$state/kernel-parameters" 2>/dev/null || true)
  if [ "$wanted" != "$before" ]; then
    if have grubby; then
      [ -z "$before" ] || grubby --update-kernel=ALL --remove-args="$before"
      [ -z "$wanted" ] || grubby --update-kernel=ALL --args="$wanted"
    else
      have update-grub || fail "there is neither grubby nor update-grub to set kernelParameters"
      # shellcheck disable=SC2016 # GRUB's own variable, expanded by update-grub
      if [ -n "$wanted" ]; then
        printf 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX %s"\n' "$wanted" | put /etc/default/grub.d/90-rackform.cfg 644 || true
      else
        drop /etc/default/grub.d/90-rackform.cfg || true
      fi
      update-grub >&2
    fi
    folder "$state"
    printf '%s\n' "$wanted" >"$state/kernel-parameters"
    note kernel-parameters
    [ -n "$wanted" ] || reboot=yes
  fi
  line=" $(cat "$root/proc/cmdline" 2>/dev/null || true) "
  for parameter in $wanted; do
    case $line in *" $parameter "*) ;; *) reboot=yes ;; esac
  done
}

# --- restart ---

# Steps that follow connect again: the listener closes first, so that none of them begins before the machine goes down.
restart_soon() {
  [ "${RACKFORM_ALLOW_REBOOT:-no}" = yes ] || fail "a restart is needed for kernelParameters; consent with allowReboot: true"
  systemd-run --quiet --collect --on-active=2 sh -c 'systemctl reboot || systemctl start ssh.socket ssh.service sshd.service'
  systemctl stop ssh.socket ssh.service sshd.service >/dev/null 2>&1 || true
}

check_installation
set_hostname
set_network
set_resolver
set_repositories
set_packages
set_timezone
set_time
set_users
set_modules
set_sysctls
set_kernel_parameters
if [ $reboot = yes ]; then restart_soon; fi
list=$(IFS=,; printf '%s' "${changed[*]:-nothing}")
echo "rackform: base ready, changed: $list, restart: $reboot"
