"""What an option is for: the text under its field, read when somebody asks, for reading sources costs a start 0.1 s."""

import ast
import inspect
from functools import cache
from textwrap import dedent

from pydantic import BaseModel

__all__ = ["doc_of"]


def doc_of(model: type[BaseModel], field: str) -> str:
    """The docstring under `field` in `model` or whom it inherits from; "": there is none."""
    for owner in model.__mro__:
        if field in vars(owner).get("__annotations__", ()):
            return _docs(owner).get(field, "")
    return ""


@cache
def _docs(owner: type) -> dict[str, str]:
    (tree,) = ast.parse(dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            found[field.target.id] = inspect.cleandoc(text.value.value)
    return found
