"""The words of one language: `words("alarms.title")`, and terms of fixed kinds: `words.term("flag", "3")`.

Languages are few and complete: every key has all of them (a test looks), and none falls back to another.
"""

from collections.abc import Mapping

from gateway.console.texts.access import ACCESS_TEXTS
from gateway.console.texts.alarms import ALARM_TEXTS
from gateway.console.texts.city import CITY_TEXTS
from gateway.console.texts.conditions import CONDITIONS
from gateway.console.texts.configuration import CONFIGURATION_TEXTS
from gateway.console.texts.devices import DEVICE_TEXTS
from gateway.console.texts.documents import DOCUMENT_TEXTS
from gateway.console.texts.frame import FRAME_TEXTS
from gateway.console.texts.incidents import INCIDENT_TEXTS
from gateway.console.texts.profile_trial import PROFILE_TRIAL_TEXTS
from gateway.console.texts.sign_in import SIGN_IN_TEXTS
from gateway.console.texts.streams import STREAM_TEXTS
from gateway.console.texts.terms import TERMS

__all__ = ["LANGUAGES", "TEXTS", "Words", "language_of"]

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
"""Code and own name."""
TEXTS: Mapping[str, tuple[str, str]] = {
    **FRAME_TEXTS, **ALARM_TEXTS, **CITY_TEXTS, **DEVICE_TEXTS, **INCIDENT_TEXTS, **SIGN_IN_TEXTS,
    **CONFIGURATION_TEXTS,
    **PROFILE_TRIAL_TEXTS,
    **ACCESS_TEXTS,
    **STREAM_TEXTS,
    **DOCUMENT_TEXTS,
}  # fmt: skip
"""Key -> the text in each language, in the order of `LANGUAGES`."""


class Words:
    """Texts and terms in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = list(LANGUAGES).index(language)

    def __call__(self, key: str, **given: object) -> str:
        """The text of a key, with what goes into it."""
        text = TEXTS[key][self._place]
        return text.format(**given) if given else text

    def term(self, kind: str, name: str) -> str:
        """What people call one of a fixed kind of things; a name that is in no table stands for itself."""
        found = TERMS[kind].get(name)
        return found[self._place] if found else name.replace("_", " ")

    def condition(self, name: str, title: str = "") -> str:
        """What people call a condition: by our table, else by the title that its file gives it."""
        found = CONDITIONS.get(name)
        return found[self._place] if found else title or name

    def named(self, name: str, name_en: str) -> str:
        """A place's name in this language."""
        return name if self.language == "zh" else name_en or name


def language_of(chosen: str | None, accepted: str) -> str:
    """The language that somebody has chosen, else the first that the browser asks for and there is, else English."""
    if chosen in LANGUAGES:
        return str(chosen)
    for each in accepted.split(","):
        code = each.partition(";")[0].strip().lower().partition("-")[0]
        if code in LANGUAGES:
            return code
    return "en"
