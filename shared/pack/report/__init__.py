"""The report: a run's pack as one HTML file that people look at before they read. Pure: texts in, a page out.

May use formats and what the rooms below pack offer; `shared/checks/` renders it in its child process, because
documents are untrusted and rendering them takes seconds. Loaded where a run ends, not when functions are indexed.
"""

from shared.pack.report.page import ReportInput, policy_of, render_brief, render_report

__all__ = ["ReportInput", "policy_of", "render_brief", "render_report"]
