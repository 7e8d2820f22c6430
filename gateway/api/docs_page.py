"""The page of the documentation: one HTML text of the OpenAPI document, without scripts or anything from elsewhere."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["page_of"]

_STYLE = """\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f3f3f3;padding:.6rem;overflow:auto}
summary{cursor:pointer;padding:.35rem 0}details{border-top:1px solid #ddd}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-top:1px solid #eee}
.m{display:inline-block;min-width:4rem;font-weight:600}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#222}a{color:#8ab4f8}
details,td,th{border-color:#333}}
"""


def page_of(document: Mapping[str, Any]) -> str:
    """HTML."""
    tags: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault((operation.get("tags") or ["other"])[0], []).append((method.upper(), path, operation))
    links = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in tags)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        f"<title>{escape(document['info']['title'])} API</title><style>{_STYLE}</style><main>",
        f"<h1>{escape(document['info']['title'])} API {escape(document['info']['version'])}</h1>",
        *(f"<p>{_words(text)}</p>" for text in document["info"].get("description", "").split("\n\n")),
        '<p>For programs: <a href="openapi.json">openapi.json</a>, and of the live topics on MQTT '
        '<a href="asyncapi.json">asyncapi.json</a>.</p>',
        f"<nav>{links}</nav>",
    ]
    for tag, operations in tags.items():
        parts.append(f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>')
        for each in operations:
            parts += _operation(document, *each)
    return "\n".join(parts) + "</main></html>"


def _operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<details><summary><span class=m>{method}</span> <code>{escape(path)}</code>"
    yield f" {escape(operation.get('summary', ''))}</summary>"
    yield f"<p>{_words(operation.get('description', ''))}</p><p>{_who(operation)}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<table><tr><th>parameter<th>in<th>what it is</tr>"
        for each in parameters:
            name = f"{each['name']}{' (needed)' if each.get('required') else ''}"
            yield f"<tr><td><code>{escape(name)}</code><td>{escape(each['in'])}<td>{_about(each)}</tr>"
        yield "</table>"
    yield f"<pre>{escape(_command(document, method, path, operation))}</pre>"
    for status, answer in operation.get("responses", {}).items():
        shown = _example(document, answer) if status.startswith("2") else None
        yield f"<p>{status}: {_words(answer.get('description', ''))}</p>" if status.startswith(("2", "3")) else ""
        if shown is not None:
            yield f"<pre>{escape(json.dumps(shown, indent=2, ensure_ascii=False))}</pre>"
    refused = [status for status in operation.get("responses", {}) if status[0] in "45"]
    yield f"<p>Problems: {', '.join(refused)}</p></details>"


def _who(operation: Mapping[str, Any]) -> str:
    if not operation.get("security"):
        return "Open to all."
    permission = operation.get("x-permission")
    if permission is None:
        return "Needs a token or a session."
    return f"Needs the permission <code>{escape(permission)}</code>" + (
        " for the whole city." if operation.get("x-whole-city") else "."
    )


def _about(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    facts = [parameter.get("description", "").rstrip(".")]
    if choices := re.fullmatch(r"\^\(\|?([a-z_|0-9]+)\)\$", schema.get("pattern", "")):
        facts.append("one of " + ", ".join(f"`{each}`" for each in choices[1].split("|")))
    facts += [f"{schema['minimum']} to {schema['maximum']}"] if {"minimum", "maximum"} <= set(schema) else []
    facts += [f"default `{schema['default']}`"] if schema.get("default") not in (None, "", []) else []
    return _words("; ".join(filter(None, facts)))


def _command(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    """With curl; `$CITYLOOM` and `$TOKEN` are the asker's."""
    query = []
    for each in operation.get("parameters", []):
        shown = each.get("example") or next(iter(each.get("schema", {}).get("examples", [])), None)
        if shown is None:
            continue
        first = shown[0] if isinstance(shown, list) else shown
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(first))
        elif each["in"] == "query":
            query.append(f"{each['name']}={first}")
    words = ["curl"] + (["-X", method] if method not in ("GET", "POST") else [])
    if operation.get("security"):
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        shown = _example(document, {"content": {"application/json": body}})
        words += ["--json", shlex.quote(json.dumps(shown, ensure_ascii=False))]
    elif method == "POST":
        words += ["-X", "POST"]
    address = f"$CITYLOOM{path}" + ("?" + "&".join(query) if query else "")
    return " ".join([*words, f'"{address}"'])


def _example(document: Mapping[str, Any], answer: Mapping[str, Any]) -> Any:
    for content in answer.get("content", {}).values():
        ref = content.get("schema", {}).get("$ref", "")
        found = document["components"]["schemas"].get(ref.rpartition("/")[2], {}).get("examples")
        if found:
            return found[0]
    return None


def _words(text: str) -> str:
    """Text with `code`."""
    pieces = escape(" ".join(text.split())).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))


def _anchor(tag: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in tag)
