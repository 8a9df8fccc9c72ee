// Bounce: see bounce.firn.

final class Bounce {
  static final int SIDE = 500;

  static final class Ball {
    private int x, y, xSpeed, ySpeed;

    Ball(Harness.Random random) {
      x = random.next() % SIDE;
      y = random.next() % SIDE;
      xSpeed = random.next() % 300 - 150;
      ySpeed = random.next() % 300 - 150;
    }

    boolean bounce() {
      boolean bounced = false;
      x += xSpeed;
      y += ySpeed;
      if (x > SIDE) { x = SIDE; xSpeed = -Math.abs(xSpeed); bounced = true; }
      if (x < 0) { x = 0; xSpeed = Math.abs(xSpeed); bounced = true; }
      if (y > SIDE) { y = SIDE; ySpeed = -Math.abs(ySpeed); bounced = true; }
      if (y < 0) { y = 0; ySpeed = Math.abs(ySpeed); bounced = true; }
      return bounced;
    }
  }

  static int countBounces() {
    Harness.Random random = new Harness.Random();
    Ball[] balls = new Ball[100];
    for (int i = 0; i < balls.length; i++) balls[i] = new Ball(random);
    int bounces = 0;
    for (int i = 0; i < 50; i++) {
      for (Ball ball : balls) if (ball.bounce()) bounces++;
    }
    return bounces;
  }

  public static void main(String[] args) {
    Harness.run("bounce", args, 1500, n -> Harness.repeat(n, 1331, Bounce::countBounces));
  }
}
