function* numbers(n) { for (let i = 0; i < n; i++) yield i; }
function* odd(from) { for (const i of from) if (i % 2 == 1) yield i; }
function* squares(from) { for (const i of from) yield i * i; }
let total = 0;
for (const x of squares(odd(numbers(500000)))) total += x % 10;
console.log(total);
