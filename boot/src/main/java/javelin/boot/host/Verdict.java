package javelin.boot.host;

/**
 * Whether a host can do one thing that users want.
 *
 * @param ability the thing, such as {@code "Run guests"}
 * @param possible whether it can
 * @param reason why not and the way out, or how far
 */
public record Verdict(String ability, boolean possible, String reason) {}
