"""Compares what the documents say beside their commands with the product; scripts/run-docs calls it.

Usage: document_facts.py COMMANDS SPECIMENS DOCUMENT...     in the checkout

COMMANDS is the folder of selium and selium-runtime, SPECIMENS a file of JSON lines that they wrote.
One complaint a line; no output is good. Of every document:

- each block is run, compiled or compared with something, or a comment in front of it says why not;
- its links lead to files; `scripts/…`, `docs/…`, `Sources/…` in its text exist;
- a command or flag in its text is one that --help knows;
- a line of JSON has the shape of one that was really written;
- a table of flags has every flag, and the variable and default that the command itself names;
- the list of decisions has every decision.
"""
import functools, json, os, pathlib, re, subprocess, sys

COMMENT = re.compile(r"<!-- (file|same as|output of|not run): *(.*?) *-->$")
# Flags of other programs that the text names.
FOREIGN_FLAGS = {"--static-swift-stdlib", "--python_out"}
# Written by a script on a machine that has the time; a checkout may be without it.
WRITTEN_ELSEWHERE = {pathlib.Path("docs/benchmarks.md")}
# What is asked for here, depends on what is there, and follows another flag.
VARYING_DEFAULTS = {"--output", "--cert-dir", "--server-name"}


def blocks_and_text(lines):
    """(line, language, marker, block) of every code block, and (line, text) of everything else."""
    blocks, text, marker, block = [], [], None, None
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            if block is None:
                block = (number, line[3:], marker, [])
                marker = None
            else:
                blocks.append(block)
                block = None
        elif block is not None:
            block[3].append(line)
        elif found := COMMENT.match(line):
            marker = found.groups()
        else:
            text.append((number, line))
    return blocks, text


@functools.cache
def help_of(program, *words):
    """What a command says of itself, None when there is no such command."""
    ran = subprocess.run([program, *words, "--help"], capture_output=True, text=True)
    return ran.stdout if ran.returncode == 0 else None


def subcommands(text):
    listed = text.partition("SUBCOMMANDS:")[2]
    return re.findall(r"^  ([a-z][a-z-]*)(?: |$)", listed, re.M)


@functools.cache
def every_help():
    """All flags of both commands and of the scripts."""
    texts = []
    for program in ("selium", "selium-runtime"):
        pending = [()]
        while pending:
            words = pending.pop()
            text = help_of(str(commands / program), *words) or ""
            texts.append(text)
            pending += [(*words, name) for name in subcommands(text) if name != "help"]
    for script in pathlib.Path("scripts").iterdir():
        if script.is_file():
            texts.append(script.read_text())
    return "\n".join(texts)


def has_flag(text, flag):
    return re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text) is not None


def words_of(span):
    return re.sub(r"# .*", "", span).split()


def check_span(span):
    """Complaints about one piece of code inside the text."""
    words = words_of(span)
    if not words:
        return
    if words[0] in ("selium", "selium-runtime"):
        path, text = [], help_of(str(commands / words[0]))
        for word in words[1:]:
            if word not in subcommands(text or ""):
                break
            path.append(word)
            text = help_of(str(commands / words[0]), *path)
        if not path and len(words) > 1 and re.fullmatch("[a-z][a-z-]+", words[1]):
            yield f"{words[0]} has no command {words[1]}"
        flags = words[: words.index("--")] if "--" in words else words
        for flag in (word.split("=")[0] for word in flags if re.match("--?[a-zA-Z]", word)):
            if not has_flag(text or "", flag):
                yield f"{' '.join([words[0], *path])} has no {flag}"
    elif words[0].startswith("scripts/") and pathlib.Path(words[0]).is_file():
        for flag in (word for word in words[1:] if word.startswith("--")):
            if not has_flag(pathlib.Path(words[0]).read_text(), flag):
                yield f"{words[0]} has no {flag}"
    elif words[0].startswith("--") and words[0] not in FOREIGN_FLAGS and len(words[0]) > 2:
        if not has_flag(every_help(), words[0].split("=")[0]):
            yield f"no command has {words[0]}"
    if re.match("(scripts|docs|Sources|Tests|certs)/", words[0]):
        is_pattern = re.search("[*…]|[A-Z]{3,}", words[0])
        if not is_pattern and not exists(pathlib.Path(words[0].rstrip("/"))):
            yield f"there is no {words[0]}"


def shape(value):
    """A value with its types in place of its scalars; an empty or absent part fits anything."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return None if value is None else "number" if isinstance(value, (int, float)) else type(value).__name__


def check_json(block, specimens):
    for line in block:
        try:
            value = json.loads(line)
        except ValueError as error:
            yield f"this is not JSON ({error}): {line}"
            continue
        if shape(value) not in specimens:
            yield f"nothing was written with these members: {line}"


def check_picture(block):
    """The names in a picture of an exchange are names of control.proto."""
    proto = pathlib.Path("Sources/SeliumProtocol/Proto/control.proto").read_text()
    for name in re.findall(r"(\w+)(?=[{:])", "\n".join(block)) + re.findall(r"\{(\w+)[}]", "\n".join(block)):
        if not re.search(rf"\b{name}\b", proto):
            yield f"control.proto has no {name}"


def check_block(language, marker, block, specimens):
    if marker is not None:
        if marker[0] == "not run" and len(marker[1].split()) < 3:
            yield "'not run' without a reason"
        return
    if language in ("sh", "swift"):  # run by scripts/run-docs, compiled by scripts/outside
        return
    joined = "\n".join(block)
    if language == "json":
        yield from check_json(block, specimens)
    elif "→" in joined and "←" in joined:
        yield from check_picture(block)
    elif all(re.match("[0-9a-f]{2} ", line) for line in block):
        test = pathlib.Path("Tests/SeliumProtocolTests/DocumentedFramesTests.swift")
        if not test.is_file():
            yield f"these bytes are tested by {test}, and that is not there"
    else:
        yield "this block is neither run nor compiled nor compared, and nothing says why"


def tables(text):
    """Rows of cells, table by table, without their heads."""
    rows = []
    for number, line in [*text, (0, "")]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
            rows.append((number, cells))
        elif rows:
            yield rows[0][1], rows[2:]
            rows = []


def check_flag_tables(text):
    """Of tables that begin with `flag | variable | default`: selium-runtime's, and selium's own."""
    ran = subprocess.run([commands / "selium", "info", "--show-origin", "-o", "json"],
                         capture_output=True, text=True)
    settings = {one["name"]: one for one in json.loads(ran.stdout)["settings"]}
    runtime = help_of(str(commands / "selium-runtime"))
    of_runtime = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", runtime, re.M)) - {"--help", "--version"}
    for head, rows in tables(text):
        if head[:3] != ["flag", "variable", "default"]:
            continue
        flags = {re.match("`(--[a-z-]+)", cells[0])[1]: (number, cells) for number, cells in rows}
        if "--work-dir" in flags:
            expected = of_runtime
        else:
            expected = {f"--{name}" for name in settings}
            for flag, (number, cells) in flags.items():
                setting = settings.get(flag[2:], {})
                if cells[1].strip("`") != setting.get("variable"):
                    yield number, f"the variable of {flag} is {setting.get('variable')}"
                said, real = cells[2].strip("`"), setting.get("value")
                real = {"false": "off"}.get(real, real)
                if flag not in VARYING_DEFAULTS and real is not None and said != real:
                    yield number, f"the default of {flag} is {real}"
        for flag in sorted(expected ^ set(flags)):
            yield rows[0][0], f"{flag} is in the table or in --help, not in both"


def paragraphs(text):
    """(line, text) of what belongs together: code in it may go on in the next line."""
    begun, lines = 0, []
    for number, line in [*text, (0, "")]:
        if line.strip():
            begun, lines = begun if lines else number, [*lines, line]
        elif lines:
            yield begun, "\n".join(lines)
            lines = []


def exists(path):
    return path.exists() or pathlib.Path(os.path.normpath(path)) in WRITTEN_ELSEWHERE


def check(document, specimens):
    lines = document.read_text().splitlines()
    blocks, text = blocks_and_text(lines)
    for number, language, marker, block in blocks:
        for complaint in check_block(language, marker, block, specimens):
            yield number, complaint
    for number, paragraph in paragraphs(text):
        for target in re.findall(r"\]\(([^)#]+)", paragraph):
            if ":" not in target and not exists(document.parent / target):
                yield number, f"the link to {target} leads nowhere"
        for span in re.findall("`([^`]+)`", paragraph):
            for complaint in check_span(span):
                yield number, complaint
    yield from check_flag_tables(text)
    if document.name == "README.md" and document.parent.name == "decisions":
        listed = "\n".join(lines)
        for page in sorted(document.parent.glob("[0-9]*.md")):
            if f"({page.name})" not in listed:
                yield 1, f"{page.name} is not in the list"


commands = pathlib.Path(sys.argv[1])
written = [shape(json.loads(line)) for line in pathlib.Path(sys.argv[2]).read_text().splitlines()]
for name in sys.argv[3:]:
    for line, said in check(pathlib.Path(name), written):
        print(f"{name}:{line}: {said}")
