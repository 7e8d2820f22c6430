"""Fixtures of the stores' own tests."""

from tests.support.influxd import influxd

__all__ = ["influxd"]
