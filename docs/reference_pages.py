"""The reference, written from the code: commands, explorations' files, strategies, metrics, the store."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

NOTE = "<!-- Written by `python docs/make.py reference`; do not edit. -->"


def all_pages() -> dict[str, str]:
    """Text of every page by its file's name."""
    made = {
        "commands.md": commands(),
        "explorations.md": explorations(),
        "strategies.md": strategies(),
        "metrics.md": metrics(),
        "store.md": store(),
    }
    return {name: f"{text.rstrip()}\n" for name, text in made.items()}


def commands() -> str:
    """Every command with its arguments and options, as `--help` has them."""
    import typer.main

    from agent.cli import commands as registered  # noqa: F401 - registers them
    from agent.cli.app import app

    lines = ["# Commands", "", NOTE, ""]
    root = typer.main.get_command(app)
    for path, command in _walk(root, "setpoint"):
        lines += [f"## `{path}`", "", *_prose(command.help or ""), ""]
        rows = [_parameter(one) for one in command.params if not getattr(one, "hidden", False)]
        rows = [row for row in rows if row[0] != "`--help`"]
        if rows:
            lines += _table(("argument or option", "meaning", "default"), rows)
    return "\n".join(lines)


def _walk(command: Any, path: str) -> Iterable[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from _walk(child, f"{path} {name}")


def _parameter(one: Any) -> tuple[str, str, str]:
    is_argument = one.param_type_name == "argument"
    names = one.name.upper() if is_argument else ", ".join((*one.opts, *one.secondary_opts))
    default = one.default
    shown = "" if default in (None, False) or callable(default) or one.required else f"`{default}`"
    meaning = one.help or ""
    if choices := _choices(one):
        meaning += f" ({', '.join(choices)})"
    return f"`{names}`", meaning, "required" if one.required else shown


def _choices(one: Any) -> list[str]:
    """Words that a parameter takes. Newer versions of typer keep its Python type, older ones click's."""
    kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    found = getattr(getattr(one, "type", None), "choices", None) or ()
    return [str(getattr(choice, "value", choice)) for choice in found]


def explorations() -> str:
    """Every key of an exploration's file."""
    from blocks.exploration import ExplorationSpec
    from sim.folders import FolderSettings
    from sim.networks.settings import DataSettings
    from sim.reaction.settings import FoundationSettings

    lines = ["# An exploration's file", "", NOTE, ""]
    lines += ["A YAML file; `setpoint launch FILE` launches it. Unknown keys are refused.", ""]
    parts = (
        ("Top level", ExplorationSpec, ""),
        ("`data:` of a simulated network", DataSettings, ""),
        ("`data:` of a folder", FolderSettings, ""),
        ("`foundation:`", FoundationSettings, ""),
    )
    for title, model, _ in parts:
        schema = model.model_json_schema()
        lines += [f"## {title}", "", *_prose(schema.get("description", "")), "", *_schema(schema, schema)]
        for name, part in sorted(schema.get("$defs", {}).items()):
            if "properties" in part:
                heading = [f"### {_spaced(name)}", "", *_prose(part.get("description", "")), ""]
                lines += [*heading, *_schema(part, schema)]
    lines += ["## Hyperparameters of a slot", "", *_hyperparameters()]
    return "\n".join(lines)


def _hyperparameters() -> list[str]:
    from sim.training.hyperparameters import Hyperparameters

    schema = Hyperparameters.model_json_schema()
    return _schema(schema, schema)


def _schema(part: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    required = set(part.get("required", ()))
    rows = []
    for name, one in part.get("properties", {}).items():
        default = "required" if name in required else _default(one)
        rows.append((f"`{name}`", _kind(one, root), one.get("description", ""), default))
    return _table(("key", "value", "meaning", "default"), rows) if rows else []


def _default(one: Mapping[str, Any]) -> str:
    default = one.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _kind(one: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        target = root["$defs"][name]
        return _kind(target, root) if "properties" not in target else _spaced(name)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in one:
            kinds = [_kind(each, root) for each in one[key] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    kind = str(one.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(one['items'], root)}" if isinstance(one.get("items"), dict) else "list"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {one[key]:g}" for key, sign in bounds.items() if key in one]
    words = {"integer": "whole number", "string": "text", "object": "mapping", "boolean": "true or false"}
    return " ".join((words.get(kind, kind), ", ".join(limits))).strip()


def strategies() -> str:
    """Every training strategy of the catalog with its options."""
    from sim.strategies.registry import catalog

    lines = ["# Strategies", "", NOTE, ""]
    lines += ["What each is for, and when: [strategies](../strategies.md).", ""]
    for name, strategy in catalog().items():
        lines += [f"## `{name}`", "", f"{strategy.summary[0].upper()}{strategy.summary[1:]}.", ""]
        traits = {
            "supplies a loss of its own": strategy.supplies_loss,
            "rolls out": strategy.rolls_out,
            "needs a rollout beside it": strategy.needs_rollout,
            "changes the reaction model": strategy.refines,
        }
        if said := [text for text, holds in traits.items() if holds]:
            lines += [f"It {', and '.join(said)}.", ""]
        lines += [f"Reference: {strategy.reference}.", ""]
        schema = strategy.Options.model_json_schema()
        lines += [row.replace("| `", f"| `{name}.", 1) for row in _schema(schema, schema)]
    return "\n".join(lines)


def metrics() -> str:
    """Every metric of the first science, for two types."""
    from sim.evaluation.registry import metric_infos

    rows = [
        (
            f"`{name}`",
            info.label or name,
            info.meaning,
            "higher" if info.direction == "maximize" else "lower",
            "" if info.target is None else f"{info.target:g}",
            "yes" if info.needs_labels else "no",
        )
        for name, info in metric_infos(2).items()
    ]
    head = ("name", "in tables", "meaning", "better", "perfect", "reads truth")
    return "\n".join(["# Metrics", "", NOTE, "", "For data with two types.", "", *_table(head, rows)])


def store() -> str:
    """The tables of the store, and the columns of the view for people."""
    import memory.store  # noqa: F401 - so that all tables are there, those of guidance as well
    from memory.schema import Base
    from memory.wide import COLUMNS

    lines = ["# The store", "", NOTE, ""]
    lines += [
        "`setpoint.db` in the workspace is plain SQLite. The view `runs_wide` has a row per run:",
        "",
        *_table(("column", "meaning"), [(f"`{name}`", one.meaning) for name, one in COLUMNS.items()]),
        "Beside these it has a column for every hyperparameter under its plain name, and for every metric",
        "two: its median over replicates, and its standard deviation with `_sd` behind the name. A dotted",
        "name is offered with `_` as well: `amplification_gain`.",
        "",
        "```console",
        '$ setpoint sql "SELECT role, count(*) AS runs FROM runs_wide GROUP BY role"',
        "```",
        "",
    ]
    for table in Base.metadata.sorted_tables:
        owner = next(m.class_ for m in Base.registry.mappers if m.local_table is table)
        rows = [(f"`{column.name}`", str(column.type).lower()) for column in table.columns]
        lines += [
            f"## `{table.name}`",
            "",
            *_prose(owner.__doc__ or ""),
            "",
            *_table(("column", "type"), rows),
        ]
    return "\n".join(lines)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' for _ in head)}|"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return [*lines, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Spec")).lower()
