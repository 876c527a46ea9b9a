#!/usr/bin/env python3
"""packaging/monitoring beside what it is about. usage:

check.py TOP alerts        promtool takes the rules, their tests pass, and each alert has one
check.py TOP names         rules and dashboard name metrics and labels that there are
check.py TOP patterns FILE...   the patterns for log scrapers take the lines in these files apart
check.py TOP patterns --run PROGRAM   the same of what it prints
"""
import json
import os
import re
import shutil
import subprocess
import sys

import yaml

# The patterns of grok itself, as far as ours use them.
GROK_BASE = {
    "WORD": r"\b\w+\b",
    "INT": r"(?:[+-]?(?:[0-9]+))",
    "NUMBER": r"(?:[+-]?(?:[0-9]+(?:\.[0-9]+)?))",
    "GREEDYDATA": r".*",
    "TIMESTAMP_ISO8601": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9:]+)",
}
# What each must take of a log: a pattern that takes nothing is none.
EXPECTED = {
    "ZKC_LINE": r"",
    "ZKC_OPINION": r" event=opinion\.",
    "ZKC_FLIP": r" event=shard\.(dead|alive) ",
    "ZKC_SUMMARY": r" event=summary ",
    "ZKC_FREEZE": r" event=freeze\.(began|ended) ",
}
PAIR = re.compile(r'([a-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^ "=\\]+)(?: |$)')


def folder(top, name=""):
    return os.path.join(top, "packaging/monitoring", name)


def load(top, name):
    with open(folder(top, name), encoding="utf-8") as file:
        return yaml.safe_load(file)


def alerts(top):
    promtool = shutil.which("promtool")
    if not promtool:
        print("promtool is not installed: nothing was tested")
        return
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([promtool, *command], cwd=folder(top), capture_output=True, text=True, check=False)
        print(done.stdout, end="")
        if done.returncode:
            yield f"promtool {' '.join(command)}: {done.stderr or done.stdout}"
    named = {rule["alert"] for group in load(top, "alerts.yml")["groups"] for rule in group["rules"]}
    tested = {case["name"] for case in load(top, "alerts_test.yml")["tests"]}
    for name in sorted(named ^ tested):
        yield f"{name}: an alert needs a test, and a test an alert"


def expressions(top):
    for group in load(top, "alerts.yml")["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    with open(folder(top, "dashboard.json"), encoding="utf-8") as file:
        board = json.load(file)
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)), "panels share an id"
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]


def names(top):
    with open(os.path.join(top, "checker/monitor/metrics.cc"), encoding="utf-8") as file:
        source = file.read()
    served = set(re.findall(r'"((?:zkcluster|process)_[a-z_]+)"', source))
    labels = set(re.findall(r'\{"([a-z]+)", ', source)) | {"instance", "job", "le"}
    used = set()
    for place, expression in expressions(top):
        for name in re.findall(r"\b((?:zkcluster|process)_[a-z_]+)", expression):
            name = re.sub(r"_bucket$", "", name)
            used.add(name)
            if name not in served:
                yield f"{place}: there is no metric {name}"
        in_braces = re.findall(r"([a-z_]+)(?:=~|!~|!=|=)\"", expression)
        in_lists = ",".join(re.findall(r"\b(?:by|on|without|ignoring) \(([^)]*)\)", expression))
        for label in in_braces + [word.strip() for word in in_lists.split(",") if word.strip()]:
            if label not in labels:
                yield f"{place}: there is no label {label}"
    for page, complete in (("packaging/man/zkchecker.8.scd", True), ("README.md", False)):
        with open(os.path.join(top, page), encoding="utf-8") as file:
            documented = set(re.findall(r"\b((?:zkcluster|process)_[a-z_]+)", file.read()))
        for name in sorted(served - documented) if complete else []:
            yield f"{page} does not document the metric {name}"
        for name in sorted(n for n in documented - served if n.startswith("zkcluster_")):
            yield f"{page} documents {name}, which does not exist"
    if len(used) < 15:
        yield "hardly any metric is used: this test reads the wrong thing"


def grok(top):
    """{name: Python's regular expression} of our grok patterns."""
    raw = dict(GROK_BASE)
    with open(folder(top, "zkcluster.grok"), encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line and not line.startswith("#"):
                name, pattern = line.split(" ", 1)
                raw[name] = pattern

    def expand(pattern):
        def one(match):
            inner = expand(raw[match[1]])
            return f"(?P<{match[2]}>{inner})" if match[2] else f"(?:{inner})"
        return re.sub(r"%\{([A-Z0-9_]+)(?::([a-z0-9_]+))?(?::(?:int|float))?\}", one, pattern)
    return {name: re.compile(expand(raw[name])) for name in EXPECTED}


def unquoted(value):
    return value if value is None or not value.startswith('"') else json.loads(value)


def patterns(top, paths):
    if paths[0] == "--run":
        lines = subprocess.run(paths[1:], capture_output=True, text=True, check=True).stdout.splitlines()
    else:
        lines = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                lines += file.read().splitlines()
    groks = grok(top)
    promtail = load(top, "promtail.yaml")["scrape_configs"]
    stages = {job["pipeline_stages"][0]["regex"]["expression"] for job in promtail}
    taken = dict.fromkeys([*EXPECTED, "promtail"], 0)
    for line in lines:
        pairs = {key: unquoted(value) for key, value in PAIR.findall(line)}
        for name, wanted in EXPECTED.items():
            if not re.search(wanted, line):
                if groks[name].search(line):
                    yield f"{name} matches a line of another kind: {line}"
                continue
            match = groks[name].search(line)
            if not match:
                yield f"{name} does not match: {line}"
                continue
            taken[name] += 1
            for key, value in match.groupdict().items():
                logged = pairs["event"].split(".")[1] if key == "opinion" else pairs.get(key)
                if key != "fields" and unquoted(value) != logged:
                    yield f"{name}: {key} is {value}, not {logged}, in: {line}"
        for stage in stages:
            match = re.search(stage, line)
            found = match and {k: unquoted(v) for k, v in match.groupdict().items() if v is not None}
            if not found or any(pairs.get(key) != value for key, value in found.items()) or (
                    "cluster" in pairs and "cluster" not in found and f"event={pairs['event']} cluster=" in line):
                yield f"promtail's expression takes {found} of: {line}"
            taken["promtail"] += 1
    print(", ".join(f"{name}: {count}" for name, count in taken.items()))
    for name in os.environ.get("ZKC_PATTERNS", " ".join(taken)).split():
        if not taken[name]:
            yield f"{name} was not tried: no such line"


def main():
    top, what, *rest = sys.argv[1:]
    if what == "patterns":
        problems = list(patterns(top, rest))
    else:
        problems = list({"alerts": alerts, "names": names}[what](top))
    print("\n".join(problems[:20]) or f"{what}: nothing found")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
