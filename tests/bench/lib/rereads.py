"""What a thousand clients read after one flip, by the server's own count."""
from .follow import Follower, last_zxid, transactions, writes_to
from .probing import pass_time
from .report import Row
from .site import BenchError, Site, target_address, wait_until

LONE_PORT = 6500
CHUNK = 512  # shards: kChunkShards of board.h


def reads(site):
    """(how many, bytes) of all that was read below the root since the server began."""
    counters = dict(line.split("\t", 1) for line in site.four_letters("mntr").splitlines() if "\t" in line)
    try:
        return tuple(float(counters[f"zk_{kind}_goreclusters_read_per_namespace"]) for kind in ("cnt", "sum"))
    except KeyError:
        raise BenchError("this ZooKeeper does not count reads (mntr: read_per_namespace)") from None


def settled(site):
    """The count once nobody reads any more."""
    before = None
    while before != (now := reads(site)):
        before = now
        pass_time(0.5)
    return now


def rereads(run):
    count, clients = (5 * CHUNK, 200) if run.quick else (5 * CHUNK, 1_000)
    with Site(run.build) as site:
        site.start_zookeeper(heap="512m")
        site.start_redis()
        lone = site.start_redis(LONE_PORT, bind="127.0.0.1", name="lone")
        site.apply("wide", [f"127.0.0.1:{LONE_PORT}"] + [f"{target_address(i)}:6379" for i in range(1, count)],
                   more="mirror_limit: 0\nring: {points: 4}\n")  # a thousand rings in one program
        follower = Follower(site, "wide")
        checker = site.start_checker()
        follower.await_counts(60, "all are alive", alive=count)
        follower.stop()
        run.progress(f"{clients:,} clients")
        empty = settled(site)
        crowd = Follower(site, "wide", clients)
        full = settled(site)
        known, zxid = len(crowd.tables()), last_zxid(site)
        lone.kill()
        wait_until(lambda: len(crowd.tables()) >= known + clients, 60, "every client has a new table")
        after = settled(site)
        flips = len(writes_to(transactions(site, zxid), "/quorum/head"))
        run.note_stalls([checker])
    first = [(b - a) / clients for a, b in zip(empty, full)]
    again = [(b - a) / clients / flips for a, b in zip(full, after)]
    row = Row(f"znodes that each of {clients:,} clients reads after one flip, {count:,} shards in {count // CHUNK} chunks",
              "head and one chunk: 2", f"{again[0]:.2f}", again[0] < 2.1, f"at its start {first[0]:.1f}",
              f"By the server's counter, with what the checker reads; {again[1] / 1000:.1f} kB, and {first[1] / 1000:.0f} kB at the "
              "start.")
    return {"rows": [row], "figures": {"first": first, "again": again, "flips": flips}}
