"""What the API offers, read out of its OpenAPI description, so that the list cannot drift from the code."""

from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI

METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    text: str


def operations(app: FastAPI) -> dict[str, list[Operation]]:
    """Return the operations by their first tag, in the order in which the application has them."""
    groups: dict[str, list[Operation]] = {}
    for path, item in app.openapi().get("paths", {}).items():
        for method in METHODS:
            if (one := item.get(method)) is None:
                continue
            tag = (one.get("tags") or ["other"])[0]
            text = one.get("description") or one.get("summary") or ""
            groups.setdefault(tag, []).append(
                Operation(method.upper(), path, text.partition("\n\n")[0].replace("`", ""))
            )
    return groups
