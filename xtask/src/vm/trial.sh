# What is tried in a machine with systemd. What it prints goes to the second serial port; the last line says how it ended.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root KUBECONFIG=/data/stead/kubeconfig
stty -F /dev/ttyS1 -opost
exec < /dev/null > /dev/ttyS1 2>&1
DIR=/data/stead

ended() {
    [ "$1" = 0 ] || journalctl --no-pager -u stead -n 40
    sync
    echo "== ended $1"
    systemctl poweroff
    exit
}

fail() {
    echo "failed: $*"
    ended 1
}

# Each command until it succeeds, for two minutes.
until_done() {
    what="$1"
    shift
    tries=0
    until "$@" > /data/said 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 240 ] || { cat /data/said; fail "$what"; }
        sleep 0.5
    done
}

# Name, uid and restarts of each pod.
pods() {
    kubectl get pods -l app=web --sort-by=.metadata.name \
        -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}'
}

all_ready() {
    kubectl rollout status statefulset/web --timeout=5s && kubectl wait --for=condition=Ready pod -l app=web --timeout=5s
}

# The processes of the service's own control group.
own_processes() {
    wc -l < /sys/fs/cgroup/system.slice/stead.service/cgroup.procs
}

same_pods() {
    until_done "the server does not answer after $1" kubectl get --raw /readyz
    until_done "pods are not ready after $1" all_ready
    pods > /data/after
    [ "$(cat /data/before)" = "$(cat /data/after)" ] || { cat /data/before /data/after; fail "other pods after $1"; }
    [ "$(own_processes)" = 1 ] || { systemctl status stead --no-pager; fail "other processes than the server's are the service's after $1"; }
    echo "the same pods after $1"
}

is_another() {
    [ "$(systemctl show -p MainPID --value stead)" != "$1" ] && systemctl is-active -q stead
}

if [ ! -e /data/before ]; then
    echo "== up: $(systemctl --version | head -n 1)"
    stead install --data-dir $DIR --node-name machine --shutdown-grace-period 20s || fail "install"
    stead install --data-dir $DIR --node-name machine --shutdown-grace-period 20s || fail "install another time"
    stead up --data-dir $DIR -f /etc/web.yaml --timeout 5m || fail "up"
    pods > /data/before
    for ordinal in 0 1 2; do until_done "write into web-$ordinal" kubectl exec web-$ordinal -- sh -c 'echo "$HOSTNAME" > /data/name'; done
    [ "$tries" = 0 ] || echo "after $tries tries"
    systemd-inhibit --list --no-pager | grep -i stead || fail "logind does not know that pods are to be ended before the machine"
    systemctl restart stead || fail "restart"
    same_pods "a restart of the service"
    pid=$(systemctl show -p MainPID --value stead)
    systemctl kill -s KILL stead
    until_done "the service is not started again" is_another "$pid"
    same_pods "a kill of the server"
    echo "now the machine"
    systemctl reboot
    exit
fi
echo "up again"
until_done "the service does not start with the machine" kubectl get --raw /readyz
until_done "pods are not ready after a restart of the machine" all_ready
for name in web-0 web-1 web-2; do
    [ "$(kubectl exec "$name" -- cat /data/name)" = "$name" ] || fail "$name has lost what it wrote"
done
pods
echo "the identities and their data are there after a restart of the machine"
stead uninstall || fail "uninstall"
[ ! -e /etc/systemd/system/stead.service ] || fail "the unit is there"
! systemctl is-active -q stead || fail "the service runs"
# At least a shim and a container of each.
[ "$(find /sys/fs/cgroup/stead-* -name cgroup.procs -exec cat {} + | wc -l)" -ge 6 ] || fail "pods were ended with the service"
stead down --data-dir $DIR || fail "down"
stead reset --data-dir $DIR --yes || fail "reset"
! ls -d /sys/fs/cgroup/stead-* 2> /dev/null || fail "control groups are left"
! grep /data/stead /proc/mounts || fail "mounts are left"
echo "nothing is left of it"
ended 0
