const text = require("fs").readFileSync(process.argv[2], "utf8");
let total = 0;
for (const m of text.matchAll(/(user|host)=([a-z]+)/gu)) total += m[2].length;
console.log(total);
