"""Alarms of a running gateway: lists, pages, and acts that change where they stand."""

import httpx
import pytest

from gateway.access.roles import Role
from gateway.api.acts import Repeats
from tests.support.api_server import ApiServer


def gas_alarm(client: httpx.Client) -> str:
    return str(client.get("/alarms", params={"condition": "gas.lel", "state": "all"}).json()["alarms"][0]["alarm"])


def state_of(server: ApiServer, alarm: str) -> str:
    with server.client() as client:
        return str(client.get(f"/alarms/{alarm}").json()["state"])


def becomes(server: ApiServer, alarm: str, state: str) -> None:
    async def reached() -> bool:
        (found,) = await server.gateway.desk.alarms(everything=True, alarm=alarm)
        return bool(found["state"] == state)

    server.eventually(reached, f"the alarm becomes {state}")


@pytest.mark.parametrize("state", ["open", "all"])
@pytest.mark.parametrize("limit", [1, 3])
def test_paging_gives_every_alarm_once(client: httpx.Client, state: str, limit: int) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/alarms", params={"state": state, "limit": limit, "cursor": cursor}).json()
        found += page["alarms"]
        cursor = page["next"]
    everything = client.get("/alarms", params={"state": state}).json()["alarms"]
    assert [each["alarm"] for each in found] == [each["alarm"] for each in everything]
    assert len(everything) >= (1 if state == "open" else 3)


def test_paging_gives_every_change_once(client: httpx.Client) -> None:
    query = {"from": "now-1d", "domain": "traffic"}
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/alarms/history", params={**query, "limit": 2, "cursor": cursor}).json()
        found += page["changes"]
        cursor = page["next"]
    assert found == client.get("/alarms/history", params=query).json()["changes"]
    assert [each["number"] for each in found] == sorted((each["number"] for each in found), reverse=True)
    assert {each["domain"] for each in found} == {"traffic"}


def test_an_alarm_has_its_title_and_its_history(client: httpx.Client) -> None:
    alarm = client.get(f"/alarms/{gas_alarm(client)}").json()
    assert (alarm["title"], alarm["asset"], alarm["zone"], alarm["priority"]) == (
        "Combustible gas",
        "gas-0001",
        "panyu",
        1,
    )
    assert alarm["history"][-1]["change"] == "raised"
    assert client.get("/alarms/ffffffff").status_code == 404
    assert client.get("/alarms/nonsense").status_code == 404


def test_what_an_operator_does_is_carried_out_under_their_name(own_server: ApiServer) -> None:
    with own_server.client(Role.OPERATOR) as operator:
        alarm = gas_alarm(operator)
        answer = operator.post(f"/alarms/{alarm}/acts", json={"act": "ack", "text": "on my way"})
        assert (answer.status_code, answer.json()) == (
            202, {"acts": 1, "alarms": [{"condition": "gas.lel", "asset": "gas-0001"}], "running": True},
        )  # fmt: skip
        becomes(own_server, alarm, "acknowledged")
        newest = operator.get(f"/alarms/{alarm}").json()["history"][0]
        assert (newest["change"], newest["who"], newest["text"]) == ("acknowledged", "operator of all", "on my way")
        shelved = operator.post(
            "/alarms/acts", json={"act": "shelve", "alarms": [alarm[:6]], "text": "t", "for_secs": 60}
        )
        assert shelved.status_code == 202
        becomes(own_server, alarm, "shelved")
        assert operator.get(f"/alarms/{alarm}").json()["until"] == "2026-03-02T01:01:00.000000000Z"
        assert operator.post(f"/alarms/{alarm}/acts", json={"act": "unshelve"}).status_code == 202
        becomes(own_server, alarm, "acknowledged")


def test_something_can_be_put_aside_before_anything_is_wrong(own_server: ApiServer, own: httpx.Client) -> None:
    act = {"act": "suppress", "condition": "gas.co", "asset": "gas-0002", "text": "works"}
    assert own.post("/alarms/acts", json=act).status_code == 202

    async def there() -> bool:
        return bool(await own_server.gateway.desk.alarms(asset="gas-0002"))

    own_server.eventually(there, "it is put aside")
    (alarm,) = own.get("/alarms", params={"asset": "gas-0002"}).json()["alarms"]
    assert (alarm["state"], alarm["who"]) == ("suppressed", "administrator of all")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"act": "shelve", "alarms": ["ff"], "text": "why"}, 400), ({"act": "ack", "alarms": ["ff"]}, 404),
        ({"act": "ack"}, 400), ({"act": "ack", "condition": "gas.lel"}, 400), ({"act": "dance", "alarms": ["ff"]}, 422),
        ({"act": "ack", "alarms": ["xyz"]}, 422), ({"act": "ack", "alarms": ["ff"], "more": 1}, 422),
        ({"act": "comment", "alarms": ["ff"]}, 400),
    ],
)  # fmt: skip
def test_an_act_that_can_not_be_done_says_why_and_is_in_the_audit_log(
    own: httpx.Client, body: dict[str, object], status: int
) -> None:
    before = own.get("/audit?act=alarms").json()["entries"]
    answer = own.post("/alarms/acts", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    after = own.get("/audit?act=alarms").json()["entries"]
    noted = [each["outcome"] for each in after[: len(after) - len(before)]]
    tried = status != 422 and body.get("alarms")
    assert noted == (["failed"] if tried else [])


def test_one_wrong_alarm_of_several_and_nothing_is_done(own_server: ApiServer, own: httpx.Client) -> None:
    alarm = gas_alarm(own)
    before = own.get(f"/alarms/{alarm}").json()["history"]
    assert own.post("/alarms/acts", json={"act": "comment", "alarms": [alarm, "ffff"], "text": "x"}).status_code == 404
    assert own.get(f"/alarms/{alarm}").json()["history"] == before


def test_an_act_that_is_sent_twice_under_one_key_is_done_once(own_server: ApiServer, own: httpx.Client) -> None:
    alarm = gas_alarm(own)
    act, key = {"act": "comment", "text": "only once"}, {"Idempotency-Key": "a1"}
    first = own.post(f"/alarms/{alarm}/acts", json=act, headers=key)
    again = own.post(f"/alarms/{alarm}/acts", json=act, headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (202, first.json())
    other = own.post(f"/alarms/{alarm}/acts", json={**act, "text": "another"}, headers=key)
    assert other.status_code == 422
    # also after a restart of this process, by the act's id in the journal
    own_server.app.state.repeats = Repeats()
    assert own.post(f"/alarms/{alarm}/acts", json=act, headers=key).status_code == 202

    async def said() -> int:
        history = await own_server.gateway.desk.alarm_history(alarm)
        return [change["text"] for change in history].count("only once")

    async def known() -> bool:
        return await said() > 0

    own_server.eventually(known, "the comment is on record")
    assert own_server.run(said()) == 1
