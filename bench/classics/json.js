// Json: see json.firn.
"use strict";
const harness = require("./harness");

/** Values are null, booleans, strings, arrays, maps, and these. */
class JsonNumber {
  constructor(text) { this.text = text; }
}

// ---- The reader ----

const escapes = new Map([["n", "\n"], ["t", "\t"], ["r", "\r"], ["b", "\b"], ["f", "\f"], ['"', '"'], ["\\", "\\"], ["/", "/"]]);

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(message) { throw new SyntaxError(`${message} at ${this.at}`); }

  /** The character at the place of the parser; "\0" at the end. */
  peek() { return this.at < this.text.length ? this.text[this.at] : "\0"; }

  next() {
    const c = this.peek();
    this.at++;
    return c;
  }

  document() {
    const value = this.value();
    this.skipSpaces();
    if (this.at < this.text.length) this.fail("more text behind the value");
    return value;
  }

  value() {
    this.skipSpaces();
    switch (this.peek()) {
      case "n": return this.word("null", null);
      case "t": return this.word("true", true);
      case "f": return this.word("false", false);
      case '"': return this.string();
      case "[": return this.array();
      case "{": return this.object();
      default: return this.number();
    }
  }

  skipSpaces() {
    for (;;) {
      const c = this.peek();
      if (c !== " " && c !== "\t" && c !== "\r" && c !== "\n") return;
      this.at++;
    }
  }

  accept(wanted) {
    this.skipSpaces();
    if (this.peek() !== wanted) return false;
    this.at++;
    return true;
  }

  expect(wanted) {
    if (!this.accept(wanted)) this.fail(`expected '${wanted}'`);
  }

  word(word, value) {
    for (const c of word) if (this.next() !== c) this.fail(`expected ${word} before`);
    return value;
  }

  array() {
    this.expect("[");
    const items = [];
    if (this.accept("]")) return items;
    for (;;) {
      items.push(this.value());
      if (this.accept("]")) return items;
      this.expect(",");
    }
  }

  object() {
    this.expect("{");
    const members = new Map();
    if (this.accept("}")) return members;
    for (;;) {
      this.skipSpaces();
      const name = this.string();
      this.expect(":");
      members.set(name, this.value());
      if (this.accept("}")) return members;
      this.expect(",");
    }
  }

  string() {
    this.expect('"');
    let start = this.at;
    let done = "";
    for (;;) {
      const c = this.peek();
      if (c === '"') {
        this.at++;
        return done + this.text.slice(start, this.at - 1);
      }
      if (c === "\\") {
        done += this.text.slice(start, this.at);
        this.at++;
        done += this.escape();
        start = this.at;
      } else {
        if (c < " ") this.fail("a string is not ended");
        this.at++;
      }
    }
  }

  escape() {
    const c = this.next();
    if (c === "u") return this.code();
    return escapes.get(c) ?? this.fail("unknown escape before");
  }

  code() {
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("expected hex digits");
    this.at += 4;
    const code = parseInt(digits, 16);
    if (code >= 0xd800 && code < 0xe000) this.fail("half of a pair before");
    return String.fromCharCode(code);
  }

  number() {
    const start = this.at;
    if (this.peek() === "-") this.at++;
    if (this.peek() === "0") this.at++;
    else this.digits();
    if (this.peek() === ".") {
      this.at++;
      this.digits();
    }
    if (this.peek() === "e" || this.peek() === "E") {
      this.at++;
      if (this.peek() === "+" || this.peek() === "-") this.at++;
      this.digits();
    }
    return new JsonNumber(this.text.slice(start, this.at));
  }

  isAtDigit() {
    const c = this.peek();
    return c >= "0" && c <= "9";
  }

  digits() {
    if (!this.isAtDigit()) this.fail("expected a digit");
    while (this.isAtDigit()) this.at++;
  }
}

// ---- The benchmark ----

function operation(i, random) {
  const number = (limit) => random.next() % limit;
  switch (i % 4) {
    case 0:
    case 1:
      return `["create","w${i}","ui.widgets.Label",{"parent":"w${number(100)}","style":["NONE","LEFT"],`
        + `"bounds":[${number(1000)},${number(1000)},${number(500)},${number(50)}],"text":"Label \\"${i}\\"\\nthis \\u0026 that",`
        + `"visible":true,"image":null,"opacity":0.${number(1000)},"tabIndex":-1}]`;
    case 2:
      return `["set","w${number(100)}",{"enabled":false,"items":["first","second","third"],"scale":${number(1000)}.5e-2,"children":[]}]`;
    default:
      return `["call", "w${number(100)}", "focus", {}]`;
  }
}

function message() {
  const random = new harness.Random();
  const operations = Array.from({ length: 156 }, (_, i) => operation(i, random));
  return `{"head": {"requestCounter": 4},\n"operations": [${operations.join(",")}]}`;
}

function measure(value) {
  if (value instanceof JsonNumber) return [1, value.text.length];
  if (typeof value === "string") return [1, value.length];
  if (!Array.isArray(value) && !(value instanceof Map)) return [1, 0];
  return [...value.values()].map(measure).reduce((sum, size) => [sum[0] + size[0], sum[1] + size[1]], [1, 0]);
}

const text = message();
harness.run("json", 100, (n) => {
  let value;
  for (let i = 0; i < n; i++) {
    value = new Parser(text).document();
    harness.check(value.get("head").get("requestCounter").text === "4");
    const operations = value.get("operations");
    harness.check(Array.isArray(operations) && operations.length === 156);
  }
  const [values, length] = measure(value);
  return `${text.length} ${values} ${length}`;
});
