// Havlak: see havlak.firn.
"use strict";
const harness = require("./harness");

// ---- The graph ----

class Block {
  constructor(name) {
    this.name = name;
    this.incoming = [];
    this.outgoing = [];
  }
}

class Graph {
  constructor() { this.blocks = []; }

  block(name) {
    while (this.blocks.length <= name) this.blocks.push(new Block(this.blocks.length));
    return this.blocks[name];
  }

  connect(from, to) {
    const source = this.block(from);
    const target = this.block(to);
    source.outgoing.push(target);
    target.incoming.push(source);
  }

  addStraight(start, length) {
    for (let i = 0; i < length; i++) this.connect(start + i, start + i + 1);
    return start + length;
  }

  addDiamond(start) {
    this.connect(start, start + 1);
    this.connect(start, start + 2);
    this.connect(start + 1, start + 3);
    this.connect(start + 2, start + 3);
    return start + 3;
  }

  addBaseLoop(from) {
    const header = this.addStraight(from, 1);
    const first = this.addDiamond(header);
    const between = this.addStraight(first, 1);
    const second = this.addDiamond(between);
    const footer = this.addStraight(second, 1);
    this.connect(second, between);
    this.connect(first, header);
    this.connect(footer, from);
    return this.addStraight(footer, 1);
  }

  addNest(outer, middle, inner) {
    let n = 2;
    for (let i = 0; i < outer; i++) {
      this.connect(2, n + 1);
      n++;
      for (let j = 0; j < middle; j++) {
        const top = n;
        n = this.addStraight(n, 1);
        for (let k = 0; k < inner; k++) n = this.addBaseLoop(n);
        const bottom = this.addStraight(n, 1);
        this.connect(n, top);
        n = bottom;
      }
      this.connect(n, 1);
    }
  }
}

// ---- Loops ----

class Loop {
  constructor(header, isReducible) {
    this.header = header;
    this.isReducible = isReducible;
    this.blocks = new Set();
    this.children = [];
    this.parent = null;
    this.level = 0;
    this.height = 0;
  }

  setParent(parent) {
    this.parent = parent;
    parent.children.push(this);
  }

  findLevels(level) {
    this.level = level;
    for (const child of this.children) {
      child.findLevels(level + 1);
      this.height = Math.max(this.height, child.height + 1);
    }
  }
}

class LoopTree {
  constructor() {
    this.root = new Loop(null, true);
    this.loops = [];
  }

  add(header, isReducible) {
    const loop = new Loop(header, isReducible);
    loop.blocks.add(header);
    this.loops.push(loop);
    return loop;
  }

  get size() { return this.loops.length + 1; }

  findLevels() {
    for (const loop of this.loops) if (loop.parent === null) loop.setParent(this.root);
    this.root.findLevels(0);
  }
}

// ---- The finder ----

class Node {
  constructor(block, number) {
    this.block = block;
    this.number = number;
    this.parent = null;
    this.loop = null;
  }

  join(set) { this.parent = set; }

  find() {
    const passed = [];
    let node = this;
    while (node.parent !== null) {
      if (node.parent.parent !== null) passed.push(node);
      node = node.parent;
    }
    for (const below of passed) below.parent = node;
    return node;
  }
}

const plain = 0, reducible = 1, selfLoop = 2, irreducible = 3;

class Finder {
  constructor(graph, tree) {
    this.graph = graph;
    this.tree = tree;
    this.numbers = new Map();
    this.nodes = [];
    this.last = [];
    this.kinds = [];
    this.headers = [];
    this.back = [];
    this.other = [];
  }

  run() {
    if (this.graph.blocks.length === 0) return;
    this.search(this.graph.blocks[0]);
    this.sortEdges();
    for (let w = this.nodes.length - 1; w >= 0; w--) this.findLoop(w);
  }

  search(block) {
    const number = this.nodes.length;
    this.numbers.set(block, number);
    this.nodes.push(new Node(block, number));
    this.last.push(number);
    for (const target of block.outgoing) if (!this.numbers.has(target)) this.search(target);
    this.last[number] = this.nodes.length - 1;
  }

  isAncestor(w, v) { return w <= v && v <= this.last[w]; }

  sortEdges() {
    this.nodes.forEach((node, w) => {
      this.headers.push(0);
      this.kinds.push(plain);
      const back = [];
      const other = new Set();
      for (const source of node.block.incoming) {
        const v = this.numbers.get(source);
        if (v === undefined) continue;
        if (this.isAncestor(w, v)) back.push(v);
        else other.add(v);
      }
      this.back.push(back);
      this.other.push(other);
    });
  }

  findLoop(w) {
    const pool = [];
    for (const v of this.back[w]) {
      if (v === w) this.kinds[w] = selfLoop;
      else pool.push(this.nodes[v].find());
    }
    if (pool.length > 0) this.kinds[w] = reducible;
    const todo = pool.slice();
    while (todo.length > 0) this.collect(w, todo.pop(), pool, todo);
    if (pool.length > 0 || this.kinds[w] === selfLoop) this.makeLoop(w, pool);
  }

  collect(w, x, pool, todo) {
    for (const v of this.other[x.number]) {
      const y = this.nodes[v].find();
      if (!this.isAncestor(w, y.number)) {
        this.kinds[w] = irreducible;
        this.other[w].add(y.number);
      } else if (y.number !== w && !pool.includes(y)) {
        todo.push(y);
        pool.push(y);
      }
    }
  }

  makeLoop(w, pool) {
    const head = this.nodes[w];
    const loop = this.tree.add(head.block, this.kinds[w] !== irreducible);
    head.loop = loop;
    for (const node of pool) {
      this.headers[node.number] = w;
      node.join(head);
      if (node.loop !== null) node.loop.setParent(loop);
      else loop.blocks.add(node.block);
    }
  }
}

// ---- The benchmark ----

function findAll(small) {
  const graph = new Graph();
  const tree = new LoopTree();
  graph.block(0);
  graph.addBaseLoop(0);
  graph.connect(0, 2);
  for (let i = 0; i < small; i++) new Finder(graph, tree).run();
  graph.addNest(10, 10, 5);
  new Finder(graph, tree).run();
  for (let i = 0; i < Math.min(small, 50); i++) new Finder(graph, new LoopTree()).run();
  tree.findLevels();
  return [tree.size, graph.blocks.length];
}

harness.run("havlak", 1500, (n) => {
  const [loops, blocks] = findAll(n);
  harness.check(loops === 1602 + 3 * n && blocks === 5213);
  return `${loops} ${blocks}`;
});
