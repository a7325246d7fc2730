package javelin.boot.lab;

import java.nio.file.Path;

/**
 * What of this machine a lab is put together from.
 *
 * @param kernel its kernel
 * @param qemu what it runs on
 * @param busybox a static busybox, the tools of its first minute
 */
record LabParts(LabKernel kernel, QemuProgram qemu, Path busybox) {}
