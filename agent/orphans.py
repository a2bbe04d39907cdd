"""Processes that end with the one that started them, however it went: nobody would wait for their work."""

import multiprocessing
import os
import threading


def end_with_the_starter() -> None:
    """Ends this process when its starter is gone, so that no orphan works on after a SIGTERM or a kill -9."""
    starter = multiprocessing.parent_process()
    if starter is None:
        return

    def watch() -> None:
        # The starter holds the other end of a pipe: when it is gone, however it went, this returns.
        starter.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="orphan-check").start()
