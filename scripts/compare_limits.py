"""Compares the values in docs/limits.md with those in the code; scripts/check calls it.

Usage: compare_limits.py     in the checkout

Of every row that begins with `Type.name`, or with a name of Limits.swift, the constant has to exist, and
where both sides are plain numbers they have to be the same. What the code computes, or the document
says in words, is left alone. One complaint a line; no output is good.
"""
import math, pathlib, re

LIMITS = pathlib.Path("Sources/SeliumKernel/Limits/Limits.swift")
DOCUMENT = pathlib.Path("docs/limits.md")
UNITS = {
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    "ms": 0.001, "s": 1, "h": 3600, "day": 86400, "days": 86400,
}
DURATIONS = {"seconds": 1, "milliseconds": 0.001, "minutes": 60}
# Times of rooms without a clock are whole nanoseconds.
NANOSECONDS = 1_000_000_000


def documented(text):
    """The number a row begins with, in units, bytes or seconds, and whether it is a time."""
    match = re.match(r"(\d[\d,]*(?:\.\d+)?)(?: (KiB|MiB|GiB|ms|s|h|days?)\b)?", text)
    if not match:
        return None, False
    value = float(match[1].replace(",", "")) * UNITS.get(match[2], 1)
    return value, match[2] in ("ms", "s", "h", "day", "days")


def coded(text):
    """The value of an expression of plain numbers, else None."""
    text = re.sub(r"\s*//.*", "", text).strip().replace("_", "")
    duration = re.fullmatch(r"(?:Duration)?\.(\w+)\((.+)\)", text)
    scale = DURATIONS.get(duration[1], 0) if duration else 1
    text = duration[2] if duration else text
    if not scale or not re.fullmatch(r"\d+(\.\d+)?(\s*(\*|<<)\s*\d+)*", text):
        return None
    return eval(text) * scale  # Nothing but digits, * and << come here.


def constants(sources, kind, name):
    """What the files that declare the type give the constant: a list of expressions."""
    declaration = re.compile(rf"\b(?:struct|class|enum|actor|extension) (?:\w+\.)*{kind}\b")
    constant = re.compile(rf"\b(?:let|var|func) {name}\b([^\n]*)(?:\n += ([^\n]+))?")
    found = []
    for text in sources:
        if declaration.search(text):
            for match in constant.finditer(text):
                value = re.search(r"(?:=|\{)\s*([^}]+)", match[1])
                found.append(value[1] if value else match[2] or "")
    return found


def main():
    paths = [path for path in pathlib.Path("Sources").rglob("*.swift")]
    sources = [path.read_text() for path in paths if not path.name.endswith(".pb.swift")]
    for number, line in enumerate(DOCUMENT.read_text().splitlines(), 1):
        row = re.match(r"\| `(?:(\w+)\.)?([a-z]\w*)` \| ([^|]*)", line)
        if not row:
            continue
        kind, name, text = row[1] or "Limits", row[2], row[3].strip()
        found = constants([LIMITS.read_text()] if not row[1] else sources, kind, name)
        if not found:
            print(f"{DOCUMENT}:{number}: there is no {kind}.{name}")
        wanted, is_time = documented(text)
        values = [value for value in map(coded, found) if value is not None]
        if wanted is None or not values:
            continue
        possible = [wanted, wanted * NANOSECONDS] if is_time else [wanted]
        if not any(math.isclose(value, one) for value in values for one in possible):
            print(f"{DOCUMENT}:{number}: {kind}.{name} is {found[0].strip()}, not {text}")


main()
