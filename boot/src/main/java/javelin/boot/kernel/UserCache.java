package javelin.boot.kernel;

import java.nio.file.Path;

/** Where Javelin keeps for a user what it can make or fetch again. */
public final class UserCache {
  private UserCache() {}

  /** The folder of this process's user, which may not be there yet. */
  public static Path folder() {
    return folder(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
  }

  /** {@code $XDG_CACHE_HOME/javelin}, else {@code ~/.cache/javelin}. */
  public static Path folder(String xdgCacheHome, String home) {
    return xdgCacheHome != null && xdgCacheHome.startsWith("/")
        ? Path.of(xdgCacheHome, "javelin")
        : Path.of(home, ".cache", "javelin");
  }
}
