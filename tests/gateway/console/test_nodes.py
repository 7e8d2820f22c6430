"""Nodes: texts and attributes as lists; addresses with whatever somebody called a device."""

from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.console.nodes import act, el, link, path, slot


def test_classes_and_attributes() -> None:
    made = el("td.num.wide", "12.5", None, "", aria_label="speed", class_="x", title=None, hidden=False)
    assert made == ["td", {"aria-label": "speed", "class": "num wide"}, "12.5"]


@pytest.mark.parametrize("name", ["a/b?c=d&e#f", "<script>", "../..", "名 字", "\u202eevil", "%2e"])
def test_an_address_brings_a_name_back_whole(name: str) -> None:
    made = urlsplit(path("/asset", id=name))
    assert made.path == "/asset"
    assert not made.netloc
    assert parse_qs(made.query) == {"id": [name]}


def test_links_and_acts() -> None:
    assert link("x", "/asset", {"id": "a b"})[1]["href"] == "/asset?id=a+b"
    assert act("Ack", "ack", "1f")[1] == {"type": "button", "data-act": "ack", "data-key": "1f"}


def test_a_slot_says_where_its_nodes_go() -> None:
    assert slot("rows", "tbody", hold=True) == ["@rows", {"tag": "tbody", "hold": True}]
