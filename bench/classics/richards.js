// Richards: see richards.firn.
"use strict";
const harness = require("./harness");

const idler = 0, worker = 1, handlerA = 2, handlerB = 3, deviceA = 4, deviceB = 5;
const workKind = 0, deviceKind = 1;
const dataSize = 4;

// ---- Packets ----

class Packet {
  constructor(next, process, kind) {
    this.next = next;
    this.process = process;
    this.kind = kind;
    this.datum = 0;
    this.data = new Array(dataSize).fill(0);
  }

  appendTo(queue) {
    this.next = null;
    if (queue === null) return this;
    let last = queue;
    while (last.next !== null) last = last.next;
    last.next = this;
    return queue;
  }
}

// ---- Processes ----

/** A subclass has `runWith`, which takes a packet or null and gives the process to run next. */
class Process {
  constructor(scheduler, number, priority, input, isWaiting) {
    this.scheduler = scheduler;
    this.number = number;
    this.priority = priority;
    this.next = scheduler.first;
    this.input = input;
    this.hasPacket = input !== null;
    this.isWaiting = isWaiting;
    this.isHeld = false;
    scheduler.first = this;
    scheduler.table[number] = this;
  }

  canRun() { return !this.isHeld && (this.hasPacket || !this.isWaiting); }

  run() {
    let packet = null;
    if (this.hasPacket && this.isWaiting && !this.isHeld) {
      packet = this.input;
      this.input = packet.next;
      this.hasPacket = this.input !== null;
      this.isWaiting = false;
    }
    return this.runWith(packet);
  }

  addPacket(packet, sender) {
    const isFirst = this.input === null;
    this.input = packet.appendTo(this.input);
    if (!isFirst) return sender;
    this.hasPacket = true;
    return this.priority > sender.priority ? this : sender;
  }

  wait() {
    this.isWaiting = true;
    return this;
  }

  hold() {
    this.scheduler.holds++;
    this.isHeld = true;
    return this.next;
  }

  release(number) {
    const other = this.scheduler.table[number];
    if (other === null) return null;
    other.isHeld = false;
    return other.priority > this.priority ? other : this;
  }

  send(packet) {
    const receiver = this.scheduler.table[packet.process];
    if (receiver === null) return null;
    this.scheduler.sent++;
    packet.next = null;
    packet.process = this.number;
    return receiver.addPacket(packet, this);
  }
}

class Scheduler {
  constructor() {
    this.first = null;
    this.table = new Array(6).fill(null);
    this.sent = 0;
    this.holds = 0;
  }

  run() {
    let process = this.first;
    while (process !== null) process = process.canRun() ? process.run() : process.next;
  }
}

// ---- What they do ----

class Idler extends Process {
  control = 1;
  count = 10000;

  runWith() {
    this.count--;
    if (this.count === 0) return this.hold();
    const isEven = (this.control & 1) === 0;
    this.control >>= 1;
    if (isEven) return this.release(deviceA);
    this.control ^= 0xd008;
    return this.release(deviceB);
  }
}

class Worker extends Process {
  handler = handlerA;
  letter = 0;

  runWith(packet) {
    if (packet === null) return this.wait();
    this.handler = this.handler === handlerA ? handlerB : handlerA;
    packet.process = this.handler;
    packet.datum = 0;
    for (let i = 0; i < dataSize; i++) {
      this.letter = this.letter === 26 ? 1 : this.letter + 1;
      packet.data[i] = 64 + this.letter;
    }
    return this.send(packet);
  }
}

class Handler extends Process {
  work = null;
  devices = null;

  runWith(packet) {
    if (packet !== null) {
      if (packet.kind === workKind) this.work = packet.appendTo(this.work);
      else this.devices = packet.appendTo(this.devices);
    }
    const work = this.work;
    if (work === null) return this.wait();
    const count = work.datum;
    if (count >= dataSize) {
      this.work = work.next;
      return this.send(work);
    }
    const device = this.devices;
    if (device === null) return this.wait();
    this.devices = device.next;
    device.datum = work.data[count];
    work.datum = count + 1;
    return this.send(device);
  }
}

class Device extends Process {
  pending = null;

  runWith(packet) {
    if (packet !== null) {
      this.pending = packet;
      return this.hold();
    }
    const done = this.pending;
    if (done === null) return this.wait();
    this.pending = null;
    return this.send(done);
  }
}

// ---- The benchmark ----

function queue(length, process, kind) {
  let packets = null;
  for (let i = 0; i < length; i++) packets = new Packet(packets, process, kind);
  return packets;
}

function simulate() {
  const scheduler = new Scheduler();
  new Idler(scheduler, idler, 0, null, false);
  new Worker(scheduler, worker, 1000, queue(2, worker, workKind), true);
  new Handler(scheduler, handlerA, 2000, queue(3, deviceA, deviceKind), true);
  new Handler(scheduler, handlerB, 3000, queue(3, deviceB, deviceKind), true);
  new Device(scheduler, deviceA, 4000, null, true);
  new Device(scheduler, deviceB, 5000, null, true);
  scheduler.run();
  return scheduler;
}

harness.run("richards", 100, (n) => {
  for (let i = 0; i < n; i++) {
    const scheduler = simulate();
    harness.check(scheduler.sent === 23246 && scheduler.holds === 9297);
  }
  return "23246 9297";
});
