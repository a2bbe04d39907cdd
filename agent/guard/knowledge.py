"""What is known of a module so far: what its objects hold, what was put where unseen, and what was found.

Knowledge only grows: a value joins what was known of the same name, and findings stay. A module is read again
until nothing is new.
"""

import ast

from agent.guard.columns import Outcome, leak
from agent.guard.contents import frames_in
from agent.guard.engine import Scope
from agent.guard.findings import Finding, Verdict
from agent.guard.locating import finding_at
from agent.guard.modules import Module
from agent.guard.refused import FILE, Refusal
from agent.guard.values import COMPUTED, UNKNOWN, Label, Value, join


class Knowledge:
    """The part of the interpreter that remembers; its methods are those of `Engine`."""

    def __init__(self) -> None:
        self.attributes: dict[tuple[str, str], Value] = {}  # by class and name
        self.spilled: Value = UNKNOWN  # all that was put into containers behind other names
        self.found: dict[tuple[str, int, int, Verdict], Finding] = {}
        self.module: Module = Module("", "", ast.Module([], []), [])
        self._version = 0  # grows when something becomes known
        self._muted = False

    def remember(self, owner: str, name: str, value: Value) -> None:
        before = self.attributes.get((owner, name))
        self.attributes[owner, name] = value if before is None else join([before, value])
        if self.attributes[owner, name] != before:
            self.changed()

    def spill(self, value: Value) -> None:
        before = self.spilled
        self.spilled = join([before, value])
        if self.spilled != before:
            self.changed()

    def changed(self) -> None:
        self._version += 1

    def widen(self, scope: Scope, name: str, value: Value) -> None:
        if scope.widen(name, value):
            self.changed()

    def report(self, node: ast.AST, outcome: Outcome, trail: tuple[str, ...] = ()) -> None:
        if outcome.verdict is Verdict.CLEAN or self._muted:
            return
        made = finding_at(node, outcome, trail, path=self.module.path, lines=self.module.lines)
        self.found.setdefault((made.path, made.line, made.column, made.verdict), made)

    def refuse(self, node: ast.AST, refusal: Refusal) -> None:
        if refusal is FILE and self.module.may_read_files:
            return
        self.report(node, Outcome(COMPUTED, refusal.verdict, refusal.what, refusal.remedy))

    def consume(self, value: Value, node: ast.AST, what: str) -> None:
        for found in frames_in(value):
            if isinstance(found, Label) or found.holds_label:
                self.report(node, leak(what), found.trail)
