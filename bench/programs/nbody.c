#include <math.h>
#include <stdio.h>
struct body { double x, y, z, vx, vy, vz, mass; };
#define SOLAR (4 * M_PI * M_PI)
#define DAYS 365.24
static struct body s[5] = {
  {0, 0, 0, 0, 0, 0, SOLAR},
  {4.84143144246472090, -1.16032004402742839, -0.103622044471123109, 0.00166007664274403694 * DAYS, 0.00769901118419740425 * DAYS, -0.0000690460016972063023 * DAYS, 0.000954791938424326609 * SOLAR},
  {8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -0.00276742510726411 * DAYS, 0.00499852801234917238 * DAYS, 0.0000230417297573763929 * DAYS, 0.000285885980666130812 * SOLAR},
  {12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 0.00296460137564761618 * DAYS, 0.00237847173959480950 * DAYS, -0.0000296589568540237556 * DAYS, 0.0000436624404335156298 * SOLAR},
  {15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.00268067772490389322 * DAYS, 0.00162824170038242295 * DAYS, -0.0000951592254519715870 * DAYS, 0.0000515138902046611451 * SOLAR}};
static void advance(double dt) {
  for (int i = 0; i < 5; i++)
    for (int j = i + 1; j < 5; j++) {
      double dx = s[i].x - s[j].x, dy = s[i].y - s[j].y, dz = s[i].z - s[j].z, d2 = dx * dx + dy * dy + dz * dz, mag = dt / (d2 * sqrt(d2));
      s[i].vx -= dx * s[j].mass * mag; s[i].vy -= dy * s[j].mass * mag; s[i].vz -= dz * s[j].mass * mag;
      s[j].vx += dx * s[i].mass * mag; s[j].vy += dy * s[i].mass * mag; s[j].vz += dz * s[i].mass * mag;
    }
  for (int i = 0; i < 5; i++) s[i].x += dt * s[i].vx, s[i].y += dt * s[i].vy, s[i].z += dt * s[i].vz;
}
static double energy(void) {
  double e = 0;
  for (int i = 0; i < 5; i++) {
    e += 0.5 * s[i].mass * (s[i].vx * s[i].vx + s[i].vy * s[i].vy + s[i].vz * s[i].vz);
    for (int j = i + 1; j < 5; j++) {
      double dx = s[i].x - s[j].x, dy = s[i].y - s[j].y, dz = s[i].z - s[j].z;
      e -= s[i].mass * s[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}
int main(void) { for (int i = 0; i < 300000; i++) advance(0.01); printf("%.9f\n", energy()); }
