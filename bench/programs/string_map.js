const map = new Map();
let total = 0;
for (let i = 0; i < 300000; i++) map.set(`key${i}`, `value${i % 100}`);
for (let i = 0; i < 600000; i++) {
  const value = map.get(`key${i * 7 % 600000}`);
  if (value !== undefined) total += value.length;
}
for (let i = 0; i < 150000; i++) map.delete(`key${i * 2}`);
console.log(map.size, total);
