"""How often a checker at rest asks for memory."""
import mmap
import struct

from .probing import Fleet, pass_time, probes
from .report import Row
from .site import Site


class Counter:
    """Counts the allocations of a program started with `wrap`: of its main thread, and of all others."""

    def __init__(self, site):
        path = site.path("allocations")
        with open(path, "wb") as file:
            file.write(bytes(16))
        self.wrap = ("env", f"LD_PRELOAD={site.program('tests/bench/liballocations.so')}", f"ZKC_ALLOCATIONS={path}")
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 16, access=mmap.ACCESS_READ)

    def counts(self):
        return struct.unpack("QQ", self.map[:16])


def allocations(run):
    count, seconds = (2_000, 4) if run.quick else (10_000, 10)
    with Site(run.build) as site:
        fleet = Fleet(site, count)
        counter = Counter(site)
        checker = fleet.checker(wrap=counter.wrap)
        fleet.settle(checker)
        pass_time(2)
        before, ended = counter.counts(), probes(site, checker)
        pass_time(seconds)
        # Asking for the page allocates in the main thread, so the counts come first.
        after, ended = counter.counts(), probes(site, checker) - ended
        run.note_stalls([checker])
    main, workers = (b - a for a, b in zip(before, after))
    row = Row(f"allocations per probe at rest, {count:,} shards", "0, save a few a second", f"{workers / ended:.4f}",
              workers <= 5 * seconds,
              f"{workers} of the worker in {seconds} s and {ended:,.0f} probes; the main loop: {main / seconds:.0f} a second",
              "Calls of malloc, calloc and realloc, counted by a preloaded library. The worker hands its counters over once a "
              "second; the main loop talks to ZooKeeper and adds them up.")
    return {"rows": [row], "figures": {"main": main, "workers": workers, "probes": ended}}
