"""The page of the documentation: everything is on it, and nothing of it comes from elsewhere."""

import re

import httpx

from gateway.api.docs_page import page_of
from tests.support.api_server import ApiServer

HOSTILE = {
    "info": {"title": "<b>", "version": "1", "description": "<script>alert(1)</script>"},
    "paths": {'/x/"><img src=x>': {"get": {"summary": "<i>", "description": "`<u>`", "tags": ["<t>"], "responses": {
        "200": {"description": "<s>", "content": {}}}}}},
    "components": {"schemas": {}},
}  # fmt: skip


def test_it_shows_every_route_with_who_may_and_a_command(server: ApiServer, client: httpx.Client) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    for path, methods in server.app.openapi()["paths"].items():
        assert path in page
        for operation in methods.values():
            assert operation.get("x-permission", "") in page
    assert page.count("curl ") == sum(len(methods) for methods in server.app.openapi()["paths"].values())
    assert "dead_letters.purge</code> for the whole city" in page


def test_it_works_without_scripts_and_without_a_net(client: httpx.Client) -> None:
    answer = client.get("/docs")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert re.findall(r'(?:src|href)="([^#"]+)"', answer.text) == ["openapi.json", "asyncapi.json"]


def test_what_is_written_in_the_document_stays_text() -> None:
    page = page_of(HOSTILE)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<u>" not in page
    assert "&lt;script&gt;" in page
