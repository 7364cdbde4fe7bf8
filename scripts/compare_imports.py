"""Compares what guests can import: the code, docs/abi.md, selium.h, SeliumGuest; scripts/check calls it.

Usage: compare_imports.py     in the checkout

Every function of Sources/SeliumRuntime has a row in docs/abi.md with its type and whether it waits, every row
a function. What selium.h declares, and SeliumGuest, is in that table with the same type; all that is ours is in
selium.h. One complaint a line; no output is good. What each needs is compared by a test, with the running code.
"""
import pathlib, re

RUNTIME = pathlib.Path("Sources/SeliumRuntime")
DOCUMENT = pathlib.Path("docs/abi.md")
HEADER = pathlib.Path("Sources/CSeliumGuest/include/selium.h")
SDK = pathlib.Path("Sources/SeliumGuest/C/Imports.swift")
WASI = "wasi_snapshot_preview1"
WIDE = {"int64_t", "uint64_t", "Int64", "UInt64"}


def text_of(kinds, results="i32"):
    return f"({', '.join(kinds)}) -> {results}"


def kinds(list_text):
    return re.findall(r"\.(i32|i64|f32|f64)", list_text)


def coded():
    """Name to (type, waits) of every function, as the sources spell them."""
    found = {}
    for path in sorted(RUNTIME.rglob("*.swift")):
        text = path.read_text()
        calls = r"\b(immediate|waiting)\(\s*(?:(\"\w+\"|module), )?\"(\w+)\", \[([^\]]*)\](, \[\])?"
        for how, module, name, parameters, empty in re.findall(calls, text):
            module = module.strip('"') if module.startswith('"') else WASI
            found[f"{module}.{name}"] = (text_of(kinds(parameters), "()" if empty else "i32"), how == "waiting")
        for name, parameters in re.findall(r"\bstdio\(\"(\w+)\", \[([^\]]*)\]", text):
            found[f"{WASI}.{name}"] = (text_of(kinds(parameters)), False)
        for name, count in re.findall(r"\(\"(sock_\w+)\", (\d+)\)", text):
            found[f"{WASI}.{name}"] = (text_of(["i32"] * int(count)), False)
        for name, parameters in re.findall(r"PathCall\(\s*name: \"(\w+)\"[^\[]*parameters: \[([^\]]*)\]", text):
            found[f"{WASI}.{name}"] = (text_of(kinds(parameters)), False)
    return found


def documented():
    found = {}
    for number, line in enumerate(DOCUMENT.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        name = re.fullmatch(r"`(\w+\.\w+)`", cells[0])
        if not name:
            continue
        if len(cells) != 6:
            print(f"{DOCUMENT}:{number}: six cells are import, type, what, errors, needs, waits")
        elif name[1] in found:
            print(f"{DOCUMENT}:{number}: {name[1]} is there twice")
        elif not all(cells):
            print(f"{DOCUMENT}:{number}: an empty cell")
        found[name[1]] = (cells[1].strip("`"), cells[-1] == "yes")
    return found


def declared(path, pattern, parameters):
    """Name to type of what a file for guests declares."""
    found = {}
    for module, name, listed in re.findall(pattern, path.read_text()):
        found[f"{module}.{name}"] = text_of(parameters(listed))
    return found


def c_kinds(listed):
    parts = [part.strip() for part in listed.split(",") if part.strip() not in ("", "void")]
    return ["i64" if "*" not in part and part.split()[0] in WIDE else "i32" for part in parts]


def swift_kinds(listed):
    types = re.findall(r":\s*(\w+)", listed)
    return ["i64" if one in WIDE else "i32" for one in types]


def main():
    code, document = coded(), documented()
    for name in sorted(code.keys() | document.keys()):
        if name not in document:
            print(f"{DOCUMENT} has no row for {name}")
        elif name not in code:
            print(f"{DOCUMENT}: there is no import {name}")
        elif code[name] != document[name]:
            is_type = code[name][0] != document[name][0]
            print(f"{DOCUMENT}: {name} is {code[name][0]}" if is_type else
                  f"{DOCUMENT}: whether {name} waits is {'yes' if code[name][1] else 'no'}")
    header = declared(HEADER, r'SELIUM_IMPORT\("(\w+)", "(\w+)"\)\s*selium_errno_t \w+\(([^)]*)\);', c_kinds)
    sdk = declared(SDK, r'@_extern\(wasm, module: "(\w+)", name: "(\w+)"\)\s*@_extern\(c[^)]*\)\s*func \w+\(([^)]*)\)',
                   swift_kinds)
    for name in sorted(code):
        if not name.startswith(WASI) and name not in header:
            print(f"{HEADER} does not declare {name}")
    for path, found in ((HEADER, header), (SDK, sdk)):
        if not found:
            print(f"nothing was found in {path}: was its form changed?")
        for name, kind in sorted(found.items()):
            wanted = code.get(name, ("no import of ours",))[0]
            # What ends the program has no result to declare.
            if kind.removesuffix("i32") != wanted.removesuffix("()").removesuffix("i32"):
                print(f"{path}: {name} is {wanted}")


main()
