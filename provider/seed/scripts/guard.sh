#!/bin/sh
# Runs in the installer before it touches a disk. It makes sure that this is the expected machine, chooses the root disk, and
# refuses one that is to be kept, or that is not blank while nobody has consented to wiping it.
#
#   guard.sh GUARD.ENV
#
# Writes the disk's path to $RUN/disk and exits 0; or reports why not to the seed server and exits 1. Changes nothing else, so it
# can run again. SYS, DEV and RUN name other roots for /sys, /dev and the folder for results.
set -eu

# shellcheck source=/dev/null
. "${1:?usage: guard.sh GUARD.ENV}"
SYS=${SYS:-/sys}
DEV=${DEV:-/dev}
RUN=${RUN:-/tmp/rackform}
mkdir -p "$RUN"
printf '%s\n' "$RF_CA" >"$RUN/ca.pem"

# post URL LINE...: tells the seed server; a loss of the message must not decide anything.
post() {
    url=$1
    shift
    printf '%s\n' "$@" >"$RUN/message"
    if command -v curl >/dev/null 2>&1; then
        printf 'url = "%s"\n' "$url" | curl --config - --silent --show-error --fail --cacert "$RUN/ca.pem" --max-time 30 \
            --header 'Content-Type: text/plain' --data-binary "@$RUN/message" --output /dev/null || return 1
    else
        wget --quiet --tries=1 --timeout=30 --ca-certificate="$RUN/ca.pem" --header='Content-Type: text/plain' \
            --post-file="$RUN/message" --output-document=/dev/null "$url" || return 1
    fi
}

refuse() {
    echo "rackform guard: $1" >&2
    attempt=0
    while ! post "$RF_SEED_URL/failed" "reason=$1"; do
        attempt=$((attempt + 1))
        [ "$attempt" -lt "${RF_REPORT_ATTEMPTS:-5}" ] || break
        sleep 3
    done
    exit 1
}

# plain TEXT: upper case, without blanks, for comparing what firmware and Redfish write differently.
# The Debian installer's tr knows no character classes.
# shellcheck disable=SC2018,SC2019
plain() {
    printf '%s' "$1" | tr -d ' \t\r\n' | tr 'a-z' 'A-Z'
}

read_file() {
    if [ -r "$1" ]; then
        tr -d '\000' <"$1" 2>/dev/null | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' || :
    fi
}

# swapped UUID: the same UUID with the byte order of its first three fields turned round.
swapped() {
    printf '%s' "$1" | sed 's/^\(..\)\(..\)\(..\)\(..\)-\(..\)\(..\)-\(..\)\(..\)-/\4\3\2\1-\6\5-\8\7-/'
}

check_machine() {
    serial=$(plain "$(read_file "$SYS/class/dmi/id/product_serial")")
    uuid=$(plain "$(read_file "$SYS/class/dmi/id/product_uuid")")
    wanted_uuid=$(plain "$RF_UUID")
    if [ -n "$wanted_uuid" ] && [ -n "$uuid" ]; then
        if [ "$uuid" != "$wanted_uuid" ] && [ "$(swapped "$uuid")" != "$wanted_uuid" ]; then
            refuse "this machine has the UUID $uuid, expected $wanted_uuid; check the cabling of its BMC"
        fi
    fi
    if [ -n "$RF_SERIALS" ] && [ -n "$serial" ]; then
        found=$(printf '%s\n' "$RF_SERIALS" | while IFS= read -r wanted; do
            if [ "$(plain "$wanted")" = "$serial" ]; then echo yes; fi
        done)
        if [ -z "$found" ]; then
            refuse "this machine has the serial number $serial, expected $(printf '%s' "$RF_SERIALS" | tr '\n' ' '); check the cabling of its BMC"
        fi
    elif [ -n "$RF_SERIALS" ] && { [ -z "$wanted_uuid" ] || [ -z "$uuid" ]; }; then
        echo "rackform guard: the firmware tells neither serial number nor UUID; the machine was checked through its BMC only" >&2
    fi
}

# property NAME DISK: from udev's database.
property() {
    if command -v udevadm >/dev/null 2>&1 && [ "$SYS" = /sys ]; then
        udevadm info --query=property --name="$DEV/$2" 2>/dev/null | sed -n "s/^$1=//p" | head -n 1
    fi
}

# The page that SCSI and SATA disks keep their serial number on has four bytes before it.
disk_serial() {
    for file in "$SYS/block/$1/device/serial" "$SYS/block/$1/serial"; do
        if [ -n "$(read_file "$file")" ]; then
            read_file "$file"
            return
        fi
    done
    if [ -r "$SYS/block/$1/device/vpd_pg80" ]; then
        dd if="$SYS/block/$1/device/vpd_pg80" bs=1 skip=4 2>/dev/null | tr -d '\000' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'
        return
    fi
    property ID_SERIAL_SHORT "$1"
}

disk_wwn() {
    for file in "$SYS/block/$1/wwid" "$SYS/block/$1/device/wwid"; do
        if [ -n "$(read_file "$file")" ]; then
            read_file "$file"
            return
        fi
    done
    property ID_WWN "$1"
}

disk_type() {
    case $1 in
    nvme*) echo NVMe ;;
    *) if [ "$(read_file "$SYS/block/$1/queue/rotational")" = 1 ]; then echo HDD; else echo SSD; fi ;;
    esac
}

# Decimal gigabytes.
disk_size() {
    echo $(($(read_file "$SYS/block/$1/size") / 1953125))
}

# bare WWN: hexadecimal digits only.
# shellcheck disable=SC2018,SC2019
bare() {
    printf '%s' "$1" | tr 'A-Z' 'a-z' | sed 's/^\(naa\|eui\|uuid\)\.//; s/^0x//; s/[^0-9a-z]//g'
}

# A disk that does not tell its serial number may be any of those to be kept.
is_kept() {
    [ -n "$RF_KEEP_DISKS" ] || return 1
    kept=$(plain "$(disk_serial "$1")")
    [ -n "$kept" ] || return 0
    printf '%s\n' "$RF_KEEP_DISKS" | while IFS= read -r keep; do
        if [ -n "$keep" ] && [ "$(plain "$keep")" = "$kept" ]; then echo yes; fi
    done | grep -q yes
}

matches() {
    [ -z "$RF_DISK_SERIAL" ] || [ "$(plain "$(disk_serial "$1")")" = "$(plain "$RF_DISK_SERIAL")" ] || return 1
    [ -z "$RF_DISK_WWN" ] || [ "$(bare "$(disk_wwn "$1")")" = "$(bare "$RF_DISK_WWN")" ] || return 1
    if [ -n "$RF_DISK_MODEL" ]; then
        case $(plain "$(read_file "$SYS/block/$1/device/model")") in
        *"$(plain "$RF_DISK_MODEL")"*) ;;
        *) return 1 ;;
        esac
    fi
    case $RF_DISK_TYPE in
    '') ;;
    SSD) [ "$(disk_type "$1")" != HDD ] || return 1 ;;
    *) [ "$(disk_type "$1")" = "$RF_DISK_TYPE" ] || return 1 ;;
    esac
    [ -z "$RF_DISK_MIN_GB" ] || [ "$(disk_size "$1")" -ge "$RF_DISK_MIN_GB" ] || return 1
    [ -z "$RF_DISK_MAX_GB" ] || [ "$(disk_size "$1")" -le "$RF_DISK_MAX_GB" ] || return 1
    if [ -n "$RF_DISK_NAME" ]; then
        named=$RF_DISK_NAME
        if [ "$DEV" = /dev ] && [ -e "$named" ]; then named=$(readlink -f "$named"); fi
        [ "${named##*/}" = "$1" ] || return 1
    fi
}

# Disks of this machine that an installation could go to: not removable, not virtual, not read-only, not tiny.
candidates() {
    for path in "$SYS"/block/*; do
        name=${path##*/}
        case $name in
        loop* | ram* | sr* | fd* | dm-* | md* | zram* | nbd* | rbd* | '*' | nvme*c*n*) continue ;;
        esac
        [ "$(read_file "$path/removable")" != 1 ] || continue
        [ "$(read_file "$path/ro")" != 1 ] || continue
        [ "$(disk_size "$name")" -ge 4 ] || continue
        echo "$name"
    done
}

# Free of content: no partition, and zeros where file systems, partition tables, RAID and LVM leave their marks.
is_blank() {
    for partition in "$SYS/block/$1/$1"*; do
        [ ! -e "$partition/partition" ] || return 1
    done
    mebibytes=$(($(read_file "$SYS/block/$1/size") / 2048))
    # The last mebibyte may not be whole.
    for skip in 0 $((mebibytes - 1)) "$mebibytes"; do
        bytes=$(dd if="$DEV/$1" bs=1048576 skip="$skip" count=1 2>/dev/null | tr -d '\000' | wc -c)
        [ "$bytes" -eq 0 ] || return 1
    done
}

# describe DISK: for people.
describe() {
    printf '%s (%s GB %s, model %s, serial %s)' "$1" "$(disk_size "$1")" "$(disk_type "$1")" \
        "$(read_file "$SYS/block/$1/device/model")" "$(disk_serial "$1")"
}

# The smallest of the disks that match, the first by name among equals.
choose_disk() {
    for one in $(candidates); do
        if matches "$one" && ! is_kept "$one"; then
            printf '%s %s\n' "$(disk_size "$one")" "$one"
        fi
    done | sort -k1,1n -k2,2 | head -n 1 | cut -d ' ' -f 2
}

check_machine
disk=$(choose_disk)
if [ -z "$disk" ]; then
    seen=$(for one in $(candidates); do
        describe "$one"
        if is_kept "$one"; then printf ' to be kept'; fi
        printf ', '
    done)
    refuse "no disk matches rootDisk; this machine has: ${seen:-none }adjust rootDisk or keepDisks"
fi
if [ "$RF_CONSENT" != wipe ] && ! is_blank "$disk"; then
    refuse "$(describe "$disk") is not blank and nobody consented to wiping it; give consent, or empty the disk"
fi
echo "rackform guard: root disk $(describe "$disk"), consent $RF_CONSENT"
printf '%s\n' "$DEV/$disk" >"$RUN/disk.new"
mv "$RUN/disk.new" "$RUN/disk"
post "$RF_SEED_URL/progress" "phase=install" || echo "rackform guard: the seed server did not take the progress report" >&2
