"""Azure DevOps' REST interface as far as a step needs it: what was built last, and the comment on a pull request.

Version 7.0, which Azure DevOps Services and Server 2022 speak. Errors never hold the job's token.
"""

import re
from urllib.parse import quote

import httpx2

from cli.errors import BadAnswer, Refused, Unreachable
from cli.pipeline.agent import Agent
from cli.records import Json, rows, table, words

VERSION = "7.0"
TIMEOUT = httpx2.Timeout(30.0)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SIGN_IN = "Map SYSTEM_ACCESSTOKEN: $(System.AccessToken) into the step's environment."


class Collection:
    """One project of a collection (an organization), as the job's own identity may see it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._base = f"{agent.collection}/{quote(agent.project, safe='')}/_apis"

    def last_built(self) -> str | None:
        """The commit of the newest good build of this pipeline on this branch; None where there is none."""
        query = {
            "definitions": self._agent.definition,
            "branchName": self._agent.branch,
            "resultFilter": "succeeded,partiallySucceeded",
            "statusFilter": "completed",
            "queryOrder": "finishTimeDescending",
            "$top": "1",
        }
        builds = rows(self._ask("GET", "/build/builds", query=query), "value")
        commit = (words(builds[0].get("sourceVersion")) or "") if builds else ""
        return commit if _COMMIT.fullmatch(commit) else None

    def tell_pull_request(self, marker: str, body: str, *, settled: bool) -> bool:
        """Have one comment that begins with `marker` say `body`; True where it was written anew.

        Its thread is active until the design is settled, so that a branch policy on comments can ask for that.
        """
        status = "closed" if settled else "active"
        content = f"{marker}\n{body}"
        for thread in rows(self._ask("GET", self._threads), "value"):
            first = next(iter(rows(thread, "comments")), None)
            if first is None or thread.get("isDeleted") is True or first.get("isDeleted") is True:
                continue
            if (words(first.get("content")) or "").startswith(marker):
                place = f"{self._threads}/{thread['id']}"
                self._ask("PATCH", f"{place}/comments/{first['id']}", {"content": content})
                if thread.get("status") != status:
                    self._ask("PATCH", place, {"status": status})
                return False
        comment = {"parentCommentId": 0, "content": content, "commentType": "text"}
        self._ask("POST", self._threads, {"comments": [comment], "status": status})
        return True

    @property
    def _threads(self) -> str:
        repository, pull = quote(self._agent.repository, safe=""), quote(self._agent.pull_request or "", safe="")
        return f"/git/repositories/{repository}/pullRequests/{pull}/threads"

    def _ask(self, method: str, path: str, body: Json | None = None, query: dict[str, str] | None = None) -> Json:
        url = self._base + path
        params = {"api-version": VERSION, **(query or {})}
        headers = {"Authorization": f"Bearer {self._agent.token}", "Accept": "application/json"}
        try:
            answer = httpx2.request(method, url, params=params, json=body, headers=headers, timeout=TIMEOUT)
        except httpx2.HTTPError as error:
            raise Unreachable(f"could not reach {self._agent.collection} ({type(error).__name__})") from None
        # A token that is not taken leads to the sign-in page: 302, or 203 with the page itself.
        if answer.status_code in (203, 301, 302, 401, 403):
            raise Refused(answer.status_code, f"Azure DevOps refuses {method} {path}", _said(answer), SIGN_IN)
        if not answer.is_success:
            raise Refused(answer.status_code, f"Azure DevOps answered {answer.status_code}", _said(answer))
        try:
            return table({"answer": answer.json()}, "answer")
        except ValueError:
            raise BadAnswer(f"{self._agent.collection} answered {method} {path} without JSON") from None


def _said(answer: httpx2.Response) -> str:
    try:
        return words(table({"answer": answer.json()}, "answer").get("message")) or ""
    except (ValueError, BadAnswer):
        return ""
