"""What comments and pages cite must be in the tree: files, classes, functions, tests, mutants."""
import os
import re
import subprocess

CODE = (".h", ".cc", ".py", ".sh", ".map")
PAGES = (".md", ".scd")
# Names of others, and of what a user has: no file or class of ours.
FOREIGN_NAMES = {
    "ZooKeeper", "ThreadSanitizer", "AddressSanitizer", "UndefinedBehaviorSanitizer", "LeakSanitizer", "OpenSSL", "GitHub",
    "DeleteCluster", "TimeoutStartSec", "WatchdogSec", "SyslogLevelPrefix", "DataTree", "SplitMix64",
}
FOREIGN_FILES = ("zoo.cfg", "nutcracker.yml", "checker.yaml", "sessions.yaml", "cache.yaml", "larger.yaml", "clusters.yaml",
                 "sentinel.conf", "example.cc", "program.cc", "redis.conf", "resolv.conf", "sysexits.h")
EXTENSIONS = r"(?:h|cc|py|sh|md|scd|build|txt|yml|json|jsonl|map|supp|service)"
PATH = re.compile(r"(?<![\w/.${}<>*:-])((?:[\w.-]+/)*[\w-]+\." + EXTENSIONS + r")(?![\w/*-])")
QUOTED = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)(\(\))?`")
CAMEL = re.compile(r"(?<![\w<\"'/.$-])([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+)(?![\w>/\"'-])")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def tracked(top):
    listed = subprocess.run(["git", "-C", top, "ls-files"], capture_output=True, text=True, check=False)
    if not listed.returncode:
        return listed.stdout.splitlines()
    found = []  # an unpacked archive
    for root, folders, names in os.walk(top):
        folders[:] = [f for f in folders if not f.startswith((".", "build"))]
        found += [os.path.relpath(os.path.join(root, name), top) for name in names]
    return found


def split(path, text):
    """(code, [(line number, comment)]) of a source; of a page no code and every line."""
    if path.endswith(PAGES):
        return "", list(enumerate(text.splitlines(), 1))
    mark = "//" if path.endswith((".h", ".cc")) else "#"
    code, comments = [], []
    for number, line in enumerate(text.splitlines(), 1):
        at = line.find(mark)
        while at > 0 and line[at - 1] in ":\"'":  # http://, "//"
            at = line.find(mark, at + 1)
        if at < 0 or line.startswith("#include") or line.startswith("#!"):
            code.append(line)
        else:
            code.append(line[:at])
            comments.append((number, line[at + len(mark):]))
    return "\n".join(code), comments


def cited(top):
    """Files and names that comments and pages cite are in the tree."""
    files = tracked(top)
    known_paths = set(files)
    for path in files:  # as they are included
        known_paths.add(path.removeprefix("libzkcluster/"))
        known_paths.add(path.removeprefix("libzkcluster/include/"))
    base_names = {os.path.basename(path) for path in files}
    words = {os.path.splitext(name)[0] for name in base_names}
    texts = {}
    for path in files:
        if "/corpus/" in path or not os.path.isfile(os.path.join(top, path)):
            continue
        try:
            with open(os.path.join(top, path), encoding="utf-8") as file:
                text = file.read()
        except UnicodeDecodeError:
            continue
        if path.endswith(CODE) or path.endswith(PAGES) or path.endswith("meson.build"):
            code, comments = split(path, text)
            texts[path] = comments
        else:
            code = text
        words.update(WORD.findall(code))

    for path, comments in texts.items():
        # The changelog describes the past, and generated tables have composed names.
        if path.startswith("tests/lint/") or path == "CHANGELOG.md" or path.endswith("RESULTS.md"):
            continue
        folder = os.path.dirname(path)
        fenced = False
        for number, comment in comments:
            if comment.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue  # an example: a user's files
            for name in PATH.findall(comment):
                short = os.path.basename(name)
                if short in FOREIGN_FILES or "NAME" in name or name.startswith(("etc/", "usr/", "var/", "build/", "tmp/")):
                    continue
                near = os.path.normpath(os.path.join(folder, name))
                if name in known_paths or near in known_paths or ("/" not in name and short in base_names):
                    continue
                if any(known.endswith("/" + name) for known in known_paths):
                    continue
                yield f"{path}:{number}: cites {name}, which is not in the tree"
            for name, _ in QUOTED.findall(comment):
                missing = [part for part in name.split("::") if part not in words and "NAME" not in part]
                if missing:
                    yield f"{path}:{number}: cites `{name}`, and nothing in the tree is called {missing[0]}"
            for name in CAMEL.findall(re.sub(r"`[^`]*`", "", comment)):
                if name not in words and name not in FOREIGN_NAMES:
                    yield f"{path}:{number}: cites {name}, and nothing in the tree is called so"
