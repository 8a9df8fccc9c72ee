// Permute: see permute.firn.
"use strict";
const harness = require("./harness");

class Permuter {
  constructor() {
    this.calls = 0;
    this.values = [0, 1, 2, 3, 4, 5];
  }

  permute(n) {
    this.calls++;
    if (n === 0) return;
    const last = n - 1;
    this.permute(last);
    for (let i = last; i >= 0; i--) {
      this.swap(last, i);
      this.permute(last);
      this.swap(last, i);
    }
  }

  swap(i, j) {
    const value = this.values[i];
    this.values[i] = this.values[j];
    this.values[j] = value;
  }
}

function countCalls() {
  const permuter = new Permuter();
  permuter.permute(6);
  return permuter.calls;
}

harness.run("permute", 1000, (n) => harness.repeat(n, 8660, countCalls));
