"""How long a main loop is away from its descriptors: its turns, from one wait to the next, and what the longest did."""
import collections
import re
import shutil
import signal
import subprocess

from .site import BenchError

HELD = ("sh", "-c", 'kill -STOP $$; exec "$@"', "sh")  # a program that waits until somebody watches it
HZ = 1999


class Turn:
    def __init__(self, woke):
        self.woke = woke
        self.wall_ms = 0.0
        self.where = []  # a function for each sample of CPU time

    @property
    def cpu_ms(self):
        return len(self.where) * 1000 / HZ


class Watch:
    """Of the main thread of a checker started with HELD, which it lets go."""

    def __init__(self, site, checker):
        if not shutil.which("perf"):
            raise BenchError("perf is missing: install linux-perf")
        self.site = site
        self.file = site.path(f"turns-{checker.pid}.perf")
        self.perf = site.spawn(f"turns-{checker.pid}", [
            "perf", "record", "-e", f"cpu-clock/freq={HZ}/", "-e", "syscalls:sys_enter_epoll_wait", "-e",
            "syscalls:sys_exit_epoll_wait", "-m", "512", "-t", str(checker.pid), "-o", self.file, "--", "sh", "-c",
            f"kill -CONT {checker.pid}; sleep 1000"])

    def turns(self):
        self.perf.signal(signal.SIGINT)
        self.perf.popen.wait(30)
        done = subprocess.run(["perf", "script", "-i", self.file, "-F", "time,event,ip,sym"], capture_output=True, text=True,
                              check=False)
        found = parse(done.stdout.splitlines())
        if not found:
            raise BenchError("perf recorded nothing: " + self.perf.log_tail(2))
        return found


def short(symbol):
    """Without the arguments of functions and of templates, which may be longer than a page."""
    while (plain := re.sub(r"<[^<>]*>|\([^()]*\)", "", symbol)) != symbol:
        symbol = plain
    return symbol.strip()[:60]


def parse(lines):
    turns, turn = [], None
    for line in lines:
        parts = line.split(None, 3)
        if len(parts) < 2:
            continue
        at, event = float(parts[0].rstrip(":")), parts[1]
        if "sys_exit_epoll_wait" in event:
            turn = Turn(at)
        elif "sys_enter_epoll_wait" in event and turn:
            turn.wall_ms = (at - turn.woke) * 1000
            turns.append(turn)
            turn = None
        elif turn and "cpu-clock" in event:
            turn.where.append(short(parts[3]) if len(parts) > 3 else "?")
    return turns


def text(turn):
    top = ", ".join(f"{name} {count * 1000 / HZ:.1f}" for name, count in collections.Counter(turn.where).most_common(4))
    return f"{turn.wall_ms:.0f} ms, {turn.cpu_ms:.1f} of them on a CPU ({top})"
