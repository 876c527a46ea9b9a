#!/usr/bin/env python3
"""The public interface, as a program sees it that has only the installed files.

usage: api_test.py BUILD_FOLDER SOURCE_FOLDER

- every header compiles by itself, with C++20, and says what it wants below that;
- every function that a header declares is exported, and used by api_uses.cc, which links and runs;
- a program that has copies of its own of the libraries below it (another ZooKeeper client, a libevent, a libmd)
  does not meet them in the library's calls.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

CXX = os.environ.get("CXX", "g++").split()
CC = ["gcc"]
# Libraries that the library uses and does not share with the program.
OWN = ["zookeeper_st", "event_core", "cares", "md"]


def fail(text):
    sys.exit(f"api: {text}")


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def must(*words, **more):
    ran = run(*words, **more)
    if ran.returncode != 0:
        fail(f"{' '.join(words)}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    return re.sub(r"^\s*#[^\n]*", "", text, flags=re.M)


def declared(text):
    """Yields the qualified name of each function that is declared, and not defined, for programs to call."""
    scopes = []  # [kind, name, is_public, is_template]
    statement = ""
    for token in re.findall(r"[{};:]|::|[^{};:]+", without_comments(text)):
        words = statement.split()
        if token == "{":
            head = re.sub(r"\bZKC_\w+\b", "", statement)
            scope = re.search(r"\b(namespace|class|struct|enum)\s+(?:class\s+)?([\w:]*)", head)
            is_template = "template" in words
            if scope and "(" not in head[scope.start():] and "=" not in head:
                kind = scope[1]
                scopes.append([kind, scope[2], kind != "class", is_template])
            else:
                scopes.append(["body", "", False, True])  # of an inline function, or an initializer
            statement = ""
        elif token == "}":
            scopes.pop()
            statement = ""
        elif token == ":" and statement.strip() in ("public", "private", "protected"):
            scopes[-1][2] = statement.strip() == "public"
            statement = ""
        elif token == ";":
            if all(s[0] != "body" and s[0] != "enum" and s[2] and not s[3] for s in scopes):
                name = function_name(statement)
                if name:
                    yield "::".join([s[1] for s in scopes if s[1]] + [name])
            statement = ""
        else:
            statement += token


def function_name(statement):
    words = statement.split()
    if not words or words[0] in ("using", "friend", "typedef", "template", "static_assert"):
        return None
    if re.search(r"=\s*(default|delete)\s*$", statement) or "inline" in words:
        return None
    # `= value` before the parentheses makes it a variable; `operator=` does not.
    found = re.search(r"(~?\w+|operator\s*[^\s(]+)\s*\(", statement)
    if not found or re.search(r"(?<!operator)=", statement[:found.start()]):
        return None
    return re.sub(r"\s+", "", found[1])


def check_headers(include, flags, work):
    headers = sorted(glob.glob(os.path.join(include, "zkcluster", "*.h")))
    if len(headers) < 9:
        fail(f"only {headers} are installed")
    names = []
    for header in headers:
        with open(header, encoding="utf-8") as file:
            names += list(declared(file.read()))
        single = os.path.join(work, "alone.cc")
        with open(single, "w", encoding="utf-8") as file:
            file.write(f"#include <zkcluster/{os.path.basename(header)}>\n")
        strict = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only"]
        must(*CXX, "-std=c++20", *strict, *flags, single)
        old = run(*CXX, "-std=c++17", "-fsyntax-only", *flags, single)
        if old.returncode == 0 or "requires C++20" not in old.stderr:
            fail(f"{header} does not say that it requires C++20: {old.stderr}")
    return names


def check_exports(library, names, uses):
    exported = must("nm", "-DC", "--defined-only", library).splitlines()
    exported = [line.split(" ", 2)[2] for line in exported if line.count(" ") >= 2]
    for name in sorted(set(names)):
        count = len([s for s in exported if re.match(re.escape(name) + r"(\[abi:cxx11\])?(\(|@)", s)])
        if count < names.count(name):
            fail(f"{name} is declared {names.count(name)} times, and exported {count} times")
        last = name.rsplit("::", 1)[1]
        if not last.startswith(("~", "operator")) and not re.search(rf"\b{last}\b", uses):
            fail(f"{name} is declared, and api_uses.cc does not use it")
    public = {re.sub(r"\[abi:cxx11\]", "", s).split("(")[0].split("@")[0] for s in exported if "(" in s}
    strangers = sorted(public - set(names))
    if strangers:
        fail(f"exported, and declared for nobody: {strangers}")
    return len(exported)


def check_inside(library):
    """Nothing that another copy could define is left open."""
    needed = re.findall(r"NEEDED.*\[(.*)\]", must("readelf", "-d", library))
    shared = [n for n in needed if re.match(r"lib(zookeeper|event|cares|md\b|md\.)", n)]
    if shared:
        fail(f"the library needs {shared}")
    if "TEXTREL" in must("readelf", "-d", library):
        fail("the library is relocated in its text")
    taken = own_symbols()
    wanted = {line.split()[-1].split("@")[0] for line in must("nm", "-D", "--undefined-only", library).splitlines()}
    if wanted & set(taken):
        fail(f"left to be taken from elsewhere: {sorted(wanted & set(taken))[:5]}")
    return taken


def own_symbols():
    """The names of all that the archives define: name -> whether it is a function."""
    symbols = {}
    for name in OWN:
        archive = must(*CC, f"-print-file-name=lib{name}.a").strip()
        for line in run("nm", "-g", "--defined-only", archive).stdout.splitlines():
            parts = line.split()
            if len(parts) == 3 and re.fullmatch(r"\w+", parts[2]):
                symbols[parts[2]] = parts[1] in "TtWi"
    for name in ("zookeeper_init2", "event_base_new_with_config", "ares_query", "MD5Init"):
        if name not in symbols:
            fail(f"the archives define no {name}")
    return symbols


def check_other_copies(symbols, uses, flags, libs, work, environment):
    """Copies of everything, which end the program when they are called, as the linker prefers them."""
    source = os.path.join(work, "copies.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <stdio.h>\n#include <stdlib.h>\n"
                   "static void taken(const char* name) { fprintf(stderr, \"taken: %s\\n\", name); abort(); }\n")
        for name, is_function in sorted(symbols.items()):
            file.write(f'void {name}(void) {{ taken("{name}"); }}\n' if is_function else f"char {name}[256];\n")
    copies = os.path.join(work, "libcopies.so")
    must(*CC, "-w", "-fno-builtin", "-fPIC", "-shared", source, "-o", copies)
    program = os.path.join(work, "beside_copies")
    must(*CXX, "-std=c++20", *flags, uses, "-Wl,--no-as-needed", copies, "-Wl,--as-needed", *libs, "-o", program)
    ran = run(program, env={**environment, "LD_LIBRARY_PATH": environment["LD_LIBRARY_PATH"] + ":" + work})
    if ran.returncode != 0:
        fail(f"beside other copies it ended with {ran.returncode}: {ran.stderr}")


def main():
    build, source = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as work:
        root = os.path.join(work, "root")
        must("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root)
        found = glob.glob(f"{root}/**/libzkcluster.so.0", recursive=True)
        folder = os.path.dirname(found[0])
        library = os.path.join(folder, "libzkcluster.so.0")
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(folder, "pkgconfig"),
                       "PKG_CONFIG_SYSROOT_DIR": root, "LD_LIBRARY_PATH": folder}
        flags = must("pkg-config", "--cflags", "zkcluster", env=environment).split()
        hiredis = must("pkg-config", "--libs", "hiredis").split()
        libs = must("pkg-config", "--libs", "zkcluster", env=environment).split() + hiredis
        names = check_headers(os.path.join(root, "usr/local/include"), flags, work)
        uses = os.path.join(source, "tests/integration/api_uses.cc")
        with open(uses, encoding="utf-8") as file:
            symbols = check_exports(library, names, without_comments(file.read()))
        program = os.path.join(work, "uses")
        must(*CXX, "-std=c++20", "-Wall", "-Wextra", "-Werror", *flags, uses, "-Wl,-z,now", *libs, "-o", program)
        ran = run(program, env=environment)
        if ran.returncode != 0:
            fail(f"api_uses ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        copies = check_inside(library)
        check_other_copies(copies, uses, flags, libs, work, environment)
        print(f"api: good, {len(names)} functions declared, {symbols} symbols exported, {len(copies)} kept inside")


main()
