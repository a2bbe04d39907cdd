"""What the fork server imports after all that tasks need, and no other process: see agent.pool.

Everything that it holds is there in each of its children at no cost. It never runs a task itself.
"""

import gc
import runpy  # with it a child imports the script that the launch was started with

import pebble.concurrent.process

import agent.worker

__all__ = ["agent", "pebble", "runpy"]

# What is there stays. To search it for cycles would find none, in no child; and at its end the server would
# do so for half a second, while whoever reads what the launch prints waits: it holds an end of the same pipe.
gc.freeze()
