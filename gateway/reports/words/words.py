"""The one catalogue of what reports say, in English and Chinese; a text that is not in it is a defect."""

from collections.abc import Mapping

from gateway.reports.words import alarms, common, data, grid, pipes, titles, traffic

__all__ = ["CATALOGUE", "LANGUAGES", "Words"]

LANGUAGES = ("en", "zh")
_UNITS = {"1": "", "m3/h": "m³/h", "m3": "m³", "Cel": "°C", "ratio": ""}
"""Of those that look otherwise in print."""

CATALOGUE: Mapping[str, tuple[str, str]] = {
    **common.TEXTS, **traffic.TEXTS, **grid.TEXTS, **pipes.TEXTS, **alarms.TEXTS, **data.TEXTS,
}  # fmt: skip


class Words:
    """Texts in one language."""

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"there are reports in {LANGUAGES}, not in {lang!r}")
        self.lang = lang
        self._place = LANGUAGES.index(lang)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key, with `values` in their places."""
        return CATALOGUE[key][self._place].format(**values)

    def known(self, group: str, name: str) -> str:
        """The text of `group.name`; `name` itself where the catalogue has none: names that others give."""
        found = CATALOGUE.get(f"{group}.{name}")
        return name if found is None else found[self._place]

    @staticmethod
    def unit(unit: str) -> str:
        """A canonical unit as it is printed."""
        return _UNITS.get(unit, unit)

    def title(self, title: str) -> str:
        """A condition's title: the built-in ones are known in Chinese, others are as their file has them."""
        return titles.CHINESE.get(title, title) if self.lang == "zh" else title
