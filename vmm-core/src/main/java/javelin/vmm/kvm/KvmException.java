package javelin.vmm.kvm;

/** KVM is missing, not permitted, or lacks something; the message says which and the way out. */
public final class KvmException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  KvmException(String message) {
    super(message);
  }

  KvmException(String message, Throwable cause) {
    super(message, cause);
  }
}
