// What the benchmarks share: see harness.firn.
"use strict";

/** Numbers from 0 to 65535. */
class Random {
  constructor() { this.seed = 74755; }

  next() {
    this.seed = (this.seed * 1309 + 13849) & 0xffff;
    return this.seed;
  }
}

function check(condition, message = "wrong result") {
  if (!condition) throw new Error(message);
}

function run(name, inner, iteration) {
  const args = process.argv.slice(2);
  const [iterations = 1, size = inner] = args.filter((arg) => arg !== "--steady").map(Number);
  const times = [];
  let result = "";
  for (let i = 0; i < iterations; i++) {
    const start = performance.now();
    result = iteration(size);
    times.push((performance.now() - start) * 1e6);
  }
  console.log(name, result);
  if (args.includes("--steady")) {
    const steady = times.slice(Math.floor(iterations / 2)).sort((a, b) => a - b);
    console.error("steady", Math.round(steady[Math.floor(steady.length / 2)]), Math.round(steady[0]));
  }
}

function repeat(times, wanted, body) {
  for (let i = 0; i < times; i++) check(body() === wanted);
  return String(wanted);
}

module.exports = { Random, check, run, repeat };
