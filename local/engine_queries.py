"""Queries of many orchestrations, as the Azure Storage backend answers them. Pure.

Azure Tables gives instances in the order of their ids, at most 1,000 in a page, and goes on behind the last one: what
is purged between two pages moves nothing.
"""

import base64
import bisect
from collections.abc import Mapping
from datetime import UTC

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance
from google.protobuf import wrappers_pb2

LARGEST_PAGE = 1_000
NEVER_SET = "null"
"""The custom status of an orchestration that has set none."""


def page_of(
    instances: Mapping[str, OrchestrationInstance], query: pb.InstanceQuery
) -> tuple[list[OrchestrationInstance], wrappers_pb2.StringValue | None]:
    """The instances of one page, and where the next one begins; None behind the last."""
    names = sorted(instances)
    last = base64.b64decode(query.continuationToken.value).decode()
    size, found = query.maxInstanceCount or len(names), list[OrchestrationInstance]()
    for name in names[bisect.bisect_right(names, last) if last else 0 :]:
        if not _matches(instances[name], query):
            continue
        if len(found) == size:
            token = base64.b64encode(found[-1].instance_id.encode()).decode()
            return found, wrappers_pb2.StringValue(value=token)
        found.append(instances[name])
    return found, None


def _matches(instance: OrchestrationInstance, query: pb.InstanceQuery) -> bool:
    if query.runtimeStatus and instance.status not in query.runtimeStatus:
        return False
    if query.HasField("createdTimeFrom") and instance.created_at < query.createdTimeFrom.ToDatetime(UTC):
        return False
    if query.HasField("createdTimeTo") and instance.created_at >= query.createdTimeTo.ToDatetime(UTC):
        return False
    return instance.instance_id.startswith(query.instanceIdPrefix.value)
