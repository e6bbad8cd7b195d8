/** Modules that a stock distribution kernel has and that nodes are known to ask for. */
const MODULES =
  "8021q bonding br_netfilter bridge ceph dm_crypt dm_mod dm_multipath dm_snapshot dm_thin_pool dummy geneve ip6_tables ip_tables ip_vs ip_vs_rr " +
  "ip_vs_sh ip_vs_wrr ipip ipmi_devintf ipmi_si iscsi_tcp kvm kvm_amd kvm_intel loop macvlan macvtap mpls_iptunnel mpls_router nbd " +
  "nf_conntrack nf_nat nf_tables nfs nfsd nvme_rdma nvme_tcp openvswitch overlay rbd sctp tap target_core_mod team tun vfio vfio_pci veth " +
  "vhost vhost_net vhost_vsock vrf vxlan wireguard xfs xt_conntrack zram";

/**
 * Containers share this machine's kernel. Its modules and its settings outside the network namespace are not a node's to change, so
 * these programs, before the real ones on PATH, keep them for the node: known modules count as loaded, settings are remembered.
 */
export const KERNEL_SHIMS: Record<string, string> = {
  modprobe: `#!/bin/sh
# Stand-in of the rackform lab: the node shares its host's kernel and loads nothing into it.
for word in "$@"; do
    case $word in
    -*) ;;
    *)
        name=$(echo "$word" | tr - _)
        [ -d "/sys/module/$name" ] && exit 0
        case " ${MODULES} " in *" $name "*) mkdir -p /run/lab && echo "$name" >>/run/lab/modules; exit 0 ;; esac
        echo "modprobe: FATAL: Module $word not found in directory /lib/modules/$(uname -r)" >&2
        exit 1
        ;;
    esac
done
`,
  sysctl: `#!/bin/sh
# Stand-in of the rackform lab: settings of the network are the node's own, others belong to the host and are only remembered.
real=/usr/sbin/sysctl
[ -x "$real" ] || real=/sbin/sysctl
values=/run/lab/sysctl
names= write= quiet=
for word in "$@"; do
    case $word in
    -n | --values) names=no ;;
    -w | --write) write=yes ;;
    -q | --quiet) quiet=yes ;;
    -*) exec "$real" "$@" ;;
    net.*) exec "$real" "$@" ;;
    *=*)
        key=$(echo "\${word%%=*}" | tr -d ' ' | tr / .)
        "$real" -n "$key" >/dev/null || exit 255
        mkdir -p "$values"
        printf '%s\\n' "\${word#*=}" | sed 's/^ *//' >"$values/$key"
        [ -n "$quiet" ] || echo "$key = $(cat "$values/$key")"
        ;;
    *)
        if [ -f "$values/$word" ]; then value=$(cat "$values/$word"); else value=$("$real" -n "$word") || exit 255; fi
        if [ -n "$names" ]; then echo "$value"; else echo "$word = $value"; fi
        ;;
    esac
done
`,
};
