package javelin.passthrough.model;

/**
 * A register of a model of which a write may come as the signal of an eventfd: no value comes
 * along, and writes close to each other come at once.
 *
 * @param bar BAR 0 to 5
 * @param offset bytes from the BAR's start
 * @param size bytes of a write: 1, 2, 4 or 8
 * @param isMatched whether it is of writes of {@code value} only; others come as writes do
 * @param value what is written; 0 where it does not matter
 */
public record ModelDoorbell(int bar, long offset, int size, boolean isMatched, long value) {}
