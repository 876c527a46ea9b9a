"""Five thousand shards and three checkers: the start, a mass death, rest."""
import signal

from . import turns
from .follow import Follower, last_zxid, now_us, transactions, writes_to
from .probing import addresses, pass_time
from .report import Row
from .site import Site, target_address

GOOD_PORT, BAD_PORT, CLOSED_PORT = 6379, 6380, 1
PROBE = "interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 1s"


class Crowd:
    """`count` shards, of which a fifth are on a server of their own and `closed` have no server at all."""

    def __init__(self, site, count, closed=0):
        self.site = site
        self.count = count
        self.doomed = count // 5
        self.closed = closed
        site.start_zookeeper(heap="512m")
        self.good = site.start_redis(GOOD_PORT, name="redis-good")
        self.bad = site.start_redis(BAD_PORT, name="redis-bad")
        site.apply("crowd", [f"{target_address(i)}:{self._port(i)}" for i in range(count)], checkers=3, probe=PROBE)
        self.follower = Follower(site, "crowd")
        self.checkers = []

    def _port(self, i):
        # Every fifth: neighbours in the spec are probed one after the other.
        if i % 5 == 0:
            return BAD_PORT
        return CLOSED_PORT if i % 5 == 1 and i // 5 < self.closed else GOOD_PORT

    def start_checkers(self, wrap=()):
        """All three at once; the wall clock, in us, after the last one."""
        self.checkers = [self.site.start_checker(f"c{i + 1}", ready=False, wrap=wrap) for i in range(3)]
        return now_us()

    def await_all(self, limit=60):
        return self.follower.await_counts(limit, "every shard has its status", alive=self.count - self.closed, dead=self.closed)

    def await_death(self, limit=60):
        return self.follower.await_counts(limit, "the doomed shards are dead", dead=self.closed + self.doomed, unknown=0)

    def mass_death(self, number):
        """One signal to the server of a fifth of the shards. Seconds to the client's table, and head writes."""
        zxid = last_zxid(self.site)
        start = now_us()
        self.bad.signal(number)
        seen = self.await_death()
        heads = writes_to(transactions(self.site, zxid), "/quorum/head")
        ballots = [t for t in transactions(self.site, zxid) if any("/quorum/votes/" in op[1] for op in t["ops"])]
        return {"seconds": (seen["us"] - start) / 1e6, "writes": len(heads), "ballots": len(ballots)}


def cold_start(run):
    count, closed = (2_000, 50) if run.quick else (5_000, 100)
    with Site(run.build) as site:
        crowd = Crowd(site, count, closed)
        zxid = last_zxid(site)
        start = crowd.start_checkers()
        seen = crowd.await_all()
        seconds = (seen["us"] - start) / 1e6
        pass_time(2)
        log = transactions(site, zxid)
        run.note_stalls(crowd.checkers)
    heads = writes_to(log, "/quorum/head")
    ballots = [t for t in log if any("/quorum/votes/" in op[1] for op in t["ops"])]
    row = Row(f"cold start, {count:,} shards, 3 checkers", "<= 2 intervals + 1 s = 3 s", f"{seconds:.2f} s", seconds <= 3.0,
              f"{len(heads)} status writes, {len(ballots)} ballot writes, {sum(t['bytes'] for t in log) / 1000:.0f} kB in all",
              f"From the last daemon's start to a client's table with the right status of all; {closed} of them have no server.")
    return {"rows": [row], "figures": {"seconds": seconds, "heads": len(heads), "ballots": len(ballots)}}


def mass_death(run):
    count = 2_000 if run.quick else 5_000
    with Site(run.build) as site:
        crowd = Crowd(site, count)
        crowd.start_checkers()
        crowd.await_all()
        run.progress("hang")
        hung = crowd.mass_death(signal.SIGSTOP)
        crowd.bad.signal(signal.SIGCONT)
        crowd.await_all()
        run.progress("kill")
        pass_time(2)
        killed = crowd.mass_death(signal.SIGKILL)
        run.note_stalls(crowd.checkers)
    rows = []
    for name, figure, limit in (("hang", hung, 4.0), ("are killed", killed, 2.0)):
        rows.append(Row(f"{crowd.doomed:,} of {count:,} shards {name} at once: to the client's table",
                        f"<= threshold + 1 s = {limit:g} s", f"{figure['seconds']:.2f} s", figure["seconds"] <= limit,
                        f"{figure['ballots']} ballot writes of 3 checkers"))
        rows.append(Row("the same: status writes", "<= 10", str(figure["writes"]), figure["writes"] <= 10))
    return {"rows": rows, "figures": {"hung": hung, "killed": killed}}


def idle_writes(run):
    count, seconds = (2_000, 10) if run.quick else (5_000, 20)
    with Site(run.build) as site:
        crowd = Crowd(site, count)
        crowd.start_checkers()
        crowd.await_all()
        pass_time(5)
        zxid = last_zxid(site)
        pass_time(seconds)
        log = [t for t in transactions(site, zxid) if t["ops"]]
        run.note_stalls(crowd.checkers)
    per_minute = len(log) * 60 / seconds
    row = Row(f"ZooKeeper writes per minute when nothing changes, {count:,} shards, 3 checkers", "0", f"{per_minute:g}",
              not log, f"observed for {seconds} s")
    return {"rows": [row], "figures": {"transactions": log[:20]}}


def main_loop(run):
    """A start and two mass deaths once more, watched."""
    count = 2_000 if run.quick else 5_000
    with Site(run.build) as site:
        crowd = Crowd(site, count)
        crowd.start_checkers(turns.HELD)
        watches = [turns.Watch(site, checker) for checker in crowd.checkers]
        crowd.await_all()
        crowd.mass_death(signal.SIGSTOP)
        crowd.bad.signal(signal.SIGCONT)
        crowd.await_all()
        crowd.mass_death(signal.SIGKILL)
        each = [watch.turns() for watch in watches]
        run.note_stalls(crowd.checkers)
    longest = [max(seen, key=lambda turn: turn.wall_ms) for seen in each]
    busiest = max((turn for seen in each for turn in seen), key=lambda turn: turn.cpu_ms)
    worst = max(turn.wall_ms for turn in longest)
    row = Row(f"longest turn of a main loop: start and mass deaths of {count:,} shards", "< 50 ms", f"{worst:.0f} ms", worst < 50,
              "each checker: " + "; ".join(turns.text(turn) for turn in longest),
              f"Between two waits, wall clock, on {run.cores} cores that also run ZooKeeper, two other checkers, two Redis servers and "
              f"a client. The one that took most of a CPU: {turns.text(busiest)}. Stalls that the daemons themselves logged in all "
              f"benchmarks so far: {run.stalls}.")
    return {"rows": [row], "figures": {"longest_ms": [turn.wall_ms for turn in longest], "busiest_cpu_ms": busiest.cpu_ms}}


def zkctl_status(run):
    count = 10_000
    with Site(run.build) as site:
        site.start_zookeeper()
        site.start_redis(GOOD_PORT)
        site.apply("fleet", addresses(count))
        follower = Follower(site, "fleet")
        site.start_checker()
        follower.await_counts(60, "all are alive", alive=count)
        pass_time(2)
        seconds = []
        for _ in range(7):
            start = now_us()
            site.zkctl("status", "fleet")
            seconds.append((now_us() - start) / 1e6)
    best, middle = min(seconds), sorted(seconds)[len(seconds) // 2]
    row = Row(f"`zkctl status` of {count:,} shards", "< 300 ms", f"{middle * 1000:.0f} ms", middle < 0.3,
              f"best {best * 1000:.0f} ms of {len(seconds)}")
    return {"rows": [row], "figures": {"seconds": seconds}}
