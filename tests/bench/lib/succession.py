"""A leader that dies together with a shard, beside redis-sentinel; and what its shadows read for each flip."""
import signal

from .flips import FIRST_PORT, leader_of
from .follow import last_zxid, now_us, transactions
from .peers import SENTINEL_LIMIT, OutputLines, knows_others, merged, need, start_sentinel, until_all
from .probing import pass_time
from .rereads import settled
from .report import Row, percentile, spread
from .site import Site, wait_until

THRESHOLD_MS = 3000
PROBE = f"interval: 1s, timeout: 500ms, threshold: {THRESHOLD_MS}ms, refused_threshold: 1s"
SESSION = "10s"  # the default


def head_writes(log):
    """{cluster: ms of its first decision} of these transactions."""
    found = {}
    for transaction in log:
        for kind, path, _ in transaction["ops"]:
            if kind != "delete" and path.endswith("/quorum/head"):
                found.setdefault(path.split("/")[-3], transaction["ms"])
    return found


class Clusters:
    """Clusters of one real server each, all led by the same checker: each death is one of its own."""

    def __init__(self, site, count, checkers, probe=PROBE):
        self.site = site
        site.start_zookeeper()
        self.names = [f"one{i}" for i in range(count)]
        self.servers = [site.start_redis(FIRST_PORT + i, bind="127.0.0.1", name=f"redis{i}") for i in range(count)]
        for i, name in enumerate(self.names):
            site.apply(name, [f"127.0.0.1:{FIRST_PORT + i}"], checkers=checkers, probe=probe)
        self.checkers = []
        for i in range(checkers):  # one after the other, so that the first leads all of them
            self.checkers.append(site.start_checker(f"c{i + 1}", session_timeout=SESSION))
        # All alive, and the last checker known to the leaders.
        wait_until(self.all_alive, 60, "all alive")
        pass_time(3)

    def all_alive(self):
        rows = [line.split() for line in self.site.zkctl("list").splitlines()[1:]]
        # NAME VERSION SHARDS ALIVE DEAD UNKNOWN
        return len(rows) == len(self.names) and all(row[2:6] == ["1", "1", "0", "0"] for row in rows)

    def die_with(self, doomed, number):
        """ms from the signals to the decision, for each cluster."""
        zxid, start = last_zxid(self.site), now_us()
        for checker in doomed:
            checker.signal(signal.SIGKILL)
        for server in self.servers:
            server.signal(number)

        def decided():
            found = head_writes(transactions(self.site, zxid))
            return found if len(found) >= len(self.names) else None
        found = wait_until(decided, 40, "every death is decided")
        return [ms - start / 1000 for ms in found.values()]


def ours(run, checkers, doomed, count):
    run.progress(f"{checkers} checkers, {doomed} killed with the shards")
    with Site(run.build) as site:
        clusters = Clusters(site, count, checkers)
        leader = leader_of(clusters.checkers)
        line = [leader] + [c for c in clusters.checkers if c is not leader]  # in the order of their start
        took = clusters.die_with(line[:doomed], signal.SIGSTOP)
        run.note_stalls(line[doomed:])
    return took


def theirs(run, count):
    run.progress("sentinels")
    with Site(run.build) as site:
        servers = [site.start_redis(FIRST_PORT + i, bind="127.0.0.1", name=f"redis{i}") for i in range(count)]
        processes = [start_sentinel(site, i, count) for i in range(3)]
        tellers = [OutputLines(process) for process in processes]
        wait_until(lambda: all(knows_others(p.port) == 2 for p in processes), SENTINEL_LIMIT, "sentinels know each other")
        pass_time(3)
        start = now_us()
        processes[0].kill()
        for server in servers:
            server.signal(signal.SIGSTOP)
        found = until_all(lambda: merged(tellers[1:], r"\+odown master (\w+) ", start), count, SENTINEL_LIMIT)
    return [(at - start) / 1000 for at in found.values()]


def leader_and_shard(run):
    need("redis-sentinel")
    count = 10 if run.quick else 30
    three, five, two = ours(run, 3, 1, count), ours(run, 5, 1, count), ours(run, 5, 2, count)
    sentinel = theirs(run, count)
    beside = f"redis-sentinel, one of three killed (odown): {spread(sentinel)}"
    limit = THRESHOLD_MS + 1000

    def row(what, took, bound):
        worst = percentile(took, 0.99)
        return Row(what, f"p99 <= {bound / 1000:g} s", spread(took), worst <= bound, beside,
                   "To the ensemble's time of the commit; session timeout 10 s. Each cluster is deposed once, so nobody has "
                   "learned to be patient.", peer=percentile(took, 0.5) / percentile(sentinel, 0.5))
    return {"rows": [
        row("leader killed and shard hangs at the same moment, threshold 3 s, quorum of 3", three, limit),
        row("the same, quorum of 5", five, limit),
        row("the same, leader and next in line killed, quorum of 5", two, limit + 500)],
        "figures": {"three": three, "five": five, "two_of_five": two, "sentinel": sentinel}}


def shadow_reads(run):
    """Reads of all checkers for one flip, with one checker (nobody in its shadow), two and three."""
    flips, figures = 4 if run.quick else 10, {}
    for checkers in (1, 2, 3):
        with Site(run.build) as site:
            clusters = Clusters(site, flips, checkers, "interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 100ms")
            before = settled(site)
            for server in clusters.servers:
                zxid = last_zxid(site)
                server.signal(signal.SIGKILL)
                wait_until(lambda z=zxid: head_writes(transactions(site, z)), 20, "the flip")
                pass_time(1)
            after = settled(site)
            run.note_stalls(clusters.checkers)
        figures[checkers] = [(b - a) / flips for a, b in zip(before, after)]
    reads = {n: figure[0] for n, figure in figures.items()}
    return {"rows": [Row("reads of all checkers for one flip, 3 checkers", "", f"{reads[3]:.1f}", None,
                         f"2 checkers, one shadow: {reads[2]:.1f}; 1 checker, none: {reads[1]:.1f}",
                         f"By the server's counter; {figures[3][1] / 1000:.1f} kB in all. A shadow reads each ballot that changed, "
                         "the head, the chunk, and the ledger where it changed.")], "figures": figures}
