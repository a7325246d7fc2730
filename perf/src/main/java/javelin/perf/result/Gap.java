package javelin.perf.result;

/**
 * Something that was asked for and not measured.
 *
 * @param what a case, a side, or both
 * @param why the reason, with the way out where there is one
 */
public record Gap(String what, String why) {}
