"""The text of a profile, and a changed one on the messages that the city sent."""

import httpx

from gateway.access.roles import Permission, Role
from gateway.api.models.profiles import ProfileChecked, ProfileText
from tests.support.api_server import ApiServer


def _text(client: httpx.Client, name: str = "gas-detector") -> str:
    found = client.get(f"/profiles/{name}/text").json()
    ProfileText.model_validate(found, strict=True, extra="forbid")
    return str(found["text"])


def test_a_changed_profile_is_tried_on_what_was_received(client: httpx.Client) -> None:
    text = _text(client)
    changed = text.replace("[fields.co]", "[fields.carbon_monoxide]").replace("range = [0, 100]", "range = [0, 20]")
    found = client.post("/profiles/check", json={"text": changed}).json()
    ProfileChecked.model_validate(found, strict=True, extra="forbid")

    assert (found["profile"], found["replaces"], found["problems"]) == ("gas-detector", "gas-detector", [])
    assert found["summary"]["messages"] == {"same": 0, "changed": 18, "new": 0, "lost": 0, "unread": 1}
    # of 18 readings of lel 4 are above 20, each message loses co and has another name for it
    assert found["summary"]["readings"] == {"same": 32, "changed": 4, "new": 18, "lost": 18}
    (unread,) = [each for each in found["messages"] if each["change"] == "unread"]
    assert (unread["outcome"], unread["payload"]) == ("rejected", '{"lel": ')
    assert unread["troubles"][0]["hint"]


def test_what_cant_be_used_is_said_by_file_and_key(client: httpx.Client) -> None:
    text = _text(client).replace('unit = "%LEL"', 'unit = "parsec"')
    found = client.post("/profiles/check", json={"text": text, "replaces": "gas-detector"}).json()
    ProfileChecked.model_validate(found, strict=True, extra="forbid")

    assert [(each["file"], each["key"]) for each in found["problems"]] == [("gas-detector.toml", "fields.lel.unit")]
    assert client.post("/profiles/check", json={"text": text, "replaces": "nothing"}).status_code == 404
    assert client.get("/profiles/nothing/text").status_code == 404


def test_who_may_not_read_payloads_sees_none(server: ApiServer, client: httpx.Client) -> None:
    token = server.token(Role.ENGINEER, (), (Permission.CONFIGURATION_CHECK,))
    with httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {token}"}) as narrowed:
        found = narrowed.post("/profiles/check", json={"text": _text(client), "limit": 5}).json()

    assert [each["payload"] for each in found["messages"]] == [None] * 5
    assert found["summary"]["messages"]["same"] == 4  # and the broken one
