"""What the shape of a profile can't say by itself: paths, units, variables and topics that must fit together."""

from collections.abc import Sequence

from gateway.config.paths import Each, parse_path, parse_records_path
from gateway.config.profile_model import Profile
from gateway.config.topic_template import covers, overlap, parse_template, variables_of
from gateway.config.units import UnknownUnitError, conversion
from gateway.errors import ConfigError

__all__ = ["by_specificity", "check_profile", "check_topics"]

# names that a store needs for itself
_RESERVED = frozenset({"flag", "time", "device", "revision", "series", "ts"})
_RESERVED_ENDS = ("_flag", "_why")


def check_profile(profile: Profile, file: str) -> None:
    """Raise ConfigError where the parts of one profile contradict each other."""
    _check_topic(profile, file)
    if profile.codec == "senml":
        _check_senml(profile, file)
    else:
        _check_json(profile, file)
    _check_fields(profile, file)


def check_topics(profiles: Sequence[tuple[str, Profile]]) -> None:
    """Raise ConfigError where a topic fits two profiles and neither is the more specific. Takes (file, profile)."""
    templates = [profile.template for _, profile in profiles]
    for k, (file, profile) in enumerate(profiles):
        for j in range(k):
            if overlap(templates[j], templates[k]) and covers(templates[j], templates[k]) == covers(
                templates[k], templates[j]
            ):
                raise ConfigError(
                    file, "topic", f"{profile.topic!r} and {profiles[j][1].topic!r} of {profiles[j][0]} fit the same "
                    "topics, and neither is the more specific", "Write a literal level that only one of them has.",
                )  # fmt: skip


def by_specificity(profiles: Sequence[Profile]) -> list[int]:
    """Indices of profiles, the more specific topics first. Overlapping ones are nested (`check_topics`)."""
    templates = [profile.template for profile in profiles]
    within = [sum(covers(b, a) for b in templates) for a in templates]
    return sorted(range(len(profiles)), key=lambda k: (-within[k], k))


def _check_topic(profile: Profile, file: str) -> None:
    try:
        template = parse_template(profile.topic)
    except ValueError as error:
        raise ConfigError(file, "topic", str(error), "Write it like city/{zone}/loop/{device}.") from error
    used = {
        "identity.topic": variables_of(profile.identity.topic or ""),
        "provisioning.zone_from": (profile.provisioning.zone_from,) if profile.provisioning.zone_from else (),
        "redact.variables": profile.redact.variables,
    }
    for key, names in used.items():
        for name in names:
            if name not in template.variables:
                raise ConfigError(
                    file, key, f"{name!r} is no variable of the topic", f"Use one of {_listed(template.variables)}."
                )
    if profile.identity.topic is not None:
        if not used["identity.topic"]:
            raise ConfigError(file, "identity.topic", "holds no variable: all devices would be one", "Name a {level}.")
        if set(used["identity.topic"]) & set(profile.redact.variables):
            raise ConfigError(file, "redact.variables", "a secret can't be the device's key", "Choose another level.")


def _check_senml(profile: Profile, file: str) -> None:
    for key, value in (
        ("time", profile.time), ("records", profile.records), ("sequence", profile.sequence),
        ("ignore", profile.ignore), ("redact.paths", profile.redact.paths), ("identity.path", profile.identity.path),
        ("identity.object_key", profile.identity.object_key),
    ):  # fmt: skip
        if value:
            raise ConfigError(file, key, "does not belong to SenML, which says this by itself", "Remove it.")
    seen: dict[tuple[str, str], str] = {}
    for name, field in profile.fields.items():
        if field.required:
            raise ConfigError(file, f"fields.{name}.required", "SenML may leave out any name", "Remove it.")
        if field.default is not None:
            raise ConfigError(file, f"fields.{name}.default", "SenML has no zeros to leave out", "Remove it.")
        other = seen.setdefault((field.path, field.unit), name)
        if other != name:
            raise ConfigError(file, f"fields.{name}.path", f"has the name and the unit of {other}", "Change one.")


def _check_json(profile: Profile, file: str) -> None:
    if profile.time is None:
        raise ConfigError(file, "time", "is missing", 'Add it; format = "receipt" where the payload carries none.')
    if profile.identity.base_name:
        raise ConfigError(file, "identity.base_name", "only SenML has base names", "Use topic, path or object_key.")
    branches: tuple[object, ...] = ()
    if profile.records is not None:
        try:
            branches = parse_records_path(profile.records.path).steps
        except ValueError as error:
            raise ConfigError(file, "records.path", str(error), "Write it like readings[] or {}[].") from error
    if profile.identity.object_key and Each.MEMBER not in branches:
        raise ConfigError(file, "identity.object_key", "the path of [records] has no {}", "Mark the object with {}.")
    for key, path in _paths(profile).items():
        _check_path(path, file, key)
    for k, rule in enumerate(profile.ignore):
        key = f"ignore.{k}.path"
        if not _check_path(rule.path, file, key) and profile.records is not None:
            raise ConfigError(file, key, "must start at the root where a message holds many records", "Write $.name.")
    for k, path in enumerate(profile.redact.paths):
        if not isinstance(parse_path(path).steps[-1], str):
            raise ConfigError(file, f"redact.paths.{k}", "must end in a key", "Name the key whose value is secret.")


def _paths(profile: Profile) -> dict[str, str]:
    """Paths of a JSON profile by their keys in its file."""
    times = profile.time.path if profile.time is not None else ()
    paths = {f"time.path.{k}": path for k, path in enumerate(times)}
    paths |= {f"redact.paths.{k}": path for k, path in enumerate(profile.redact.paths)}
    if profile.identity.path is not None:
        paths["identity.path"] = profile.identity.path
    if profile.sequence is not None:
        paths["sequence.path"] = profile.sequence.path
        if profile.sequence.scope is not None:
            paths["sequence.scope"] = profile.sequence.scope
    return paths | {f"fields.{name}.path": field.path for name, field in profile.fields.items()}


def _check_path(path: str, file: str, key: str) -> bool:
    try:
        return parse_path(path).absolute
    except ValueError as error:
        raise ConfigError(file, key, str(error), 'Write it like a.b[0].c; quote odd keys: "x:y".z.') from error


def _check_fields(profile: Profile, file: str) -> None:
    for name, field in profile.fields.items():
        if name in _RESERVED or name.endswith(_RESERVED_ENDS):
            raise ConfigError(file, f"fields.{name}", "is a name that stores use themselves", "Choose another.")
        if not field.unit:
            continue
        try:
            conversion(field.unit, senml=profile.codec == "senml")
        except UnknownUnitError as error:
            remedy = f"Did you mean {_listed(error.nearest)}?" if error.nearest else "See gateway/config/units.py."
            raise ConfigError(file, f"fields.{name}.unit", str(error), remedy) from error


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none: it has no variables"
