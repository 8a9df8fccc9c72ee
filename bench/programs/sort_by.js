const xs = [];
let x = 42;
for (let i = 0; i < 300000; i++) {
  x = (x * 16807) % 2147483647;
  xs.push(x);
}
xs.sort((a, b) => b % 100000 - a % 100000);
console.log(xs[0] % 100000, xs[150000] % 100000);
