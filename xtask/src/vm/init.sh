#!/bin/busybox sh
# First process of the virtual machine, from the initial ramdisk: loads the drivers and goes on from the root disk.
# Containers cannot leave the ramdisk's own root (pivot_root refuses), so nothing but this runs from it.
/bin/busybox mkdir -p /proc /sys /dev /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
mount -t ext4 /dev/vda /new || poweroff -f
# A root that has systemd starts with it, and finds the data disk where it is.
if [ -e /new/lib/systemd/systemd ]; then
    mount -t xfs -o prjquota /dev/vdb /new/data || poweroff -f
    mount --move /dev /new/dev
    umount /proc
    exec switch_root /new /lib/systemd/systemd
fi
mount --move /dev /new/dev
umount /proc
exec switch_root /new /bin/sh /etc/start
