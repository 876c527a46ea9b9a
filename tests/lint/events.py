"""The catalogue of events, packaging/man/zkchecker-events.7.scd, beside the events in the source.

In the page an event is `*name* (levels): fields`, then its meaning, indented, with what to do after `Do:`. In the
source it is a call of a logger. `events.py TOP` prints what the source logs, to begin an entry with.
"""
import os
import re
import sys

PAGE = "packaging/man/zkchecker-events.7.scd"
FOLDERS = ("checker", "libzkcluster")
CALL = re.compile(r"\blogger_?(?:\.|->)(Debug|Info|Warn|Error|Log)\(|\blibrary_logger->(Debug)\(")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r'\{\s*"([a-z0-9_]+)"\s*,')
ENTRY = re.compile(r"^\*([a-z_.]+)\* \(([a-z, ]+)\): (.+)$")


def arguments(text, start):
    """The top-level arguments of a call, whose opening parenthesis is before `start`, and where it ends."""
    parts, depth, begin, at = [], 1, start, start
    while depth:
        if text[at] == '"':
            at = LITERAL.match(text, at).end() - 1
        elif text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        elif text[at] == "," and depth == 1:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    parts.append(text[begin:at - 1])
    return parts, at


def returned(texts, name):
    """The literals that the function `name` returns."""
    for text in texts.values():
        found = re.search(r"\b%s\([^;{]*\) \{(.*?)\n\}" % name, text, re.S)
        if found:
            return re.findall(r'return "([^"]+)"', found[1])
    return []


def in_source(top):
    """{event: (levels, fields, place)} of all calls of a logger."""
    texts = {}
    for folder in FOLDERS:
        for root, _, names in os.walk(os.path.join(top, folder)):
            for name in names:
                if name.endswith(".cc"):
                    path = os.path.join(root, name)
                    with open(path, encoding="utf-8") as file:
                        texts[os.path.relpath(path, top)] = re.sub(r"//[^\n]*", "", file.read())
    events, problems = {}, []
    for path, text in sorted(texts.items()):
        for call in CALL.finditer(text):
            parts, _ = arguments(text, call.end())
            place = f"{path}:{text.count(chr(10), 0, call.start()) + 1}"
            method = call[1] or call[2]
            if method == "Log":
                levels = {word.lower() for word in re.findall(r"LogLevel::k(\w+)", parts.pop(0))}
            else:
                levels = {method.lower()}
            fields = FIELD.findall(",".join(parts[1:]))
            if "..." in parts[-1]:  # and those that the file's other functions add
                fields += re.findall(r'\bLogField\{"([a-z0-9_]+)"', text)
            names = LITERAL.findall(parts[0]) or returned(texts, parts[0].split("(")[0].strip())
            if not names:
                problems.append(f"{place}: an event without a name that can be found: {parts[0].strip()}")
            for name in names:
                if name in events:
                    levels, fields = levels | events[name][0], events[name][1] + [
                        field for field in fields if field not in events[name][1]]
                events[name] = (levels, fields, place)
    return events, problems


def in_page(top):
    """{event: (levels, fields, line)}, and what is wrong with the page itself."""
    entries, problems, last = {}, [], None
    with open(os.path.join(top, PAGE), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        entry = ENTRY.match(line)
        if entry:
            last = entry[1]
            if last in entries:
                problems.append(f"{PAGE}:{number}: {last} is listed twice")
            fields = [] if entry[3] == "none" else entry[3].split(", ")
            entries[last] = (set(entry[2].split(", ")), fields, number, [])
        elif line.startswith("\t") and last:
            entries[last][3].append(line.strip())
        elif line:
            last = None
    for name, (_, _, number, text) in entries.items():
        meaning, _, action = " ".join(text).partition("Do: ")
        if not meaning.strip() or not action.strip():
            problems.append(f"{PAGE}:{number}: {name}: what does it mean, and what is to do (Do: ...)?")
    return entries, problems


def events(top):
    """The catalogue has exactly the events that the source logs, with the same fields."""
    source, problems = in_source(top)
    page, more = in_page(top)
    yield from problems + more
    for name, (levels, fields, place) in sorted(source.items()):
        if name not in page:
            yield f"{place}: {name} is not in {PAGE}"
            continue
        page_levels, page_fields, number, _ = page[name]
        if set(page_fields) != set(fields):
            yield f"{PAGE}:{number}: {name}: its fields are {', '.join(fields) or 'none'}"
        # A call that logs one of two events has levels of both.
        if levels and not page_levels <= levels:
            yield f"{PAGE}:{number}: {name}: its level is {', '.join(sorted(levels))}"
    for name, (_, _, number, _) in sorted(page.items()):
        if name not in source:
            yield f"{PAGE}:{number}: nothing logs {name}"


if __name__ == "__main__":
    for event, (its_levels, its_fields, _) in sorted(in_source(sys.argv[1])[0].items()):
        print(f"*{event}* ({', '.join(sorted(its_levels)) or '?'}): {', '.join(its_fields) or 'none'}")
