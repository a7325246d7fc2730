# The lab's host once its root is there: completes it, runs the command, reports its exit code.
lab=/run/javelin-lab
tools=$lab/bin
. $lab/settings # release, modules, out (or nothing), shell and wake (yes or no)
export PATH=$tools

mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t hugetlbfs hugetlbfs /dev/hugepages
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
chmod 666 /dev/kvm
for link in fd:/proc/self/fd stdin:/proc/self/fd/0 stdout:/proc/self/fd/1 stderr:/proc/self/fd/2; do
  ln -sf "${link#*:}" "/dev/${link%%:*}"
done
hostname lab
ifconfig lo 127.0.0.1 up
if [ ! -e "/lib/modules/$release" ]; then
  mkdir -p /lib/modules && ln -s "$modules" "/lib/modules/$release"
fi
if [ -n "$out" ]; then
  mount -t 9p -o trans=virtio,version=9p2000.L,cache=mmap,msize=1048576 out "$out"
fi

port() {
  for name in /sys/class/virtio-ports/*/name; do
    if [ "$(cat "$name")" = "$1" ]; then
      name=${name%/name}
      echo "/dev/${name##*/}"
    fi
  done
}

# When Javelin goes away without a word, the control port ends and so does the lab.
exec 3<> "$(port control)"
{ cat <&3 > /dev/null; [ -e $lab/ending ] || poweroff -f; } &
keep=" 1 $! "
echo up >&3
# By these signs Javelin knows that the host still runs.
while sleep 5; do echo alive; done >&3 &
keep="$keep$! "

# Linux acknowledges an event of AMD-Vi with bits that QEMU then keeps set (to 11.1 at least), so the
# thread that handles the first one never ends. Like all threads of interrupts it goes before
# others; among equals, and preempted (preempt=full), it leaves them half of one processor.
if [ -e /sys/class/iommu/ivhd0 ]; then
  for process in /proc/[0-9]*; do
    read -r name < "$process/comm"
    case "$name" in irq/*-AMD-Vi) /usr/bin/chrt -o -p 0 "${process#/proc/}" ;; esac
  done
fi

# Before release 10.2, QEMU loses the wake-up of a halted processor now and then, and with it the next
# tick of that one's timer: what sleeps there sleeps for good. There, each processor is woken by
# another one every second.
cpus=$(grep -c ^processor /proc/cpuinfo)
cpu=0
while [ "$wake" = yes ] && [ "$cpu" -lt "$cpus" ]; do
  next=$(printf %x $((1 << (cpu + 1) % cpus)))
  taskset "$(printf %x $((1 << cpu)))" sh -c "while sleep 1; do taskset $next true; done" 3>&- &
  keep="$keep$! "
  cpu=$((cpu + 1))
done

if [ "$shell" = yes ]; then
  setsid -c sh $lab/command < /dev/hvc0 > /dev/hvc0 2>&1 3>&-
  code=$?
else
  # Pipes, because a port can be opened only once, and commands do open /dev/stderr.
  mkfifo $lab/stdout $lab/stderr
  cat $lab/stdout > "$(port stdout)" 3>&- &
  pumps=$!
  cat $lab/stderr > "$(port stderr)" 3>&- &
  pumps="$pumps $!"
  setsid sh $lab/command < /dev/null > $lab/stdout 2> $lab/stderr 3>&-
  code=$?
  # What the command left behind holds its output open: end it, then let the pipes run dry.
  > $lab/ending
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    case "$keep$pumps " in
      *" $process "*) ;;
      *) kill -9 "$process" ;;
    esac
  done
  wait $pumps
fi
[ -n "$out" ] && umount "$out"
sync
echo "exit $code" >&3
poweroff -f
