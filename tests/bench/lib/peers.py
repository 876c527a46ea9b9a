"""What others need for the same job: redis-sentinel and haproxy, as Debian packages them, on the same targets."""
import re
import shutil
import signal
import socket
import threading

from .flips import FIRST_PORT, ServerRow
from .follow import now_us
from .probing import Fleet, pass_time
from .quorum import Crowd
from .report import Row
from .site import BenchError, Site, free_port, target_address, wait_until

SENTINEL_LIMIT = 35  # seconds to learn each other, and to agree on deaths


def need(program):
    if not shutil.which(program):
        raise BenchError(f"{program} is missing: apt-get install {program}")


class OutputLines:
    """Lines of a process, each with the wall clock (us) of its arrival."""

    def __init__(self, process):
        self.lines = []
        self.process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.popen.stdout:
            self.lines.append((now_us(), line))

    def first(self, pattern, since):
        """{name: us} of the first line for each name (group 1) after `since`."""
        found = {}
        for at, line in list(self.lines):
            match = re.search(pattern, line)
            if match and at >= since:
                found.setdefault(match[1], at)
        return found


def merged(outputs, pattern, since):
    """{name: us} of the first line for each name in any of the outputs."""
    found = {}
    for output in outputs:
        for name, at in output.first(pattern, since).items():
            found[name] = min(at, found.get(name, at))
    return found


def until_all(find, count, limit):
    """Calls `find` until it returns `count` of them or the time is over. Returns the last result."""
    try:
        wait_until(lambda: len(find()) >= count, limit, "")
    except BenchError:
        pass
    return find()


def mass_text(found, count, start):
    """(text, seconds to the last) of those that were found dead."""
    times = sorted((at - start) / 1e6 for at in found.values())
    if not times:
        return "none", float("nan")
    middle = times[len(times) // 2]
    all_of_them = "all" if len(times) == count else f"{len(times)} of {count}"
    return f"half after {middle:.1f} s, {all_of_them} after {times[-1]:.1f} s", times[-1]


# --- redis-sentinel ---

def start_sentinel(site, i, count):
    port = free_port()
    masters = "".join(f"sentinel monitor m{m} 127.0.0.1 {FIRST_PORT + m} 2\n"
                      f"sentinel down-after-milliseconds m{m} 3000\n" for m in range(count))
    config = site.write(f"sentinel{i}.conf", f"port {port}\nbind 127.0.0.1\nprotected-mode no\n{masters}")
    process = site.spawn(f"sentinel{i}", ["redis-sentinel", config], pipes=True)
    process.port = port
    return process


def knows_others(port):
    """The least number of other sentinels that it knows for any master; -1 when it does not answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(1)
            connection.sendall(b"SENTINEL MASTERS\r\nPING\r\n")
            answer = b""
            while not answer.endswith(b"+PONG\r\n"):
                more = connection.recv(1 << 20)
                if not more:
                    return -1
                answer += more
    except OSError:
        return -1
    known = re.findall(rb"num-other-sentinels\r\n\$\d+\r\n(\d+)", answer)
    return min(map(int, known), default=-1)


def sentinels(run, site, servers):
    count = len(servers)
    processes = [start_sentinel(site, i, count) for i in range(3)]
    outputs = [OutputLines(process) for process in processes]
    start = now_us()
    try:
        wait_until(lambda: all(knows_others(p.port) == 2 for p in processes), SENTINEL_LIMIT, "")
        learned = f"{(now_us() - start) / 1e6:.1f} s"
    except BenchError:
        learned = f"not within {SENTINEL_LIMIT} s"
    seconds = 4 if run.quick else 8
    before = [p.cpu() for p in processes]
    pass_time(seconds)
    cpu = sum(p.cpu() - b for p, b in zip(processes, before)) / 3 / count / seconds * 1e6
    doomed = servers[:count // 5]
    start = now_us()
    for server in doomed:
        server.signal(signal.SIGSTOP)
    found = until_all(lambda: merged(outputs, r"\+odown master (\w+) ", start), len(doomed), SENTINEL_LIMIT)
    for server in doomed:
        server.signal(signal.SIGCONT)
    for process in processes:
        process.kill()
    return learned, cpu, mass_text(found, len(doomed), start)


def sentinel(run):
    need("redis-sentinel")
    count = 40 if run.quick else 150
    with Site(run.build) as site:
        row = ServerRow(site, count)
        pass_time(2)
        before = [c.cpu() for c in row.checkers]
        seconds = 4 if run.quick else 8
        pass_time(seconds)
        cpu = sum(c.cpu() - b for c, b in zip(row.checkers, before)) / 3 / count / seconds * 1e6
        doomed = row.servers[:count // 5]
        start, flips_before = now_us(), len(row.follower.flips())
        for server in doomed:
            server.signal(signal.SIGSTOP)
        row.follower.await_counts(30, "the doomed are dead", dead=len(doomed))
        dead = {shard: seen for shard, status, _, seen in row.follower.flips()[flips_before:] if status == "dead"}
        ours, our_last = mass_text(dead, len(doomed), start)
        for server in doomed:
            server.signal(signal.SIGCONT)
        row.await_alive()
        for checker in row.checkers:
            checker.stop()
        run.progress("sentinels")
        learned, their_cpu, (theirs, their_last) = sentinels(run, site, row.servers)
    return {"rows": [
        Row(f"CPU per server and second, {count} servers, 3 checkers", "", f"{cpu:.0f} us", None,
            f"3 redis-sentinels {their_cpu:.0f} us",
            "A whole daemon's CPU over servers and seconds, not over PINGs: Sentinel also asks for INFO and publishes.",
            peer=cpu / their_cpu),
        Row(f"{len(doomed)} of {count} servers hang at once, threshold 3 s", "", ours, None, f"redis-sentinel (odown): {theirs}",
            peer=our_last / their_last),
        Row("three of them are started: to the status of all / to know each other", "", f"{row.start_seconds:.1f} s", None,
            f"redis-sentinel: {learned}")],
        "figures": {"cpu": cpu, "sentinel_cpu": their_cpu}}


# --- haproxy ---

def start_haproxy(site, targets):
    servers = "\n".join(f"  server s{i} {addr} check" for i, addr in enumerate(targets))
    config = site.write("haproxy.cfg", f"""global
  nbthread 1
  maxconn 100
  log stdout format raw local0
defaults
  mode tcp
  log global
  timeout connect 500ms
  timeout client 5s
  timeout server 5s
  timeout check 500ms
frontend f
  bind 127.0.0.1:{free_port()}
  default_backend b
backend b
  option redis-check
  default-server inter 1s fastinter 250ms fall 3 rise 1
{servers}
""")
    return site.spawn("haproxy", ["haproxy", "-db", "-f", config], pipes=True)


def down_after(output, server, number, count):
    start = now_us()
    server.signal(number)
    return mass_text(until_all(lambda: output.first(r"Server b/(s\d+) is DOWN", start), count, 30), count, start)


def haproxy(run):
    need("haproxy")
    count, seconds = (500, 4) if run.quick else (2_000, 8)
    doomed = count // 5
    with Site(run.build) as site:
        fleet = Fleet(site, count)
        checker = fleet.checker()
        fleet.settle(checker)
        ours = fleet.measure(checker, seconds)["cpu_us_per_probe"]
        checker.stop()
        bad = site.start_redis(6380, name="redis-bad")
        targets = [f"{target_address(i)}:{6380 if i % 5 == 0 else 6379}" for i in range(count)]
        process = start_haproxy(site, targets)
        output = OutputLines(process)
        pass_time(4)
        before = process.cpu()
        pass_time(seconds)
        theirs = (process.cpu() - before) / count / seconds * 1e6
        run.progress("mass failure")
        hung, hung_last = down_after(output, bad, signal.SIGSTOP, doomed)
        bad.signal(signal.SIGCONT)
        until_all(lambda: output.first(r"Server b/(s\d+) is UP", 0), doomed, 20)
        killed, killed_last = down_after(output, bad, signal.SIGKILL, doomed)
        process.kill()
    with Site(run.build) as site:
        crowd = Crowd(site, count)
        crowd.start_checkers()
        crowd.await_all()
        our_hang = crowd.mass_death(signal.SIGSTOP)["seconds"]
        crowd.bad.signal(signal.SIGCONT)
        crowd.await_all()
        our_kill = crowd.mass_death(signal.SIGKILL)["seconds"]
    return {"rows": [
        Row(f"CPU per check, {count:,} targets, interval 1 s", "", f"{ours:.1f} us", None,
            f"haproxy {theirs:.1f} us", "haproxy makes a new connection for each check, and decides by itself.", peer=ours / theirs),
        Row(f"{doomed} of {count:,} hang at once", "", f"all after {our_hang:.1f} s", None, f"haproxy (fall 3): {hung}",
            "Ours: three checkers agree and a client has the table; threshold 3 s, refused_threshold 1 s. haproxy: interval 1 s, "
            "after a failure 250 ms, check timeout 500 ms.", peer=our_hang / hung_last),
        Row(f"{doomed} of {count:,} are killed at once", "", f"all after {our_kill:.1f} s", None, f"haproxy (fall 3): {killed}",
            peer=our_kill / killed_last)],
        "figures": {"ours": ours, "haproxy": theirs}}
