#!/bin/busybox sh
# The guest that is measured: does the work it was given, and says what it is at.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done

say() { echo "BENCH $*"; }

# A card's link takes seconds to come up, and a switch may take half a minute to let packets through.
reach() {
  for i in $(seq 60); do
    ping -c 1 -W 1 "$1" > /dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}

say up
if [ -e /bench/jobs.fio ]; then
  cd /tmp
  if /bench/fio --output-format=json+ --output=/tmp/report /bench/jobs.fio > /tmp/said 2>&1; then
    # A sector with the length, then the report.
    { printf '%-512s' "$(stat -c %s /tmp/report)"; cat /tmp/report; } > /tmp/framed
    dd if=/tmp/framed of=/dev/vdb bs=64k conv=fsync 2> /dev/null && say report
  else
    say "failed fio: $(cat /tmp/said /tmp/report | tail -n 5 | tr '\n' ' ')"
  fi
fi
if [ -e /bench/network ] && [ -e /sys/class/net/eth0 ]; then
  . /bench/network
  ifconfig eth0 "$address" netmask 255.255.255.0 up
  reach "$host" || say "failed the host does not answer the guest's ping"
  for exchange in $exchanges; do
    case $exchange in
      tcp-rr) program=cat ;;
      tcp-from-guest) program='cat /dev/zero' ;;
      tcp-to-guest) program='cat > /dev/null' ;;
    esac
    say "exchange $exchange"
    # The host closes the stream that comes from here, so how it ends tells nothing.
    nc "$host" "$port" -e sh -c "exec $program"
  done
fi
say end
poweroff -f
while :; do sleep 1000; done
