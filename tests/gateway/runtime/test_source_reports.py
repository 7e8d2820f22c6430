"""Reports of sources as events, and what readiness remembers of them."""

from gateway.runtime.source_reports import SourceReports
from gateway.telemetry.broker_events import (
    BrokerPassesOnAgain,
    BrokerSilentError,
    CanaryUnusable,
    SentAwayByBrokerError,
    SubscriptionGranted,
    SubscriptionRefusedError,
)
from tests.support.running import RecordingTelemetry


def _reports() -> tuple[SourceReports, RecordingTelemetry]:
    telemetry = RecordingTelemetry()
    return SourceReports(telemetry, session_expected=True), telemetry


def test_a_refused_filter_is_remembered_until_it_is_granted() -> None:
    reports, telemetry = _reports()
    reports.subscribe_refused("main", "a/#", 0x87)
    reports.subscribe_refused("main", "b/#", 0x97)
    assert reports.refused == {"main": {"a/#", "b/#"}}
    reports.subscribe_granted("main", "a/#")
    assert reports.refused == {"main": {"b/#"}}
    [first, _] = telemetry.of(SubscriptionRefusedError)
    assert first.reason == "0x87 not authorized"
    assert "rules" in first.remedy
    assert [event.filter for event in telemetry.of(SubscriptionGranted)] == ["a/#"]


def test_a_return_of_the_canary_is_told_only_after_a_silence() -> None:
    reports, telemetry = _reports()
    reports.canary_returned("main")
    assert not telemetry.of(BrokerPassesOnAgain)
    reports.canary_silent("main", "nothing comes back")
    reports.canary_returned("other")
    reports.canary_returned("main")
    reports.canary_returned("main")
    assert [event.source for event in telemetry.of(BrokerPassesOnAgain)] == ["main"]
    [silent] = telemetry.of(BrokerSilentError)
    assert (silent.problem, bool(silent.remedy)) == ("nothing comes back", True)


def test_who_was_sent_away_hears_the_reason_in_words_and_what_to_do() -> None:
    reports, telemetry = _reports()
    reports.sent_away("main", 0x8E, "the broker disconnected us", "give another id")
    reports.sent_away("main", None, "closed three times", "look")
    assert [event.reason for event in telemetry.of(SentAwayByBrokerError)] == ["0x8E session taken over", "none given"]


def test_a_canary_that_can_not_be_used_is_said_with_how_to_allow_it_or_do_without() -> None:
    reports, telemetry = _reports()
    reports.canary_unusable("main", "it never came back")
    [unusable] = telemetry.of(CanaryUnusable)
    assert 'canary = "off"' in unusable.remedy
