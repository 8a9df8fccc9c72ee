// Bounce: see bounce.firn.
"use strict";
const harness = require("./harness");

const side = 500;

class Ball {
  constructor(random) {
    this.x = random.next() % side;
    this.y = random.next() % side;
    this.xSpeed = random.next() % 300 - 150;
    this.ySpeed = random.next() % 300 - 150;
  }

  bounce() {
    let bounced = false;
    this.x += this.xSpeed;
    this.y += this.ySpeed;
    if (this.x > side) { this.x = side; this.xSpeed = -Math.abs(this.xSpeed); bounced = true; }
    if (this.x < 0) { this.x = 0; this.xSpeed = Math.abs(this.xSpeed); bounced = true; }
    if (this.y > side) { this.y = side; this.ySpeed = -Math.abs(this.ySpeed); bounced = true; }
    if (this.y < 0) { this.y = 0; this.ySpeed = Math.abs(this.ySpeed); bounced = true; }
    return bounced;
  }
}

function countBounces() {
  const random = new harness.Random();
  const balls = Array.from({ length: 100 }, () => new Ball(random));
  let bounces = 0;
  for (let i = 0; i < 50; i++) {
    for (const ball of balls) if (ball.bounce()) bounces++;
  }
  return bounces;
}

harness.run("bounce", 1500, (n) => harness.repeat(n, 1331, countBounces));
