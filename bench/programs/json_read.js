const value = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
const last = value[value.length - 1];
console.log(value.length, last.id, last.tags.length);
