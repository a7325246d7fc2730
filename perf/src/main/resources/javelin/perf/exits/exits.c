// The floor of `javelin bench exits`: Javelin's measuring guest on a plain loop over KVM_RUN.
//
//   exits FOLDER
//
// FOLDER holds what Javelin has prepared: `ram`, the guest's RAM from address 0 on; `regs` and
// `sregs`, the boot processor's registers (struct kvm_regs, struct kvm_sregs); `cpuid.0` and
// `cpuid.1` (struct kvm_cpuid2). layout.h, with the places that the guest touches, is made from
// Javelin's own constants when this is compiled.
//
// What the guest writes to its serial port goes to standard output. In the text that it writes
// there, this program adds a figure to each case (`user-exits`), and the samples of the cases that
// are timed outside, in ns.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "layout.h"

#define MSI_ADDRESS 0xfee00000U
#define SAMPLES_PER_LINE 16

static int vm;
static int vcpus[CPUS];
static struct kvm_run *runs[CPUS];
static size_t run_bytes;

static int irqfd_event;
static int doorbell_event;
static int answer_event;

static uint32_t port_storage;
static uint32_t mmio_storage;
static uint64_t user_exits;
static uint64_t exits_at_begin;
static uint64_t *samples;
static size_t sample_count;
static uint64_t last_time;

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

// Reads a file of the folder; into `target`, or into memory of its own where that is NULL.
static void *load(const char *name, void *target, size_t *size) {
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) fail(name);
  size_t bytes = status.st_size;
  if (!target && !(target = malloc(bytes))) fail("malloc");
  for (size_t done = 0; done < bytes;) {
    ssize_t count = read(fd, (char *)target + done, bytes - done);
    if (count <= 0) fail(name);
    done += count;
  }
  close(fd);
  if (size) *size = bytes;
  return target;
}

static int new_event(int flags) {
  int fd = eventfd(0, EFD_CLOEXEC | flags);
  if (fd < 0) fail("eventfd");
  return fd;
}

static void signal_event(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN) fail("write to eventfd");
}

static void attach_irqfd(int event, unsigned gsi) {
  struct kvm_irqfd request = {.fd = event, .gsi = gsi};
  call("KVM_IRQFD", vm, KVM_IRQFD, (unsigned long)&request);
}

static void attach_ioeventfd(int event, uint64_t address, unsigned length, unsigned flags) {
  struct kvm_ioeventfd request = {.addr = address, .len = length, .fd = event, .flags = flags};
  call("KVM_IOEVENTFD", vm, KVM_IOEVENTFD, (unsigned long)&request);
}

// GSIs of their own for the two messages; the guest uses no pin of the interrupt controllers.
static void set_up_interrupts(void) {
  static const unsigned vectors[] = {VECTOR_IRQFD, VECTOR_DOORBELL};
  struct kvm_irq_routing *routing = calloc(1, sizeof *routing + 2 * sizeof routing->entries[0]);
  if (!routing) fail("calloc");
  routing->nr = 2;
  for (int i = 0; i < 2; i++) {
    routing->entries[i].gsi = 24 + i;
    routing->entries[i].type = KVM_IRQ_ROUTING_MSI;
    routing->entries[i].u.msi.address_lo = MSI_ADDRESS;
    routing->entries[i].u.msi.data = vectors[i];
  }
  call("KVM_SET_GSI_ROUTING", vm, KVM_SET_GSI_ROUTING, (unsigned long)routing);
  free(routing);
  irqfd_event = new_event(EFD_NONBLOCK);
  attach_irqfd(irqfd_event, 24);
  answer_event = new_event(EFD_NONBLOCK);
  attach_irqfd(answer_event, 25);
  doorbell_event = new_event(0);
  attach_ioeventfd(doorbell_event, PORT_DOORBELL, 1, KVM_IOEVENTFD_FLAG_PIO);
  int idle = new_event(EFD_NONBLOCK);
  attach_ioeventfd(idle, PORT_IDLE_DOORBELL, 1, KVM_IOEVENTFD_FLAG_PIO);
  attach_ioeventfd(idle, MMIO_IDLE_DOORBELL, 0, 0);
}

static void *serve_doorbell(void *unused) {
  (void)unused;
  uint64_t count;
  while (read(doorbell_event, &count, sizeof count) == sizeof count) signal_event(answer_event);
  fail("read from eventfd");
  return NULL;
}

static void send_message(void) {
  struct kvm_msi message = {.address_lo = MSI_ADDRESS, .data = VECTOR_MSI};
  call("KVM_SIGNAL_MSI", vm, KVM_SIGNAL_MSI, (unsigned long)&message);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static void take_time(void) {
  uint64_t time = now();
  if (sample_count < MAX_SAMPLES) samples[sample_count++] = time - last_time;
  last_time = time;
}

static void print_samples(void) {
  for (size_t i = 0; i < sample_count; i++) {
    if (i % SAMPLES_PER_LINE == 0) printf("%s@ticks", i ? "\n" : "");
    printf(" %llx", (unsigned long long)samples[i]);
  }
  printf("\n");
}

// The guest's mark of a case's beginning, or of its end.
static void mark(unsigned value) {
  if (!(value & 1)) {
    exits_at_begin = user_exits;
    sample_count = 0;
    last_time = now();
    return;
  }
  uint64_t between = user_exits - exits_at_begin - 1;
  printf("@count user-exits %llu\n", (unsigned long long)between);
  if (sample_count) print_samples();
  sample_count = 0;
}

static void write_port(unsigned port, uint32_t value, unsigned size) {
  switch (port) {
    case PORT_STORAGE: memcpy(&port_storage, &value, size); break;
    case PORT_TIMED: take_time(); break;
    case PORT_IRQFD: signal_event(irqfd_event); break;
    case PORT_MSI: send_message(); break;
    case PORT_MARK: mark(value & 0xff); break;
    case COM1: putchar(value & 0xff); break;
    case PORT_DEBUG_EXIT: fflush(stdout); exit(value << 1 | 1);
    default: break;  // Registers of the serial port, which is always ready.
  }
}

static uint32_t read_port(unsigned port) {
  switch (port) {
    case PORT_STORAGE: return port_storage;
    case PORT_PRESENT: return MAGIC;
    case COM1 + 2: return 0xc0;  // IIR: FIFOs.
    case COM1 + 5: return 0x60;  // LSR: all sent.
    default: return ~0U;
  }
}

static void handle_port(struct kvm_run *run) {
  uint8_t *data = (uint8_t *)run + run->io.data_offset;
  unsigned size = run->io.size;
  for (unsigned i = 0; i < run->io.count; i++, data += size) {
    uint32_t value = 0;
    if (run->io.direction == KVM_EXIT_IO_OUT) {
      memcpy(&value, data, size);
      write_port(run->io.port, value, size);
    } else {
      value = read_port(run->io.port);
      memcpy(data, &value, size);
    }
  }
}

static void handle_mmio(struct kvm_run *run) {
  uint64_t address = run->mmio.phys_addr;
  unsigned size = run->mmio.len < 4 ? run->mmio.len : 4;
  if (address == MMIO_TIMED && run->mmio.is_write) {
    take_time();
  } else if (address == MMIO_STORAGE) {
    if (run->mmio.is_write) {
      memcpy(&mmio_storage, run->mmio.data, size);
    } else {
      memcpy(run->mmio.data, &mmio_storage, size);
    }
  }
}

static void *run_cpu(void *argument) {
  int index = (int)(intptr_t)argument;
  struct kvm_run *run = runs[index];
  for (;;) {
    if (ioctl(vcpus[index], KVM_RUN, 0) < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      fail("KVM_RUN");
    }
    switch (run->exit_reason) {
      case KVM_EXIT_IO: handle_port(run); break;
      case KVM_EXIT_MMIO: handle_mmio(run); break;
      default:
        fprintf(stderr, "CPU %d left the guest for reason %u\n", index, run->exit_reason);
        exit(1);
    }
    // Only the boot processor leaves for user space while a case is measured.
    if (index == 0) user_exits++;
  }
}

static void set_up_cpu(int index) {
  vcpus[index] = call("KVM_CREATE_VCPU", vm, KVM_CREATE_VCPU, index);
  runs[index] = map(run_bytes, MAP_SHARED, vcpus[index]);
  char name[16];
  snprintf(name, sizeof name, "cpuid.%d", index);
  void *cpuid = load(name, NULL, NULL);
  call("KVM_SET_CPUID2", vcpus[index], KVM_SET_CPUID2, (unsigned long)cpuid);
  free(cpuid);
  union {
    struct kvm_msrs list;
    uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
  } msrs = {.list = {.nmsrs = 1}};
  msrs.list.entries[0].index = MSR_MTRR_DEFAULT_TYPE;
  msrs.list.entries[0].data = MTRR_ON_WRITE_BACK;
  call("KVM_SET_MSRS", vcpus[index], KVM_SET_MSRS, (unsigned long)&msrs);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: exits FOLDER\n");
    return 2;
  }
  if (chdir(argv[1]) < 0) fail(argv[1]);
  // Ctrl-C is Javelin's, which lets the round end.
  signal(SIGINT, SIG_IGN);
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) fail("open /dev/kvm");
  vm = call("KVM_CREATE_VM", kvm, KVM_CREATE_VM, 0);
  call("KVM_SET_TSS_ADDR", vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
  uint64_t identity_map = IDENTITY_MAP_ADDRESS;
  call("KVM_SET_IDENTITY_MAP_ADDR", vm, KVM_SET_IDENTITY_MAP_ADDR, (unsigned long)&identity_map);
  call("KVM_CREATE_IRQCHIP", vm, KVM_CREATE_IRQCHIP, 0);
  struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
  call("KVM_CREATE_PIT2", vm, KVM_CREATE_PIT2, (unsigned long)&pit);
  set_up_interrupts();

  struct stat image;
  if (stat("ram", &image) < 0) fail("ram");
  void *ram = map(image.st_size, MAP_SHARED | MAP_ANONYMOUS, -1);
  load("ram", ram, NULL);
  struct kvm_userspace_memory_region slot = {
      .memory_size = image.st_size, .userspace_addr = (unsigned long)ram};
  call("KVM_SET_USER_MEMORY_REGION", vm, KVM_SET_USER_MEMORY_REGION, (unsigned long)&slot);

  run_bytes = call("KVM_GET_VCPU_MMAP_SIZE", kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  for (int i = 0; i < CPUS; i++) set_up_cpu(i);
  struct kvm_sregs sregs;
  load("sregs", &sregs, NULL);
  call("KVM_SET_SREGS", vcpus[0], KVM_SET_SREGS, (unsigned long)&sregs);
  struct kvm_regs regs;
  load("regs", &regs, NULL);
  call("KVM_SET_REGS", vcpus[0], KVM_SET_REGS, (unsigned long)&regs);

  samples = calloc(MAX_SAMPLES, sizeof *samples);
  if (!samples) fail("calloc");
  pthread_t thread;
  if (pthread_create(&thread, NULL, serve_doorbell, NULL)) fail("pthread_create");
  for (int i = 1; i < CPUS; i++) {
    if (pthread_create(&thread, NULL, run_cpu, (void *)(intptr_t)i)) fail("pthread_create");
  }
  run_cpu(NULL);
}
