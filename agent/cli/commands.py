"""Registers the commands, in the order in which a newcomer meets them; a science adds its own last."""

from agent.cli import app
from agent.cli.explorations import explorations
from agent.cli.guard import guard
from agent.cli.launch import launch
from agent.cli.memory import memory
from agent.cli.plugins import add_plugins
from agent.cli.retract import retract
from agent.cli.runs import runs
from agent.cli.show import show

app.command()(launch)
app.command()(memory)
app.command()(runs)
app.command()(show)
app.command()(explorations)
app.command()(retract)
app.add_typer(guard, name="guard")
add_plugins(app)
