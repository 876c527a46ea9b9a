"""Comments that lost their shape: an orphan is a `//` line of one or two words that goes on with the sentence above it.

A comment beside a declaration can also tear it: clang-format breaks the declaration to make room for the comment. Such
a comment belongs above the declaration. `comments.py FILE...` prints what is found in any C++ files.
"""
import re
import sys

WIDTH = 100
COMMENT = re.compile(r"^(\s*)//( +)(\S.*)$")
# Code with a comment behind it; `//` within quotes is none.
QUOTED = r"\"(?:\\.|[^\"\\])*\"|(?<!\w)'(?:\\.|[^'\\])+'|(?<=\w)'"
TRAILING = re.compile(r"^((?:[^\"'/]|" + QUOTED + r"|/(?!/))*?)\s*(//.*)$")
ENDS_SENTENCE = re.compile(r"[.!?][\"')`*]*$")
OPENS_FUNCTION = re.compile(r"\)(?: (?:const|noexcept|override|final))* \{$")
CONTROL = re.compile(r"^\s*(?:if|for|while|switch|else|do|catch|try|namespace|extern|#)\b")
BEFORE_STATEMENT = re.compile(r"(?:[;{}:,]|^\s*#.*|^)$")


def split(line):
    """Code and comment of a line, both without blanks around them but the indentation."""
    if "//" not in line:
        return line.rstrip(), ""
    if line.lstrip().startswith("//"):
        return "", line.strip()
    found = TRAILING.match(line)
    return (found[1].rstrip(), found[2]) if found else (line.rstrip(), "")


def is_orphan(lines, at):
    """Whether the comment line `at` holds one or two words of the sentence above it."""
    here, above = COMMENT.match(lines[at]), COMMENT.match(lines[at - 1])
    if not here or not above or here[1] != above[1] or len(here[3].split()) > 2:
        return False
    if ENDS_SENTENCE.search(above[3]):
        return False
    if len(here[2]) == 1:
        return not above[3].startswith("clang-format ") and not here[3].startswith("clang-format ")
    # Within a drawing or list short lines are fine. One that falls out of its column, or off an arrow's line, is not.
    if "-->" in here[3] or len(here[2]) > len(above[2]):
        return False
    below = COMMENT.match(lines[at + 1]) if at + 1 < len(lines) else None
    return "-->" in above[3] or (below is not None and len(below[2]) >= len(here[2]) + 4)


def goes_on(lines, at):
    """Whether the comment line `at` continues as a comment behind code."""
    here = COMMENT.match(lines[at])
    code, comment = split(lines[at - 1])
    return bool(here and code.strip() and comment and lines[at - 1].rindex(comment) == len(here[1]))


def fits(parts, last):
    """Whether the lines of a declaration are one line without the comment behind it."""
    text = parts[0].rstrip()
    for part in [*parts[1:], last]:
        text += ("" if text.endswith(("(", "<")) else " ") + part.strip()
    return len(text) <= WIDTH


def tears(lines, at):
    """Whether the comment beside line `at` has torn a declaration that would fit a line without it."""
    code, comment = split(lines[at])
    if not code.strip() or not comment:
        return False
    codes = [split(line) for line in lines[max(0, at - 12):at]]
    if codes and codes[-1][1]:
        return False
    if code.strip().startswith("}"):
        return tears_body([code for code, _ in codes], [remark for _, remark in codes], code)
    first = codes[-1][0] if codes else ""
    before = codes[-2] if len(codes) > 1 else ("", "")
    if len(first) - len(first.lstrip()) >= len(code) - len(code.lstrip()):
        return False  # not the rest of a statement: those are indented further
    if CONTROL.match(first) and lines[at + 1:at + 2] and lines[at + 1].lstrip().startswith("else"):
        return False
    whole = code.endswith((";", ",")) and first.strip() and not first.endswith((";", "{", "}", ":"))
    begins = BEFORE_STATEMENT.search(before[0]) is not None
    return bool(whole and begins and not first.lstrip().startswith(("template", "#")) and fits([first], code))


def tears_body(codes, remarks, last):
    """The same of a function of one statement, or an enum, whose closing brace has the comment."""
    indent = len(last) - len(last.lstrip())
    for start in range(len(codes) - 1, -1, -1):
        head = codes[start]
        if not head.strip() or len(head) - len(head.lstrip()) > indent:
            continue
        body = codes[start + 1:]
        if not head.endswith("{") or any(remarks[start:]) or not all(body) or codes[-1].endswith(","):
            return False
        if re.match(r"\s*enum\b", head):
            return fits(codes[start:], last)
        function = OPENS_FUNCTION.search(head) and not CONTROL.match(head) and indent > 0
        return bool(function and len(body) == 1 and fits(codes[start:], last))
    return False


def problems(path, lines):
    for at in range(1, len(lines)):
        if is_orphan(lines, at):
            yield f"{path}:{at + 1}: an orphan: wrap the comment so that more of it is on its last line"
        if goes_on(lines, at):
            yield f"{path}:{at + 1}: a comment beside code has no second line: put it above"
        if tears(lines, at):
            yield f"{path}:{at + 1}: the comment tears the declaration: put it above"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            print("\n".join(problems(name, file.read().splitlines())))
