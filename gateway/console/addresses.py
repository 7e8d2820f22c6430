"""Where somebody may be sent: places of this site only, whatever an address says."""

from urllib.parse import urlsplit

__all__ = ["inside"]


def inside(address: str) -> str:
    """A place of this site; what leads elsewhere becomes the first page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    outside = parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\"))
    return "/" if outside or not address.isprintable() else address
