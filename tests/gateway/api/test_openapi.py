"""The OpenAPI document: whatever fits it is answered as it says, and never by a failure of the server."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api.models.base import Document, Question
from gateway.api.openapi import rules_of
from tests.support.api_routes import WHO_MAY
from tests.support.api_server import ApiServer

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
]  # fmt: skip
MOST = 12
"""Examples of each route: some seconds of all of them."""
NOT_TRIED = {
    "GET /api/v1/live", "WS /api/v1/live/ws",  # without end
    "GET /api/v1/docs", "GET /api/v1/openapi.json", "GET /api/v1/asyncapi.json",  # not in the document
    "HEAD /health/live", "HEAD /health/ready",
}  # fmt: skip


@pytest.fixture(scope="module")
def api_schema(own_server: ApiServer) -> Any:
    return schemathesis.openapi.from_url(f"{own_server.address}/api/v1/openapi.json", timeout=90)


@pytest.mark.parametrize("route", [each for each in WHO_MAY if each not in NOT_TRIED])
def test_answers_are_as_the_document_says(api_schema: Any, own_server: ApiServer, route: str) -> None:
    method, path = route.split()
    operation = api_schema[path.replace(":path}", "}")][method]
    headers = {"Authorization": f"Bearer {own_server.token()}"}

    @settings(
        max_examples=MOST, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def tried(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    tried()


def test_every_route_says_what_it_is_and_what_comes_of_it(server: ApiServer) -> None:
    document = server.app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            what = f"{method} {path}"
            assert operation["summary"], what
            assert operation["description"], what
            (good,) = [status for status in operation["responses"] if status.startswith("2")]
            content = operation["responses"][good].get("content", {})
            documents = [each for kind, each in content.items() if kind.endswith("json")]
            assert all(each.get("schema") for each in documents), what


def test_the_document_says_who_may(server: ApiServer) -> None:
    paths = server.app.openapi()["paths"]
    assert paths["/api/v1/alarms/acts"]["post"]["x-permission"] == "alarms.act"
    assert paths["/api/v1/dead-letters/purge"]["post"]["x-whole-city"] is True
    assert paths["/health/live"]["get"]["security"] == []
    described = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    served = {f"{rule.method} {rule.path.replace(':path}', '}')}" for rule in rules_of(server.app)}
    assert served - described == NOT_TRIED - {"GET /api/v1/live"}


def test_examples_fit_their_models(server: ApiServer) -> None:
    found = 0
    for name, each in server.app.openapi()["components"]["schemas"].items():
        for shown in each.get("examples", []):
            model = MODELS[name]
            model.model_validate(shown, extra="forbid")
            found += 1
    assert found > 40


def _models(base: type[BaseModel]) -> dict[str, type[BaseModel]]:
    out = dict[str, type[BaseModel]]()
    for each in base.__subclasses__():
        out |= {each.__name__: each} | _models(each)
    return out


MODELS = _models(Document) | _models(Question)
