"""Where a finding stands: the line, the column and the expression that a node of the syntax tree has."""

import ast
from collections.abc import Sequence

from agent.guard.columns import Outcome
from agent.guard.findings import Finding


def finding_at(
    node: ast.AST, outcome: Outcome, trail: tuple[str, ...], *, path: str, lines: Sequence[str]
) -> Finding:
    """What is said of a node, as people read it.

    Args:
        node: What uses the label, or may do so; without a place of its own it counts as the first line.
        outcome: What is said.
        trail: How the value got there, step by step.
        path: The file.
        lines: Its lines.
    """
    line = getattr(node, "lineno", 1)
    source = lines[line - 1] if line <= len(lines) else ""
    # Python counts bytes; people, and what underlines for them, count characters.
    column = len(source.encode()[: getattr(node, "col_offset", 0)].decode(errors="replace"))
    is_one_line = getattr(node, "end_lineno", line) == line
    end = len(source.encode()[: getattr(node, "end_col_offset", 0)].decode(errors="replace"))
    width = (end if is_one_line else len(source.rstrip())) - column
    return Finding(
        path=path,
        line=line,
        column=column + 1,
        verdict=outcome.verdict,
        expression=source[column : column + width],
        what=outcome.what,
        trail=trail,
        remedy=outcome.remedy,
        source=source,
        width=width,
    )
