"""What holds for all tests: threads, bytecode, and time."""

import os

from hypothesis import settings

# Before numpy and torch are loaded: on such small kernels a second thread only gets in the way.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# The commands that tests start by the hundred need not compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No test depends on how long anything takes: machines are busy.
settings.register_profile("setpoint", deadline=None)
settings.load_profile("setpoint")
