// Queens: see queens.firn.
"use strict";
const harness = require("./harness");

class Board {
  constructor() {
    this.freeRows = new Array(8).fill(true);
    this.freeRising = new Array(16).fill(true);
    this.freeFalling = new Array(16).fill(true);
    this.queens = new Array(8).fill(-1);
  }

  isFree(row, column) {
    return this.freeRows[row] && this.freeRising[column + row] && this.freeFalling[column - row + 7];
  }

  setFree(row, column, free) {
    this.freeRows[row] = free;
    this.freeRising[column + row] = free;
    this.freeFalling[column - row + 7] = free;
  }

  place(column) {
    for (let row = 0; row < 8; row++) {
      if (!this.isFree(row, column)) continue;
      this.queens[column] = row;
      this.setFree(row, column, false);
      if (column === 7 || this.place(column + 1)) return true;
      this.setFree(row, column, true);
    }
    return false;
  }
}

function countSolved() {
  let solved = 0;
  for (let i = 0; i < 10; i++) if (new Board().place(0)) solved++;
  return solved;
}

harness.run("queens", 1000, (n) => harness.repeat(n, 10, countSolved));
