"""Rows of the table, and RESULTS.md."""
import datetime
import json
import os
import platform
import subprocess


class Row:
    """One figure. `met`: True, False, or None where nothing was promised."""

    def __init__(self, what, target, measured, met=None, beside="", note="", limit=None, peer=None):
        self.what = what
        self.target = target
        self.measured = measured
        self.met = met
        self.beside = beside  # what was measured with it in the same run
        self.limit = limit  # how many times the limit, and the peer, of the same run
        self.peer = peer
        self.note = note

    def as_dict(self):
        return dict(vars(self))


def percentile(values, share):
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1))]


def spread(values, unit="ms"):
    return (f"p50 {percentile(values, 0.5):.0f} {unit}, p99 {percentile(values, 0.99):.0f} {unit}, "
            f"max {max(values):.0f} {unit} (n={len(values)})")


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "not there"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory_gb = int(file.readline().split()[1]) / 1e6
    return f"{len(models)} x {models[0]}, {memory_gb:.0f} GB, Linux {platform.release()}"


def versions(top):
    return {
        "zkcluster": first_line("git", "-C", top, "describe", "--always", "--dirty"),
        "compiler": first_line("c++", "--version"),
        "redis": first_line("redis-server", "--version").split(" sha")[0],
        "haproxy": first_line("haproxy", "-v").split(" - ")[0],
        "perf": first_line("perf", "--version"),
        "zookeeper": first_line("dpkg-query", "-W", "-f", "${Version}", "libzookeeper-java"),
        "java": first_line("java", "-version"),
    }


def times(ratio):
    return "" if ratio is None or ratio != ratio else f"{ratio:.2f} x"


def verdict(met):
    return {True: "met", False: "**missed**", None: ""}[met]


def markdown(results, facts):
    lines = [
        "# What was measured", "",
        f"`tests/bench/run{' --quick' if facts['quick'] else ''}` on {facts['date']}, {facts['machine']}.", "",
        "; ".join(f"{name}: {text}" for name, text in facts["versions"].items()) + ".", "",
        f"Load of the machine before: {facts['load']}. Ratios are within this run; absolute figures are of this machine.", "",
        "| benchmark | what | target | measured | to the limit | to the peer | beside it | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    notes = []
    for name, result in results.items():
        for row in result["rows"]:
            lines.append(f"| {name} | {row.what} | {row.target} | {row.measured} | {times(row.limit)} | {times(row.peer)} | {row.beside} | "
                         f"{verdict(row.met)} |")
            if row.note:
                notes.append(f"- **{name}**, {row.what}: {row.note}")
        if result.get("error"):
            lines.append(f"| {name} | | | not measured: {result['error']} | | | | |")
    if notes:
        lines += ["", "## Notes", "", *notes]
    for name, result in results.items():
        if result.get("text"):
            lines += ["", f"## {name}", "", result["text"]]
    return "\n".join(lines) + "\n"


def facts(top, quick):
    return {"date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"), "machine": machine(), "versions": versions(top),
            "quick": quick, "load": " ".join(f"{load:.2f}" for load in os.getloadavg())}


def as_json(results, facts_):
    plain = {name: {**result, "rows": [row.as_dict() for row in result["rows"]]} for name, result in results.items()}
    return json.dumps({"facts": facts_, "results": plain}, indent=1)
