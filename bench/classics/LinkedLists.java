// List: see list.firn. (A class named List would hide java.util's.)

final class LinkedLists {
  record Element(int value, Element next) {
    int length() {
      return next == null ? 1 : 1 + next.length();
    }
  }

  static Element make(int length) {
    return length == 0 ? null : new Element(length, make(length - 1));
  }

  static boolean isShorter(Element x, Element y) {
    while (y != null) {
      if (x == null) return true;
      x = x.next;
      y = y.next;
    }
    return false;
  }

  static Element next(Element list) {
    return list == null ? null : list.next;
  }

  static Element tail(Element x, Element y, Element z) {
    if (!isShorter(y, x)) return z;
    return tail(tail(next(x), y, z), tail(next(y), z, x), tail(next(z), x, y));
  }

  public static void main(String[] args) {
    Harness.run("list", args, 1500, n -> Harness.repeat(n, 10, () -> tail(make(15), make(10), make(6)).length()));
  }
}
