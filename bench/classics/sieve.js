// Sieve: see sieve.firn.
"use strict";
const harness = require("./harness");

const limit = 5000;

function countPrimes() {
  const isPrime = new Array(limit + 1).fill(true);
  let count = 0;
  for (let i = 2; i <= limit; i++) {
    if (!isPrime[i]) continue;
    count++;
    for (let multiple = i + i; multiple <= limit; multiple += i) isPrime[multiple] = false;
  }
  return count;
}

harness.run("sieve", 3000, (n) => harness.repeat(n, 669, countPrimes));
