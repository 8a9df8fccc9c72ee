// What the benchmarks share: see harness.firn.

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;

final class Harness {
  private Harness() {}

  /** Numbers from 0 to 65535. */
  static final class Random {
    private int seed = 74755;

    int next() {
      seed = (seed * 1309 + 13849) & 0xffff;
      return seed;
    }
  }

  static void check(boolean condition) {
    if (!condition) throw new AssertionError("wrong result");
  }

  static void run(String name, String[] args, int inner, IntFunction<String> iteration) {
    boolean isSteady = Arrays.asList(args).contains("--steady");
    int[] numbers = Arrays.stream(args).filter(arg -> !arg.equals("--steady")).mapToInt(Integer::parseInt).toArray();
    int iterations = numbers.length > 0 ? numbers[0] : 1;
    int size = numbers.length > 1 ? numbers[1] : inner;
    long[] times = new long[iterations];
    String result = "";
    for (int i = 0; i < iterations; i++) {
      long start = System.nanoTime();
      result = iteration.apply(size);
      times[i] = System.nanoTime() - start;
    }
    System.out.println(name + " " + result);
    if (isSteady) {
      long[] steady = Arrays.copyOfRange(times, iterations / 2, iterations);
      Arrays.sort(steady);
      System.err.println("steady " + steady[steady.length / 2] + " " + steady[0]);
    }
  }

  static String repeat(int times, int wanted, IntSupplier body) {
    for (int i = 0; i < times; i++) check(body.getAsInt() == wanted);
    return Integer.toString(wanted);
  }
}
