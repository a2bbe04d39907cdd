"""Registers the commands, in the order in which a newcomer meets them; a science adds its own last."""

from agent.cli.app import app
from agent.cli.best import best
from agent.cli.close import close
from agent.cli.compare import compare
from agent.cli.explorations import explorations
from agent.cli.guard import guard
from agent.cli.launch import launch
from agent.cli.memory import memory
from agent.cli.plugins import add_plugins
from agent.cli.report import report
from agent.cli.rerun import rerun
from agent.cli.retract import retract
from agent.cli.runs import runs
from agent.cli.show import show
from agent.cli.sql import sql
from agent.cli.status import status
from agent.cli.tree import tree
from agent.cli.watch import watch

app.command()(launch)
app.command()(status)
app.command()(memory)
app.command()(runs)
app.command()(best)
app.command()(show)
app.command()(compare)
app.command()(tree)
app.command()(rerun)
app.command()(report)
app.command()(watch)
app.command()(sql)
app.command()(explorations)
app.command()(close)
app.command()(retract)
app.add_typer(guard, name="guard")
add_plugins(app)
