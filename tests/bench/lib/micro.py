"""What tests/bench/micro measures, against its targets."""
import json
import subprocess

from .report import Row
from .site import BenchError

UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000}


def duration_text(ns):
    return f"{ns:.1f} ns" if ns < 1_000 else f"{ns / 1_000:.1f} us" if ns < 1_000_000 else f"{ns / 1_000_000:.2f} ms"


def ring(run):
    program = run.path("tests/bench/micro")
    if not program:
        raise BenchError("tests/bench/micro is not built: it needs libbenchmark-dev")
    done = subprocess.run([program, "--benchmark_format=json", f"--benchmark_min_time={0.02 if run.quick else 0.2}"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError("micro: " + done.stderr.strip())
    times = {b["name"]: b["cpu_time"] * UNITS[b["time_unit"]] for b in json.loads(done.stdout)["benchmarks"]}
    rows = []
    for shards, limit in ((100, 25), (1_000, 40)):
        one, two = (times[f"Lookup/consistent/{shards}/threads:{n}"] for n in (1, 2))
        rows.append(Row(f"ring lookup, {shards:,} shards x 160 points, 20-byte key, hash included", f"<= {limit} ns", duration_text(one),
                        one <= limit, f"on two threads at once {duration_text(two)} each: {two / one:.2f} x"))
    build, rebuild = times["Build/consistent/1000"], times["RebuildAfterFlip/consistent/1000"]
    rows.append(Row("ring build, 1,000 shards x 160 points", "<= 6 ms", duration_text(build), build <= 6_000_000))
    rows.append(Row("the same after one flip", "cheaper", duration_text(rebuild), rebuild < build, f"{rebuild / build:.2f} x a build"))
    table = "\n".join(f"| {name} | {duration_text(ns)} |" for name, ns in times.items())
    return {"rows": rows, "text": f"`tests/bench/micro`, CPU time:\n\n| benchmark | time |\n| --- | --- |\n{table}",
            "figures": times}
