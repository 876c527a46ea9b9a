"""Large fleets: what one flip writes."""
from .follow import Follower, last_zxid, now_us, transactions, writes_to
from .probing import pass_time
from .report import Row
from .site import Site, target_address, wait_until

SLOW = "interval: 5s, timeout: 2s, threshold: 12s, refused_threshold: 1s"
LONE_PORT = 6500


def flip_bytes(site, log):
    """Bytes of payload written, and in how many transactions."""
    log = [t for t in log if t["ops"]]
    return {"bytes": sum(t["bytes"] for t in log), "transactions": len(log), "heads": len(writes_to(log, "/quorum/head")),
            "by_znode": sorted(((op[1].split("/quorum/")[-1], op[2]) for t in log for op in t["ops"]), key=lambda e: -e[1])[:8]}


def one_flip(site, follower, lone, alive, dead):
    zxid = last_zxid(site)
    start = now_us()
    lone.kill()
    seen = follower.await_counts(60, "one more is dead", dead=dead + 1)
    wait_until(lambda: writes_to(transactions(site, zxid), "/quorum/head"), 10, "the commit in the log")
    pass_time(1)  # ballots that come after the decision belong to it
    flip = flip_bytes(site, transactions(site, zxid))
    flip["seconds"] = (seen["us"] - start) / 1e6
    return flip


def large_cluster(run, count, closed):
    """`closed` shards have no server: a daemon may have 20,000 files, and not a connection for each of 20,000 shards."""
    ports = [6379, 6380, 6381, 6382]
    with Site(run.build) as site:
        site.start_zookeeper(heap="256m")
        for port in ports:
            site.start_redis(port, name=f"redis{port}")
        lone = site.start_redis(LONE_PORT, bind="127.0.0.1", name="lone")
        addresses = [f"127.0.0.1:{LONE_PORT}"]
        addresses += [f"{target_address(i)}:{ports[i % 4] if i >= closed + 1 else 1}" for i in range(1, count)]
        site.apply("large", addresses, checkers=3, probe=SLOW)
        follower = Follower(site, "large")
        checkers = [site.start_checker(f"c{i + 1}", ready=False, session_timeout="10s") for i in range(3)]
        start = now_us()
        seen = follower.await_counts(120, "all have their status", alive=count - closed, dead=closed)
        run.progress(f"{count:,} shards known after {(seen['us'] - start) / 1e6:.1f} s")
        pass_time(6)
        flip = one_flip(site, follower, lone, count - closed, closed)
        flip["start_seconds"] = (seen["us"] - start) / 1e6
        flip["checker_mb"] = max(checker.pss_kb() for checker in checkers) / 1000
        run.note_stalls(checkers)
    return flip


def many_clusters(run, clusters, shards):
    with Site(run.build) as site:
        site.start_zookeeper(heap="256m")
        for port in (6379, 6380):  # neither has files for all 30,000 connections
            site.start_redis(port, name=f"redis{port}")
        lone = site.start_redis(LONE_PORT, bind="127.0.0.1", name="lone")
        for c in range(clusters):
            addresses = [f"{target_address(c * shards + i)}:{6379 + c % 2}" for i in range(shards)]
            if c == 0:
                addresses[0] = f"127.0.0.1:{LONE_PORT}"
            site.apply(f"many{c}", addresses, checkers=3, probe=SLOW)
        follower = Follower(site, "many0")
        checkers = [site.start_checker(f"c{i + 1}", ready=False, session_timeout="10s") for i in range(3)]
        for checker in checkers:
            site.await_ready(checker)
        follower.await_counts(60, "all are alive", alive=shards)
        pass_time(6)
        flip = one_flip(site, follower, lone, shards, 0)
        run.note_stalls(checkers)
    return flip


def told(flip):
    largest = ", ".join(f"{name} {size:,}" for name, size in flip["by_znode"][:4])
    return f"{flip['transactions']} transactions; largest: {largest}"


def bytes_per_flip(run):
    count, closed = (5_000, 1_000) if run.quick else (20_000, 5_000)
    clusters = 40 if run.quick else 200
    small = large_cluster(run, 100, 10)
    large = large_cluster(run, count, closed)
    many = many_clusters(run, clusters, 50)
    rows = [
        Row(f"bytes written per flip, {count:,} shards, 3 checkers", "<= 100 kB", f"{large['bytes'] / 1000:.1f} kB",
            large["bytes"] <= 100_000, told(large),
            f"{count - closed:,} connections in each daemon, {closed:,} shards without a server; known after "
            f"{large['start_seconds']:.1f} s at an interval of 5 s; {large['checker_mb']:.0f} MB a daemon."),
        Row("the same, 100 shards", "the same", f"{small['bytes'] / 1000:.1f} kB", None, told(small)),
        Row(f"the same, {clusters} clusters of 50 shards", "the same", f"{many['bytes'] / 1000:.1f} kB",
            many["bytes"] <= 100_000, told(many))]
    return {"rows": rows, "figures": {"large": large, "small": small, "many": many}}
