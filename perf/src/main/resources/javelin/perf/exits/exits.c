// The yardstick of `javelin bench exits`: a loop over KVM_RUN with nothing around it.
//
//   exits CODE RAM_BYTES port|mmio TARGET WARMUP COUNT
//
// Runs the guest code CODE (hexadecimal bytes) in real mode at 0x1000, takes the time at each of
// its exits, and writes COUNT times from one exit to the next one (64 bits each, ns, in this
// machine's byte order) to standard output, without the first WARMUP ones.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define ORIGIN 0x1000
#define TSS_ADDRESS 0xfffbd000UL
#define IDENTITY_MAP_ADDRESS 0xfffbc000UL

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static int call(const char *name, int fd, unsigned long request, unsigned long argument) {
  int result = ioctl(fd, request, argument);
  if (result < 0) fail(name);
  return result;
}

static void *map(size_t bytes, int flags, int fd) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (memory == MAP_FAILED) fail("mmap");
  return memory;
}

static void load(uint8_t *ram, const char *hex) {
  unsigned value;
  for (uint8_t *next = ram + ORIGIN; sscanf(hex, "%2x", &value) == 1; hex += 2) *next++ = value;
}

static void enter_real_mode(int vcpu) {
  struct kvm_sregs sregs;
  call("KVM_GET_SREGS", vcpu, KVM_GET_SREGS, (unsigned long)&sregs);
  struct kvm_segment *segments[] = {&sregs.cs, &sregs.ds, &sregs.es, &sregs.fs, &sregs.gs, &sregs.ss};
  for (int i = 0; i < 6; i++) {
    segments[i]->base = 0;
    segments[i]->selector = 0;
    segments[i]->limit = 0xffff;
  }
  call("KVM_SET_SREGS", vcpu, KVM_SET_SREGS, (unsigned long)&sregs);
  struct kvm_regs regs = {.rip = ORIGIN, .rflags = 2};
  call("KVM_SET_REGS", vcpu, KVM_SET_REGS, (unsigned long)&regs);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: exits CODE RAM_BYTES port|mmio TARGET WARMUP COUNT\n");
    return 2;
  }
  size_t ram_bytes = strtoul(argv[2], NULL, 0);
  int is_mmio = strcmp(argv[3], "mmio") == 0;
  uint64_t target = strtoull(argv[4], NULL, 0);
  long warmup = atol(argv[5]);
  long count = atol(argv[6]);

  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) fail("open /dev/kvm");
  int vm = call("KVM_CREATE_VM", kvm, KVM_CREATE_VM, 0);
  call("KVM_SET_TSS_ADDR", vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
  uint64_t identity_map = IDENTITY_MAP_ADDRESS;
  call("KVM_SET_IDENTITY_MAP_ADDR", vm, KVM_SET_IDENTITY_MAP_ADDR, (unsigned long)&identity_map);
  call("KVM_CREATE_IRQCHIP", vm, KVM_CREATE_IRQCHIP, 0);
  struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
  call("KVM_CREATE_PIT2", vm, KVM_CREATE_PIT2, (unsigned long)&pit);

  uint8_t *ram = map(ram_bytes, MAP_SHARED | MAP_ANONYMOUS, -1);
  load(ram, argv[1]);
  struct kvm_userspace_memory_region slot = {
      .memory_size = ram_bytes, .userspace_addr = (unsigned long)ram};
  call("KVM_SET_USER_MEMORY_REGION", vm, KVM_SET_USER_MEMORY_REGION, (unsigned long)&slot);

  int vcpu = call("KVM_CREATE_VCPU", vm, KVM_CREATE_VCPU, 0);
  int run_bytes = call("KVM_GET_VCPU_MMAP_SIZE", kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  struct kvm_run *run = map(run_bytes, MAP_SHARED, vcpu);
  enter_real_mode(vcpu);

  uint64_t *samples = calloc(count, sizeof *samples);
  if (!samples) fail("calloc");
  uint64_t last = 0;
  for (long i = -warmup - 1; i < count;) {
    if (ioctl(vcpu, KVM_RUN, 0) < 0) {
      if (errno == EINTR) continue;
      fail("KVM_RUN");
    }
    int is_ours = is_mmio ? run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == target
                          : run->exit_reason == KVM_EXIT_IO && run->io.port == target;
    if (!is_ours) {
      fprintf(stderr, "the guest left for exit reason %u\n", run->exit_reason);
      return 1;
    }
    uint64_t time = now();
    if (i >= 0) samples[i] = time - last;
    last = time;
    i++;
  }
  if (fwrite(samples, sizeof *samples, count, stdout) != (size_t)count) fail("write");
  return 0;
}
