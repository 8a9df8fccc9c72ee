const counts = new Map();
let joined = 0;
const lines = require("fs").readFileSync(process.argv[2], "utf8").split("\n");
lines.pop();
for (const line of lines) {
  const words = line.split(" ");
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  joined += words.join("_").length;
}
let most = 0;
for (const count of counts.values()) most = Math.max(most, count);
console.log(counts.size, most, joined);
