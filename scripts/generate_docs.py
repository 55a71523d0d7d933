# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write what is made from the code: cli.md, configuration.md, rules.md, tables in conversion.md and wwcp-mapping.md.

The command line page is built from the commands themselves and not from what `--help` prints, so that it
does not depend on the width of a terminal or on the version of the library that draws it. `make check` fails
when a page is not what this script writes.
"""

from __future__ import annotations

import datetime
import enum
import importlib
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scripts import rule_manifest, wwcp_tables
from scripts.rule_manifest import Named, Reason

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "wwcp-ocpi"
_OF_THE_LIBRARY = {"install_completion", "show_completion"}
_TYPES = {Path: "PATH", int: "NUMBER", float: "NUMBER", datetime.datetime: "TIME"}


class Unavailable(Exception):
    """The part of the code that a page is made from is not built yet."""


class Command(NamedTuple):
    """One command or group, with the words that call it. `command` is what Typer makes of a function."""

    words: tuple[str, ...]
    command: Any

    def children(self) -> list[Command]:
        """The visible commands of a group; none for a plain command."""
        commands = getattr(self.command, "commands", {})
        return [Command((*self.words, name), found) for name, found in commands.items() if not found.hidden]

    def tree(self) -> Iterator[Command]:
        """This command and everything below it."""
        yield self
        for child in self.children():
            yield from child.tree()

    def options(self) -> set[str]:
        """Every spelling of every option, `--help` included."""
        spellings = {
            name
            for param in self.command.params
            if param.param_type_name == "option"
            for name in (*param.opts, *param.secondary_opts)
        }
        return spellings | {"--help"}


def command_line() -> Command:
    """The whole command line, from the Typer app of `wwcp_ocpi.cli`.

    Raises:
        Unavailable: there is no `wwcp_ocpi.cli` with an `app` yet.
    """
    app = _attribute("wwcp_ocpi.cli", "app")
    return Command((PROGRAM,), importlib.import_module("typer.main").get_command(app))


def cli_page() -> str:
    """docs/cli.md.

    Raises:
        Unavailable: there is no command line yet.
    """
    root = command_line()
    parts = [
        "# Command line",
        "<!-- Written by `make docs`. Do not edit. -->",
        f"`{PROGRAM} COMMAND --help` prints the same in a terminal.",
        *_table(("command", "what it does"), _overview(root)),
    ]
    for entry in root.tree():
        parts += _section(entry)
    return "\n\n".join(parts) + "\n"


def configuration_page() -> str:
    """docs/configuration.md.

    Raises:
        Unavailable: there is no configuration yet.
    """
    describe = _attribute("wwcp_ocpi.gateway.config", "describe")
    rows = [
        (f"`{key}`", _cell(kind), f"`{default}`" if default else "", _cell(meaning))
        for key, kind, default, meaning in describe()
    ]
    parts = [
        "# Configuration",
        "<!-- Written by `make docs`. Do not edit. -->",
        "One TOML file. Every key is optional; an unknown key is refused. "
        "A secret is a reference, `file:PATH` or `env:NAME`, never a value.",
        *_table(("key", "type", "default", "meaning"), rows),
    ]
    return "\n\n".join(parts) + "\n"


CHAPTERS = {
    "TRN": "Transport and format",
    "STC": "Status codes",
    "TYP": "Types and terms",
    "VER": "Versions",
    "CRD": "Credentials",
    "LOC": "Locations",
    "SES": "Sessions",
    "CDR": "CDRs",
    "TAR": "Tariffs",
    "TOK": "Tokens",
    "CMD": "Commands",
    "CHP": "Charging profiles",
    "HCI": "Hub client info",
    "INV": "Invoice reconciliation",
    "BKG": "Bookings",
    "PAY": "Payments",
}
"""The chapters of the specification by the letters in the ids of their rules."""

MOST_TESTS = 3


def rules_page() -> str:
    """docs/rules.md: every rule with the tests that hold it, or the reason why there are none."""
    tests: dict[str, list[Named]] = {}
    for found in rule_manifest.named():
        tests.setdefault(found.id, []).append(found)
    why = {found.id: found for found in rule_manifest.reasons()}
    every = rule_manifest.rules()
    partly = [rule for rule in every if rule.id in tests and rule.id in why]
    waiting = [found for found in why.values() if found.kind.startswith(rule_manifest.NOT_YET)]
    parts = [
        "# Rules of the specification",
        "<!-- Written by `make docs`. Do not edit. -->",
        "The rules that OCPI states, by ids of our own ([the tables](../spec/README.md)); each with the tests that "
        "hold it, or with the reason why none does. A test fails when a rule has neither.",
        f"{len(every)} rules: {len([rule for rule in every if rule.id in tests])} are held by tests "
        f"({len(partly)} of them in part), {len(waiting)} wait for something that is not built, "
        f"{len([one for one in why.values() if one not in waiting and one.id not in tests])} are not for a program.",
        *_table(
            ("reason", "a rule that ..."), [(kind.strip(), meaning) for kind, meaning in rule_manifest.KINDS.items()]
        ),
    ]
    for letters, title in CHAPTERS.items():
        chapter = [rule for rule in every if rule.id.startswith(letters)]
        rows = [
            (rule.id, rule.level, _versions(rule.versions), _held(tests.get(rule.id, []), why.get(rule.id)))
            for rule in chapter
        ]
        parts += [f"## {title}", *_table(("rule", "level", "versions", "held by, or why not"), rows)]
    return "\n\n".join(parts) + "\n"


def _versions(numbers: tuple[str, ...]) -> str:
    branches = {"2.3.0-bookings": "Bookings", "2.3.0-payments": "Payments"}
    core = [number for number in numbers if number not in branches]
    return ", ".join(core or [branches[number] for number in numbers])


def _held(tests: list[Named], why: Reason | None) -> str:
    shown = [f"[{found.test.removeprefix('test_')}](../{found.file})" for found in tests[:MOST_TESTS]]
    if len(tests) > MOST_TESTS:
        shown.append(f"{len(tests) - MOST_TESTS} more")
    if why is not None:
        shown.append(f"*{why.kind}*: {_cell(why.reason)}")
    return "<br>".join(shown)


def conversion_page() -> str:
    """docs/conversion.md, with the tables that are made from the rules of the version bridge."""
    return with_block("docs/conversion.md", "decisions", _decisions())


def mapping_page() -> str:
    """docs/wwcp-mapping.md, with the tables of words between WWCP and OCPI."""
    return with_block("docs/wwcp-mapping.md", "tables", wwcp_tables.tables())


def wwcp_page() -> str:
    """docs/wwcp.md, with the table of all routes of the WWCP HTTP API."""
    rows = [
        (", ".join(route.methods), _code([route.path]), _cell(route.doc), route.right.name.lower())
        for route in _attribute("wwcp_ocpi.wwcp.http.routes", "ROUTES")
    ]
    rights = [(right.name.lower(), _cell(right.value)) for right in _attribute("wwcp_ocpi.wwcp.http.routes", "Right")]
    tables = [*_table(("right", "who"), rights), *_table(("method", "path", "what it does", "right"), rows)]
    return with_block("docs/wwcp.md", "routes", tables)


PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli_page,
    "docs/configuration.md": configuration_page,
    "docs/rules.md": rules_page,
    "docs/conversion.md": conversion_page,
    "docs/wwcp-mapping.md": mapping_page,
    "docs/wwcp.md": wwcp_page,
}


def with_block(name: str, mark: str, parts: Iterable[str]) -> str:
    """A page with another text between `<!-- mark: ... -->` and `<!-- end of mark -->`."""
    page = (ROOT / name).read_text(encoding="utf-8")
    start = page.index("-->", page.index(f"<!-- {mark}:")) + len("-->")
    end = page.index(f"<!-- end of {mark} -->")
    return page[:start] + "\n\n" + "\n\n".join(parts) + "\n\n" + page[end:]


def _decisions() -> Iterator[str]:
    """The rules and words of every step, as tables."""
    for step in _attribute("wwcp_ocpi.convert.bridge", "STEPS"):
        lower, upper = step.lower.number, step.upper.number
        yield f"### {lower} and {upper}: fields"
        yield from _table(("object", lower, upper, "what becomes of it"), _rule_rows(step))
        yield f"### {lower} and {upper}: words"
        yield from _table(("enum", "word", "told as", "why"), _word_rows(step))


def _rule_rows(step: Any) -> Iterator[tuple[str, ...]]:
    for pair, rules in step.objects.items():
        object = " / ".join(dict.fromkeys(pair))
        grouped: dict[tuple[str, str], list[Any]] = {}
        for rule in rules:
            grouped.setdefault((rule.kind, rule.why), []).append(rule)
        for (_, why), alike in grouped.items():
            names = (_code(name for rule in alike for name in getattr(rule, side)) for side in ("lower", "upper"))
            yield object, *names, _cell(why)


def _word_rows(step: Any) -> Iterator[tuple[str, ...]]:
    for (lower, upper), words in step.words.items():
        enum = " / ".join(dict.fromkeys((lower, upper)))
        for named, sign in ((words.up, "up"), (words.down, "down")):
            told: dict[str | None, list[str]] = {}
            for word, other in named.items():
                told.setdefault(other, []).append(word)
            for other, alike in told.items():
                yield enum, _code(alike), f"{sign}: `{other}`" if other else f"{sign}: left out", _cell(words.why)
        if words.otherwise:
            yield enum, "any that no version names", f"down: `{words.otherwise}`", _cell(words.why)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _attribute(module: str, name: str) -> Any:
    """`name` of `module`. A module that exists and fails to import raises what it raises."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a package above it is not there
        spec = None
    if spec is None or spec.origin is None:
        raise Unavailable(f"{module} is not built yet")
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise Unavailable(f"{module} has no {name} yet")
    return found


def _overview(root: Command) -> list[tuple[str, ...]]:
    entries = [entry for entry in root.tree() if not entry.children()]
    return [(f"[`{' '.join(e.words)}`](#{'-'.join(e.words)})", _summary(e.command)) for e in entries]


def _section(entry: Command) -> list[str]:
    parts = [f"{'#' * min(len(entry.words) + 1, 4)} {' '.join(entry.words)}"]
    if text := _help(entry.command):
        parts.append(text)
    parts.append(f"```\n{_usage(entry)}\n```")
    shown = [p for p in entry.command.params if not getattr(p, "hidden", False) and p.name not in _OF_THE_LIBRARY]
    arguments = [(f"`{_metavar(p)}`", _meaning(p), _default(p)) for p in shown if p.param_type_name == "argument"]
    options = [(_spelling(p), _meaning(p), _default(p)) for p in shown if p.param_type_name == "option"]
    parts += _table(("argument", "meaning", "default"), arguments)
    parts += _table(("option", "meaning", "default"), options)
    return parts


def _usage(entry: Command) -> str:
    words = [*entry.words]
    if len(entry.options() - {f"--{name.replace('_', '-')}" for name in _OF_THE_LIBRARY}) > 1:
        words.append("[OPTIONS]")
    for param in entry.command.params:
        if param.param_type_name == "argument" and not param.hidden:
            shown = _metavar(param) + ("..." if param.nargs == -1 else "")
            words.append(shown if param.required else f"[{shown}]")
    if entry.children():
        words.append("COMMAND ...")
    return " ".join(words)


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name).upper().removesuffix("...")


def _spelling(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in param.opts)
    if param.secondary_opts:
        names += " / " + ", ".join(f"`{name}`" for name in param.secondary_opts)
    if getattr(param, "is_flag", False) or getattr(param, "count", False):
        return names
    if param.metavar:
        return f"{names} `{param.metavar}`"
    return f"{names} " + (_choices(param) or f"`{_TYPES.get(_kind(param), 'TEXT')}`")


def _kind(param: Any) -> Any:
    """The Python type of one value."""
    kind = param.type_descriptor.annotation
    return typing.get_args(kind)[0] if typing.get_origin(kind) in {list, tuple} else kind


def _choices(param: Any) -> str:
    """The values of an enum or a Literal, or nothing."""
    kind = _kind(param)
    values = list(kind) if isinstance(kind, enum.EnumType) else typing.get_args(kind)
    return " or ".join(f"`{_plain(value)}`" for value in values)


def _meaning(param: Any) -> str:
    notes = [_cell(_plain(param.help or ""))]
    if param.param_type_name == "argument" and _choices(param):
        notes.append(f"{_choices(param)}.")
    if param.required and param.param_type_name == "option":
        notes.append("Required.")
    if getattr(param, "multiple", False):
        notes.append("May be given several times.")
    if param.envvar:
        names = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar)
        notes.append("Environment: " + ", ".join(f"`{name}`" for name in names) + ".")
    return " ".join(note for note in notes if note)


def _default(param: Any) -> str:
    """The default in words. A default that is worked out at run time shows only the text given for it."""
    shown = getattr(param, "show_default", None)
    if isinstance(shown, str):
        return _cell(shown)
    default = param.default
    if shown is False or default is None or default is False or callable(default):
        return ""
    if default is True and param.secondary_opts:
        return f"`{param.opts[0]}`"
    if isinstance(default, list | tuple):
        return ", ".join(f"`{_plain(item)}`" for item in default)
    text = _plain(default)
    return f"`{text}`" if text and not text.startswith("Sentinel") else ""


def _plain(value: object) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)


def _summary(command: Any) -> str:
    return _cell(_help(command).split("\n\n")[0])


def _help(command: Any) -> str:
    """The text of a command, as Markdown: what follows a form feed is for readers of the code."""
    return inspect.cleandoc((command.help or "").split("\f")[0]).replace("\b\n", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """One Markdown table in a list, or an empty list when there are no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return []
    return ["\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines])]


def main() -> int:
    """Write every page whose source exists."""
    for name, page in PAGES.items():
        path = ROOT / name
        try:
            text = page()
        except Unavailable as missing:
            print(f"{name}: not written: {missing}")
            continue
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
