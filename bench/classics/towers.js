// Towers: see towers.firn.
"use strict";
const harness = require("./harness");

class Disk {
  constructor(size) {
    this.size = size;
    this.below = null;
  }
}

class Towers {
  constructor() {
    this.piles = [null, null, null];
    this.moves = 0;
  }

  push(disk, pile) {
    const top = this.piles[pile];
    if (top !== null && disk.size >= top.size) throw new Error("a disk on one that is not bigger");
    disk.below = top;
    this.piles[pile] = disk;
  }

  pop(pile) {
    const top = this.piles[pile];
    if (top === null) throw new Error("no disk to take");
    this.piles[pile] = top.below;
    top.below = null;
    return top;
  }

  build(pile, disks) {
    for (let size = disks; size >= 0; size--) this.push(new Disk(size), pile);
  }

  moveTop(from, to) {
    this.push(this.pop(from), to);
    this.moves++;
  }

  move(disks, from, to) {
    if (disks === 1) return this.moveTop(from, to);
    const other = 3 - from - to;
    this.move(disks - 1, from, other);
    this.moveTop(from, to);
    this.move(disks - 1, other, to);
  }
}

function countMoves() {
  const towers = new Towers();
  towers.build(0, 13);
  towers.move(13, 0, 1);
  return towers.moves;
}

harness.run("towers", 600, (n) => harness.repeat(n, 8191, countMoves));
