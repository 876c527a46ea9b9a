#!/usr/bin/env python3
"""Rules of the house that a compiler does not know. usage: lint.py TOP RULE

Each rule prints `file:line: what is wrong` and exits 1 when anything is. `lint.py TOP --list` names the rules.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import comments  # noqa: E402
from cited import cited  # noqa: E402
from events import events  # noqa: E402

SOURCE_FOLDERS = ("libzkcluster", "checker", "tools", "tests")
TOP_LEVEL = {
    "meson.build", "meson_options.txt", "README.md", "LICENSE", "CHANGELOG.md", "checker", "libzkcluster",
    "tools", "tests", "packaging", "systemd",
}

# Who may include a foreign library: its adapters, and nobody else.
FOREIGN = {
    r"<event2/": [
        "libzkcluster/base/event_loop.cc", "libzkcluster/names/ares_dns.cc", "libzkcluster/zk/",
        "checker/probe/net/ready_set.cc", "checker/http/http_server.cc", "checker/http/listener.cc", "tests/",
    ],
    r"<ares\.h>": ["libzkcluster/names/ares_dns.cc"],
    r"<zookeeper/": ["libzkcluster/zk/", "tests/contract/native_", "tests/integration/", "tests/bench/"],
    r"<hiredis": [
        "libzkcluster/client/redis_connection.cc", "checker/probe/net/redis_reply.cc", "tools/sandbox/sandbox.cc",
        "tools/zkctl/dev/", "tests/",
    ],
    r"<yaml-cpp/": ["libzkcluster/yaml/", "tests/"],
    r"<prometheus/": ["checker/monitor/metrics.cc"],
    r"<openssl/": ["checker/probe/net/tls.cc", "tests/support/tls_server.cc"],
    r"<md5\.h>": ["libzkcluster/ring/ketama.cc"],
    r"<systemd/": ["checker/service/notify.cc"],
    r"<sha1\.h>": ["libzkcluster/zk/access.cc"],
    r"<spdlog/": ["libzkcluster/base/spdlog_logger.cc"],
    r"<boost/": ["checker/config/options.cc", "tools/zkctl/"],
    r"<nlohmann/": ["libzkcluster/codec/", "libzkcluster/yaml/", "libzkcluster/base/log.cc", "tools/zkctl/", "tests/"],
}

# What a folder may include besides itself. A folder that is not listed may include anything but tests.
LIBRARY_VALUES = {"base", "text", "model"}
FOLLOWER = LIBRARY_VALUES | {"codec", "ring", "names", "zk", "follow"}
BELOW = {
    "libzkcluster/include": set(),
    "libzkcluster/base": set(),
    "libzkcluster/text": {"base"},
    "libzkcluster/names": {"base", "text"},
    "libzkcluster/model": {"base", "text"},
    "libzkcluster/codec": LIBRARY_VALUES,
    "libzkcluster/ring": LIBRARY_VALUES,
    "libzkcluster/zk": LIBRARY_VALUES | {"names"},
    "libzkcluster/follow": FOLLOWER,
    "libzkcluster/client": FOLLOWER,
    "libzkcluster/admin": FOLLOWER | {"client"},
    "libzkcluster/yaml": LIBRARY_VALUES | {"codec"},
    "checker/rules": LIBRARY_VALUES,
    "checker/probe": LIBRARY_VALUES,
    "checker/probe/net": LIBRARY_VALUES | {"names", "checker/probe"},
    "checker/election": LIBRARY_VALUES | {"codec", "zk", "follow", "checker/rules"},
    "checker/vote": LIBRARY_VALUES | {"codec", "zk", "checker/rules"},
    "checker/lead": FOLLOWER | {"checker/rules", "checker/election", "checker/probe"},
    "checker/cluster": FOLLOWER | {"checker/rules", "checker/election", "checker/vote", "checker/lead", "checker/probe"},
    "checker/config": LIBRARY_VALUES | {"codec", "zk", "yaml", "checker/probe", "checker/probe/net"},
    "checker/hooks": LIBRARY_VALUES | {"codec"},
    "checker/http": {"base", "text"},
    "checker/monitor": LIBRARY_VALUES | {
        "codec", "zk", "checker/rules", "checker/lead", "checker/cluster", "checker/probe", "checker/hooks",
        "checker/http",
    },
    "checker/service": LIBRARY_VALUES | {"checker/cluster"},
    "tools/zkctl/report": FOLLOWER | {"admin", "yaml", "checker/rules"},
    "tools/zkctl/cli": FOLLOWER | {"admin", "yaml", "checker/rules", "tools/zkctl/report"},
    "tools/zkctl/verbs": FOLLOWER | {"admin", "yaml", "checker/rules", "tools/zkctl/report", "tools/zkctl/cli"},
    "tools/zkctl/dev/": FOLLOWER | {"admin", "checker/rules", "tools/sandbox", "tools/zkctl/report", "tools/zkctl/cli"},
}

# Who may read a clock; all others get the time as a parameter, or ask the Loop.
CLOCKS = [
    "libzkcluster/base/event_loop.cc", "libzkcluster/base/spdlog_logger.cc", "libzkcluster/client/session_facts.cc",
    "libzkcluster/client/connection_pool.cc",
    "tools/", "tests/",
]
CLOCK = re.compile(r"(steady_clock|system_clock|high_resolution_clock)::now|\bgettimeofday\(|\bclock_gettime\(|\btime\((nullptr|NULL|0)\)")

# The core: values in, values out.
CORE = [
    "libzkcluster/text/", "libzkcluster/model/", "libzkcluster/codec/", "libzkcluster/ring/",
    "libzkcluster/zk/session_tracker", "checker/probe/server_health", "checker/probe/schedule", "checker/probe/counts",
    "checker/probe/question", "checker/probe/report", "checker/probe/net/protocol", "checker/probe/net/redis_protocol",
    "checker/probe/net/tcp_protocol", "checker/rules/", "checker/lead/commit.",
]
NOT_IN_CORE = re.compile(
    r"#include (<(thread|mutex|iostream|fstream|random|atomic|sys/[a-z]+\.h|unistd\.h|condition_variable)>"
    r"|\"base/(log|loop|event_loop)\.h\")")

SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(|(?<![\w.])sleep\s*\(")
SLEEPERS = ["tools/sandbox/process.cc"]  # WaitUntil, the one place that waits by time


def sources(top, endings=(".h", ".cc")):
    for folder in SOURCE_FOLDERS:
        for root, _, names in os.walk(os.path.join(top, folder)):
            for name in sorted(names):
                if name.endswith(endings):
                    path = os.path.relpath(os.path.join(root, name), top)
                    with open(os.path.join(top, path), encoding="utf-8") as file:
                        yield path, file.read().splitlines()


def allowed(path, prefixes):
    return any(path.startswith(prefix) for prefix in prefixes)


def code(line):
    return line.split("//")[0]


def foreign_includes(top):
    """A foreign library is included only by its adapters."""
    for path, lines in sources(top):
        for number, line in enumerate(lines, 1):
            if not line.startswith("#include"):
                continue
            for pattern, places in FOREIGN.items():
                if re.search(pattern, line) and not allowed(path, places):
                    yield f"{path}:{number}: {line.strip()} belongs in {', '.join(places)}"


def one_way(top):
    """Dependencies run one way; the library never includes checker/, tools/ or tests/."""
    for path, lines in sources(top):
        folder = os.path.dirname(path)
        if folder not in BELOW:
            folder = next((f for f in BELOW if path.startswith(f + "/")), None)
        for number, line in enumerate(lines, 1):
            included = re.match(r'#include "([^"]+)/[^/"]+"', line)
            if not included:
                continue
            target = included[1]
            itself = {folder, folder.removeprefix("libzkcluster/")} if folder else set()
            if folder and target not in BELOW[folder] | itself:
                yield f"{path}:{number}: {folder} may not include {target}"
            elif not folder and target.startswith("tests") and not path.startswith("tests/"):
                yield f"{path}:{number}: only tests include tests"


def clocks(top):
    """Only the loops and roots read a clock."""
    for path, lines in sources(top):
        if allowed(path, CLOCKS):
            continue
        for number, line in enumerate(lines, 1):
            if CLOCK.search(code(line)):
                yield f"{path}:{number}: reads a clock: take `now` as a parameter or ask the Loop"


def pure_core(top):
    """The core knows no thread, I/O, log, chance or loop."""
    for path, lines in sources(top):
        if not allowed(path, CORE):
            continue
        for number, line in enumerate(lines, 1):
            if NOT_IN_CORE.match(line):
                yield f"{path}:{number}: not in the core: {line.strip()}"


def sleeps(top):
    """Nobody waits for a fixed time."""
    for path, lines in sources(top, (".h", ".cc", ".py")):
        if path in SLEEPERS or path.endswith("lint.py"):
            continue
        for number, line in enumerate(lines, 1):
            if SLEEP.search(code(line)):
                yield f"{path}:{number}: sleeps: wait for the thing itself"


def headers(top):
    """A header opens with prose and guards itself."""
    for path, lines in sources(top, (".h",)):
        if not lines or not lines[0].startswith("// "):
            yield f"{path}:1: a header opens with what it is about"
        if "#pragma once" not in lines:
            yield f"{path}:1: no #pragma once"


def top_level(top):
    """Nothing else at the top."""
    listed = subprocess.run(["git", "-C", top, "ls-files"], capture_output=True, text=True, check=False)
    if listed.returncode:
        return  # not a checkout: an unpacked archive
    for name in sorted({path.split("/")[0] for path in listed.stdout.splitlines()}):
        if not name.startswith(".") and name not in TOP_LEVEL:
            yield f"{name}: not at the top level"


README_BYTES = 12_000
PAGE_COLUMNS = 120


def readme(top):
    """The README is short and fits a screen's width, and so does the text of the pages for developers."""
    with open(os.path.join(top, "README.md"), encoding="utf-8") as file:
        size = len(file.read().encode())
    if size > README_BYTES:
        yield f"README.md:1: has {size} bytes, more than {README_BYTES}: move what is for few into the manual pages"
    for folder in (".", *SOURCE_FOLDERS):
        for root, _, names in os.walk(os.path.join(top, folder)):
            for name in names if folder != "." or root == os.path.join(top, ".") else ():
                if not name.endswith("README.md"):
                    continue
                path = os.path.relpath(os.path.join(root, name), top)
                with open(os.path.join(top, path), encoding="utf-8") as file:
                    for number, line in enumerate(file.read().splitlines(), 1):
                        if len(line) > PAGE_COLUMNS and (folder == "." or not line.startswith("|")):
                            yield f"{path}:{number}: has {len(line)} columns, more than {PAGE_COLUMNS}"


def formatted(top):
    """clang-format has nothing to say."""
    paths = [os.path.join(top, path) for path, _ in sources(top)]
    for start in range(0, len(paths), 40):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths[start:start + 40]],
                              capture_output=True, text=True, check=False, cwd=top)
        for line in done.stderr.splitlines():
            if "error:" in line:
                yield os.path.relpath(line.split(": error:")[0], top) + ": clang-format would change this"


def orphan_comments(top):
    """A comment keeps its shape: no line of one or two words goes on with a sentence, and none tears a declaration."""
    for path, lines in sources(top):
        yield from comments.problems(path, lines)


RULES = {f.__name__: f for f in (
    foreign_includes, one_way, clocks, pure_core, sleeps, headers, top_level, formatted, events, orphan_comments, cited, readme)}


def main():
    top, rule = sys.argv[1:3]
    if rule == "--list":
        print("\n".join(RULES))
        return 0
    problems = list(RULES[rule](top))
    print("\n".join(problems) or f"{rule}: nothing found")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
