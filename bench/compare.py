"""bench/compare.py - what bench/run, bench/library and bench/classics/run share: programs timed beside their peers, interleaved.

Each round runs every program once with every peer, so that noise of the machine falls on all alike; a figure is the median of what the
rounds measure: user + system CPU time, or what a program says of itself. Every peer must print the same."""
import math, resource, statistics, subprocess, sys


def measure(command):
    """The CPU time of a process, in seconds, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(command, check=True, capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


def measure_steady(command):
    """The median that a program gives of its iterations on standard error, with --steady: `steady MEDIAN LEAST`, in nanoseconds."""
    done = subprocess.run([*command, "--steady"], check=True, capture_output=True)
    word, median, least = done.stderr.split()[-3:]
    return int(median) / 1e9, done.stdout


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def compare(peers, programs, rounds, measure=measure):
    """The medians by (peer, program), in seconds. A peer makes the command of a program, or None where it has none."""
    times, outputs = {}, {}
    for _ in range(rounds):
        for name in programs:
            for peer, command in peers.items():
                words = command(name)
                if words is None:
                    continue
                seconds, output = measure(words)
                times.setdefault((peer, name), []).append(seconds)
                if outputs.setdefault(name, output) != output:
                    sys.exit(f"{name}: {peer} prints {output!r}, not {outputs[name]!r}")
    return {key: max(statistics.median(values), 0.0005) for key, values in times.items()}


def show(peers, programs, median, means):
    """Prints the table; `means`: lists of programs whose geometric mean is a row."""
    others = [peer for peer in peers if peer != "firn"]
    ratio = lambda peer, name: median["firn", name] / median[peer, name]
    print(f"{'program':<12}{'firn s':>9}" + "".join(f"{'/ ' + peer:>16}" for peer in others))
    for name in programs:
        row = "".join(f"{ratio(peer, name):>16.2f}" if (peer, name) in median else f"{'-':>16}" for peer in others)
        print(f"{name:<12}{median['firn', name]:>9.3f}{row}")
    for chosen in filter(None, means):
        row = ""
        for peer in others:
            known = [name for name in chosen if (peer, name) in median]
            row += f"{geomean([ratio(peer, name) for name in known]):>16.2f}" if known else f"{'-':>16}"
        print(f"{'geomean (' + str(len(chosen)) + ')':<21}{row}")
