"""The working memory as HTML, each run, certificate and retraction that it names leading to its row."""

import re
from collections.abc import Set as AbstractSet
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_EVIDENCE: Final = re.compile(r"(?<![\w-])([rc]\d+)(?:-([rc]\d+))?(?![\w-])")
_NAMED: Final = re.compile(r"\b([Rr]uns?|[Rr]etractions?) (\d+(?:(?:-|, | and )\d+)*)\b")
_NUMBER: Final = re.compile(r"\d+")
_TAG: Final = re.compile(r"(<[^>]*>)")


def as_html(
    markdown: str,
    *,
    runs: AbstractSet[int],
    certificates: AbstractSet[str] = frozenset(),
    retractions: AbstractSet[int] = frozenset(),
) -> Markup:
    """Renders markdown; raw HTML in it is shown as text.

    Args:
        markdown: A working memory.
        runs: Numbers that there are rows for; `r12`, `r1-r4` and `run 12` become links to them.
        certificates: Those that there are rows for, as `c3`; `c1-c5` becomes links to both ends.
        retractions: Numbers that there are rows for; `retraction 2` becomes a link.
    """
    targets = {f"r{number}": f"run-{number}" for number in runs} | {name: name for name in certificates}
    targets |= {f"retraction {number}": f"retraction-{number}" for number in retractions}
    without_remarks = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    rendered = (
        MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(without_remarks)
    )
    parts = _TAG.split(str(rendered))
    inside_code = False
    for place, part in enumerate(parts):
        if part.startswith("<"):
            inside_code = part.startswith("<code") or (inside_code and not part.startswith("</code"))
        elif not inside_code:
            parts[place] = _linked(part, targets)
    return Markup("".join(parts))


def _linked(text: str, targets: dict[str, str]) -> str:
    def evidence(found: re.Match[str]) -> str:
        return "-".join(_link(targets.get(name), name) for name in found.groups() if name is not None)

    def named(found: re.Match[str]) -> str:
        kind = "r" if found[1].lower().startswith("run") else "retraction "
        linked = _NUMBER.sub(lambda one: _link(targets.get(f"{kind}{one[0]}"), one[0]), found[2])
        return f"{found[1]} {linked}"

    return _NAMED.sub(named, _EVIDENCE.sub(evidence, text))


def _link(target: str | None, text: str) -> str:
    return text if target is None else f'<a href="#{target}">{text}</a>'
