#!/bin/sh
# The last act of every installer: gives the installed system its identity, then tells the seed server. Every step replaces what
# it finds, so it can be cut anywhere and run again.
#
#   TARGET=/target finish.sh FINISH.ENV
#
# TARGET is the root of the installed system as seen from here; / in a running one. Exits 0 when the system is as it should be, even
# if the seed server never took the report: the marker and the host key prove as much. Any other end is reported as a failure.
set -eu
umask 022

# shellcheck source=/dev/null
. "${1:?usage: finish.sh FINISH.ENV}"
TARGET=${TARGET:-/}
ROOT=${TARGET%/}
RUN=${RUN:-/tmp/rackform}
mkdir -p "$RUN"
printf '%s\n' "$RF_CA" >"$RUN/ca.pem"

in_target() {
    if [ -z "$ROOT" ]; then "$@"; else chroot "$ROOT" "$@"; fi
}

# put MODE PATH: standard input becomes the file, whole or not at all.
put() {
    mkdir -p "$ROOT$(dirname "$2")"
    (umask 077 && cat >"$ROOT$2.rackform")
    chmod "$1" "$ROOT$2.rackform"
    mv -f "$ROOT$2.rackform" "$ROOT$2"
}

# value NAME: the variable of that name.
value() {
    eval "printf '%s' \"\${$1}\""
}

set_hostname() {
    printf '%s\n' "$RF_HOSTNAME" | put 0644 /etc/hostname
    if [ -f "$ROOT/etc/hosts" ]; then
        { grep -v '^127\.0\.1\.1[[:space:]]' "$ROOT/etc/hosts" || :; } >"$RUN/hosts"
    else
        printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$RUN/hosts"
    fi
    printf '127.0.1.1 %s\n' "$RF_HOSTNAME" >>"$RUN/hosts"
    if [ -z "$ROOT" ] && [ -f /etc/hosts ]; then
        # In a container this file is a mount, which cannot be replaced.
        cat "$RUN/hosts" >/etc/hosts
        hostname "$RF_HOSTNAME" 2>/dev/null || :
    else
        put 0644 /etc/hosts <"$RUN/hosts"
    fi
}

set_time_zone() {
    if [ -n "$RF_TIMEZONE" ] && [ -e "$ROOT/usr/share/zoneinfo/$RF_TIMEZONE" ]; then
        ln -sfn "/usr/share/zoneinfo/$RF_TIMEZONE" "$ROOT/etc/localtime"
        printf '%s\n' "$RF_TIMEZONE" | put 0644 /etc/timezone
    fi
}

# Only the pinned key: a client must never be offered another one.
set_ssh() {
    printf '%s\n' "$RF_HOST_KEY_PRIVATE" | put 0600 /etc/ssh/ssh_host_ed25519_key
    printf '%s\n' "$RF_HOST_KEY_PUBLIC" | put 0644 /etc/ssh/ssh_host_ed25519_key.pub
    {
        echo '# Written by rackform.'
        echo 'HostKey /etc/ssh/ssh_host_ed25519_key'
        echo 'PasswordAuthentication no'
        echo 'KbdInteractiveAuthentication no'
        echo "PermitRootLogin $RF_ROOT_LOGIN"
        [ "$RF_SSH_PORT" = 22 ] || echo "Port $RF_SSH_PORT"
    } >"$RUN/sshd"
    if grep -q '^[[:space:]]*Include[[:space:]]*/etc/ssh/sshd_config\.d/' "$ROOT/etc/ssh/sshd_config" 2>/dev/null; then
        put 0600 /etc/ssh/sshd_config.d/00-rackform.conf <"$RUN/sshd"
    else
        # The first value counts, so ours go to the top.
        {
            cat "$RUN/sshd"
            echo '# End of what rackform wrote.'
            sed '/^# Written by rackform\.$/,/^# End of what rackform wrote\.$/d' "$ROOT/etc/ssh/sshd_config" 2>/dev/null || :
        } >"$RUN/sshd_config"
        put 0600 /etc/ssh/sshd_config <"$RUN/sshd_config"
    fi
}

# home NAME: of a user of the installed system.
home() {
    sed -n "s/^$1:[^:]*:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/p" "$ROOT/etc/passwd"
}

# add_user INDEX
add_user() {
    name=$(value "RF_USER_${1}_NAME")
    if [ -z "$(home "$name")" ]; then
        if grep -q "^$name:" "$ROOT/etc/group"; then group=--gid=$name; else group=--user-group; fi
        in_target useradd --create-home --shell /bin/bash "$group" "$name"
    fi
    folder=$(home "$name")
    if [ ! -d "$ROOT$folder" ]; then
        mkdir -p "$ROOT$folder"
        in_target chown "$name:" "$folder"
    fi
    value "RF_USER_${1}_KEYS" | put 0600 "$folder/.ssh/authorized_keys"
    chmod 0700 "$ROOT$folder/.ssh"
    in_target chown -R "$name:" "$folder/.ssh"
    if [ "$(value "RF_USER_${1}_SUDO")" = true ]; then
        mkdir -p "$ROOT/etc/sudoers.d"
        printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$name" | put 0440 "/etc/sudoers.d/90-rackform-$name"
    fi
}

add_files() {
    index=1
    while [ "$index" -le "$RF_FILES" ]; do
        value "RF_FILE_${index}_CONTENT" | put "$(value "RF_FILE_${index}_MODE")" "$(value "RF_FILE_${index}_PATH")"
        index=$((index + 1))
    done
}

# Labels for SELinux: what is written from an installer has none.
label() {
    contexts=/etc/selinux/targeted/contexts/files/file_contexts
    if [ -n "$ROOT" ] && [ -f "$ROOT$contexts" ] && in_target sh -c 'command -v setfiles' >/dev/null 2>&1; then
        in_target setfiles -F "$contexts" /etc/ssh /etc/sudoers.d /etc/hostname /etc/hosts /etc/rackform /home /root || :
    fi
}

start_ssh() {
    for unit in ssh sshd; do
        for folder in /lib/systemd/system /usr/lib/systemd/system; do
            if [ -e "$ROOT$folder/$unit.service" ]; then
                in_target systemctl enable "$unit.service" >/dev/null 2>&1 || :
                if [ -z "$ROOT" ] && systemctl is-active --quiet "$unit.service" 2>/dev/null; then
                    systemctl restart "$unit.service"
                fi
                return
            fi
        done
    done
}

# The mark by which a later run recognises this installation. Its time stays when the script runs again.
mark() {
    file=/etc/rackform/installation
    if ! grep -q "\"installationId\": \"$RF_INSTALLATION_ID\"" "$ROOT$file" 2>/dev/null; then
        printf '{"installationId": "%s", "hostname": "%s", "installedAt": "%s"}\n' \
            "$RF_INSTALLATION_ID" "$RF_HOSTNAME" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | put 0644 "$file"
    fi
}

write_report() {
    os=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$ROOT/etc/os-release" 2>/dev/null || :)
    machine=$(cat "$ROOT/etc/machine-id" 2>/dev/null || :)
    {
        echo "installation=$RF_INSTALLATION_ID"
        echo "hostname=$RF_HOSTNAME"
        echo "machineId=$machine"
        echo "os=$os"
        echo "disk=$(cat "$RUN/disk" 2>/dev/null || :)"
    } >"$RUN/report"
}

# send PATH FILE: with the tools of the installer, or else with those of the installed system.
send() {
    if command -v curl >/dev/null 2>&1; then
        with_curl env "$RUN" "$1" "$2"
    elif wget --version 2>/dev/null | grep -q GNU; then
        with_wget env "$RUN" "$1" "$2"
    else
        mkdir -p "$ROOT/run/rackform"
        cp "$RUN/$2" "$RUN/ca.pem" "$ROOT/run/rackform/"
        if in_target sh -c 'command -v curl' >/dev/null 2>&1; then
            with_curl in_target /run/rackform "$1" "$2"
        else
            with_wget in_target /run/rackform "$1" "$2"
        fi
    fi
}

with_curl() {
    printf 'url = "%s"\n' "$RF_SEED_URL/$3" | "$1" curl --config - --silent --show-error --fail --max-time 30 \
        --cacert "$2/ca.pem" --header 'Content-Type: text/plain' --data-binary "@$2/$4" --output /dev/null
}

with_wget() {
    "$1" wget --quiet --tries=1 --timeout=30 --ca-certificate="$2/ca.pem" --header='Content-Type: text/plain' \
        --post-file="$2/$4" --output-document=/dev/null "$RF_SEED_URL/$3"
}

phone_home() {
    attempt=1
    until send phone-home report; do
        if [ "$attempt" -ge "${RF_REPORT_ATTEMPTS:-20}" ]; then
            echo "rackform: the seed server did not take the report after $attempt attempts" >&2
            return 0
        fi
        attempt=$((attempt + 1))
        sleep "${RF_REPORT_PAUSE:-15}"
    done
}

step=start
finished() {
    status=$?
    if [ "$status" -ne 0 ]; then
        echo "reason=finish.sh failed in $step (exit code $status)" >"$RUN/failure"
        send failed failure || :
    fi
}
trap finished EXIT

step=set_hostname
set_hostname
step=set_time_zone
set_time_zone
step=set_ssh
set_ssh
step=add_users
index=1
while [ "$index" -le "$RF_USERS" ]; do
    add_user "$index"
    index=$((index + 1))
done
step=add_files
add_files
step=mark
mark
label
start_ssh
sync
write_report
phone_home
