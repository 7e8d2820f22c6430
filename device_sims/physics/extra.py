"""Libraries that only an extra of the package brings; imported when they are needed."""

import importlib
import warnings
from typing import Any

__all__ = ["MissingExtraError", "need"]


class MissingExtraError(Exception):
    """The library isn't there; says what to install."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module.partition('.')[0]} is not installed, which this simulation computes with")
        self.remedy = f'Install it by `pip install "cityloom[{extra}]"`.'


def need(module: str, extra: str) -> Any:
    """The module.

    Raises:
        MissingExtraError: it isn't installed, or something that it stands on isn't.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries that they themselves import
            return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(module, extra) from error
