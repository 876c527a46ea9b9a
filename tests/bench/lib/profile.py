"""Where the time goes: a checker's CPU by function, at rest and while a fifth of its shards dies."""
import shutil
import signal
import subprocess

from .probing import pass_time
from .quorum import Crowd
from .site import BenchError, Site

LINES = 25


def record(site, checker, name):
    """Samples by the CPU clock (a virtual machine may have no cycle counter), until stopped."""
    return site.spawn(f"perf-{name}", ["perf", "record", "-e", "cpu-clock", "-F", "1999", "-g", "-p", str(checker.pid),
                                       "-o", site.path(f"{name}.perf")])


def report(site, name, sort, limit):
    done = subprocess.run(["perf", "report", "-i", site.path(f"{name}.perf"), "--no-children", "-g", "none", "--stdio",
                           "--sort", sort, "--percent-limit", str(limit)], capture_output=True, text=True, check=False)
    return [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")]


def short(line):
    """Without the arguments of templates, which may be longer than a page."""
    line = line.removesuffix(" - -")
    return line if len(line) <= 110 else line[:107] + "..."


def top_list(site, name, recorder):
    recorder.signal(signal.SIGINT)
    recorder.popen.wait(30)
    lines = report(site, name, "dso,symbol", 0.5)
    if not lines:
        raise BenchError("perf recorded nothing: " + recorder.log_tail(2))
    where = ", ".join(f"{line.split()[1].strip('[]')} {line.split()[0]}" for line in report(site, name, "dso", 1))
    return f"By place: {where}.\n\n```\n" + "\n".join(short(line) for line in lines[:LINES]) + "\n```"


def profile(run):
    if not shutil.which("perf"):
        raise BenchError("perf is missing: install linux-perf")
    count = 2_000 if run.quick else 5_000
    with Site(run.build) as site:
        crowd = Crowd(site, count)
        crowd.start_checkers()
        crowd.await_all()
        pass_time(3)
        leader = max(crowd.checkers, key=lambda c: c.log_text().count("event=election.leading"))
        recorder = record(site, leader, "rest")
        pass_time(4 if run.quick else 8)
        rest = top_list(site, "rest", recorder)
        recorder = record(site, leader, "death")
        crowd.mass_death(signal.SIGKILL)
        death = top_list(site, "death", recorder)
    text = (f"The leader of three checkers, {count:,} shards: share of its CPU time (`perf record -e cpu-clock`).\n\n### At rest\n\n"
            f"{rest}\n\nMost of it is the kernel's: two system calls a probe, a packet sent and one received, and the sleep in "
            "between. In the program it is the cache misses of ten thousand servers, one after the other. What is left to gain is "
            "what the pinger that naps needs less (row `cpu_per_probe`).\n\n"
            f"### While {crowd.doomed:,} of them are killed, to the new table\n\n{death}")
    return {"rows": [], "text": text}
