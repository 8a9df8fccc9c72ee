// Storage: see storage.firn.
"use strict";
const harness = require("./harness");

class Builder {
  constructor() {
    this.count = 0;
    this.random = new harness.Random();
  }

  build(depth) {
    this.count++;
    if (depth === 1) return new Array(this.random.next() % 10 + 1).fill(null);
    const children = new Array(4);
    for (let i = 0; i < 4; i++) children[i] = this.build(depth - 1);
    return children;
  }
}

function countLists() {
  const builder = new Builder();
  builder.build(7);
  return builder.count;
}

harness.run("storage", 1000, (n) => harness.repeat(n, 5461, countLists));
