"""The OpenAPI document: what FastAPI makes of the routes, with who may ask, and the models that routes name by hand."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api.doors import Needs, permission_of
from gateway.api.gatekeeper import COOKIE
from gateway.api.models.base import Document, Question
from gateway.api.models.figures import FigureValues
from gateway.api.models.geo import FeatureCollection, RollupCollection
from gateway.api.models.readings import LatestValues, Readings
from gateway.api.problems import ProblemDetails

__all__ = ["Rule", "document_of", "rules_of"]

_NAMED_BY_HAND = (ProblemDetails, FeatureCollection, RollupCollection, FigureValues, LatestValues, Readings)
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "cl_...", "description": "`cityloom access create`."},
    "session": {
        "type": "apiKey", "in": "cookie", "name": COOKIE,
        "description": "Of a browser that signed in; what changes something also needs X-CSRF-Token.",
    },
}  # fmt: skip


class Rule(NamedTuple):
    """A route, and what it asks of whoever calls it."""

    path: str
    method: str
    """WS: a WebSocket."""
    needs: Needs | None
    """None: nobody has thought of it."""


def rules_of(app: FastAPI) -> Iterator[Rule]:
    """Every route of the application that FastAPI serves."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIWebSocketRoute):
            yield Rule(str(context.path), "WS", permission_of(context.dependant))
        elif isinstance(route, APIRoute):
            for method in sorted(context.methods or ()):
                yield Rule(str(context.path), method, permission_of(context.dependant))


def document_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = made.setdefault("components", {})
    _, schemas = models_json_schema(
        [(model, "serialization") for model in _NAMED_BY_HAND], ref_template="#/components/schemas/{model}"
    )
    components["schemas"] = dict(sorted((components.get("schemas", {}) | schemas["$defs"]).items()))
    _restore_examples(components["schemas"], Document)
    _restore_examples(components["schemas"], Question)
    components["securitySchemes"] = _SECURITY
    for rule in rules_of(app):
        operation = made["paths"].get(_plain(rule.path), {}).get(rule.method.lower())
        if operation is None or rule.needs is None:
            continue
        operation["security"] = [] if rule.needs.everybody else [{"token": []}, {"session": []}]
        if rule.needs.permission is not None:
            operation["x-permission"] = str(rule.needs.permission)
        if rule.needs.whole_city:
            operation["x-whole-city"] = True
    app.openapi_schema = made
    return made


def _restore_examples(schemas: dict[str, Any], base: type[BaseModel]) -> None:
    """FastAPI leaves out what is null, also in examples."""
    for model in base.__subclasses__():
        extra: Any = model.model_config.get("json_schema_extra") or {}
        if "examples" in extra and model.__name__ in schemas:
            schemas[model.__name__]["examples"] = extra["examples"]
        _restore_examples(schemas, model)


def _plain(path: str) -> str:
    """As OpenAPI has it: without the converters of path parameters."""
    return path.replace(":path}", "}")
