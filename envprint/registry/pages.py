"""The pages of the registry: the runs, of which two are chosen to be compared, and one manifest."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from urllib.parse import urlencode

from envprint.causes.checkup import examine
from envprint.manifest import SCHEMA, SECTIONS, Manifest
from envprint.registry.answers import REFERENCE, Listed, Page
from envprint.registry.store import SHOWN, Found, Search
from envprint.renderers.html.elements import Html, code, join, lines, tag, words
from envprint.renderers.html.findings import show_hazards
from envprint.renderers.html.page import render_page
from envprint.renderers.html.tables import definitions, fold, section, table
from envprint.renderers.manifest import section_rows

FIELDS = {"q": "words", "label": "label", "host": "host", "gpu": "GPU", "cause": "cause"}
COLUMNS = ("run", "host", "GPU", "torch", "received", "a", "b")
NAMED = 3  # labels of a run
BRAND = tag("nav", tag("span", "envprint registry", class_="quiet"), tag("a", "runs", href="/runs"))


def show_runs(page: Page, asked: Search, offered: Mapping[str, Sequence[str]]) -> str:
    """Return the page of a list: what is searched, what was found, and where more is."""
    header = [BRAND, tag("h1", "Runs"), _search_form(asked, offered)]
    found = page.manifests
    chosen = (1, 0) if len(found) > 1 else (0, 0)  # the latest against the one before
    rows = [_row(each, place, chosen) for place, each in enumerate(found)]
    nothing = tag("p", "Nothing was found." if any(_query(asked)) or asked.after else "Nothing was pushed yet.")
    links = [tag("a", "which of these compute the same bits", href=_path("/fleet", _query(asked)))]
    if page.next:
        links.append(tag("a", "older", href=_path("/runs", [*_query(asked), ("after", page.next)]), rel="next"))
    compare = tag("div", tag("button", "Compare a with b"), *links, class_="compare")
    form = tag("form", table("runs", COLUMNS, rows), compare, action="/diff", method="get")
    return _page("runs", header, section("found", "Latest first", form if rows else nothing))


def show_manifest(found: Found, manifest: Manifest) -> str:
    """Return the page of one manifest: what it is called, what may come of it, and all its facts."""
    facts = [
        ("id", tag("code", found.id, class_="id")),
        ("labels", join((tag("a", each, href=_path("/runs", [("label", each)])) for each in found.labels), ", ")),
        ("host", found.host or ""),
        ("taken", found.taken_at or ""),
        ("received", found.received_at),
        ("as JSON", tag("a", f"{found.digest[:SHOWN]}.json", href=f"/manifests/{found.digest}.json")),
    ]
    header = [BRAND, tag("h1", words(_called(found.labels, found.id, found.host))), definitions(facts)]
    against = tag(
        "form",
        tag("input", type="hidden", name="a", value=found.digest),
        tag("label", "id, or its beginning", tag("input", name="b", required=True, pattern=REFERENCE[1:-1])),
        tag("button", "Compare"),
        action="/diff", method="get", class_="against",
    )  # fmt: skip
    hazards = [each.model_copy(update={"sides": ()}) for each in examine(manifest).hazards]  # there is one side
    sections = [
        section("against", "Compare with", against),
        show_hazards(hazards, "Hazards"),
        section("facts", "What was captured", *_facts(manifest)),
    ]
    return _page(found.digest[:SHOWN], header, *sections)


def _page(title: str, header: Sequence[str], *sections: str) -> str:
    style = resources.files("envprint.registry").joinpath("registry.css").read_text(encoding="utf-8")
    return render_page(f"{title} · envprint", SCHEMA, header, sections, style=style, forms=True)


def _search_form(asked: Search, offered: Mapping[str, Sequence[str]]) -> Html:
    lists = [
        tag("datalist", lines(tag("option", value=each) for each in values), id=f"{name}s")
        for name, values in offered.items()
    ]
    fields = [
        tag(
            "label", title,
            tag("input", name=name, value=getattr(asked, name) or "", list=f"{name}s" if name in offered else None),
        )
        for name, title in FIELDS.items()
    ]  # fmt: skip
    return tag("form", lines([*fields, *lists, tag("button", "Search")]), action="/runs", method="get", class_="search")


def _row(run: Listed, place: int, chosen: tuple[int, int]) -> list[str]:
    digest = run.id.removeprefix("sha256:")
    name = tag("a", words(_called(run.labels, run.id, run.host)), href=f"/manifests/{digest}")
    radios = (
        _radio(side, digest, checked=place == which)
        for side, which in zip("ab", chosen, strict=True)
    )  # fmt: skip
    when = run.received_at[:16].replace("T", " ")
    return [join([name, code(digest[:SHOWN])]), run.host or "", run.gpu or "", run.torch or "", when, *radios]


def _radio(side: str, digest: str, *, checked: bool) -> Html:
    label = f"{digest[:SHOWN]} as {side}"
    return tag("input", type="radio", name=side, value=digest, checked=checked, aria_label=label)


def _called(labels: Sequence[str] | dict[str, str], id_: str, host: str | None) -> str:
    """Return what a person calls a manifest."""
    return ", ".join(list(labels)[:NAMED]) or host or id_[: len("sha256:") + SHOWN]


def _query(asked: Search) -> list[tuple[str, str | int]]:
    return [(name, value) for name in FIELDS if (value := getattr(asked, name))]


def _path(path: str, query: Sequence[tuple[str, str | int]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _facts(manifest: Manifest) -> Iterator[Html]:
    """Yield each section, folded, and what could not be read."""
    document = manifest.as_json()
    for name in SECTIONS:
        rows = [(code(label), value) for label, value in section_rows(name, manifest, document)]
        if rows:
            yield fold(name, table("facts", ("fact", "value"), rows))
    failed = [(code(path), words(gap.reason)) for path, gap in manifest.gaps.items() if gap.kind == "failed"]
    if failed:
        yield fold("could not be read", table("facts", ("fact", "reason"), failed))
