"""The working memory as HTML, each run that it names leading to its row of the table."""

import re
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_EVIDENCE: Final = re.compile(r"\br(\d+)(?:-r(\d+))?\b")
_NAMED: Final = re.compile(r"\b([Rr]uns?) (\d+)\b")
_TAG: Final = re.compile(r"(<[^>]*>)")


def as_html(markdown: str, *, runs: frozenset[int]) -> Markup:
    """Renders markdown; raw HTML in it is shown as text.

    Args:
        markdown: A working memory.
        runs: Numbers that there are rows for; `r12`, `r1-r4` and `run 12` become links to them.
    """
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
            parts[place] = _linked(part, runs)
    return Markup("".join(parts))


def _linked(text: str, runs: frozenset[int]) -> str:
    def evidence(found: re.Match[str]) -> str:
        first = int(found[1])
        if first not in runs:
            return found[0]
        last = found[2]
        return _link(first, f"r{first}") + ("" if last is None else f"-{_link(int(last), f'r{last}')}")

    def named(found: re.Match[str]) -> str:
        number = int(found[2])
        return f"{found[1]} {_link(number, found[2])}" if number in runs else found[0]

    return _NAMED.sub(named, _EVIDENCE.sub(evidence, text))


def _link(number: int, text: str) -> str:
    return f'<a href="#run-{number}">{text}</a>'
