#!/usr/bin/env bash
# Restores the network configuration that base-preparation.sh saved before it changed it. Run by that script when the new one
# does not work, and by a timer when the script itself was cut off.
set -euo pipefail
umask 077
readonly root=${RACKFORM_ROOT:-}
readonly before=$root/var/lib/rackform/network-before
[ -f "$before/backend" ] || exit 0
rm -f "$root"/etc/netplan/90-rackform.yaml "$root"/etc/systemd/network/10-rackform-* "$root"/etc/NetworkManager/system-connections/rackform-*
while IFS= read -r file; do cp -p "$before/files$file" "$root$file"; done < <(cd "$before/files" 2>/dev/null && find . -type f -printf '/%P\n')
case $(cat "$before/backend") in
  netplan) netplan apply ;;
  networkd)
    systemctl restart systemd-networkd
    if [ -f "$before/files/etc/network/interfaces" ]; then systemctl restart networking; fi
    ;;
  networkmanager)
    nmcli connection reload
    nmcli networking off
    nmcli networking on
    ;;
esac
while IFS= read -r address; do
  device=$(ip -o address show | awk -v address="$address" '$4 == address {print $2; exit}')
  if [ -n "$device" ]; then ip address del "$address" dev "$device" || true; fi
done < <(cat "$before/unwanted" 2>/dev/null)
rm -rf "${before%-before}-refused"
mv "$before" "${before%-before}-refused"
echo "rackform: the network configuration before was restored" >&2
