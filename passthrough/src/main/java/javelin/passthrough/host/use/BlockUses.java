package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/** Disks and partitions that are mounted, swapped to, or under other block devices. */
final class BlockUses implements UseCheck {
  private final BlockDevices devices;
  private final DiskClaims claims;

  BlockUses(HostFiles files) {
    devices = new BlockDevices(files);
    claims = new DiskClaims(files);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    List<DeviceUse> uses = new ArrayList<>();
    for (String disk : devices.disks(device)) {
      for (BlockNode node : devices.withPartitions(disk)) {
        claims.on(node).ifPresent(claim -> uses.add(use(node, "is " + claim)));
        follow(node, List.of(), claim -> uses.add(use(node, claim)));
      }
    }
    return uses;
  }

  private static DeviceUse use(BlockNode node, String words) {
    return new DeviceUse(Kind.BLOCK, node.name(), node.path() + " " + words);
  }

  /**
   * Follows what stands on a block device, through arrays, volumes and their partitions.
   *
   * @param passed what stands between, so far
   * @param ends hears of what is at each end
   */
  private void follow(BlockNode node, List<BlockNode> passed, Consumer<String> ends) {
    for (String holder : node.holders()) {
      List<BlockNode> uppers = devices.withPartitions(holder);
      for (BlockNode upper : uppers) {
        if (!passed.contains(upper)) {
          List<BlockNode> chain = Stream.concat(passed.stream(), Stream.of(upper)).toList();
          String claim = claims.on(upper).map(words -> ", " + words).orElse("");
          boolean isEnd = upper.holders().isEmpty() && uppers.size() == 1;
          if (isEnd || !claim.isEmpty()) {
            ends.accept("is behind " + names(chain) + claim);
          }
          follow(upper, chain, ends);
        }
      }
    }
  }

  private static String names(List<BlockNode> passed) {
    return passed.stream().map(BlockNode::asHolder).collect(Collectors.joining(" and "));
  }
}
