"""The text under an option is found where it stands, also through inheritance."""

from gateway.config.docs import doc_of
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings


def test_the_text_under_an_option_is_what_it_is_for() -> None:
    assert doc_of(Settings, "data_dir").startswith("Folder of journal, snapshots")


def test_an_inherited_option_has_the_text_of_whom_it_comes_from() -> None:
    inherited = next(
        name for name in SourceSettings.model_fields if name not in vars(SourceSettings)["__annotations__"]
    )
    assert doc_of(SourceSettings, inherited)


def test_what_is_no_option_has_no_text() -> None:
    assert doc_of(Settings, "no_such_option") == ""
