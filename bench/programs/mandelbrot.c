#include <stdio.h>
static long mandelbrot(long size, long limit) {
  long inside = 0;
  for (long y = 0; y < size; y++) {
    double ci = 2.0 * (double)y / (double)size - 1.0;
    for (long x = 0; x < size; x++) {
      double cr = 2.0 * (double)x / (double)size - 1.5, zr = 0, zi = 0;
      long k = 0;
      while (k < limit && zr * zr + zi * zi <= 4.0) { double t = zr * zr - zi * zi + cr; zi = 2.0 * zr * zi + ci; zr = t; k++; }
      if (k == limit) inside++;
    }
  }
  return inside;
}
int main(void) { printf("%ld\n", mandelbrot(800, 50)); }
