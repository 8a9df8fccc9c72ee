// Storage: see storage.firn.

final class Storage {
  private int count = 0;
  private final Harness.Random random = new Harness.Random();

  Object[] build(int depth) {
    count++;
    if (depth == 1) return new Object[random.next() % 10 + 1];
    Object[] children = new Object[4];
    for (int i = 0; i < 4; i++) children[i] = build(depth - 1);
    return children;
  }

  static int countLists() {
    Storage builder = new Storage();
    builder.build(7);
    return builder.count;
  }

  public static void main(String[] args) {
    Harness.run("storage", args, 1000, n -> Harness.repeat(n, 5461, Storage::countLists));
  }
}
