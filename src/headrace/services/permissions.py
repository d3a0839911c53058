"""Who may do what: the check that every call passes. Until accounts come there is one policy, all rights for whoever got in."""

from collections.abc import Iterable
from typing import Any

import msgspec

from headrace.api.endpoint import Endpoint, Need, Resource
from headrace.base.errors import PermissionDenied
from headrace.services.context import Actor, Context


class AllRights:
    """Everyone who got in may do everything: the token at the door is the only border."""

    def grants_all(self, actor: Actor) -> bool:  # noqa: ARG002 - the interface's
        """See `headrace.services.context.Policy.grants_all`."""
        return True

    def permits(self, context: Context, need: Need, target: str) -> bool:  # noqa: ARG002 - the interface's
        """See `headrace.services.context.Policy.permits`."""
        return True


def permit(context: Context, endpoint: Endpoint[Any, Any], request: msgspec.Struct) -> None:
    """Check all permissions that a call needs, on every thing that it refers to.

    Raises:
        PermissionDenied: one is missing.
    """
    policy = context.platform.policy
    if policy.grants_all(context.actor):
        return
    for need in endpoint.needs:
        if need.resource is Resource.ARTIFACT:  # headrace.services.artifacts asks for the owners of the path
            continue
        for target in targets(request, need.field):
            if not policy.permits(context, need, target):
                raise PermissionDenied(
                    f"{context.actor.name} lacks the permission {need.permission.name} on {need.resource.value} {target}".rstrip()
                    + f", which {endpoint.name} needs. Ask an administrator of this server."
                )


def targets(request: Any, field: str) -> list[str]:
    """Return the ids that a need's field holds; one empty id for a need on the server itself."""
    if not field:
        return [""]
    found: Iterable[Any] = [request]
    for name in field.split("."):
        found = [inner for each in found for inner in _listed(getattr(each, name))]
    return list(dict.fromkeys(found))


def _listed(value: Any) -> list[Any]:
    if value is msgspec.UNSET or value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
