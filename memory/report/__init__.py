"""The report: everything of an exploration in one HTML file that opens offline."""

from memory.report.page import ReportView, render_report

__all__ = ["ReportView", "render_report"]
