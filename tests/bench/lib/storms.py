"""All connections of a large fleet break at once: how evenly they come back, and how evenly names are asked for."""
import json
import re
import socket
import sys
import time

from . import names
from .probing import REDIS_PORT, pass_time, probes
from .report import Row
from .site import BenchError, Site, wait_until


class Redis:
    """Commands to a server, over one connection."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), 5)
        self.connection.settimeout(5)

    def ask(self, *words):
        self.connection.sendall(f"*{len(words)}\r\n{''.join(f'${len(w)}{chr(13)}{chr(10)}{w}{chr(13)}{chr(10)}' for w in words)}".encode())
        answer = self.connection.recv(65536)
        if answer[:1] == b"$":  # a text of this length and its end
            head, _, _ = answer.partition(b"\r\n")
            while len(answer) < len(head) + 2 + int(head[1:]) + 2:
                answer += self.connection.recv(65536)
        return answer.decode(errors="replace")

    def stat(self, section, key):
        return int(re.search(rf"{key}:(\d+)", self.ask("INFO", section))[1])


def most_within(times, window):
    """The greatest number of `times` (sorted) within a window."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


def break_all(redis, seconds):
    """Closes all connections but this one. When, in seconds from then, each new one was seen, with a sample about every 10 ms."""
    before = redis.stat("stats", "total_connections_received")
    times, start = [], time.monotonic()
    redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    while time.monotonic() - start < seconds:
        count = redis.stat("stats", "total_connections_received")
        times += [time.monotonic() - start] * (count - before)
        before = count
        pass_time(0.01)
    return times


def start_names(site):
    server = site.spawn("names", [sys.executable, names.__file__], pipes=True)
    if server.popen.stdout.readline().strip() != "ready":
        raise BenchError("the name server did not start: " + server.log_tail(3))
    return server


def with_names(site):
    """Starts a program in a mount namespace of its own, in which the name server is ours."""
    return ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
            site.write("resolv.conf", "nameserver 127.0.0.1\n"))


def reconnects(run):
    count, seconds = (2_000, 3) if run.quick else (10_000, 5)
    with Site(run.build) as site:
        site.start_zookeeper()
        site.start_redis(REDIS_PORT)
        server = start_names(site)
        site.apply("named", [f"{names.name(i)}:{REDIS_PORT}" for i in range(count)])
        checker = site.start_checker(wrap=with_names(site))
        redis = Redis(REDIS_PORT)
        wait_until(lambda: redis.stat("clients", "connected_clients") > count, 60, "all are connected")
        wait_until(lambda: probes(site, checker) >= 3 * count, 60, "three rounds of probes")
        broke = time.time()
        connected = break_all(redis, seconds)
        back = redis.stat("clients", "connected_clients") - 1
        server.popen.stdin.close()
        asked = [bucket * names.BUCKET_MS / 1000 - broke for bucket, n in json.loads(server.popen.stdout.readline())
                 for _ in range(n)]
        dead = checker.log_text().count("event=opinion.dead")
        run.note_stalls([checker])
    asked = [at for at in asked if at > -0.02]
    if len(connected) < count:
        raise BenchError(f"only {len(connected):,} of {count:,} came back within {seconds} s")
    figures = {"resolutions": most_within(asked, 0.1), "connects": most_within(connected, 0.1), "asked": len(asked),
               "connected": len(connected), "seconds": connected[count - 1], "dead": dead, "back": back}
    worst = max(figures["resolutions"], figures["connects"])
    row = Row(f"{count:,} named shards lose their connections at once: most resolutions and connects in any 100 ms",
              f"spread over fast_interval, 250 ms: <= {count // 2:,}", f"{figures['resolutions']:,} and {figures['connects']:,}",
              worst <= count // 2,
              f"all back after {figures['seconds']:.2f} s; {dead} of them called dead meanwhile",
              "Connects as the server counts them, sampled about every 10 ms; a turn of the worker that is late by as much is in "
              "the figure.")
    return {"rows": [row], "figures": figures}
