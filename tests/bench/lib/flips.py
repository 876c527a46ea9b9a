"""Single deaths, one after the other: from the signal to the flip, to the commit, to the client's table."""
import signal

from .follow import Follower, last_zxid, now_us, transactions, writes_to
from .probing import pass_time
from .report import Row, percentile, spread
from .site import Site, wait_until

PROBE = "interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 1s"
QUICK_PROBE = "interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 100ms"
QUICKEST_PROBE = "interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 10ms"
FIRST_PORT = 7000
APART = 0.13  # seconds between two deaths: each is one of its own, however the probes fall


class ServerRow:
    """Shards on a real redis-server each, watched by three checkers."""

    def __init__(self, site, count, probe=PROBE, session_timeout="3s"):
        self.site = site
        self.count = count
        if site.zookeeper is None:
            site.start_zookeeper()
        self.servers = [site.start_redis(FIRST_PORT + i, bind="127.0.0.1", name=f"redis{i}") for i in range(count)]
        self.apply(probe)
        self.follower = Follower(site, "row")
        start = now_us()
        self.checkers = [site.start_checker(f"c{i + 1}", session_timeout=session_timeout, ready=False) for i in range(3)]
        self.await_alive()
        self.start_seconds = (now_us() - start) / 1e6

    def apply(self, probe):
        self.site.apply("row", [f"127.0.0.1:{FIRST_PORT + i}" for i in range(self.count)], checkers=3, probe=probe)

    def await_alive(self):
        self.follower.await_counts(60, "all are alive", alive=self.count)

    def disturb(self, number):
        """A signal to each server in turn. For each: ms to the decision, and to a client's table."""
        at = {}
        before = len(self.follower.flips())
        for i, server in enumerate(self.servers):
            at[i] = now_us()
            server.signal(number)
            pass_time(APART)
        self.follower.await_counts(60, "all are dead", dead=self.count)
        dead = {shard: (since, seen) for shard, status, since, seen in self.follower.flips()[before:] if status == "dead"}
        return ([(dead[i][0] - at[i]) / 1000 for i in at], [(dead[i][1] - at[i]) / 1000 for i in at])

    def mend(self, number):
        if number == signal.SIGSTOP:
            for server in self.servers:
                server.signal(signal.SIGCONT)
        else:
            for i, server in enumerate(self.servers):
                server.popen.wait()
                self.servers[i] = self.site.start_redis(FIRST_PORT + i, bind="127.0.0.1", name=f"redis{i}")
        self.await_alive()

    def rounds(self, number, count):
        decided, seen = [], []
        for i in range(count):
            if i > 0:
                self.mend(number)
                pass_time(2)  # so that the last good probes were at chance times
            more = self.disturb(number)
            decided += more[0]
            seen += more[1]
        return decided, seen


def kill_to_flip(run):
    count, rounds = (10, 1) if run.quick else (30, 2)
    rows, figures = [], {}
    for threshold, probe in ((1000, PROBE), (100, QUICK_PROBE), (10, QUICKEST_PROBE)):
        run.progress(f"refused_threshold {threshold} ms")
        with Site(run.build) as site:
            row = ServerRow(site, count, probe)
            decided, seen = row.rounds(signal.SIGKILL, rounds)
            run.note_stalls(row.checkers)
        figures[threshold] = {"flip_ms": decided, "table_ms": seen}
        if threshold == 1000:
            worst = percentile(seen, 0.99)
            rows.append(Row("SIGKILL to flip, refused_threshold 1 s", "p99 <= 1 s + 150 ms", spread(seen), worst <= 1150,
                            f"to the decision: {spread(decided)}",
                            "To the table of a client, so the commit is in it. It may be below the threshold, which counts from "
                            "the last answer."))
        else:
            middle, limit = percentile(seen, 0.5), 200 if threshold == 100 else 25
            rows.append(Row(f"SIGKILL to flip, refused_threshold {threshold} ms", f"p50 <= {limit} ms", spread(seen),
                            middle <= limit, f"to the decision: {spread(decided)}"))
    return {"rows": rows, "figures": figures}


def hang_to_flip(run):
    count, rounds = (10, 1) if run.quick else (30, 2)
    with Site(run.build) as site:
        row = ServerRow(site, count)
        decided, seen = row.rounds(signal.SIGSTOP, rounds)
        run.note_stalls(row.checkers)
    worst = percentile(seen, 0.99)
    return {"rows": [Row("SIGSTOP to flip, threshold 3 s, timeout 500 ms", "p99 <= 3 s + 500 ms + 150 ms", spread(seen),
                         worst <= 3650, f"to the decision: {spread(decided)}")],
            "figures": {"flip_ms": decided, "table_ms": seen}}


def delays(lines, commits, key):
    """For each table a client got: ms since the ensemble took the transaction. The clock of the log counts in ms."""
    return [line["us"] / 1000 - commits[line[key]] for line in lines if line.get(key) in commits]


def flip_to_table(run):
    count, clients, rounds = (8, 50, 1) if run.quick else (20, 50, 2)
    figures = {"bare": [], "ours": []}
    with Site(run.build) as site:
        row = ServerRow(site, count)
        for i in range(rounds):
            for kind, bare in (("bare", True), ("ours", False)):
                run.progress(f"round {i + 1}, {kind}")
                if i > 0 or kind == "ours":
                    row.mend(signal.SIGKILL)
                    pass_time(1)
                crowd = Follower(site, "row", clients, bare)
                zxid = last_zxid(site)
                row.disturb(signal.SIGKILL)
                pass_time(0.5)
                heads = writes_to(transactions(site, zxid), "/quorum/head")
                key = "zxid" if bare else "sequence"
                figures[kind] += delays(crowd.tables(), {t[key]: t["ms"] for t in heads}, key)
                crowd.stop()
    bare, ours = percentile(figures["bare"], 0.99), percentile(figures["ours"], 0.99)
    return {"rows": [Row(f"flip committed to new table, {clients} clients", "p99 <= 2 x a bare C client", spread(figures["ours"]),
                         ours <= 2 * bare, f"bare watch + get of one znode: {spread(figures['bare'])}",
                         "From the ensemble's own time of the transaction, which counts in whole ms.", ours / bare)], "figures": figures}


def leader_of(checkers):
    """Who said last that it leads."""
    latest = max(checkers, key=lambda c: max((line for line in c.log_text().splitlines() if "event=election.leading" in line),
                                             default=""))
    return latest


def leader_change(run):
    rounds = 2 if run.quick else 6
    took = {"stop": [], "kill": []}
    session_ms = 3000
    with Site(run.build) as site:
        row = ServerRow(site, 4, session_timeout=f"{session_ms}ms")
        for i in range(2 * rounds):
            how = "stop" if i % 2 == 0 else "kill"
            pass_time(1)
            zxid = last_zxid(site)
            leader = leader_of(row.checkers)
            start = now_us()
            leader.signal(signal.SIGTERM if how == "stop" else signal.SIGKILL)

            def taken_over():
                return writes_to(transactions(site, zxid), "/quorum/leader")
            took[how].append(wait_until(taken_over, 30, "the next leader")[0]["ms"] - start / 1000)
            leader.popen.wait()
            row.checkers.remove(leader)
            row.checkers.append(site.start_checker(f"d{i}"))
    stop, kill = max(took["stop"]), max(took["kill"])
    return {"rows": [
        Row("leader stops cleanly: next leader's first commit", "<= 100 ms", spread(took["stop"]), stop <= 100),
        Row(f"leader is killed, session timeout {session_ms / 1000:g} s", "<= session timeout + 300 ms", spread(took["kill"]),
            kill <= session_ms + 300, "", "The ensemble ends sessions in whole ticks (200 ms here) after their timeout.")],
        "figures": took}
