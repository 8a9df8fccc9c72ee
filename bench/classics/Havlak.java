// Havlak: see havlak.firn.

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class Havlak {
  // ---- The graph ----

  static final class Block {
    final int name;
    final List<Block> incoming = new ArrayList<>();
    final List<Block> outgoing = new ArrayList<>();

    Block(int name) {
      this.name = name;
    }

    @Override public boolean equals(Object other) {
      return other instanceof Block block && block.name == name;
    }

    @Override public int hashCode() {
      return name;
    }
  }

  static final class Graph {
    final List<Block> blocks = new ArrayList<>();

    Block block(int name) {
      while (blocks.size() <= name) blocks.add(new Block(blocks.size()));
      return blocks.get(name);
    }

    void connect(int from, int to) {
      Block source = block(from), target = block(to);
      source.outgoing.add(target);
      target.incoming.add(source);
    }

    int addStraight(int start, int length) {
      for (int i = 0; i < length; i++) connect(start + i, start + i + 1);
      return start + length;
    }

    int addDiamond(int start) {
      connect(start, start + 1);
      connect(start, start + 2);
      connect(start + 1, start + 3);
      connect(start + 2, start + 3);
      return start + 3;
    }

    int addBaseLoop(int from) {
      int header = addStraight(from, 1);
      int first = addDiamond(header);
      int between = addStraight(first, 1);
      int second = addDiamond(between);
      int footer = addStraight(second, 1);
      connect(second, between);
      connect(first, header);
      connect(footer, from);
      return addStraight(footer, 1);
    }

    void addNest(int outer, int middle, int inner) {
      int n = 2;
      for (int i = 0; i < outer; i++) {
        connect(2, n + 1);
        n++;
        for (int j = 0; j < middle; j++) {
          int top = n;
          n = addStraight(n, 1);
          for (int k = 0; k < inner; k++) n = addBaseLoop(n);
          int bottom = addStraight(n, 1);
          connect(n, top);
          n = bottom;
        }
        connect(n, 1);
      }
    }
  }

  // ---- Loops ----

  static final class Loop {
    final Block header;
    final boolean isReducible;
    final Set<Block> blocks = new HashSet<>();
    final List<Loop> children = new ArrayList<>();
    Loop parent = null;
    int level = 0, height = 0;

    Loop(Block header, boolean isReducible) {
      this.header = header;
      this.isReducible = isReducible;
    }

    void setParent(Loop parent) {
      this.parent = parent;
      parent.children.add(this);
    }

    void findLevels(int level) {
      this.level = level;
      for (Loop child : children) {
        child.findLevels(level + 1);
        height = Math.max(height, child.height + 1);
      }
    }
  }

  static final class LoopTree {
    final Loop root = new Loop(null, true);
    final List<Loop> loops = new ArrayList<>();

    Loop add(Block header, boolean isReducible) {
      Loop loop = new Loop(header, isReducible);
      loop.blocks.add(header);
      loops.add(loop);
      return loop;
    }

    int size() {
      return loops.size() + 1;
    }

    void findLevels() {
      for (Loop loop : loops) if (loop.parent == null) loop.setParent(root);
      root.findLevels(0);
    }
  }

  // ---- The finder ----

  static final class Node {
    final Block block;
    final int number;
    Node parent = null;
    Loop loop = null;

    Node(Block block, int number) {
      this.block = block;
      this.number = number;
    }

    void join(Node set) {
      parent = set;
    }

    Node find() {
      List<Node> passed = new ArrayList<>();
      Node node = this;
      while (node.parent != null) {
        if (node.parent.parent != null) passed.add(node);
        node = node.parent;
      }
      for (Node below : passed) below.parent = node;
      return node;
    }
  }

  enum Kind { PLAIN, REDUCIBLE, SELF_LOOP, IRREDUCIBLE }

  static final class Finder {
    private final Graph graph;
    private final LoopTree tree;
    private final Map<Block, Integer> numbers = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<List<Integer>> back = new ArrayList<>();
    private final List<Set<Integer>> other = new ArrayList<>();
    private final int[] last, headers;
    private final Kind[] kinds;

    Finder(Graph graph, LoopTree tree) {
      this.graph = graph;
      this.tree = tree;
      int size = graph.blocks.size();
      last = new int[size];
      headers = new int[size];
      kinds = new Kind[size];
    }

    void run() {
      if (graph.blocks.isEmpty()) return;
      search(graph.blocks.get(0));
      sortEdges();
      for (int w = nodes.size() - 1; w >= 0; w--) findLoop(w);
    }

    private void search(Block block) {
      int number = nodes.size();
      numbers.put(block, number);
      nodes.add(new Node(block, number));
      for (Block target : block.outgoing) if (!numbers.containsKey(target)) search(target);
      last[number] = nodes.size() - 1;
    }

    private boolean isAncestor(int w, int v) {
      return w <= v && v <= last[w];
    }

    private void sortEdges() {
      for (int w = 0; w < nodes.size(); w++) {
        kinds[w] = Kind.PLAIN;
        List<Integer> back = new ArrayList<>();
        Set<Integer> other = new LinkedHashSet<>();
        for (Block source : nodes.get(w).block.incoming) {
          Integer v = numbers.get(source);
          if (v == null) continue;
          if (isAncestor(w, v)) back.add(v);
          else other.add(v);
        }
        this.back.add(back);
        this.other.add(other);
      }
    }

    private void findLoop(int w) {
      List<Node> pool = new ArrayList<>();
      for (int v : back.get(w)) {
        if (v == w) kinds[w] = Kind.SELF_LOOP;
        else pool.add(nodes.get(v).find());
      }
      if (!pool.isEmpty()) kinds[w] = Kind.REDUCIBLE;
      List<Node> todo = new ArrayList<>(pool);
      while (!todo.isEmpty()) collect(w, todo.remove(todo.size() - 1), pool, todo);
      if (!pool.isEmpty() || kinds[w] == Kind.SELF_LOOP) makeLoop(w, pool);
    }

    private void collect(int w, Node x, List<Node> pool, List<Node> todo) {
      for (int v : other.get(x.number)) {
        Node y = nodes.get(v).find();
        if (!isAncestor(w, y.number)) {
          kinds[w] = Kind.IRREDUCIBLE;
          other.get(w).add(y.number);
        } else if (y.number != w && !pool.contains(y)) {
          todo.add(y);
          pool.add(y);
        }
      }
    }

    private void makeLoop(int w, List<Node> pool) {
      Node head = nodes.get(w);
      Loop loop = tree.add(head.block, kinds[w] != Kind.IRREDUCIBLE);
      head.loop = loop;
      for (Node node : pool) {
        headers[node.number] = w;
        node.join(head);
        if (node.loop != null) node.loop.setParent(loop);
        else loop.blocks.add(node.block);
      }
    }
  }

  // ---- The benchmark ----

  static int[] findAll(int small) {
    Graph graph = new Graph();
    LoopTree tree = new LoopTree();
    graph.block(0);
    graph.addBaseLoop(0);
    graph.connect(0, 2);
    for (int i = 0; i < small; i++) new Finder(graph, tree).run();
    graph.addNest(10, 10, 5);
    new Finder(graph, tree).run();
    for (int i = 0; i < Math.min(small, 50); i++) new Finder(graph, new LoopTree()).run();
    tree.findLevels();
    return new int[] {tree.size(), graph.blocks.size()};
  }

  public static void main(String[] args) {
    Harness.run("havlak", args, 1500, n -> {
      int[] found = findAll(n);
      Harness.check(found[0] == 1602 + 3 * n && found[1] == 5213);
      return found[0] + " " + found[1];
    });
  }
}
