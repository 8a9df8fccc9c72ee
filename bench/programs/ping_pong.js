class Channel {
  constructor() { this.values = []; this.waiting = []; }
  send(value) { const wake = this.waiting.shift(); if (wake) wake(value); else this.values.push(value); }
  recv() { return this.values.length ? this.values.shift() : new Promise((wake) => this.waiting.push(wake)); }
}
const there = new Channel(), back = new Channel();
async function pong() { while (true) back.send(await there.recv() + 1); }
async function run() {
  pong();
  let n = 0;
  for (let i = 0; i < 300000; i++) {
    there.send(n);
    n = await back.recv();
  }
  console.log(n);
}
run();
