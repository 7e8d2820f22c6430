"""What all documents of the API have in common. Models describe it: answers are built from plain data, and tests hold
them against the models.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Document", "Next", "Question", "Time", "TimeOrNone", "example"]

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC, to the nanosecond."""
TimeOrNone = Annotated[str | None, Field(json_schema_extra={"format": "date-time"})]
Next = Annotated[str | None, Field(description="Cursor of the following page; null: this is the last.")]


class Document(BaseModel):
    """Of an answer. Members may be added in later versions: readers pass over what they do not know."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Question(BaseModel):
    """Of a body that is sent."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


def example(*shown: dict[str, Any]) -> ConfigDict:
    """The configuration of a document with worked examples."""
    return ConfigDict(json_schema_extra={"examples": list(shown)})
