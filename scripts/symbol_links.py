"""Finds links in documentation comments that lead nowhere; scripts/check calls it.

Usage: symbol_links.py     in the checkout

In every `///` comment of Sources each part of ``Type/member(_:)`` has to be declared somewhere in
Sources. That is less than DocC asks, which sees the public symbols of the products only, and takes a
second. One complaint a line; no output is good.
"""
import pathlib, re

DECLARATION = re.compile(
    r"\b(?:func|var|let|struct|class|enum|protocol|actor|typealias|associatedtype|macro) +`?(\w+)"
)
CASES = re.compile(r"^\s*(?:indirect +)?case +([^:=]+?)(?:=.*)?$", re.MULTILINE)
LINK = re.compile(r"``([^`]+)``")


def declared(sources):
    """Every name that is declared, wherever and as whatever."""
    names = {"init", "subscript"}
    for text in sources:
        names.update(DECLARATION.findall(text))
        for cases in CASES.findall(text):
            names.update(re.findall(r"(?:^|,)\s*`?(\w+)", re.sub(r"\([^)]*\)", "", cases)))
    return names


def main():
    sources = {path: path.read_text() for path in sorted(pathlib.Path("Sources").rglob("*.swift"))}
    # A module is a name, too.
    names = declared(sources.values()) | {path.name for path in pathlib.Path("Sources").iterdir()}
    for path, text in sources.items():
        for number, line in enumerate(text.splitlines(), 1):
            for link in LINK.findall(line) if line.lstrip().startswith("///") else ():
                for part in link.split("/"):
                    if re.sub(r"\(.*", "", part) not in names:
                        print(f"{path}:{number}: ``{link}`` leads nowhere")


main()
