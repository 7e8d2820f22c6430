"""Nobody is sent to another site."""

import pytest

from gateway.console.addresses import inside


@pytest.mark.parametrize("address", ["/", "/alarms", "/asset?id=a%2Fb"])
def test_places_of_this_site_stand(address: str) -> None:
    assert inside(address) == address


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "http://[", "/a\nb"],
)
def test_others_become_the_first_page(address: str) -> None:
    assert inside(address) == "/"
