const text = require("fs").readFileSync(process.argv[2], "utf8");
let count = 0;
for (const _ of text.matchAll(/\d{4}-\d{2}-\d{2}/gu)) count++;
console.log(count);
