"""What [[cross_checks.RULE]] can't say by itself: fields that are there, of the right kind. As profile_checks.py."""

from collections.abc import Iterator

from gateway.config.cross_specs import canonical_units
from gateway.config.field_checks import Found, listed
from gateway.config.profile_model import Profile
from gateway.config.units import UnknownUnitError, conversion

__all__ = ["CROSS_RULES"]


def _fields(profile: Profile) -> Iterator[Found]:
    """The fields are the profile's, and measure what the rule compares."""
    fields, senml = profile.fields, profile.is_senml
    for kind, rules in vars(profile.cross_checks).items():
        for k, rule in enumerate(rules):
            for key, name, units in canonical_units(rule):
                where = f"cross_checks.{kind}[{k}].{key}"
                if name not in fields:
                    yield where, f"{name!r} is no field of the profile", f"Name one of {listed(tuple(fields))}."
                    continue
                try:
                    unit = conversion(fields[name].unit or "1", senml=senml).canonical
                except UnknownUnitError:
                    continue  # said of the field itself
                if unit not in units:
                    yield where, f"{name!r} is in {unit}", f"Name a field that is stored in {' or '.join(units)}."


def _phases(profile: Profile) -> Iterator[Found]:
    for k, rule in enumerate(profile.cross_checks.power_without_its_parts):
        where = f"cross_checks.power_without_its_parts[{k}]"
        if len(rule.voltage) != len(rule.current):
            yield f"{where}.current", "must name as many fields as voltage", "Name one a phase in both."
        if len(rule.power_factor) not in (1, len(rule.voltage)):
            yield f"{where}.power_factor", "is neither one field nor one a phase", "Name one, or as many as voltages."
        if not (rule.suspect or rule.fail):
            yield f"{where}.suspect", "is 0, and there is no fail", "Write a share, or remove the rule."


def _levels(profile: Profile) -> Iterator[Found]:
    for k, rule in enumerate(profile.cross_checks.power_without_its_parts):
        if rule.fail and rule.suspect > rule.fail:
            where = f"cross_checks.power_without_its_parts[{k}].fail"
            yield where, "must not be below suspect", "Write the larger share here, or 0 for no such level."


CROSS_RULES = (_fields, _phases, _levels)
