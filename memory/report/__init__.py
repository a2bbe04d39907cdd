"""The report: everything of an exploration in one HTML file that opens offline."""

from memory.report.page import render_report
from memory.report.view import ReportView

__all__ = ["ReportView", "render_report"]
