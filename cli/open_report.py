"""The `open` command: downloads a run's report and opens it in the browser. Writes below one folder."""

import json
import webbrowser
from functools import partial
from pathlib import Path

from cli.api import DesignApi
from cli.design import POLLING
from cli.download import Saved, path_below, save
from cli.errors import BadUsage
from cli.follow import with_retries

REPORT = "report.html"


def download_report(api: DesignApi, run_id: str, folder: Path) -> Saved:
    """The report of a run, where `run` would have put it; BadUsage where the run has none."""
    run = api.run(run_id)
    file = next((file for file in run.files if file.path.endswith(f"/{REPORT}")), None)
    if file is None:
        why = "it is of an older version" if run.ended else f"it is {run.status}; a report is written at its end"
        raise BadUsage(f"Run {run_id} has no report: {why}.")
    return with_retries(partial(save, file, path_below(folder, file.path), api.chunks), _silent, POLLING)


def open_in_browser(saved: Saved) -> bool:
    """Open the report in the browser; whether there is one."""
    return webbrowser.open(saved.path.resolve().as_uri())


def as_json(saved: Saved) -> str:
    """Where the report lies."""
    return json.dumps({"report": str(saved.path.resolve()), "size": saved.file.size})


def _silent(_: str) -> None:
    """Retries of one small file are nobody's concern; the last failure is told."""
