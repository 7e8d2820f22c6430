"""Answers have what their models say, and nothing more."""

import httpx
import pytest
from pydantic import BaseModel

from gateway.api.models.access import Audit, AuditVerified, Sessions, Tokens, WhoAmI
from gateway.api.models.alarms import AlarmChanges, Alarms, AlarmWithHistory
from gateway.api.models.devices import Conditions, DeviceDocument, Devices, Profiles, SeriesList
from gateway.api.models.figures import Figures, FigureValues
from gateway.api.models.geo import CityDocument, FeatureCollection, RollupCollection
from gateway.api.models.health import Ready
from gateway.api.models.incidents import Incidents, IncidentWithHistory
from gateway.api.models.operation import (
    ConfigurationInForce,
    DeadLetterDocument,
    DeadLetters,
    LetterPayload,
    Notifications,
    Trace,
    Verified,
)
from gateway.api.models.readings import LatestValues, Readings
from gateway.api.models.reports import Reports, ReportWithHistory

ANSWERS: dict[str, type[BaseModel]] = {
    "/devices": Devices, "/devices/gas-0001": DeviceDocument, "/devices/stray-1": DeviceDocument,
    "/series?limit=3": SeriesList, "/profiles": Profiles, "/conditions": Conditions, "/city": CityDocument,
    "/zones": FeatureCollection, "/assets": FeatureCollection, "/readings?device=gas-0001": Readings,
    "/readings?device=seg-0001&step=15m&from=now-3h": Readings, "/latest?profile=gas-detector": LatestValues,
    "/figures": Figures, "/figures/values?name=tpi&from=now-3h": FigureValues,
    "/rollups/cells?quantity=lel": RollupCollection, "/rollups/zones?figure=tpi": RollupCollection,
    "/rollups/zones": RollupCollection, "/alarms?state=all": Alarms, "/alarms/history?from=now-1d": AlarmChanges,
    "/incidents?state=all": Incidents, "/reports?state=all": Reports, "/reports/r-gas-smell": ReportWithHistory,
    "/dead-letters": DeadLetters, "/trace?device=gas-0001": Trace, "/ledger/verify": Verified,
    "/notifications": Notifications, "/session": WhoAmI, "/access/tokens?all=true": Tokens,
    "/configuration": ConfigurationInForce,
    "/access/sessions": Sessions, "/audit": Audit, "/audit/verify": AuditVerified,
}  # fmt: skip


@pytest.mark.parametrize("path", ANSWERS)
def test_an_answer_is_as_its_model_says(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    ANSWERS[path].model_validate_json(answer.content, extra="forbid", strict=True)


def test_one_of_each_is_as_its_model_says(client: httpx.Client) -> None:
    alarm = client.get("/alarms?state=all&limit=1").json()["alarms"][0]["alarm"]
    incident = client.get("/incidents?state=all&limit=1").json()["incidents"][0]["incident"]
    letter = client.get("/dead-letters?limit=1").json()["dead_letters"][0]["id"]
    of: dict[str, type[BaseModel]] = {
        f"/alarms/{alarm}": AlarmWithHistory, f"/incidents/{incident}": IncidentWithHistory,
        f"/dead-letters/{letter}": DeadLetterDocument, f"/dead-letters/{letter}/payload": LetterPayload,
    }  # fmt: skip
    for path, model in of.items():
        model.model_validate_json(client.get(path).content, extra="forbid", strict=True)


def test_readiness_is_as_its_model_says(client: httpx.Client) -> None:
    answer = client.get(str(client.base_url).replace("/api/v1/", "/health/ready"))
    Ready.model_validate_json(answer.content, extra="forbid", strict=True)
