"""Take what may be secret out of the addresses that git and pip keep: user, password, query, fragment."""

import re

# scheme://authority/path?query#fragment; //authority/path
_ADDRESS = re.compile(r"(?P<scheme>(?:[a-z][a-z0-9+.-]*:)?//)(?P<authority>[^/?#]*)(?P<path>[^?#]*)", re.IGNORECASE)
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")  # an IPv6 address stands in brackets
_USUAL_USER = "git"  # of git@github.com:owner/name: says nothing, and the address is known by it


def without_credentials(url: str) -> str:
    """Return an address without user, password, query (signed links) and fragment.

    A password with a slash in it, which should have been %2F, makes the authority end too soon:
    what then stands before the slash is no host and port.
    """
    found = _ADDRESS.match(url)
    if found is None:
        return _without_user(url)
    authority, path = found["authority"], found["path"]
    if "@" in path and "@" not in authority and not _HOST.fullmatch(authority):
        authority, _, path = path.rpartition("@")[2].partition("/")
        path = f"/{path}"
    return f"{found['scheme']}{authority.rpartition('@')[2]}{path}"


def _without_user(address: str) -> str:
    """Return `host:owner/name` of `ada@host:owner/name`, and a folder's path as it is."""
    user, mark, rest = address.partition("@")
    bare = rest if mark and "/" not in user and user != _USUAL_USER else address
    return re.sub(r"[?#].*$", "", bare)
