"""The ledger's equations."""

from gateway.engine.ledger import Intake, Ledger, StoreTerms
from gateway.engine.results import LedgerKey


def books(**changed: int) -> Ledger:
    amounts = {"received": 10, "redelivered": 1, "decoded": 6, "rejected": 2, "waiting": 1, "read": 18, "accepted": 15,
               "duplicate": 2, "invalid": 1, "stored": 10, "queued": 4, "refused": 1}  # fmt: skip
    amounts.update(changed)
    engine = {
        LedgerKey("message", "decoded", "", "0", "loop"): amounts["decoded"],
        LedgerKey("message", "rejected", "unreadable", "0", "loop"): amounts["rejected"],
        LedgerKey("reading", "decoded", "", "", "loop"): amounts["read"],
        LedgerKey("reading", "accepted", "", "", "loop"): amounts["accepted"],
        LedgerKey("reading", "duplicate", "", "", "loop"): amounts["duplicate"],
        LedgerKey("reading", "invalid", "wrong_type", "", "loop"): amounts["invalid"],
    }
    store = StoreTerms(amounts["stored"], amounts["refused"], 0, amounts["queued"])
    return Ledger(
        {"0": Intake(amounts["received"], amounts["redelivered"], 0)}, amounts["waiting"], engine, {"duckdb": store}
    )


def test_it_balances_when_every_message_and_reading_is_in_one_term() -> None:
    assert books().balanced


def test_each_term_that_is_off_by_one_shows() -> None:
    messages = ("received", "redelivered", "decoded", "rejected", "waiting")
    readings = ("read", "accepted", "duplicate", "invalid", "stored", "queued", "refused")
    for term in (*messages, *readings):
        changed = books(**{term: 3})
        assert not changed.balanced, term
        assert changed.as_dict()["off"]


def test_what_stands_beside_is_in_no_sum() -> None:
    plain = books()
    intake = {"0": Intake(10, 1, 0, lost_at_broker=5), "1": Intake(0, 0, 0, lost_at_broker=2)}
    late = LedgerKey("beside", "late", "", "", "loop")
    found = Ledger(intake, plain.waiting, {**plain.engine, late: 3}, plain.stores)

    assert found.balanced
    assert found.as_dict()["beside"] == {"late": 3, "lost_at_broker": 7}
    assert plain.as_dict()["beside"] == {"lost_at_broker": 0}


def test_reasons_stand_below_their_term() -> None:
    shown = books().as_dict()

    assert shown["reasons"] == {"message.rejected": {"unreadable": 2}, "reading.invalid": {"wrong_type": 1}}
    assert shown["messages"]["received"] == 10


def test_what_intake_and_engine_let_go_is_one_term_with_the_reasons_of_both() -> None:
    plain = books()
    flooded = LedgerKey("message", "shed", "device_rate", "0", "loop")
    found = Ledger({"0": Intake(15, 1, 2)}, plain.waiting, {**plain.engine, flooded: 3}, plain.stores)

    assert found.balanced
    assert found.as_dict()["messages"]["shed"] == 5
    assert found.as_dict()["reasons"]["message.shed"] == {"device_rate": 3, "inbox_full": 2}
    assert not Ledger({"0": Intake(15, 1, 2)}, plain.waiting, plain.engine, plain.stores).balanced
