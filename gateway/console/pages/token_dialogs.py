"""The dialogs of tokens: a new one, a new secret, revoking; and the secret itself, which is shown once."""

from collections.abc import Mapping, Sequence

from gateway.access.roles import Role
from gateway.access.token_model import Issued, Token
from gateway.console.nodes import Node, act, el
from gateway.console.texts.words import Words
from gateway.console.view.tokens import GRACES, LIFETIMES, SAME

__all__ = ["new_dialog", "revoke_dialog", "rotate_dialog", "secret_dialog"]


def new_dialog(words: Words, zones: Sequence[tuple[str, str]]) -> Node:
    """Who gets it, what it may, where, until when. `zones`: (id, name)."""
    roles = [(str(role), f"{words.term('role', role)}: {words(f'role.{role}')}") for role in Role]  # texts: role.*
    return _dialog(
        words("token.new"), "token-make", "",
        el("label.field.wide", el("span", words("access.name")),
           el("input.wide", type="text", name="name", required="required", maxlength="100", autocomplete="off"),
           el("small.muted", words("token.name_why"))),
        el("label.field.wide", el("span", words("access.role")), _select("role", roles, Role.VIEWER)),
        el("label.field", el("span", words("token.lifetime")), _select("lifetime", _lifetimes(words), "90")),
        el("label.field.wide", el("span", words("token.zones")),
           el("select", *(el("option", name, value=zone) for zone, name in zones), name="zones", multiple="multiple",
              size="6"),
           el("small.muted", words("token.zones_why"))),
        ends=(words, words("token.make")),
    )  # fmt: skip


def rotate_dialog(words: Words, token: Token) -> Node:
    """A new secret; for how long the old one counts on."""
    graces = [(hours, words(f"token.grace_{hours}")) for hours in GRACES]  # texts: token.grace_*
    lifetimes = [(SAME, words("token.lifetime_same")), *_lifetimes(words)]
    return _dialog(
        words("token.rotate_of", name=token.name), "token-rotate", token.id,
        el("p", words("token.rotate_why")),
        el("label.field", el("span", words("token.grace")), _select("grace", graces, "24")),
        el("label.field", el("span", words("token.lifetime")), _select("lifetime", lifetimes, SAME)),
        ends=(words, words("token.rotate")),
    )  # fmt: skip


def revoke_dialog(words: Words, token: Token, *, own: bool) -> Node:
    """Are you sure."""
    return _dialog(
        words("token.revoke_of", name=token.name), "token-revoke", token.id,
        el("p", words("token.revoke_why")), el("p.warn", words("token.revoke_own")) if own else None,
        ends=(words, words("token.revoke")),
    )  # fmt: skip


def secret_dialog(words: Words, issued: Issued) -> Node:
    """The only time that it is shown."""
    return el(
        "dialog",
        el(
            "div.stack",
            el("h2", words("token.made", name=issued.token.name), id="dialog-title"),
            el("div.notice.bad-edge", words("token.once")),
            el("label.field.wide", el("span", words("access.token")),
               el("input.code.wide", type="text", value=issued.text, readonly="readonly", id="token-secret",
                  autocomplete="off", spellcheck="false")),
            el("div.ends",
               el("button.b.main", words("token.copy"), type="button", data_copy="token-secret",
                  data_copied=words("token.copied")),
               act(words("token.have_it"), "close", class_="b")),
        ),
        aria_labelledby="dialog-title",
    )  # fmt: skip


def _dialog(title: str, name: str, key: str, *parts: Node | None, ends: tuple[Words, str]) -> Node:
    words, done = ends
    return el(
        "dialog",
        el(
            "form",
            el("h2", title, id="dialog-title"),
            *parts,
            el("div.ends", act(words("frame.cancel"), "close", class_="b"),
               el("button.b.main", done, type="submit", data_act=name, data_key=key or None)),
            data_act=name, data_key=key or None,
        ),
        aria_labelledby="dialog-title",
    )  # fmt: skip


def _lifetimes(words: Words) -> list[tuple[str, str]]:
    return [(days, words(f"token.lifetime_{days}")) for days in LIFETIMES]  # texts: token.lifetime_*


def _select(name: str, options: Sequence[tuple[str, str]], chosen: str) -> Node:
    given: Mapping[str, str] = dict(options)
    return el(
        "select",
        *(
            el("option", text, value=value, selected="selected" if value == chosen else None)
            for value, text in given.items()
        ),
        name=name,
    )
