"""What a token looks like, and what is kept of it.

    cl_7k2m9q4x_Jd8w...43 characters...
       id: public, in lists and in the audit log
                secret: shown once, kept hashed

The hash is one round of SHA-256. Slow hashes (scrypt, Argon2) are for what people choose: they make each guess dear.
Here a guess would be one of 2^256, which no speed helps; and every request of an application checks a token.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

__all__ = ["TokenText", "hash_of_secret", "make_token", "parse_token", "same_hash"]

_SECRET_BYTES = 32
_ID_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without those that are taken for one another when read out."""
_ID_LENGTH = 8
_FORM = re.compile(rf"cl_([{_ID_SIGNS}]{{{_ID_LENGTH}}})_([A-Za-z0-9_-]{{43}})")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token as its holder has it."""

    id: str
    text: str = field(repr=False)


def make_token(id: str = "") -> TokenText:  # noqa: A002  the word for it
    """A new one; with the `id` of one that is there, a new secret for it."""
    name = id or "".join(secrets.choice(_ID_SIGNS) for _ in range(_ID_LENGTH))
    return TokenText(name, f"cl_{name}_{secrets.token_urlsafe(_SECRET_BYTES)}")


def parse_token(text: str) -> TokenText | None:
    """What somebody brought, without the white space that comes of copying; None: it is no token of ours."""
    found = _FORM.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return None if found is None else TokenText(found[1], found[0])


def hash_of_secret(text: str) -> bytes:
    """What is kept of a token, or of the id of a session: whole, so that a hash counts for its own id alone."""
    return hashlib.sha256(text.encode()).digest()


def same_hash(one: bytes | None, other: bytes) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return isinstance(one, bytes) and hmac.compare_digest(one, other)
