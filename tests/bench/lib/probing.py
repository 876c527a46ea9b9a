"""What a probe costs: CPU, system calls, memory."""
import json
import re
import shutil
import subprocess

from .report import Row
from .site import BenchError, Site, target_address, wait_until

REDIS_PORT = 6379


def addresses(count, port=REDIS_PORT):
    return [f"{target_address(i)}:{port}" for i in range(count)]


def probes(site, checker):
    """Probes that have ended, as the daemon counts them (once a second)."""
    return sum(value for name, value in site.metrics(checker).items() if name.startswith("zkcluster_probes_total"))


def pass_time(seconds):
    """Lets the measured programs work."""
    subprocess.run(["sleep", str(seconds)], check=True)


class Fleet:
    """One Redis server that answers on as many addresses as wanted, and a cluster of them."""

    def __init__(self, site, count):
        self.site = site
        self.count = count
        site.start_zookeeper()
        self.redis = site.start_redis(REDIS_PORT)
        site.apply("fleet", addresses(count))
        self.started = 0

    def checker(self, workers=1, wrap=()):
        self.started += 1
        return self.site.start_checker(f"c{self.started}", workers=workers, wrap=wrap)

    def settle(self, checker):
        """Until all are connected and a round at rest has passed."""
        wait_until(lambda: probes(self.site, checker) >= 2 * self.count, 60, "two rounds of probes")

    def pinger(self, seconds, *options):
        done = subprocess.run([self.site.program("tests/bench/pinger"), "--targets", str(self.count), "--port", str(REDIS_PORT),
                               "--seconds", str(seconds), *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(done.stderr.strip())
        return json.loads(done.stdout)

    def measure(self, checker, seconds):
        """CPU microseconds per probe of the whole daemon, and of only its workers."""
        workers = checker.threads()[1:]
        before = probes(self.site, checker), checker.cpu(), checker.cpu(workers)
        pass_time(seconds)
        after = probes(self.site, checker), checker.cpu(), checker.cpu(workers)
        count = after[0] - before[0]
        return {"probes": count, "cpu_us_per_probe": (after[1] - before[1]) / count * 1e6,
                "worker_us_per_probe": (after[2] - before[2]) / count * 1e6}


def mean(figures, key="cpu_us_per_probe"):
    return sum(f[key] for f in figures) / len(figures)


def cpu_per_probe(run):
    count, rounds, seconds = (10_000, 1, 4) if run.quick else (10_000, 2, 6)
    figures = {"bare": [], "nap": [], "hiredis": [], "one": [], "two": []}
    with Site(run.build) as site:
        fleet = Fleet(site, count)
        for i in range(rounds):
            run.progress(f"round {i + 1} of {rounds}")
            figures["bare"].append(fleet.pinger(seconds))
            for key, workers in (("one", 1), ("two", 2)):
                checker = fleet.checker(workers)
                fleet.settle(checker)
                figures[key].append(fleet.measure(checker, seconds))
                checker.stop()
            figures["nap"].append(fleet.pinger(seconds, "--nap", "--batch-ms", "4"))
            figures["hiredis"].append(fleet.pinger(seconds, "--hiredis"))
    bare, nap, hiredis = mean(figures["bare"]), mean(figures["nap"]), mean(figures["hiredis"])
    one, two = mean(figures["one"]), mean(figures["two"])
    rows = [
        Row(f"CPU per probe, {count:,} shards, interval 1 s, one worker", "<= 1.15 x bare epoll pinger", f"{one:.1f} us",
            one <= 1.15 * bare, f"bare pinger {bare:.1f} us; hiredis async on libevent {hiredis:.1f} us",
            "The bare pinger wakes whenever a server answers. One that sleeps out 4 ms whatever comes (`pinger --nap "
            f"--batch-ms 4`) needs {nap:.1f} us: what is left to gain.", one / bare, one / hiredis),
        Row("the same with two workers", "scales", f"{two:.1f} us", None, f"one worker {one:.1f} us: {two / one:.2f} x", "",
            two / bare, two / hiredis)]
    return {"rows": rows, "figures": figures}


def memory_per_shard(run):
    count = 10_000
    with Site(run.build) as site:
        site.start_zookeeper()
        idle = site.start_checker("idle")
        pass_time(2)
        idle_kb = idle.pss_kb()
        idle.stop()
        site.start_redis(REDIS_PORT)
        site.apply("fleet", addresses(count))
        checker = site.start_checker("full")
        wait_until(lambda: probes(site, checker) >= 3 * count, 60, "three rounds of probes")
        full_kb = checker.pss_kb()
        pass_time(3 if run.quick else 10)
        later_kb = checker.pss_kb()
    per_shard = (full_kb - idle_kb) / count
    row = Row(f"memory per shard at {count:,}", "<= 2.5 kB above an idle daemon", f"{per_shard:.2f} kB", per_shard <= 2.5,
              f"idle daemon {idle_kb / 1000:.1f} MB, full {full_kb / 1000:.1f} MB",
              f"Pss; {later_kb - full_kb:+} kB in the {3 if run.quick else 10} s that followed. What the kernel holds for a "
              "connection is not in it.")
    return {"rows": [row], "figures": {"idle_kb": idle_kb, "full_kb": full_kb, "later_kb": later_kb}}


def strace_table(output):
    """{call: count} of strace -c."""
    calls = {}
    for line in output.splitlines():
        found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if found and found[2] != "total":
            calls[found[2]] = int(found[1])
    return calls


def perf_calls(checker, seconds):
    """System calls of a process by the kernel's own counter, which does not slow it down; nothing where it may not be
    read."""
    if not shutil.which("perf"):
        return None
    done = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(checker.pid), "--", "sleep",
                           str(seconds)], capture_output=True, text=True, check=False)
    found = re.search(r"^(\d+),,raw_syscalls", done.stderr, re.MULTILINE)
    return int(found[1]) if found else None


def syscalls_per_probe(run):
    count, seconds = 10_000, 4 if run.quick else 10
    with Site(run.build) as site:
        fleet = Fleet(site, count)
        checker = fleet.checker()
        fleet.settle(checker)
        before = probes(site, checker)
        counted = perf_calls(checker, seconds)
        ended = probes(site, checker) - before
        table = ""
        if shutil.which("strace"):
            table = subprocess.run(["timeout", "-s", "INT", str(seconds), "strace", "-c", "-f", "-p", str(checker.pid)],
                                   capture_output=True, text=True, check=False).stderr
    calls = strace_table(table)
    text = "\n".join(line for line in table.splitlines() if not line.startswith("strace:"))
    sends = calls.get("sendto", 0)
    by_strace = sum(calls.values()) / sends if sends else float("nan")
    per_probe = counted / ended if counted else by_strace
    row = Row(f"system calls per probe, {count:,} shards", "<= 2.5 (2 is the floor); no epoll_ctl per probe", f"{per_probe:.2f}",
              per_probe <= 2.5 and calls.get("epoll_ctl", 0) < 0.01 * max(1, sends),
              f"epoll_ctl per probe: {calls.get('epoll_ctl', 0) / max(1, sends):.4f}",
              "Counted by the kernel over the daemon's own count of probes." if counted else "Counted by strace.")
    return {"rows": [row], "text": f"`strace -c -f` of the checker for {seconds} s:\n\n```\n{text.strip()}\n```",
            "figures": {"calls": calls, "kernel": counted, "probes": ended}}
