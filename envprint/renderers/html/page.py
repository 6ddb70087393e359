"""A page that stands alone: its style within, no script, and a policy by which a browser loads nothing else."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from envprint.renderers.html.elements import Html, lines, tag
from envprint.renderers.html.marks import define_marks


def render_page(  # noqa: PLR0913 - the last two are a server's
    title: str, schema: str, header: Sequence[str], sections: Iterable[str], *, style: str = "", forms: bool = False
) -> str:
    """Return the whole document; more `style` may be given, and `forms` may be sent to where the page is from."""
    style = resources.files("envprint.renderers.html").joinpath("page.css").read_text(encoding="utf-8") + style
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, forms=forms)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Html(style)),
    ]
    body = [
        tag("header", lines(header), class_="page"),
        tag("main", lines([define_marks(), *sections])),
        tag("footer", tag("p", "envprint · ", tag("code", schema))),
    ]
    page = tag("html", lines(["", tag("head", lines(head)), tag("body", lines(body))]), lang="en")
    return f"<!doctype html>\n{page}\n"


def _policy(style: str, *, forms: bool) -> str:
    """Return what the page may load and do: nothing but its own style, and where it has forms, ask its own server."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action '{'self' if forms else 'none'}'"
    )
