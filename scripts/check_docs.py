# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hold the documents against the code: links, commands, examples, generated pages, licences, file lengths.

Run by `make check` as `python -m scripts.check_docs`. One line a finding; exit code 1 if there is any.
"""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from scripts.generate_docs import PAGES, PROGRAM, ROOT, Command, Unavailable, command_line

SPDX = "# SPDX-License-Identifier: AGPL-3.0-or-later"
MAX_LINES = 700
SOURCE_FOLDERS = ("src", "tests", "scripts", "bench", "examples")

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})\s*(?P<language>[\w+-]*)")
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)<>\s]*)>?(?:\s+[\"'][^)]*[\"'])?\s*\)")
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_HTML_ANCHOR = re.compile(r"<a\s+(?:id|name)=[\"']([^\"']+)[\"']")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_SHELL = {"", "bash", "console", "sh", "shell"}


class Finding(NamedTuple):
    """What is wrong, and where. Line 0 speaks of the whole file."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        place = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{place}:{self.line}: {self.text}" if self.line else f"{place}: {self.text}"


class Block(NamedTuple):
    """A fenced block: its language and the line it begins on."""

    line: int
    language: str
    text: str


class Page(NamedTuple):
    """A Markdown file, taken apart. `prose` holds numbered lines outside of fences."""

    prose: list[tuple[int, str]]
    blocks: list[Block]

    @classmethod
    def parse(cls, text: str) -> Page:
        """Separate prose from fenced blocks."""
        prose: list[tuple[int, str]] = []
        blocks: list[Block] = []
        inside: list[str] = []
        opened: re.Match[str] | None = None
        started = 0
        for number, line in enumerate(text.splitlines(), 1):
            fence = _FENCE.match(line)
            if opened is None and fence:
                opened, started, inside = fence, number, []
            elif opened is None:
                prose.append((number, line))
            elif fence and not fence["language"] and fence["mark"].startswith(opened["mark"]):
                blocks.append(Block(started + 1, opened["language"].lower(), textwrap.dedent("\n".join(inside))))
                opened = None
            else:
                inside.append(line)
        return cls(prose, blocks)

    def anchors(self) -> set[str]:
        """The names that a link into this page may use, as the usual forges make them."""
        found: set[str] = set()
        seen: dict[str, int] = {}
        for _, line in self.prose:
            found.update(_HTML_ANCHOR.findall(line))
            if heading := _HEADING.match(line):
                slug = _slug(heading[1])
                found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
                seen[slug] = seen.get(slug, 0) + 1
        return found

    def links(self) -> Iterator[tuple[int, str]]:
        """Every link target with its line; code is not prose."""
        for number, line in self.prose:
            text = _INLINE_CODE.sub("", line)
            for target in (*_LINK.findall(text), *_REFERENCE.findall(text)):
                yield number, target

    def commands(self) -> Iterator[tuple[int, str]]:
        """Every line of code that a reader may type, with its line."""
        for number, line in self.prose:
            for _, code in _INLINE_CODE.findall(line):
                yield number, code.strip()
        for block in self.blocks:
            if block.language in _SHELL:
                begun = ""
                for offset, line in enumerate(block.text.splitlines()):
                    if line.endswith("\\"):
                        begun += line[:-1]
                        continue
                    yield block.line + offset, (begun + line).strip()
                    begun = ""


@cache
def read(path: Path) -> Page:
    """The page in that file."""
    return Page.parse(path.read_text(encoding="utf-8"))


def markdown_files() -> list[Path]:
    """Every Markdown file of the checkout, hidden folders and build results left out."""
    return sorted(
        path
        for path in ROOT.rglob("*.md")
        if not any(part.startswith(".") or part in {"build", "dist"} for part in path.relative_to(ROOT).parts)
    )


def user_pages() -> list[Path]:
    """The pages that tell readers what to type. Decisions are history and may name what is gone."""
    adr = ROOT / "docs" / "adr"
    return [path for path in markdown_files() if path.name != "CHANGELOG.md" and not path.is_relative_to(adr)]


def source_files() -> Iterator[Path]:
    """Every Python file of ours."""
    for folder in SOURCE_FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def check_links() -> Iterator[Finding]:
    """Relative links lead to a file of this checkout, and anchors to a heading in it."""
    for path in markdown_files():
        for line, target in read(path).links():
            if re.match(r"^[a-z][a-z0-9+.-]*:|^//", target):
                continue
            name, _, anchor = target.partition("#")
            aim = (path.parent / unquote(name)).resolve() if name else path
            if not aim.is_relative_to(ROOT):
                yield Finding(path, line, f"link leaves the repository: {target}")
            elif not aim.exists():
                if not _is_unavailable(aim):
                    yield Finding(path, line, f"link to a missing file: {target}")
            elif anchor and aim.suffix == ".md" and unquote(anchor) not in read(aim).anchors():
                yield Finding(path, line, f"link to a missing heading: {target}")


def check_licence_lines() -> Iterator[Finding]:
    """Every source file begins with its licence."""
    for path in source_files():
        lines = path.read_text(encoding="utf-8").split("\n", 2)
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        if first.rstrip() != SPDX:
            yield Finding(path, 1, f"expected the first line {SPDX!r}")


def check_lengths() -> Iterator[Finding]:
    """A file that is too long wants to be two."""
    for path in source_files():
        if path.relative_to(ROOT).parts[0] in {"src", "tests"}:
            count = len(path.read_text(encoding="utf-8").splitlines())
            if count > MAX_LINES:
                yield Finding(path, 0, f"{count} lines; the limit is {MAX_LINES}")


def check_examples() -> Iterator[Finding]:
    """Python examples compile, and what they import from this package is there."""
    await_anywhere = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for path in user_pages():
        for block in read(path).blocks:
            if block.language not in {"python", "py"}:
                continue
            try:
                tree = compile(block.text, str(path), "exec", ast.PyCF_ONLY_AST | await_anywhere)
                compile(tree, str(path), "exec", await_anywhere)
            except SyntaxError as error:
                yield Finding(path, block.line + (error.lineno or 1) - 1, f"example does not compile: {error.msg}")
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wwcp_ocpi":
                    for text in _missing_names(node):
                        yield Finding(path, block.line + node.lineno - 1, text)


def check_commands() -> Iterator[Finding]:
    """`make TARGET` and `wwcp-ocpi COMMAND` in the pages exist, with the options named there."""
    targets = set(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    try:
        root: Command | None = command_line()
    except Unavailable as missing:
        print(f"note: commands in the pages not checked: {missing}")
        root = None
    for path in user_pages():
        for line, code in read(path).commands():
            for words in _split(code):
                if words[0] == "make":
                    for word in _leading_names(words[1:]):
                        if word not in targets:
                            yield Finding(path, line, f"no such make target: {word}")
                elif words[0] == PROGRAM and root is not None:
                    for text in _wrong_use(root, words[1:]):
                        yield Finding(path, line, text)


def check_generated() -> Iterator[Finding]:
    """The generated pages are what their generators write today."""
    for name, page in PAGES.items():
        path = ROOT / name
        try:
            text = page()
        except Unavailable as missing:
            print(f"note: {name} not checked: {missing}")
            continue
        if not path.exists():
            yield Finding(path, 0, "missing; write it with `make docs`")
        elif path.read_text(encoding="utf-8") != text:
            yield Finding(path, 0, "not what the code says; write it anew with `make docs`")


CHECKS = (check_links, check_licence_lines, check_lengths, check_examples, check_commands, check_generated)


def _slug(heading: str) -> str:
    """The anchor of a heading: lower case, punctuation gone, spaces as hyphens."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>]*>", "", text)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _is_unavailable(path: Path) -> bool:
    """Whether this is a generated page whose source is not built yet."""
    for name, page in PAGES.items():
        if path == ROOT / name:
            try:
                page()
            except (Unavailable, ImportError):
                return True
    return False


def _missing_names(node: ast.ImportFrom) -> Iterator[str]:
    try:
        module = importlib.import_module(str(node.module))
    except ImportError as error:
        yield f"example imports {node.module}: {error}"
        return
    for alias in node.names:
        if alias.name != "*" and not hasattr(module, alias.name):
            try:
                importlib.import_module(f"{node.module}.{alias.name}")
            except ImportError:
                yield f"example imports {alias.name}, which {node.module} does not have"


def _split(code: str) -> Iterator[list[str]]:
    """The commands of one line, without prompt and without leading assignments."""
    for part in re.split(r"&&|\|\||[;|]", code.removeprefix("$ ")):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            words = part.split()
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words[1:3] == ["-m", "wwcp_ocpi"]:
            words = [PROGRAM, *words[3:]]
        if words:
            yield [words[0].rsplit("/", 1)[-1], *words[1:]]


def _leading_names(words: list[str]) -> Iterator[str]:
    """Words that are neither options, assignments nor placeholders."""
    for word in words:
        if not word.startswith("-") and not _ASSIGNMENT.match(word) and re.fullmatch(r"[a-z][\w-]*", word):
            yield word


def _wrong_use(root: Command, words: list[str]) -> Iterator[str]:
    """What a command line says that the program does not know."""
    entry = root
    options = root.options()
    plain = [word.strip("[],.") for word in words]
    for word in plain:
        if not re.fullmatch(r"[a-z][\w-]*", word) or not entry.children():
            break
        found = [child for child in entry.children() if child.words[-1] == word]
        if not found:
            yield f"no such command: {' '.join([*entry.words, word])}"
            return
        entry = found[0]
        options |= entry.options()
    for word in plain:
        if word.startswith("--") and word.split("=")[0] not in options | {"--"}:
            yield f"{' '.join(entry.words)} has no option {word.split('=')[0]}"


def main() -> int:
    """Run every check and print what it finds."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check()
        except ImportError as error:
            findings.append(Finding(ROOT / "src", 0, f"not importable, so not checked ({check.__name__}): {error}"))
    for finding in findings:
        print(finding)
    pages = len(markdown_files())
    print(f"docs: {len(findings)} findings in {pages} pages and {len(list(source_files()))} source files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
