"""What a launch looks like: live in a terminal, plain lines anywhere else."""

from agent.display.live import LiveDisplay
from agent.display.plain import PlainDisplay

__all__ = ["LiveDisplay", "PlainDisplay"]
