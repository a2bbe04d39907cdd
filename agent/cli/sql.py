"""`setpoint sql`: anything else that one may want to know of the store."""

import sys
from typing import Annotated, Any

import typer

from agent.cli.facts import is_bold
from agent.cli.options import DEFAULT_WORKSPACE, Format, WorkspaceOption, print_records
from agent.cli.tables import Column, lines
from blocks.slot import show_value


def sql(
    question: Annotated[str, typer.Argument(help="One SELECT; `-` reads it from stdin.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
) -> None:
    """Ask the store in SQL. Nothing can be written: the database itself refuses.

    Examples: `setpoint sql "SELECT name FROM sqlite_master"`,
    `setpoint sql "SELECT role, count(*) FROM runs_wide GROUP BY role" --format csv`.
    """
    from memory.asking import Reader
    from memory.sql import ask_sql
    from memory.workspace import Workspace

    place = Workspace(workspace)
    Reader.open(place).close()  # an older store is brought to this version first
    answer = ask_sql(place, sys.stdin.read() if question == "-" else question)
    if form is not Format.TABLE:
        print_records(answer.columns, answer.rows, form)
        return
    columns = [
        Column(
            name,
            [_cell(row[i]) for row in answer.rows],
            is_text=any(isinstance(r[i], str) for r in answer.rows),
        )
        for i, name in enumerate(answer.columns)
    ]
    for line in lines(columns, bold=is_bold()):
        typer.echo(line)
    typer.echo(f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}", err=True)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return show_value(value) if isinstance(value, float) else " ".join(str(value).split())
