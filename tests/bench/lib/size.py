"""Large fleets: what one flip writes, whether a small server lives through a thousand of them, and what clients read."""
import re
import sys

from . import puppets
from .follow import Follower, last_zxid, now_us, transactions, writes_to
from .probing import pass_time
from .report import Row
from .site import BenchError, Site, target_address, wait_until

SLOW = "interval: 5s, timeout: 2s, threshold: 12s, refused_threshold: 1s"
LONE_PORT = 6500
PUPPET_PORT = 6600
APART = 0.12  # seconds between two deaths; as many return, and above 25 flips a second checkers gather them
AWAY = 3  # seconds that a puppet is dead


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


class Puppets:
    """The servers of puppets.py."""

    def __init__(self, site, count):
        self.count = count
        self.process = site.spawn("puppets", [sys.executable, puppets.__file__, str(count), str(PUPPET_PORT)], pipes=True)
        if self.process.popen.stdout.readline().strip() != "ready":
            raise BenchError("the puppets did not start: " + self.process.log_tail(3))

    def order(self, verb, number):
        self.process.popen.stdin.write(f"{verb} {number}\n")
        self.process.popen.stdin.flush()

    def die_and_return(self):
        """Each in turn."""
        away = round(AWAY / APART)
        for step in range(self.count + away):
            if step < self.count:
                self.order("down", step)
            if step >= away:
                self.order("up", step - away)
            pass_time(APART)


def many_flips(site, follower, checkers, actors, alive, dead):
    """Two for each puppet: it dies, and returns."""
    zxid, start, before = last_zxid(site), now_us(), len(follower.flips())
    actors.die_and_return()
    flips = wait_until(lambda: len(follower.flips()) - before >= 2 * actors.count and len(follower.flips()) - before, 60,
                       f"{2 * actors.count} flips")
    seconds = (now_us() - start) / 1e6
    follower.await_counts(20, "all puppets are back", alive=alive, dead=dead)
    if not site.zookeeper.running() or "Mode:" not in site.four_letters("srvr"):
        raise BenchError("the ZooKeeper server did not live through it:\n" + site.zookeeper.log_tail())
    wrote = flip_bytes(site, transactions(site, zxid))
    lost = sum(len(re.findall(r"event=zk\.(?:suspended|lost)", checker.log_text())) for checker in checkers)
    return {"flips": flips, "seconds": seconds, "commits": wrote["heads"], "bytes": wrote["bytes"], "lost": lost,
            "server_mb": site.zookeeper.pss_kb() / 1000}


def large_cluster(run, count, closed, actors=0):
    """`closed` shards have no server: a daemon may have 20,000 files, and not a connection for each of 20,000 shards."""
    ports = [6379, 6380, 6381, 6382]
    with Site(run.build) as site:
        site.start_zookeeper(heap="256m")
        for port in ports:
            site.start_redis(port, name=f"redis{port}")
        lone = site.start_redis(LONE_PORT, bind="127.0.0.1", name="lone")
        troupe = Puppets(site, actors) if actors else None
        addresses = [f"127.0.0.1:{LONE_PORT}"] + [f"{puppets.address(i)}:{PUPPET_PORT}" for i in range(actors)]
        addresses += [f"{target_address(i)}:{ports[i % 4] if i >= closed + len(addresses) else 1}"
                      for i in range(len(addresses), count)]
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
        if actors:
            run.progress(f"{2 * actors:,} flips")
            flip["many"] = many_flips(site, follower, checkers, troupe, count - closed - 1, closed + 1)
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


def flip_text(flip):
    largest = ", ".join(f"{name} {size:,}" for name, size in flip["by_znode"][:4])
    return f"{flip['transactions']} transactions; largest: {largest}"


def bytes_per_flip(run):
    count, closed, actors = (5_000, 1_000, 30) if run.quick else (20_000, 5_000, 500)
    clusters = 40 if run.quick else 200
    small = large_cluster(run, 100, 10)
    large = large_cluster(run, count, closed, actors)
    many = many_clusters(run, clusters, 50)
    more = large["many"]
    rows = [
        Row(f"bytes written per flip, {count:,} shards, 3 checkers", "<= 100 kB", f"{large['bytes'] / 1000:.1f} kB",
            large["bytes"] <= 100_000, flip_text(large),
            f"{count - closed:,} connections in each daemon, {closed:,} shards without a server; known after "
            f"{large['start_seconds']:.1f} s at an interval of 5 s; {large['checker_mb']:.0f} MB a daemon."),
        Row(f"{2 * actors:,} flips of it, one by one, a server with -Xmx256m", "it lives, no session is lost",
            f"{more['lost']} lost or suspended", more["lost"] == 0,
            f"{more['bytes'] / more['flips'] / 1000:.1f} kB a flip; {more['flips']:,} flips in {more['commits']:,} commits and "
            f"{more['seconds']:.0f} s; the server has {more['server_mb']:.0f} MB in memory"),
        Row("the same, 100 shards", "the same", f"{small['bytes'] / 1000:.1f} kB", None, flip_text(small)),
        Row(f"the same, {clusters} clusters of 50 shards", "the same", f"{many['bytes'] / 1000:.1f} kB",
            many["bytes"] <= 100_000, flip_text(many))]
    return {"rows": rows, "figures": {"large": large, "small": small, "many": many}}
