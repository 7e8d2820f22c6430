"""What all sections of the configuration share: frozen, no unknown key, secrets from files, empty text = not given."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    model_validator,
)

__all__ = [
    "Bytes", "OptionalPath", "OptionalSecret", "OptionalSecretFile", "OptionalText", "OptionalTime", "Port", "Quota",
    "Seconds", "Section", "Switch", "read_secret", "secrets_in",
]  # fmt: skip

MAX_SECRET_BYTES = 64 * 1024


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _written_time(value: Any) -> Any:
    # pydantic would read 2026 as seconds since 1970
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip("+-. ").isdecimal()):
        raise ValueError("must be a date with time and offset, such as 2026-03-02T06:00:00+08:00")
    return _none_if_empty(value)


def _check_secret_file(path: Path | None, info: ValidationInfo) -> Path | None:
    if path is None:
        return None
    text = read_secret(path)
    secret = (info.field_name or "").removesuffix("_file")
    value = (info.data or {}).get(secret)  # no data: judged by itself, for a draft
    if isinstance(value, SecretStr) and value.get_secret_value() != text:
        raise ValueError(f"{secret} is given too: keep one of them")
    return path


def read_secret(path: Path) -> str:
    """The text of a secret file without the line end. Raises ValueError with what is wrong, never with the content."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError(f"{path} is larger than {MAX_SECRET_BYTES} bytes, so it can't be a secret")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    if not text:
        raise ValueError(f"{path} is empty")
    return text


_Emptied = BeforeValidator(_none_if_empty)
OptionalPath = Annotated[Path | None, _Emptied]
OptionalSecretFile = Annotated[Path | None, _Emptied, AfterValidator(_check_secret_file)]
OptionalText = Annotated[str | None, _Emptied]
OptionalSecret = Annotated[SecretStr | None, _Emptied]
OptionalTime = Annotated[AwareDatetime | None, BeforeValidator(_written_time)]
Port = Annotated[int, Field(ge=1, le=65535)]
Bytes = Annotated[int, Field(ge=1)]
Quota = Annotated[int, Field(ge=1 << 20)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86400, allow_inf_nan=False)]
Switch = Literal["on", "off"]


class Section(BaseModel):
    """Base of all sections. A secret named in `SECRETS` has a sibling `<secret>_file`, which is read into it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=())
    SECRETS: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def prepared(cls, data: Any) -> Any:
        """What is written, with secrets read from their files."""
        if not isinstance(data, dict):
            return data
        read: dict[str, str] = {}
        for secret in cls.SECRETS:
            file = data.get(f"{secret}_file")
            if file in (None, "") or data.get(secret) not in (None, ""):
                continue
            with suppress(ValueError):  # said by the field, beside whatever else is wrong
                read[secret] = read_secret(Path(str(file)))
        return data | read


def secrets_in(model: BaseModel) -> Iterator[str]:
    """Every secret's text in a tree of sections, for the redaction of logs."""
    for value in dict(model).values():
        yield from _secrets(value)


def _secrets(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            yield from secrets_in(value)
        case tuple():
            for part in value:
                yield from _secrets(part)
