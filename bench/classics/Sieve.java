// Sieve: see sieve.firn.

import java.util.Arrays;

final class Sieve {
  static final int LIMIT = 5000;

  static int countPrimes() {
    boolean[] isPrime = new boolean[LIMIT + 1];
    Arrays.fill(isPrime, true);
    int count = 0;
    for (int i = 2; i <= LIMIT; i++) {
      if (!isPrime[i]) continue;
      count++;
      for (int multiple = i + i; multiple <= LIMIT; multiple += i) isPrime[multiple] = false;
    }
    return count;
  }

  public static void main(String[] args) {
    Harness.run("sieve", args, 3000, n -> Harness.repeat(n, 669, Sieve::countPrimes));
  }
}
