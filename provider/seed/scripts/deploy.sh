#!/bin/sh
# Writes a disk image to the disk that the guard chose, gives cloud-init its seed, and restarts the machine.
#
#   deploy.sh DEPLOY.ENV
#
# Beside it lie user-data, meta-data and network-config. The image is loaded into memory and checked before the disk is touched, so a cut
# leaves the disk as it was, or half written for the next run to overwrite. RF_REBOOT names another command for restarting.
set -eu

here=$(dirname "$0")
# shellcheck source=/dev/null
. "${1:?usage: deploy.sh DEPLOY.ENV}"
RUN=${RUN:-/tmp/rackform}
mkdir -p "$RUN/image" "$RUN/root"
printf '%s\n' "$RF_CA" >"$RUN/ca.pem"
disk=$(cat "$RUN/disk")

post() {
    printf '%s\n' "$2" >"$RUN/message"
    if command -v curl >/dev/null 2>&1; then
        printf 'url = "%s"\n' "$RF_SEED_URL/$1" | curl --config - --silent --fail --cacert "$RUN/ca.pem" --max-time 30 \
            --header 'Content-Type: text/plain' --data-binary "@$RUN/message" --output /dev/null
    else
        wget --quiet --tries=1 --timeout=30 --ca-certificate="$RUN/ca.pem" --header='Content-Type: text/plain' \
            --post-file="$RUN/message" --output-document=/dev/null "$RF_SEED_URL/$1"
    fi
}

fail() {
    echo "rackform deploy: $1" >&2
    post failed "reason=$1" || :
    exit 1
}

unpack() {
    case $RF_IMAGE_FORMAT in
    raw) cat "$RUN/image/disk" ;;
    raw.gz) zcat <"$RUN/image/disk" ;;
    raw.xz) xzcat <"$RUN/image/disk" ;;
    *) return 1 ;;
    esac
}

# Looks for the system's root among the image's partitions, and leaves it mounted.
mount_root() {
    for partition in "$disk"*; do
        [ "$partition" != "$disk" ] || continue
        mount "$partition" "$RUN/root" 2>/dev/null || continue
        for folder in "" /root /@; do
            if [ -e "$RUN/root$folder/etc/os-release" ] || [ -L "$RUN/root$folder/etc/os-release" ]; then
                echo "$RUN/root$folder"
                return
            fi
        done
        umount "$RUN/root"
    done
    return 1
}

if [ -n "$RF_PROXY" ]; then
    export http_proxy="$RF_PROXY" https_proxy="$RF_PROXY"
fi
attempt=1
until wget --quiet --continue --output-document="$RUN/image/disk" "$RF_IMAGE_URL"; do
    [ "$attempt" -lt 5 ] || fail "the disk image $RF_IMAGE_URL could not be loaded into memory"
    attempt=$((attempt + 1))
    sleep 5
done
sum=$(sha256sum "$RUN/image/disk" | cut -d ' ' -f 1)
if [ "$sum" != "$RF_IMAGE_SHA256" ]; then
    fail "the disk image $RF_IMAGE_URL has the SHA-256 $sum, expected $RF_IMAGE_SHA256"
fi
post progress "phase=write" || :
unpack | dd of="$disk" bs=4194304 2>/dev/null || fail "$disk could not be written"
rm -f "$RUN/image/disk"
sync
if [ -b "$disk" ]; then
    blockdev --rereadpt "$disk" || :
    udevadm settle || :
fi
root=$(mount_root) || fail "the disk image holds no root file system that this ramdisk can mount"
seed=$root/var/lib/cloud/seed/nocloud
mkdir -p "$seed"
for file in user-data meta-data network-config; do
    (umask 077 && cat "$here/$file" >"$seed/$file.new")
    mv -f "$seed/$file.new" "$seed/$file"
done
sync
umount "$RUN/root"
post progress "phase=reboot" || :
${RF_REBOOT:-reboot}
