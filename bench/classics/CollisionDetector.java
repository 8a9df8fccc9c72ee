// CD: see cd.firn.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

final class CollisionDetector {
  // ---- Vectors ----

  record Vector2(double x, double y) implements Comparable<Vector2> {
    Vector2 plus(Vector2 other) {
      return new Vector2(x + other.x, y + other.y);
    }

    @Override public int compareTo(Vector2 other) {
      int byX = Double.compare(x, other.x);
      return byX != 0 ? byX : Double.compare(y, other.y);
    }
  }

  record Vector3(double x, double y, double z) {
    Vector3 plus(Vector3 other) {
      return new Vector3(x + other.x, y + other.y, z + other.z);
    }

    Vector3 minus(Vector3 other) {
      return new Vector3(x - other.x, y - other.y, z - other.z);
    }

    Vector3 times(double factor) {
      return new Vector3(x * factor, y * factor, z * factor);
    }

    double dot(Vector3 other) {
      return x * other.x + y * other.y + z * other.z;
    }

    double squaredLength() {
      return dot(this);
    }

    double length() {
      return Math.sqrt(squaredLength());
    }

    boolean isWithin(Vector3 low, Vector3 high) {
      return low.x <= x && x <= high.x && low.y <= y && y <= high.y && low.z <= z && z <= high.z;
    }
  }

  // ---- Maps in order ----

  static final class Node<K, V> {
    final K key;
    V value;
    boolean isRed = true;
    Node<K, V> left = null, right = null, parent;

    Node(K key, V value, Node<K, V> parent) {
      this.key = key;
      this.value = value;
      this.parent = parent;
    }

    Node<K, V> first() {
      Node<K, V> node = this;
      while (node.left != null) node = node.left;
      return node;
    }

    Node<K, V> successor() {
      if (right != null) return right.first();
      Node<K, V> node = this;
      while (node.parent != null) {
        if (node.parent.left == node) return node.parent;
        node = node.parent;
      }
      return null;
    }

    static boolean isRed(Node<?, ?> node) {
      return node != null && node.isRed;
    }
  }

  static final class TreeMap<K extends Comparable<K>, V> {
    private Node<K, V> root = null;

    V get(K key) {
      Node<K, V> node = find(key);
      return node == null ? null : node.value;
    }

    private Node<K, V> find(K key) {
      Node<K, V> node = root;
      while (node != null) {
        int order = key.compareTo(node.key);
        if (order == 0) return node;
        node = order < 0 ? node.left : node.right;
      }
      return null;
    }

    V put(K key, V value) {
      Node<K, V> parent = null, node = root;
      int order = 0;
      while (node != null) {
        order = key.compareTo(node.key);
        if (order == 0) {
          V before = node.value;
          node.value = value;
          return before;
        }
        parent = node;
        node = order < 0 ? node.left : node.right;
      }
      node = new Node<>(key, value, parent);
      if (parent == null) root = node;
      else if (order < 0) parent.left = node;
      else parent.right = node;
      mendInsertion(node);
      return null;
    }

    private void mendInsertion(Node<K, V> node) {
      while (Node.isRed(node.parent)) {
        Node<K, V> parent = node.parent, grandparent = parent.parent;
        boolean parentIsLeft = grandparent.left == parent;
        Node<K, V> uncle = parentIsLeft ? grandparent.right : grandparent.left;
        if (Node.isRed(uncle)) {
          parent.isRed = false;
          uncle.isRed = false;
          grandparent.isRed = true;
          node = grandparent;
          continue;
        }
        if ((parent.right == node) == parentIsLeft) {
          rotate(parent, parentIsLeft);
          node = parent;
        }
        node.parent.isRed = false;
        grandparent.isRed = true;
        rotate(grandparent, !parentIsLeft);
      }
      root.isRed = false;
    }

    private void rotate(Node<K, V> node, boolean toLeft) {
      Node<K, V> child = toLeft ? node.right : node.left;
      Node<K, V> moved = toLeft ? child.left : child.right;
      if (toLeft) node.right = moved;
      else node.left = moved;
      if (moved != null) moved.parent = node;
      replace(node, child);
      if (toLeft) child.left = node;
      else child.right = node;
      node.parent = child;
    }

    private void replace(Node<K, V> node, Node<K, V> other) {
      Node<K, V> parent = node.parent;
      if (parent == null) root = other;
      else if (parent.left == node) parent.left = other;
      else parent.right = other;
      if (other != null) other.parent = parent;
    }

    V remove(K key) {
      Node<K, V> node = find(key);
      if (node == null) return null;
      if (node.left != null && node.right != null) {
        Node<K, V> next = node.right.first();
        removeNode(next);
        takePlace(next, node);
      } else {
        removeNode(node);
      }
      return node.value;
    }

    private void removeNode(Node<K, V> node) {
      Node<K, V> child = node.left != null ? node.left : node.right, parent = node.parent;
      replace(node, child);
      if (!node.isRed) mendRemoval(child, parent);
    }

    private void takePlace(Node<K, V> node, Node<K, V> other) {
      node.isRed = other.isRed;
      node.left = other.left;
      node.right = other.right;
      replace(other, node);
      if (node.left != null) node.left.parent = node;
      if (node.right != null) node.right.parent = node;
    }

    private void mendRemoval(Node<K, V> node, Node<K, V> parent) {
      while (parent != null && !Node.isRed(node)) {
        boolean isLeft = parent.left == node;
        Node<K, V> sibling = isLeft ? parent.right : parent.left;
        if (sibling.isRed) {
          sibling.isRed = false;
          parent.isRed = true;
          rotate(parent, isLeft);
          sibling = isLeft ? parent.right : parent.left;
        }
        if (!Node.isRed(sibling.left) && !Node.isRed(sibling.right)) {
          sibling.isRed = true;
          node = parent;
          parent = node.parent;
          continue;
        }
        if (!Node.isRed(isLeft ? sibling.right : sibling.left)) {
          (isLeft ? sibling.left : sibling.right).isRed = false;
          sibling.isRed = true;
          rotate(sibling, !isLeft);
          sibling = isLeft ? parent.right : parent.left;
        }
        sibling.isRed = parent.isRed;
        parent.isRed = false;
        (isLeft ? sibling.right : sibling.left).isRed = false;
        rotate(parent, isLeft);
        node = root;
        break;
      }
      if (node != null) node.isRed = false;
    }

    void each(BiConsumer<K, V> f) {
      Node<K, V> node = root == null ? null : root.first();
      while (node != null) {
        f.accept(node.key, node.value);
        node = node.successor();
      }
    }
  }

  // ---- Aircraft ----

  record CallSign(int number) implements Comparable<CallSign> {
    @Override public int compareTo(CallSign other) {
      return Integer.compare(number, other.number);
    }
  }

  record Aircraft(CallSign sign, Vector3 position) {}

  static final Vector3 LEAST = new Vector3(0, 0, 0);
  static final Vector3 GREATEST = new Vector3(1000, 1000, 10);
  static final double RADIUS = 1;
  static final double COLUMN_SIZE = 2 * RADIUS;

  static boolean meetsFrame(double from, double to) {
    return from <= 1 && 1 <= to || from <= 0 && 0 <= to || 0 <= from && to <= 1;
  }

  record Times(boolean isNear, double from, double to) {
    static Times near(double from, double to, double column) {
      double margin = RADIUS / 2, way = to - from;
      if (way == 0) return new Times(column <= from + margin && from - margin <= column + COLUMN_SIZE, 0, 0);
      double low = (column - margin - from) / way, high = (column + COLUMN_SIZE + margin - from) / way;
      return way < 0 ? new Times(meetsFrame(high, low), high, low) : new Times(meetsFrame(low, high), low, high);
    }
  }

  record Motion(CallSign sign, Vector3 from, Vector3 to) {
    Vector3 intersection(Motion other) {
      Vector3 way = to.minus(from), otherWay = other.to.minus(other.from);
      double a = otherWay.minus(way).squaredLength();
      if (a == 0) return other.from.minus(from).length() <= RADIUS ? from.plus(other.from).times(0.5) : null;
      double b = 2 * from.minus(other.from).dot(way.minus(otherWay));
      double c = other.from.minus(from).squaredLength() - RADIUS * RADIUS;
      double discriminant = b * b - 4 * a * c;
      if (discriminant < 0) return null;
      double enter = (-b - Math.sqrt(discriminant)) / (2 * a);
      double leave = (-b + Math.sqrt(discriminant)) / (2 * a);
      if (enter > leave || !meetsFrame(enter, leave)) return null;
      double time = Math.max(enter, 0);
      Vector3 place = from.plus(way.times(time)).plus(other.from).plus(otherWay.times(time)).times(0.5);
      return place.isWithin(LEAST, GREATEST) ? place : null;
    }

    boolean meets(Vector2 column) {
      if (column.x > GREATEST.x || column.x < LEAST.x || column.y > GREATEST.y || column.y < LEAST.y) return false;
      Times x = Times.near(from.x, to.x, column.x), y = Times.near(from.y, to.y, column.y);
      boolean isBoth = from.x == to.x || from.y == to.y || y.from <= x.to && x.to <= y.to || y.from <= x.from && x.from <= y.to;
      return x.isNear && y.isNear && (isBoth || x.from <= y.from && y.to <= x.to);
    }
  }

  record Collision(CallSign first, CallSign second, Vector3 place) {}

  // ---- The detector ----

  static final List<Vector2> NEIGHBOURS = new ArrayList<>();

  static {
    int[][] steps = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    for (int[] step : steps) NEIGHBOURS.add(new Vector2(step[0] * COLUMN_SIZE, step[1] * COLUMN_SIZE));
  }

  static double columnAlong(double x) {
    return COLUMN_SIZE * (int) (x / COLUMN_SIZE) - (x < 0 ? COLUMN_SIZE : 0);
  }

  static Vector2 columnOf(Vector3 position) {
    return new Vector2(columnAlong(position.x), columnAlong(position.y));
  }

  static void draw(Motion motion, Vector2 column, TreeMap<Vector2, Boolean> seen, TreeMap<Vector2, List<Motion>> columns) {
    if (!motion.meets(column) || seen.put(column, true) != null) return;
    List<Motion> group = columns.get(column);
    if (group == null) {
      group = new ArrayList<>();
      columns.put(column, group);
    }
    group.add(motion);
    for (Vector2 step : NEIGHBOURS) draw(motion, column.plus(step), seen, columns);
  }

  static List<List<Motion>> findGroups(List<Motion> motions) {
    TreeMap<Vector2, List<Motion>> columns = new TreeMap<>();
    for (Motion motion : motions) draw(motion, columnOf(motion.from), new TreeMap<>(), columns);
    List<List<Motion>> groups = new ArrayList<>();
    columns.each((column, group) -> {
      if (group.size() > 1) groups.add(group);
    });
    return groups;
  }

  private final TreeMap<CallSign, Vector3> positions = new TreeMap<>();

  List<Collision> collisions(List<Aircraft> frame) {
    List<Collision> found = new ArrayList<>();
    for (List<Motion> group : findGroups(motions(frame))) {
      for (int i = 0; i < group.size(); i++) {
        Motion first = group.get(i);
        for (Motion second : group.subList(i + 1, group.size())) {
          Vector3 place = first.intersection(second);
          if (place != null) found.add(new Collision(first.sign, second.sign, place));
        }
      }
    }
    return found;
  }

  private List<Motion> motions(List<Aircraft> frame) {
    TreeMap<CallSign, Boolean> seen = new TreeMap<>();
    List<Motion> motions = new ArrayList<>();
    for (Aircraft aircraft : frame) {
      Vector3 before = positions.put(aircraft.sign, aircraft.position);
      seen.put(aircraft.sign, true);
      motions.add(new Motion(aircraft.sign, before != null ? before : aircraft.position, aircraft.position));
    }
    List<CallSign> gone = new ArrayList<>();
    positions.each((sign, position) -> {
      if (seen.get(sign) == null) gone.add(sign);
    });
    for (CallSign sign : gone) positions.remove(sign);
    return motions;
  }

  // ---- The benchmark ----

  static List<Aircraft> frame(List<CallSign> signs, double time) {
    List<Aircraft> frame = new ArrayList<>();
    for (CallSign sign : signs) {
      double across = sign.number % 2 == 0 ? Math.cos(time) * 2 + sign.number * 3 : Math.sin(time) * 2 + (sign.number - 1) * 3;
      frame.add(new Aircraft(sign, new Vector3(time, across, 10)));
    }
    return frame;
  }

  static int countCollisions(int aircraft) {
    List<CallSign> signs = new ArrayList<>();
    for (int i = 0; i < aircraft; i++) signs.add(new CallSign(i));
    CollisionDetector detector = new CollisionDetector();
    int count = 0;
    for (int i = 0; i < 200; i++) count += detector.collisions(frame(signs, i / 10.0)).size();
    return count;
  }

  static final Map<Integer, Integer> KNOWN = Map.of(1000, 14484, 500, 14484, 250, 10830, 200, 8655, 100, 4305, 10, 390, 2, 42);

  public static void main(String[] args) {
    Harness.run("cd", args, 100, n -> {
      int count = countCollisions(n);
      Harness.check(KNOWN.getOrDefault(n, count) == count);
      return Integer.toString(count);
    });
  }
}
