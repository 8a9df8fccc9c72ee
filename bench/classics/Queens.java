// Queens: see queens.firn.

import java.util.Arrays;

final class Queens {
  private final boolean[] freeRows = new boolean[8];
  private final boolean[] freeRising = new boolean[16];
  private final boolean[] freeFalling = new boolean[16];
  private final int[] queens = new int[8];

  Queens() {
    Arrays.fill(freeRows, true);
    Arrays.fill(freeRising, true);
    Arrays.fill(freeFalling, true);
    Arrays.fill(queens, -1);
  }

  boolean isFree(int row, int column) {
    return freeRows[row] && freeRising[column + row] && freeFalling[column - row + 7];
  }

  void setFree(int row, int column, boolean free) {
    freeRows[row] = free;
    freeRising[column + row] = free;
    freeFalling[column - row + 7] = free;
  }

  boolean place(int column) {
    for (int row = 0; row < 8; row++) {
      if (!isFree(row, column)) continue;
      queens[column] = row;
      setFree(row, column, false);
      if (column == 7 || place(column + 1)) return true;
      setFree(row, column, true);
    }
    return false;
  }

  static int countSolved() {
    int solved = 0;
    for (int i = 0; i < 10; i++) if (new Queens().place(0)) solved++;
    return solved;
  }

  public static void main(String[] args) {
    Harness.run("queens", args, 1000, n -> Harness.repeat(n, 10, Queens::countSolved));
  }
}
