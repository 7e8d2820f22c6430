"""Variables CITYLOOM_SECTION__KEY that can't mean anything: pydantic-settings would pass over them, or stop."""

import json
import os
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.config.problems import Loc, key_of, model_at, nearest_option
from gateway.config.settings import ENV_PREFIX, Settings
from gateway.errors import ConfigError

__all__ = ["ENV_PREFIX", "unknown_variables", "unreadable_variables"]


def unknown_variables() -> list[ConfigError]:
    """Those that name no section: nothing would ever read them."""
    out = []
    for name, loc in _ours():
        if len(loc) > 1 and loc[0] not in Settings.model_fields:
            nearest = nearest_option(loc, Settings) or nearest_option(loc[:1], Settings)
            remedy = (
                f"Did you mean {nearest}?" if nearest else "Unset it; gateway/config/sample.toml lists the options."
            )
            out.append(ConfigError(f"environment variable {name}", key_of(loc), "is not known here", remedy))
    return out


def unreadable_variables() -> list[ConfigError]:
    """Those of a list or a whole section that are not JSON."""
    out = []
    for name, loc in _ours():
        owner = model_at(loc[:-1], Settings)
        field = owner.model_fields.get(str(loc[-1])) if owner is not None else None
        if field is None or not os.environ[name] or not _is_compound(field.annotation):
            continue
        try:
            json.loads(os.environ[name])
        except ValueError as error:
            remedy = """Write a list as '["city/#"]' and a section as '{"key": "value"}'."""
            out.append(ConfigError(f"environment variable {name}", key_of(loc), f"is not JSON: {error}", remedy))
    return out


def _ours() -> list[tuple[str, Loc]]:
    names = sorted(name for name in os.environ if name.upper().startswith(ENV_PREFIX))
    return [(name, tuple(name[len(ENV_PREFIX) :].lower().split("__"))) for name in names]


def _is_compound(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or (
        any(issubclass(part, BaseModel) for part in (annotation, *get_args(annotation)) if isinstance(part, type))
    )
