"""The guard: nobody reads the answer key while training.

Layer 1 (`fence_off`) keeps it out of reach of the process; layer 2 (`check_paths`) reads the code
before it runs.
"""

from agent.guard.absence import EXIT_LEAK, Fence, FileId, fence_off, read_leak, seal_permissions
from agent.guard.findings import FileReport, Finding, GuardReport, Verdict
from agent.guard.render import to_json, to_text
from agent.guard.sarif import to_sarif
from agent.guard.static import check_paths, check_source

__all__ = [
    "EXIT_LEAK",
    "Fence",
    "FileId",
    "FileReport",
    "Finding",
    "GuardReport",
    "Verdict",
    "check_paths",
    "check_source",
    "fence_off",
    "read_leak",
    "seal_permissions",
    "to_json",
    "to_sarif",
    "to_text",
]
