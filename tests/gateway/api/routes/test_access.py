"""Tokens, sessions of others and the audit log."""

import httpx
import pytest

from gateway.access.roles import Permission, Role
from tests.support.api_server import ApiServer


def test_a_token_is_shown_once_rotated_without_a_gap_and_revoked(own: httpx.Client) -> None:
    made = own.post(
        "/access/tokens", json={"name": "signals", "role": "viewer", "zones": ["tianhe"], "lifetime_days": 2}
    )
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token = made.json()
    assert token["text"].startswith(f"cl_{token['id']}_")
    assert token["text"] not in own.get("/access/tokens").text
    with httpx.Client(base_url=own.base_url, headers={"Authorization": f"Bearer {token['text']}"}) as holder:
        zones = holder.get("/session").json()["zones"]
        assert (zones[0], "dma-tianhe-1" in zones) == ("tianhe", True), "and what lies in it"
        new = own.post(f"/access/tokens/{token['id']}/rotate", json={"grace_hours": 1}).json()
        assert new["generation"] == 2
        assert holder.get("/devices").status_code == 200
        renewed = {"Authorization": f"Bearer {new['text']}"}
        assert holder.get("/devices", headers=renewed).status_code == 200
        assert own.delete(f"/access/tokens/{token['id']}").json()["state"] == "revoked"
        assert holder.get("/devices").status_code == 401
        assert holder.get("/devices", headers=renewed).status_code == 401
    listed = [each["id"] for each in own.get("/access/tokens").json()["tokens"]]
    assert token["id"] not in listed
    assert token["id"] in [each["id"] for each in own.get("/access/tokens?all=true").json()["tokens"]]
    done = {"what": token["id"], "outcome": "done"}
    acts = [each["act"] for each in own.get("/audit", params=done).json()["entries"]]
    assert acts == ["access.revoke", "access.rotate", "access.create"]


def test_nobody_gives_away_more_than_they_have(own_server: ApiServer, own: httpx.Client) -> None:
    some = [Permission.ACCESS_MANAGE, Permission.DEVICES_READ]
    headers = {"Authorization": f"Bearer {own_server.token(Role.ADMINISTRATOR, permissions=some)}"}
    answer = own.post("/access/tokens", json={"name": "mighty", "role": "administrator"}, headers=headers)
    assert answer.status_code == 403
    assert own.get("/audit?act=access.create").json()["entries"][0]["outcome"] == "denied"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "role": "king"}, 422), ({"name": "", "role": "viewer"}, 422),
        ({"name": " ", "role": "viewer"}, 400),
        ({"name": "x", "role": "viewer", "permissions": ["access.manage"]}, 400),
        ({"name": "x", "role": "viewer", "lifetime_days": 0}, 422),
        ({"name": "x", "role": "viewer", "lifetime_days": 1e-9}, 400),
        ({"name": "x", "role": "viewer", "zones": ["a b"]}, 400),
    ],
)  # fmt: skip
def test_a_token_that_can_not_be_is_refused_and_that_is_noted(
    own: httpx.Client, body: dict[str, object], status: int
) -> None:
    before = len(own.get("/audit?act=access.create&outcome=failed&limit=1000").json()["entries"])
    assert own.post("/access/tokens", json=body).status_code == status
    after = len(own.get("/audit?act=access.create&outcome=failed&limit=1000").json()["entries"])
    assert after - before == (status == 400)


def test_what_is_not_there_can_not_be_changed(own: httpx.Client) -> None:
    assert own.delete("/access/tokens/22222222").status_code == 404
    assert own.post("/access/tokens/22222222/rotate", json={}).status_code == 404
    assert own.delete("/access/sessions/000000000000").status_code == 404


def test_the_audit_log_is_read_by_pages_and_verified(own: httpx.Client) -> None:
    for _ in range(3):
        own.delete("/access/tokens/22222222")
    found, cursor = [], ""
    while cursor is not None:
        page = own.get("/audit", params={"limit": 2, "cursor": cursor}).json()
        found += page["entries"]
        cursor = page["next"]
    numbers = [each["seq"] for each in found]
    assert numbers == list(range(len(found), 0, -1))
    verified = own.get("/audit/verify", params={"anchor": f"1:{found[-1]['hash']}"}).json()
    assert (verified["intact"], verified["entries"], verified["head"]) == (True, len(found), found[0]["hash"])
    wrong = own.get("/audit/verify", params={"anchor": f"1:{'0' * 64}"}).json()
    assert [(each["seq"], each["kind"]) for each in wrong["problems"]] == [(1, "anchor")]
    assert own.get("/audit/verify", params={"anchor": "first"}).status_code == 400
    assert own.get("/audit", params={"from": "now-1h", "to": "now-30m"}).json()["entries"] == []
