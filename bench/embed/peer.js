// peer.js - what bench/embed/embed.c measures, of contexts of node's `vm` module: lines "figure<TAB>whose<TAB>value", in nanoseconds and bytes.
//
//   node peer.js time        node --expose-gc peer.js memory
'use strict';
const vm = require('vm');
const [CALLS, CONTEXTS, IDLE] = [200000, 100, 200];
const script = new vm.Script(`
function inc(n) { return n + 1 }
function size(s) { return s.length }
function total(xs) { let t = 0; for (const x of xs) t += x; return t }
function adds(n) { let t = 0; for (let i = 0; i < n; i++) t = add(t, i); return t }
`);
const now = () => { const { user, system } = process.cpuUsage(); return (user + system) * 1000; };
const tell = (figure, value) => console.log(`${figure}\tnode\t${value.toFixed(2)}`);

function contextNew() {
  const context = vm.createContext({ add: (a, b) => a + b });
  script.runInContext(context);
  return context;
}

function callsIn(name, arg) {
  const f = contextNew()[name];
  for (let i = 0; i < CALLS; i++) f(arg());
  const start = now();
  let sum = 0;
  for (let i = 0; i < CALLS; i++) sum += f(arg());
  return (now() - start) / CALLS;
}

function callsOut() {
  const { adds } = contextNew();
  adds(CALLS);
  const start = now();
  adds(CALLS);
  return (now() - start) / CALLS;
}

function contextsNew() {
  const start = now();
  for (let i = 0; i < CONTEXTS; i++) contextNew();
  return (now() - start) / CONTEXTS;
}

function idleBytes() {
  const kept = [contextNew()];
  global.gc();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < IDLE; i++) kept.push(contextNew());
  global.gc();
  return (process.memoryUsage.rss() - before) / (kept.length - 1);
}

if (process.argv[2] === 'memory') {
  tell('idle', idleBytes());
} else {
  tell('in', callsIn('inc', () => 1));
  tell('in-string', callsIn('size', () => 'sixteen bytes...'));
  tell('in-list', callsIn('total', () => new Array(100).fill(0)));
  tell('out', callsOut());
  tell('new', contextsNew());
}
