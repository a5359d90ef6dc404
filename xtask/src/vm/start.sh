# The virtual machine's start after the root disk: what systemd would do on a Debian machine. What it prints goes to the second serial port.
export PATH=/bin HOME=/data/home TMPDIR=/data/tmp RUST_BACKTRACE=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 -o nsdelegate cgroup /sys/fs/cgroup
mkdir /sys/fs/cgroup/init
echo $$ > /sys/fs/cgroup/init/cgroup.procs
ip link set lo up
hostname machine
stty -F /dev/ttyS1 -opost
exec < /dev/null > /dev/ttyS1 2>&1
mount -t xfs -o prjquota /dev/vdb /data || echo "failed: the data disk cannot be mounted"
mkdir -p "$HOME" "$TMPDIR"
echo "== up after $(cut -d. -f1 /proc/uptime) s: Linux $(uname -r), cgroup2, AppArmor $(cat /sys/module/apparmor/parameters/enabled), XFS $(grep -c prjquota /proc/mounts)"
cd /data
sh /etc/run
echo "== ended $?"
sync
poweroff -f
