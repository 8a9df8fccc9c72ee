"""jitdump.py - reads what is written for perf, and says what is wrong with it.

  jitdump.py map FILE    a perf map: prints the names
  jitdump.py dump FILE   a jitdump: for each function its name, then file:line of its instructions, each once

Exit status 1, and why, if something in it can't be: functions that overlap, lines of instructions that are not in their function.
"""
import struct
import sys

LOAD, DEBUG_INFO = 0, 2
HEADER = 0x40  # bytes of an ELF header: lines' addresses are as if the code stood behind one, where `perf inject` puts it


def wrong(why):
    print(why, file=sys.stderr)
    sys.exit(1)


def check_overlaps(functions):
    end = 0
    for start, size, name in sorted(functions):
        if size == 0 or start < end:
            wrong(f"{name}: {size} bytes at {start:x}, where another ends at {end:x}")
        end = start + size


def read_map(path):
    functions = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            start, size, name = line.rstrip("\n").split(" ", 2)
            functions.append((int(start, 16), int(size, 16), name))
    check_overlaps(functions)
    for _, _, name in functions:
        print(name)


def text_at(data, at):
    end = data.index(0, at)
    return data[at:end], end + 1


def read_lines(body):
    """The entries of a debug info record: (address, file, line)."""
    _, count = struct.unpack_from("<QQ", body)
    at, entries, before = 16, [], b""
    for _ in range(count):
        address, line, _ = struct.unpack_from("<QII", body, at)
        name, at = text_at(body, at + 16)
        before = before if name == b"\xff" else name
        entries.append((address - HEADER, before.decode(), line))
    return entries


def read_dump(path):
    data = open(path, "rb").read()
    magic, version, size = struct.unpack_from("<III", data)
    if magic != 0x4A695444 or version != 1:
        wrong(f"magic {magic:x}, version {version}")
    functions, lines, at = [], [], size
    while at + 16 <= len(data):
        kind, size, _ = struct.unpack_from("<IIQ", data, at)
        body = data[at + 16:at + size]
        if kind == DEBUG_INFO:
            lines = read_lines(body)
        elif kind == LOAD:
            start, length = struct.unpack_from("<QQ", body, 16)
            name = text_at(body, 40)[0].decode()
            functions.append((start, length, name))
            outside = [f"{address:x}" for address, _, _ in lines if not start <= address < start + length]
            if outside:
                wrong(f"{name}: {outside} not in {start:x} to {start + length:x}")
            print(name, *dict.fromkeys(f"{file.rsplit('/', 1)[-1]}:{line}" for _, file, line in lines))
            lines = []
        at += size
    check_overlaps(functions)


{"map": read_map, "dump": read_dump}[sys.argv[1]](sys.argv[2])
