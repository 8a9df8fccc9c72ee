const xs = [];
let x = 42;
for (let i = 0; i < 300000; i++) {
  x = (x * 16807) % 2147483647;
  xs.push(`item${x}`);
}
xs.sort();
console.log(xs[0], xs[150000]);
