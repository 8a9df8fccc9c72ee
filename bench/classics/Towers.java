// Towers: see towers.firn.

final class Towers {
  static final class Disk {
    final int size;
    Disk below;

    Disk(int size) {
      this.size = size;
    }
  }

  private final Disk[] piles = new Disk[3];
  private int moves = 0;

  void push(Disk disk, int pile) {
    Disk top = piles[pile];
    if (top != null && disk.size >= top.size) throw new IllegalStateException("a disk on one that is not bigger");
    disk.below = top;
    piles[pile] = disk;
  }

  Disk pop(int pile) {
    Disk top = piles[pile];
    if (top == null) throw new IllegalStateException("no disk to take");
    piles[pile] = top.below;
    top.below = null;
    return top;
  }

  void build(int pile, int disks) {
    for (int size = disks; size >= 0; size--) push(new Disk(size), pile);
  }

  void moveTop(int from, int to) {
    push(pop(from), to);
    moves++;
  }

  void move(int disks, int from, int to) {
    if (disks == 1) {
      moveTop(from, to);
      return;
    }
    int other = 3 - from - to;
    move(disks - 1, from, other);
    moveTop(from, to);
    move(disks - 1, other, to);
  }

  static int countMoves() {
    Towers towers = new Towers();
    towers.build(0, 13);
    towers.move(13, 0, 1);
    return towers.moves;
  }

  public static void main(String[] args) {
    Harness.run("towers", args, 600, n -> Harness.repeat(n, 8191, Towers::countMoves));
  }
}
