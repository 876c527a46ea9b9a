"""What clients saw and what the ensemble wrote: tests/bench/follow and tests/bench/txlog, read by lines."""
import json
import subprocess
import threading
import time

from .site import BenchError, wait_until


class Follower:
    """Clients of one cluster; `lines` are what they have printed so far."""

    def __init__(self, site, cluster, clients=1, bare=False):
        self.lines = []
        self.process = site.spawn(f"follow{'-bare' if bare else ''}", [
            site.program("tests/bench/follow"), "--zk", f"127.0.0.1:{site.zookeeper_port}", "--cluster", cluster,
            "--clients", str(clients), *(["--bare"] if bare else [])], pipes=True)
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: any("ready" in line for line in list(self.lines)) or not self.process.running(), 60,
                   "followers are ready:\n" + self.process.log_tail())
        if not self.process.running():
            raise BenchError("follow ended:\n" + self.process.log_tail())

    def _read(self):
        for line in self.process.popen.stdout:
            self.lines.append(json.loads(line))

    def tables(self):
        return [line for line in list(self.lines) if "us" in line]

    def last(self):
        tables = self.tables()
        return tables[-1] if tables else {"alive": 0, "dead": 0, "unknown": 0}

    def await_counts(self, limit, what, **counts):
        """The first table, of those from now on, or the newest, whose counts are these."""
        seen = max(0, len(self.lines) - 1)

        def found():
            return next((line for line in self.lines[seen:] if all(line.get(k) == v for k, v in counts.items())), None)
        try:
            return wait_until(found, limit, what)
        except BenchError as error:
            last = self.last()
            raise BenchError(f"{error}; the last table has alive {last['alive']}, dead {last['dead']}, "
                             f"unknown {last['unknown']}") from None

    def flips(self):
        """(shard, status, since_us, seen_us) of the first client, in order."""
        return [(shard, status, since, line["us"]) for line in self.tables() if line["client"] == 0
                for shard, status, since in line.get("flips", [])]

    def stop(self):
        self.process.popen.stdin.close()
        self.process.stop()


def transactions(site, after=0):
    done = subprocess.run([site.program("tests/bench/txlog"), site.zookeeper_log(), "--after", str(after)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr.strip())
    return [json.loads(line) for line in done.stdout.splitlines()]


def last_zxid(site):
    log = transactions(site)
    return log[-1]["zxid"] if log else 0


def writes_to(log, suffix):
    """Transactions that create or set a znode whose path ends like this."""
    return [t for t in log if any(kind != "delete" and path.endswith(suffix) for kind, path, _ in t["ops"])]


def now_us():
    return time.time_ns() // 1000
