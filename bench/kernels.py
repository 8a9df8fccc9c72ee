#!/usr/bin/env python3
"""Times the interpreter on bench/kernels against peers: user CPU seconds, rounds interleaved, medians, ratios to Lua 5.4.

    bench/kernels.py RUNNER [--rounds N] [--peers lua5.4,luajit] [--scale X] [NAME ...]

RUNNER is the built bench/kernel_run.c. Every program's result is compared with Lua's.
"""
import argparse
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
SIZES = {  # N, SIZE: about half a second of Lua
    "fib": (32, 0), "loop": (30000000, 0), "sieve": (6, 1000000), "collatz": (60000, 0),
    "mandelbrot": (400, 0), "nbody": (150000, 0), "closure": (10000000, 0), "shapes": (100000, 0),
}
PEERS = {"lua5.4": ["lua5.4"], "luajit": ["luajit", "-joff"]}


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, capture_output=True, text=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, (done.stdout + done.stderr).strip()


def source(name, peer, size, folder):
    path = os.path.join(HERE, f"{name}.{peer}")
    if peer == "luajit" and not os.path.exists(path):
        path = os.path.join(HERE, f"{name}.lua")
    text = open(path).read().replace("$SIZE", str(size[1])).replace("$N", str(size[0]))
    out = os.path.join(folder, f"{name}.{peer}")
    with open(out, "w") as file:
        file.write(text)
    return out


def measure(name, runner, peers, rounds, scale, folder):
    n, size = SIZES[name]
    if name not in ("fib", "mandelbrot"):
        n = max(1, int(n * scale))
    commands = {"firn": [runner, os.path.join(HERE, name + ".fasm"), str(n), str(size)]}
    for peer in peers:
        kind = "luajit" if peer == "luajit" else "lua"
        commands[peer] = PEERS[peer] + [source(name, kind, (n, size), folder)]
    times, results = {key: [] for key in commands}, {}
    for _ in range(rounds):
        for key, command in commands.items():
            seconds, results[key] = timed(command)
            times[key].append(seconds)
    if len(set(results.values())) != 1:
        sys.exit(f"{name}: results differ: {results}")
    return {key: statistics.median(value) for key, value in times.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("runner")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="lua5.4,luajit")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    peers = [peer for peer in options.peers.split(",") if shutil.which(PEERS[peer][0])]
    ratios = {peer: [] for peer in peers}
    print(f"{'kernel':12}{'firn s':>9}" + "".join(f"{peer + ' s':>10}{'ratio':>7}" for peer in peers))
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or SIZES:
            times = measure(name, options.runner, peers, options.rounds, options.scale, folder)
            line = f"{name:12}{times['firn']:9.3f}"
            for peer in peers:
                ratio = times["firn"] / times[peer]
                ratios[peer].append(ratio)
                line += f"{times[peer]:10.3f}{ratio:7.2f}"
            print(line, flush=True)
    mean = {peer: math.exp(statistics.fmean(map(math.log, values))) for peer, values in ratios.items()}
    print(f"{'geomean':21}" + "".join(f"{'':10}{mean[peer]:7.2f}" for peer in peers))


if __name__ == "__main__":
    main()
