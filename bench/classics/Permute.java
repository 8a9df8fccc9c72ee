// Permute: see permute.firn.

final class Permute {
  private int calls = 0;
  private final int[] values = {0, 1, 2, 3, 4, 5};

  void permute(int n) {
    calls++;
    if (n == 0) return;
    int last = n - 1;
    permute(last);
    for (int i = last; i >= 0; i--) {
      swap(last, i);
      permute(last);
      swap(last, i);
    }
  }

  void swap(int i, int j) {
    int value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  static int countCalls() {
    Permute permuter = new Permute();
    permuter.permute(6);
    return permuter.calls;
  }

  public static void main(String[] args) {
    Harness.run("permute", args, 1000, n -> Harness.repeat(n, 8660, Permute::countCalls));
  }
}
