"""Dead letters: seen by few, replayed and purged by fewer."""

import httpx

from gateway.access.roles import Permission, Role
from tests.support.api_server import ApiServer


def test_a_letter_is_shown_without_its_message_and_the_message_to_who_may(
    server: ApiServer, client: httpx.Client
) -> None:
    (letter,) = client.get("/dead-letters", params={"reason": "unreadable"}).json()["dead_letters"]
    assert letter["topic"] == "city/panyu/gas/detector/gas-0003/reading"
    assert "payload" not in client.get(f"/dead-letters/{letter['id']}").json()
    message = client.get(f"/dead-letters/{letter['id']}/payload").json()
    assert (message["payload"], message["payload_hex"]) == ('{"lel": ', None)
    token = server.token(Role.ENGINEER, permissions=[Permission.DEAD_LETTERS_READ])
    narrow = {"Authorization": f"Bearer {token}"}
    assert client.get(f"/dead-letters/{letter['id']}", headers=narrow).status_code == 200
    assert client.get(f"/dead-letters/{letter['id']}/payload", headers=narrow).status_code == 403
    assert client.get("/dead-letters/nothing").status_code == 404


def test_letters_go_through_the_engine_again_and_are_purged(own_server: ApiServer, own: httpx.Client) -> None:
    (letter,) = own.get("/dead-letters", params={"reason": "unreadable"}).json()["dead_letters"][-1:]
    assert own.post("/dead-letters/replay", json={"ids": [letter["id"]]}).json()["replayed"] == 1

    async def twice() -> bool:
        return len((await own_server.gateway.desk.dead_letters())["dead_letters"]) == 2

    own_server.eventually(twice, "it is refused again")
    found, cursor = [], ""
    while cursor is not None:
        page = own.get("/dead-letters", params={"limit": 1, "cursor": cursor}).json()
        found += page["dead_letters"]
        cursor = page["next"]
    assert len({each["id"] for each in found}) == 2
    assert found[-1]["replayed_at"] is not None
    assert own.post("/dead-letters/replay", json={"ids": ["nothing"]}).status_code == 404
    assert own.post("/dead-letters/purge", json={"profile": "gas-detector"}).json() == {"purged": 2}
    acts = [(each["act"], each["outcome"]) for each in own.get("/audit?act=dead_letters").json()["entries"]]
    assert acts == [
        ("dead_letters.purge", "done"), ("dead_letters.replay", "failed"), ("dead_letters.replay", "done"),
    ]  # fmt: skip


def test_who_is_for_a_zone_sees_the_letters_of_a_device_there(server: ApiServer) -> None:
    with server.client(Role.ENGINEER, ("panyu",)) as engineer:
        assert engineer.get("/dead-letters").status_code == 403
        assert engineer.get("/dead-letters?device=gas-0001").status_code == 200
        assert engineer.get("/dead-letters?device=seg-0001").status_code == 404
