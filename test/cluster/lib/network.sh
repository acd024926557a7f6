# shellcheck shell=bash
# The bridge all pods hang on, and the way out of it.

FORWARD_RULES=("-i $BRIDGE" "-o $BRIDGE")
LEAVING="-s $POD_NETWORK ! -d $POD_NETWORK"

network_is_up() {
  [[ $(</proc/sys/net/ipv4/ip_forward) == 1 && $(ip -brief address show up dev "$BRIDGE" 2>/dev/null) == *" $ADDRESS/"* ]]
}

make_network() {
  local other
  other=$(ip -oneline -4 address show to "$POD_NETWORK" | grep -v " $BRIDGE " || true)
  [[ -z $other ]] || fail "the network $POD_NETWORK is taken on this machine: $other"
  network_is_up || make_bridge
  make_rules
}

make_bridge() {
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    # An address of its own: a bridge without one takes its ports', and changes it as pods come and go.
    ip link add "$BRIDGE" address 0a:58:0a:58:00:01 type bridge
  fi
  ip address replace "$ADDRESS/${POD_NETWORK#*/}" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  # The first value found is the one to give back.
  mkdir -p "$LIVE"
  [[ -e $LIVE/ip_forward.before ]] || cat /proc/sys/net/ipv4/ip_forward >"$LIVE/ip_forward.before"
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

# A machine with a container engine drops what it forwards; pods are to reach each other and the world all the same.
make_rules() {
  local rule
  # shellcheck disable=SC2086 # rules are words
  for rule in "${FORWARD_RULES[@]}"; do
    iptables -w -C FORWARD $rule -m comment --comment slipway-test -j ACCEPT 2>/dev/null ||
      iptables -w -I FORWARD $rule -m comment --comment slipway-test -j ACCEPT
  done
  # shellcheck disable=SC2086
  iptables -w -t nat -C POSTROUTING $LEAVING -m comment --comment slipway-test -j MASQUERADE 2>/dev/null ||
    iptables -w -t nat -A POSTROUTING $LEAVING -m comment --comment slipway-test -j MASQUERADE
}

remove_network() {
  remove_rules
  local port
  while IFS=' :@' read -r _ port _; do
    ip link delete "$port" 2>/dev/null || true
  done < <(ip -oneline link show master "$BRIDGE" 2>/dev/null)
  ip link delete "$BRIDGE" 2>/dev/null || true
  if [[ -s $LIVE/ip_forward.before ]]; then cat "$LIVE/ip_forward.before" >/proc/sys/net/ipv4/ip_forward; fi
}

# Ours by their comment, the kubelet's and kube-proxy's by the names of their chains.
remove_rules() {
  local command table rules
  for command in iptables ip6tables; do
    for table in filter nat mangle; do
      rules=$("$command-save" --table "$table" 2>/dev/null) || continue
      grep -qE 'KUBE-|slipway-test' <<<"$rules" || continue
      {
        echo "*$table"
        sed -nE '/^-A KUBE-/d; s/^-A (.* --comment slipway-test .*|.* -j KUBE-.*)/-D \1/p' <<<"$rules"
        sed -nE 's/^:(KUBE-[^ ]*) .*/:\1 - [0:0]/p' <<<"$rules" # declared again, a chain is empty
        sed -nE 's/^:(KUBE-[^ ]*) .*/-X \1/p' <<<"$rules"
        echo COMMIT
      } | "$command-restore" --wait 5 --noflush || say "some rules of $command remain in the table $table"
    done
  done
}
