package javelin.passthrough.host;

import java.util.List;
import java.util.Optional;

/**
 * What a function is to SR-IOV.
 *
 * @param totalVfs how many virtual functions it can have; 0 where it is no physical function
 * @param virtualFunctions those that are on, in their order
 * @param physicalFunction the one that it belongs to, where it is a virtual function itself
 */
public record SriovRole(
    int totalVfs, List<HostAddress> virtualFunctions, Optional<HostAddress> physicalFunction) {
  /** Keeps a copy of the list. */
  public SriovRole {
    virtualFunctions = List.copyOf(virtualFunctions);
  }
}
