package javelin.vmm.linux;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the calls of a {@link FakeSyscalls} are told to return, and which ones were made. */
final class CallScript {
  private final List<String> calls = new ArrayList<>();
  private final Map<String, Integer> counts = new HashMap<>();
  private final Map<String, Map<Integer, Integer>> failures = new HashMap<>();
  private final Map<String, FakeSyscalls.Answer> answers = new HashMap<>();

  void fail(String name, int occurrence, Errno errno) {
    int place = counts.getOrDefault(name, 0) + occurrence;
    failures.computeIfAbsent(name, key -> new HashMap<>()).put(place, errno.number());
  }

  void answer(String name, FakeSyscalls.Answer answer) {
    answers.put(name, answer);
  }

  List<String> calls() {
    return List.copyOf(calls);
  }

  /** Records the call; returns what it is told to return, or null where nothing is. */
  Long outcome(String name, Object... arguments) {
    calls.add(
        Arrays.stream(arguments)
            .map(String::valueOf)
            .collect(Collectors.joining(", ", name + "(", ")")));
    int place = counts.merge(name, 1, Integer::sum);
    Integer failure = failures.getOrDefault(name, Map.of()).get(place);
    if (failure != null) {
      return (long) -failure;
    }
    FakeSyscalls.Answer answer = answers.get(name);
    return answer == null ? null : answer.answer(arguments);
  }
}
