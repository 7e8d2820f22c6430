"""Who may call which route of the API, written down by hand: a change of the code is seen here."""

__all__ = ["ALL", "NARROWED", "WHO_MAY"]

ALL, VIEWER, OPERATOR, ENGINEER, ADMIN = "all", "viewer", "operator", "engineer", "administrator"

WHO_MAY = {
    # who shows nothing, too
    "GET /health/live": ALL, "HEAD /health/live": ALL, "GET /health/ready": ALL, "HEAD /health/ready": ALL,
    "POST /api/v1/session": ALL, "GET /api/v1/docs": ALL, "GET /api/v1/openapi.json": ALL,
    "GET /api/v1/asyncapi.json": ALL,
    # whoever is signed in
    "GET /api/v1/session": VIEWER, "DELETE /api/v1/session": VIEWER,
    "GET /api/v1/devices": VIEWER, "GET /api/v1/devices/{device:path}": VIEWER, "GET /api/v1/series": VIEWER,
    "GET /api/v1/profiles": VIEWER, "GET /api/v1/conditions": VIEWER, "GET /api/v1/city": VIEWER,
    "GET /api/v1/zones": VIEWER, "GET /api/v1/assets": VIEWER, "GET /api/v1/readings": VIEWER,
    "GET /api/v1/latest": VIEWER, "GET /api/v1/usual": VIEWER, "GET /api/v1/figures": VIEWER,
    "GET /api/v1/figures/values": VIEWER,
    "GET /api/v1/rollups/cells": VIEWER, "GET /api/v1/rollups/zones": VIEWER, "GET /api/v1/live": VIEWER,
    "WS /api/v1/live/ws": VIEWER, "GET /api/v1/alarms": VIEWER, "GET /api/v1/alarms/history": VIEWER,
    "GET /api/v1/alarms/{alarm}": VIEWER, "GET /api/v1/incidents": VIEWER, "GET /api/v1/incidents/{incident}": VIEWER,
    "GET /api/v1/reports": VIEWER, "GET /api/v1/reports/{report}": VIEWER, "GET /api/v1/status": VIEWER,
    "GET /api/v1/documents": VIEWER, "GET /api/v1/documents/jobs": VIEWER, "GET /api/v1/documents/jobs/{job}": VIEWER,
    "GET /api/v1/documents/{document}/html": VIEWER, "GET /api/v1/documents/{document}/pdf": VIEWER,
    "GET /api/v1/ledger": VIEWER, "GET /api/v1/ledger/verify": VIEWER, "GET /metrics": VIEWER,
    # who works a shift
    "POST /api/v1/alarms/acts": OPERATOR, "POST /api/v1/alarms/{alarm}/acts": OPERATOR,
    "GET /api/v1/reports/{report}/contact": OPERATOR, "POST /api/v1/reports": OPERATOR,
    "POST /api/v1/reports/{report}/advance": OPERATOR, "GET /api/v1/trace": OPERATOR,
    "GET /api/v1/notifications": OPERATOR, "POST /api/v1/notifications/retry": OPERATOR,
    "POST /api/v1/documents": OPERATOR, "DELETE /api/v1/documents/jobs/{job}": OPERATOR,
    # who puts right
    "GET /api/v1/dead-letters": ENGINEER, "GET /api/v1/dead-letters/{letter}": ENGINEER,
    "GET /api/v1/dead-letters/{letter}/payload": ENGINEER, "POST /api/v1/dead-letters/replay": ENGINEER,
    "GET /api/v1/configuration": ENGINEER, "POST /api/v1/configuration/check": ENGINEER,
    "POST /api/v1/configuration/reload": ENGINEER,
    "GET /api/v1/profiles/{profile}/text": ENGINEER, "POST /api/v1/profiles/check": ENGINEER,
    # who says who may what
    "POST /api/v1/dead-letters/purge": ADMIN, "POST /api/v1/stores/{store}/adopt": ADMIN,
    "GET /api/v1/access/tokens": ADMIN, "POST /api/v1/access/tokens": ADMIN,
    "DELETE /api/v1/access/tokens/{token}": ADMIN, "POST /api/v1/access/tokens/{token}/rotate": ADMIN,
    "GET /api/v1/access/sessions": ADMIN, "DELETE /api/v1/access/sessions/{session}": ADMIN,
    "GET /api/v1/audit": ADMIN, "GET /api/v1/audit/verify": ADMIN,
}  # fmt: skip
"""The lowest role that may call each route: written down here, so that a change of the code is seen."""

NARROWED = {
    # hidden: what is asked for lies in panyu, so to a token of tianhe it is as if it were not there
    "GET /api/v1/devices/{device:path}": 404, "GET /api/v1/readings": 404, "GET /api/v1/latest": 404,
    "GET /api/v1/usual": 404,
    "GET /api/v1/alarms/{alarm}": 404, "GET /api/v1/incidents/{incident}": 404, "GET /api/v1/reports/{report}": 404,
    "GET /api/v1/reports/{report}/contact": 404, "POST /api/v1/alarms/acts": 404,
    "POST /api/v1/alarms/{alarm}/acts": 404, "POST /api/v1/reports": 404, "POST /api/v1/reports/{report}/advance": 404,
    "GET /api/v1/trace": 404, "GET /api/v1/dead-letters/{letter}": 404,
    "GET /api/v1/dead-letters/{letter}/payload": 404,
    # of the whole city, or of nobody
    "GET /api/v1/dead-letters": 403, "POST /api/v1/dead-letters/replay": 403, "POST /api/v1/dead-letters/purge": 403,
    "GET /api/v1/configuration": 403, "POST /api/v1/configuration/check": 403, "POST /api/v1/configuration/reload": 403,
    "GET /api/v1/profiles/{profile}/text": 403, "POST /api/v1/profiles/check": 403,
    "POST /api/v1/stores/{store}/adopt": 403, "POST /api/v1/notifications/retry": 403,
    "GET /api/v1/documents": 403, "POST /api/v1/documents": 403, "GET /api/v1/documents/jobs": 403,
    "GET /api/v1/documents/jobs/{job}": 403, "DELETE /api/v1/documents/jobs/{job}": 403,
    "GET /api/v1/documents/{document}/html": 403, "GET /api/v1/documents/{document}/pdf": 403,
    "GET /api/v1/access/tokens": 403, "POST /api/v1/access/tokens": 403, "DELETE /api/v1/access/tokens/{token}": 403,
    "POST /api/v1/access/tokens/{token}/rotate": 403, "GET /api/v1/access/sessions": 403,
    "DELETE /api/v1/access/sessions/{session}": 403, "GET /api/v1/audit": 403, "GET /api/v1/audit/verify": 403,
}  # fmt: skip
"""What a token that is for tianhe only is answered where it is asked about panyu. The rest is 2xx."""
