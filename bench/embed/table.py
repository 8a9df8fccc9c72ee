"""table.py - runs bench/embed/embed.c's program in turn with its peers and prints medians, and how many times as much the peers take. Times are the processor's.

    python3 bench/embed/table.py PROGRAM [ROUNDS]
"""
import os
import shutil
import statistics
import subprocess
import sys

FIGURES = [  # name, what it is, unit, nanoseconds or bytes of that unit
    ("in", "call of a guest's function, int", "ns", 1),
    ("in-string", "the same, string of 16 bytes", "ns", 1),
    ("in-list", "the same, list of 100 ints", "ns", 1),
    ("out", "call of a host function, two ints", "ns", 1),
    ("slice", "stopping and going on, each 1,000 units", "ns", 1),
    ("turn", "a schedule's turn of a million units", "us", 1000),
    ("turn-two", "the same, two guests in turns", "us", 1000),
    ("turn-beside", "the same, one beside 10,000 that wait", "us", 1000),
    ("new", "new guest, run to its end, freed", "us", 1000),
    ("clone", "clone of a small guest", "us", 1000),
    ("freeze", "freeze of a small guest", "us", 1000),
    ("thaw", "thaw of a small guest", "us", 1000),
    ("idle", "memory of an idle guest", "bytes", 1),
]


def commands(program):
    node, script = shutil.which("node"), os.path.join(os.path.dirname(__file__), "peer.js")
    result = [[program, "time"], [program, "memory", "firn"], [program, "memory", "lua"]]
    if node:
        result += [[node, script, "time"], [node, "--expose-gc", script, "memory"]]
    else:
        print("without node: it is not installed")
    return result


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    values = {}
    for command in commands(program) * rounds:
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            figure, whose, value = line.split("\t")
            values.setdefault((figure, whose), []).append(float(value))
    median = {key: statistics.median(found) for key, found in values.items()}
    peers = [whose for whose in ("lua", "node") if any(key[1] == whose for key in median)]
    if "lua" not in peers:
        print("without Lua: liblua5.4-dev is not installed")
    print(f"{f'medians of {rounds}':42}{'Firn':>10}      " + "".join(f"{peer:>12}{'ratio':>9}" for peer in peers))
    rows = [(name, text, unit, median[name, "firn"] / scale, {p: median[name, p] / scale for p in peers if (name, p) in median}) for name, text, unit, scale in FIGURES]
    for _, text, unit, own, others in rows:
        cells = "".join(f"{others[p]:>12.1f}{others[p] / own:>8.1f}x" if p in others else f"{'-':>12}{'':>9}" for p in peers)
        print(f"{text:42}{own:>10.1f} {unit:5}{cells}")
    cells = "".join(f"{2**30 / others[p]:>12.0f}{others[p] / own:>8.1f}x" if p in others else f"{'-':>12}{'':>9}" for p in peers)
    print(f"{'idle guests in a GB':42}{2**30 / own:>10.0f}      {cells}")


main()
