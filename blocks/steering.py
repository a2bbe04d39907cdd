"""What a human may ask, in words: a small grammar for `--steer` and for the notes of a working memory.

    fix time_step=32            every slot has this value
    only time_step=16, 32       no other value; `only rollout, clipping`: no other strategy
    keep lr_node_homeo < 0.01   also <=, >, >=, below, above, at most, at least, between A and B
    use residual                every slot has the strategy on
    avoid amplification         no slot has it on; `avoid time_step=64`: no slot has the value
    release time_step           lifts what was asked of it; `release #2`: lifts number 2

Several, with `;` between them. A text that begins with none of these verbs is a note, as is one that begins
with `note:`; a text that does, and cannot be read, is an error that says why.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from blocks.base import Value
from blocks.constraints import Constraint, Relation
from blocks.errors import SpecError
from blocks.vocabulary import Vocabulary, read_value

VERBS = ("fix", "only", "keep", "use", "avoid", "release")

GRAMMAR = "fix NAME=VALUE, only NAME=A, B, keep NAME < VALUE, use STRATEGY, avoid STRATEGY, release NAME"

_WORDS: dict[str, Relation] = {
    "below": "<",
    "under": "<",
    "less than": "<",
    "at most": "<=",
    "above": ">",
    "over": ">",
    "more than": ">",
    "at least": ">=",
    "<=": "<=",
    ">=": ">=",
    "<": "<",
    ">": ">",
    "≤": "<=",
    "≥": ">=",
}
_RELATION = re.compile(
    r"\s*(" + "|".join(rf"\b{re.escape(word)}\b" if word.isalpha() or " " in word else re.escape(word)
                       for word in sorted(_WORDS, key=len, reverse=True)) + r")\s*"
)  # fmt: skip
_BETWEEN = re.compile(r"\s+(?:between|in|within)\s+(\S+)\s*(?:\.\.|and|to)\s*(\S+)\s*$")
_ASSIGN = re.compile(r"\s*(?:=|:|\bto\b|\bat\b|\bin\b|\s)\s*")
_LIST = re.compile(r"\s*(?:,|\bor\b|\band\b)\s*")


class Release(NamedTuple):
    """What is to be lifted: everything about a name, or one number."""

    subject: str | None
    number: int | None


Instruction = Constraint | Release


def is_instruction(text: str) -> bool:
    """Whether a text begins as an instruction does; anything else is a note."""
    head = bare_line(text).split(maxsplit=1)
    return len(head) == 2 and head[0].lower() in VERBS


def read_instructions(text: str, words: Vocabulary) -> list[Instruction]:
    """The instructions of a line; none where it is a note.

    Args:
        text: One line.
        words: Names of the exploration.

    Raises:
        SpecError: It begins as an instruction and cannot be read: the part, why, and the nearest remedy.
    """
    if not is_instruction(text):
        return []
    return [one for part in bare_line(text).split(";") if part.strip() for one in _read(part.strip(), words)]


def bare_line(text: str) -> str:
    """A line without its bullet and its final stop."""
    return re.sub(r"^\s*(?:[-*+]|\d+\.)\s+", "", text).replace("`", "").strip().rstrip(".")


def _read(text: str, words: Vocabulary) -> list[Instruction]:
    verb, _, rest = text.partition(" ")
    readers: dict[str, Callable[[str, Vocabulary], list[Instruction]]] = {
        "fix": _fix,
        "only": _only,
        "keep": _keep,
        "use": _use,
        "avoid": _avoid,
        "release": _release,
    }
    reader = readers.get(verb.lower())
    if reader is None or not rest.strip():
        raise SpecError(
            f"steering {text!r}: must be one of: {GRAMMAR}; write `note: {text}` to keep it as a note"
        )
    try:
        return reader(rest.strip(), words)
    except SpecError as error:
        as_note = "" if "did you mean" in str(error) else f"; write `note: {text}` to keep it as a note"
        raise SpecError(f"steering {text!r}: {error}{as_note}") from error


def _fix(rest: str, words: Vocabulary) -> list[Instruction]:
    name, values = _assigned(rest, words)
    if len(values) != 1:
        raise SpecError(f"needs one value, as in `fix {name}=32`")
    return [_valued("only", name, values, words)]


def _only(rest: str, words: Vocabulary) -> list[Instruction]:
    listed = [words.resolve(part) for part in _LIST.split(rest.removeprefix("strategies "))]
    if all(name in words.strategies for name in listed):
        return [Constraint(kind="avoid", subject=name) for name in words.strategies if name not in listed]
    return [_valued("only", *_assigned(rest, words), words)]


def _keep(rest: str, words: Vocabulary) -> list[Instruction]:
    if between := _BETWEEN.search(rest):
        name = _hyperparameter(rest[: between.start()], words)
        low, high = (_number(name, text) for text in between.groups())
        if not low < high:
            raise SpecError(f"the range of {name} must rise, but got {low:g} .. {high:g}")
        return [_bound(name, ">=", low, words), _bound(name, "<=", high, words)]
    found = _RELATION.search(rest)
    if found is None:
        raise SpecError("needs a range, as in `keep lr < 0.01` or `keep lr between 1e-3 and 1e-2`")
    name = _hyperparameter(rest[: found.start()], words)
    return [_bound(name, _WORDS[found[1]], _number(name, rest[found.end() :]), words)]


def _use(rest: str, words: Vocabulary) -> list[Instruction]:
    return [Constraint(kind="use", subject=_strategy(part, words)) for part in _LIST.split(rest)]


def _avoid(rest: str, words: Vocabulary) -> list[Instruction]:
    parts = [words.resolve(part) for part in _LIST.split(rest)]
    strategies = [name for name in parts if name in words.strategies]
    if len(strategies) == len(parts):
        return [Constraint(kind="avoid", subject=str(name)) for name in parts]
    if re.search(r"[=:\s]", rest) and words.resolve(rest) is None:
        return [_valued("exclude", *_assigned(rest, words), words)]
    return [Constraint(kind="avoid", subject=_strategy(rest, words))]


def _release(rest: str, words: Vocabulary) -> list[Instruction]:
    if re.fullmatch(r"#?\d+", rest):
        return [Release(None, int(rest.removeprefix("#")))]
    name = words.resolve(rest)
    if name is None:
        raise SpecError(
            f"{rest} is no hyperparameter or strategy of {words.spec.name}; {words.nearest(rest)}"
        )
    return [Release(name, None)]


def _assigned(rest: str, words: Vocabulary) -> tuple[str, tuple[Value, ...]]:
    """A name and the values after it."""
    for mention in words.mentions(rest):
        after = _ASSIGN.match(rest, mention.end)
        if mention.start == 0 and after and rest[after.end() :].strip():
            name = _hyperparameter(mention.name, words)
            return name, tuple(read_value(part) for part in _LIST.split(rest[after.end() :]) if part.strip())
    head = re.split(r"[=:\s]", rest, maxsplit=1)[0]
    name = _hyperparameter(head, words)
    raise SpecError(f"needs a value, as in `fix {name}=32`")


def _valued(kind: str, name: str, values: tuple[Value, ...], words: Vocabulary) -> Constraint:
    if name in words.spec.space:
        parameter = words.spec.space[name]
        values = tuple(_fitting(value, parameter.contains) for value in values)
        for value in values:
            if not parameter.contains(value):
                raise SpecError(f"{name} must be {parameter.allowed}, but got {value}")
    return Constraint.model_validate({"kind": kind, "subject": name, "values": values})


def _fitting(value: Value, contains: Callable[[Value], bool]) -> Value:
    """10 where the space has 10, 10.0 where it has 10.0."""
    if contains(value) or isinstance(value, bool | str):
        return value
    other: Value = int(value) if isinstance(value, float) and value.is_integer() else float(value)
    return other if contains(other) else value


def _bound(name: str, relation: Relation, limit: float, words: Vocabulary) -> Constraint:
    if name in words.spec.space:
        parameter = words.spec.space[name]
        ends = [getattr(parameter, "values", None) or getattr(parameter, "choices", None) or ()][0]
        if any(isinstance(value, str) for value in ends):
            raise SpecError(f"{name} has no order, its values are {parameter.allowed}; use `only {name}=...`")
    return Constraint(kind="keep", subject=name, relation=relation, limit=limit)


def _number(name: str, text: str) -> float:
    value = read_value(text)
    if isinstance(value, bool | str):
        raise SpecError(f"the limit of {name} must be a number, but got {text.strip()!r}")
    return float(value)


def _hyperparameter(text: str, words: Vocabulary) -> str:
    name = words.resolve(text)
    if name is None:
        raise SpecError(f"{text.strip()} is no hyperparameter of {words.spec.name}; {words.nearest(text)}")
    if name not in words.hyperparameters:
        raise SpecError(f"{name} is a strategy, which has no value; try `use {name}` or `avoid {name}`")
    return name


def _strategy(text: str, words: Vocabulary) -> str:
    name = words.resolve(text)
    if name is None:
        raise SpecError(f"{text.strip()} is no strategy of {words.spec.name}; {words.nearest(text)}")
    if name not in words.strategies:
        raise SpecError(f"{name} is a hyperparameter; try `fix {name}=...` or `avoid {name}=...`")
    return name
