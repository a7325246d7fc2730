#!/bin/sh
# First process of the lab's host: makes the machine's own root, under a layer in memory, its root.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module.ko" || echo "module $module did not load"
done < /lab/modules

share=trans=virtio,version=9p2000.L,msize=1048576
mount -t 9p -o "ro,cache=loose,$share" hostroot /lower
mount -t tmpfs -o size=75% layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work host /host

for folder in proc sys dev run; do mkdir -p /host/$folder; done
mount -o move /proc /host/proc
mount -o move /sys /host/sys
mount -o move /dev /host/dev
mount -t tmpfs -o mode=755 run /host/run
mkdir /host/run/javelin-lab /host/run/lock
cp -a /bin /lab/. /host/run/javelin-lab/
exec switch_root /host /run/javelin-lab/bin/sh /run/javelin-lab/host.sh
