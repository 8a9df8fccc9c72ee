// CD: see cd.firn.
"use strict";
const harness = require("./harness");

// ---- Vectors ----

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);

class Vector2 {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  plus(other) { return new Vector2(this.x + other.x, this.y + other.y); }
  compare(other) { return compare(this.x, other.x) || compare(this.y, other.y); }
}

class Vector3 {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }

  plus(other) { return new Vector3(this.x + other.x, this.y + other.y, this.z + other.z); }
  minus(other) { return new Vector3(this.x - other.x, this.y - other.y, this.z - other.z); }
  times(factor) { return new Vector3(this.x * factor, this.y * factor, this.z * factor); }
  dot(other) { return this.x * other.x + this.y * other.y + this.z * other.z; }
  squaredLength() { return this.dot(this); }
  length() { return Math.sqrt(this.squaredLength()); }

  isWithin(low, high) {
    return low.x <= this.x && this.x <= high.x && low.y <= this.y && this.y <= high.y && low.z <= this.z && this.z <= high.z;
  }
}

// ---- Maps in order ----

class Node {
  constructor(key, value, parent) {
    this.key = key;
    this.value = value;
    this.isRed = true;
    this.left = null;
    this.right = null;
    this.parent = parent;
  }

  first() {
    let node = this;
    while (node.left !== null) node = node.left;
    return node;
  }

  successor() {
    if (this.right !== null) return this.right.first();
    let node = this;
    while (node.parent !== null) {
      if (node.parent.left === node) return node.parent;
      node = node.parent;
    }
    return null;
  }
}

const isRed = (node) => node !== null && node.isRed;

/** Keys have `compare`; values are not null. */
class TreeMap {
  constructor() { this.root = null; }

  get(key) {
    const node = this.find(key);
    return node === null ? null : node.value;
  }

  find(key) {
    let node = this.root;
    while (node !== null) {
      const order = key.compare(node.key);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  put(key, value) {
    let parent = null;
    let node = this.root;
    let order = 0;
    while (node !== null) {
      order = key.compare(node.key);
      if (order === 0) {
        const before = node.value;
        node.value = value;
        return before;
      }
      parent = node;
      node = order < 0 ? node.left : node.right;
    }
    node = new Node(key, value, parent);
    if (parent === null) this.root = node;
    else if (order < 0) parent.left = node;
    else parent.right = node;
    this.mendInsertion(node);
    return null;
  }

  mendInsertion(node) {
    while (isRed(node.parent)) {
      const parent = node.parent;
      const grandparent = parent.parent;
      const parentIsLeft = grandparent.left === parent;
      const uncle = parentIsLeft ? grandparent.right : grandparent.left;
      if (isRed(uncle)) {
        parent.isRed = false;
        uncle.isRed = false;
        grandparent.isRed = true;
        node = grandparent;
        continue;
      }
      if ((parent.right === node) === parentIsLeft) {
        this.rotate(parent, parentIsLeft);
        node = parent;
      }
      node.parent.isRed = false;
      grandparent.isRed = true;
      this.rotate(grandparent, !parentIsLeft);
    }
    this.root.isRed = false;
  }

  rotate(node, toLeft) {
    const child = toLeft ? node.right : node.left;
    const moved = toLeft ? child.left : child.right;
    if (toLeft) node.right = moved;
    else node.left = moved;
    if (moved !== null) moved.parent = node;
    this.replace(node, child);
    if (toLeft) child.left = node;
    else child.right = node;
    node.parent = child;
  }

  replace(node, other) {
    const parent = node.parent;
    if (parent === null) this.root = other;
    else if (parent.left === node) parent.left = other;
    else parent.right = other;
    if (other !== null) other.parent = parent;
  }

  remove(key) {
    const node = this.find(key);
    if (node === null) return null;
    if (node.left !== null && node.right !== null) {
      const next = node.right.first();
      this.removeNode(next);
      this.takePlace(next, node);
    } else {
      this.removeNode(node);
    }
    return node.value;
  }

  removeNode(node) {
    const child = node.left ?? node.right;
    const parent = node.parent;
    this.replace(node, child);
    if (!node.isRed) this.mendRemoval(child, parent);
  }

  takePlace(node, other) {
    node.isRed = other.isRed;
    node.left = other.left;
    node.right = other.right;
    this.replace(other, node);
    if (node.left !== null) node.left.parent = node;
    if (node.right !== null) node.right.parent = node;
  }

  mendRemoval(node, parent) {
    while (parent !== null && !isRed(node)) {
      const isLeft = parent.left === node;
      let sibling = isLeft ? parent.right : parent.left;
      if (sibling.isRed) {
        sibling.isRed = false;
        parent.isRed = true;
        this.rotate(parent, isLeft);
        sibling = isLeft ? parent.right : parent.left;
      }
      if (!isRed(sibling.left) && !isRed(sibling.right)) {
        sibling.isRed = true;
        node = parent;
        parent = node.parent;
        continue;
      }
      if (!isRed(isLeft ? sibling.right : sibling.left)) {
        (isLeft ? sibling.left : sibling.right).isRed = false;
        sibling.isRed = true;
        this.rotate(sibling, !isLeft);
        sibling = isLeft ? parent.right : parent.left;
      }
      sibling.isRed = parent.isRed;
      parent.isRed = false;
      (isLeft ? sibling.right : sibling.left).isRed = false;
      this.rotate(parent, isLeft);
      node = this.root;
      break;
    }
    if (node !== null) node.isRed = false;
  }

  each(f) {
    let node = this.root === null ? null : this.root.first();
    while (node !== null) {
      f(node.key, node.value);
      node = node.successor();
    }
  }
}

// ---- Aircraft ----

class CallSign {
  constructor(number) { this.number = number; }

  compare(other) { return compare(this.number, other.number); }
}

class Aircraft {
  constructor(sign, position) {
    this.sign = sign;
    this.position = position;
  }
}

const least = new Vector3(0, 0, 0);
const greatest = new Vector3(1000, 1000, 10);
const radius = 1;
const columnSize = 2 * radius;

function meetsFrame(from, to) {
  return (from <= 1 && 1 <= to) || (from <= 0 && 0 <= to) || (0 <= from && to <= 1);
}

function timesNear(from, to, column) {
  const margin = radius / 2;
  const way = to - from;
  if (way === 0) return [column <= from + margin && from - margin <= column + columnSize, 0, 0];
  const low = (column - margin - from) / way;
  const high = (column + columnSize + margin - from) / way;
  return way < 0 ? [meetsFrame(high, low), high, low] : [meetsFrame(low, high), low, high];
}

class Motion {
  constructor(sign, from, to) {
    this.sign = sign;
    this.from = from;
    this.to = to;
  }

  intersection(other) {
    const way = this.to.minus(this.from);
    const otherWay = other.to.minus(other.from);
    const a = otherWay.minus(way).squaredLength();
    if (a === 0) return other.from.minus(this.from).length() <= radius ? this.from.plus(other.from).times(0.5) : null;
    const b = 2 * this.from.minus(other.from).dot(way.minus(otherWay));
    const c = other.from.minus(this.from).squaredLength() - radius * radius;
    const discriminant = b * b - 4 * a * c;
    if (discriminant < 0) return null;
    const enter = (-b - Math.sqrt(discriminant)) / (2 * a);
    const leave = (-b + Math.sqrt(discriminant)) / (2 * a);
    if (enter > leave || !meetsFrame(enter, leave)) return null;
    const time = Math.max(enter, 0);
    const place = this.from.plus(way.times(time)).plus(other.from).plus(otherWay.times(time)).times(0.5);
    return place.isWithin(least, greatest) ? place : null;
  }

  meets(column) {
    if (column.x > greatest.x || column.x < least.x || column.y > greatest.y || column.y < least.y) return false;
    const [isAtX, fromX, toX] = timesNear(this.from.x, this.to.x, column.x);
    const [isAtY, fromY, toY] = timesNear(this.from.y, this.to.y, column.y);
    const isBoth = this.from.x === this.to.x || this.from.y === this.to.y
      || (fromY <= toX && toX <= toY) || (fromY <= fromX && fromX <= toY);
    return isAtX && isAtY && (isBoth || (fromX <= fromY && toY <= toX));
  }
}

class Collision {
  constructor(first, second, place) {
    this.first = first;
    this.second = second;
    this.place = place;
  }
}

// ---- The detector ----

const neighbours = [[-1, 0], [1, 0], [0, -1], [0, 1], [-1, -1], [-1, 1], [1, -1], [1, 1]]
  .map(([x, y]) => new Vector2(x * columnSize, y * columnSize));

function columnAlong(x) {
  return columnSize * Math.trunc(x / columnSize) - (x < 0 ? columnSize : 0);
}

function columnOf(position) {
  return new Vector2(columnAlong(position.x), columnAlong(position.y));
}

function draw(motion, column, seen, columns) {
  if (!motion.meets(column) || seen.put(column, true) !== null) return;
  const group = columns.get(column);
  if (group !== null) group.push(motion);
  else columns.put(column, [motion]);
  for (const step of neighbours) draw(motion, column.plus(step), seen, columns);
}

function findGroups(motions) {
  const columns = new TreeMap();
  for (const motion of motions) draw(motion, columnOf(motion.from), new TreeMap(), columns);
  const groups = [];
  columns.each((_, group) => { if (group.length > 1) groups.push(group); });
  return groups;
}

class Detector {
  constructor() { this.positions = new TreeMap(); }

  collisions(frame) {
    const found = [];
    for (const group of findGroups(this.motions(frame))) {
      group.forEach((first, i) => {
        for (const second of group.slice(i + 1)) {
          const place = first.intersection(second);
          if (place !== null) found.push(new Collision(first.sign, second.sign, place));
        }
      });
    }
    return found;
  }

  motions(frame) {
    const seen = new TreeMap();
    const motions = frame.map(({ sign, position }) => {
      const before = this.positions.put(sign, position);
      seen.put(sign, true);
      return new Motion(sign, before ?? position, position);
    });
    const gone = [];
    this.positions.each((sign) => { if (seen.get(sign) === null) gone.push(sign); });
    for (const sign of gone) this.positions.remove(sign);
    return motions;
  }
}

// ---- The benchmark ----

class Simulator {
  constructor(aircraft) { this.signs = Array.from({ length: aircraft }, (_, i) => new CallSign(i)); }

  frame(time) {
    return this.signs.map((sign) => {
      const across = sign.number % 2 === 0 ? Math.cos(time) * 2 + sign.number * 3 : Math.sin(time) * 2 + (sign.number - 1) * 3;
      return new Aircraft(sign, new Vector3(time, across, 10));
    });
  }
}

function countCollisions(aircraft) {
  const simulator = new Simulator(aircraft);
  const detector = new Detector();
  let count = 0;
  for (let i = 0; i < 200; i++) count += detector.collisions(simulator.frame(i / 10)).length;
  return count;
}

const known = new Map([[1000, 14484], [500, 14484], [250, 10830], [200, 8655], [100, 4305], [10, 390], [2, 42]]);

harness.run("cd", 100, (n) => {
  const count = countCollisions(n);
  harness.check(!known.has(n) || count === known.get(n));
  return String(count);
});
