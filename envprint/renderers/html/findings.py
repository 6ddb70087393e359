"""Findings and hazards: what makes the difference, how sure that is, why, and what to do."""

from collections.abc import Iterable, Sequence

from envprint.renderers.changes import labelled
from envprint.renderers.facts import changes_behind, tensors_behind
from envprint.renderers.html.elements import Html, code, join, lines, link, tag, words
from envprint.renderers.html.tables import definitions, fold, section, table
from envprint.renderers.plain import brief
from envprint.renderers.tensor_words import say_tensor
from envprint.renderers.values import both_values
from envprint.report import Finding, Hazard, Report, Severity

IN_FULL = 3  # findings that are not folded
FACTS = 6
NAMES = 16  # kernels before the fold
FEW = 3  # so many more are not folded
MOST = 1000
MAKES = {
    "run": "can part one run from the next",
    "place": "can part this place from another",
    "repeat": "makes draws, batches or outputs repeat",
    "wrong": "makes results wrong: a known bug, not drift",
}


def show_findings(report: Report) -> Html:
    """Return the findings, the first of them open."""
    if not report.findings:
        return Html()
    cards = [_finding(place, finding, report) for place, finding in enumerate(report.findings, 1)]
    rest = [
        fold(f"{each.cause}: {each.status}, {each.confidence:.2f}", card)
        for each, card in zip(report.findings[IN_FULL:MOST], cards[IN_FULL:MOST], strict=True)
    ]
    also = [tag("h3", "Also possible"), *rest] if rest else []
    return section("findings", "Findings", *cards[:IN_FULL], *also)


def show_hazards(hazards: Sequence[Hazard], title: str, *, open_: tuple[Severity, ...] = ()) -> Html:
    """Return hazards, the gravest first; those that are not of the severities `open_` are folded."""
    if not hazards:
        return Html()
    cards = [_hazard(hazard) if hazard.severity in open_ else _folded(hazard) for hazard in hazards[:MOST]]
    return section("hazards", title, *cards)


def _finding(place: int, finding: Finding, report: Report) -> Html:
    wrong = tag("p", "A known bug is in it: a wrong result, not drift.", class_="wrong") if finding.wrong else ""
    pairs = [
        ("tensors", _tensors(finding, report)),
        ("facts", _facts(finding, report)),
        ("why", words(finding.why)),
        ("evidence", _list(finding.evidence)),
        ("moved", _names(finding.moved)),
        ("stayed", _names(finding.stayed)),
        ("expected", finding.expected or "not known"),
        ("measured", finding.measured or ""),
        *_remedy(finding),
    ]
    head = [
        tag("span", str(place), class_="place"),
        tag("h3", words(finding.title)),
        _confidence(finding.status, finding.confidence),
        tag("p", code(finding.cause), class_="cause"),
    ]
    return tag("article", lines([tag("header", *head), wrong, definitions(pairs)]), class_=f"card {finding.status}")


def _confidence(label: str, share: float) -> Html:
    """Return how sure something is: a word, a bar and a number."""
    bars = [tag("rect", width="100%", height=6, rx=3, class_="track"), _part(share)]
    picture = tag("svg", tag("title", f"{share:.2f} of 1"), *bars, class_="confidence", width=96, height=6, role="img")
    return tag("p", tag("span", label, class_="status"), picture, tag("span", f"{share:.2f}"), class_="sure")


def _part(share: float) -> Html:
    return tag("rect", width=f"{100 * share:.0f}%", height=6, rx=3)


def _tensors(finding: Finding, report: Report) -> Html:
    tensors = tensors_behind(finding, report)[:MOST]
    return _table(("tensor", "how it differs"), [(code(each.name), words(say_tensor(each))) for each in tensors])


def _facts(finding: Finding, report: Report) -> Html:
    changes = labelled(changes_behind(finding, report))[:MOST]
    rows = [(code(label), *map(code, both_values(change, 120))) for label, change in changes]
    return _table(("fact", "a", "b"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Return rows as a table, most of them folded; nothing where there are none."""
    if not rows:
        return Html()
    kind = "facts" if len(columns) > 2 else "values"  # noqa: PLR2004 - a column for each side, or one
    if len(rows) <= FACTS + FEW:
        return table(kind, columns, rows)
    rest = fold(f"{len(rows) - FACTS} more {columns[0]}s", table(kind, columns, rows[FACTS:]))
    return join([table(kind, columns, rows[:FACTS]), rest])


def _names(paths: Sequence[str]) -> Html:
    """Return kernels or layers by name, most of them folded."""
    names = [code(path.removeprefix("cpu.")) for path in paths[:MOST]]
    if len(names) <= NAMES + FEW:
        return join(names, " ")
    rest = fold(f"{len(paths) - NAMES} more", tag("p", join(names[NAMES:], " "), class_="names"))
    return join([join(names[:NAMES], " "), rest])


def _list(texts: Sequence[str]) -> Html:
    if not texts:
        return Html()
    return tag("ul", *(tag("li", words(text)) for text in list(dict.fromkeys(texts))[:MOST]))


def _remedy(of: Finding | Hazard) -> Iterable[tuple[str, str]]:
    yield "fix", tag("pre", tag("code", words(of.fix))) if of.fix else ""
    yield "cost", words(of.cost)
    yield "see", tag("ul", *(tag("li", link(each)) for each in of.see[:MOST]), class_="links") if of.see else ""


def _folded(hazard: Hazard) -> Html:
    head = [tag("span", hazard.severity, class_=f"severity {hazard.severity}"), tag("span", words(hazard.title))]
    sides = tag("span", f"in {' and '.join(hazard.sides)}", class_="quiet") if hazard.sides else ""
    likelihood = [("likelihood", f"{hazard.likelihood:.2f}")]
    return tag("details", tag("summary", *head, sides), _body(hazard, likelihood), class_="card")


def _hazard(hazard: Hazard) -> Html:
    head = [
        tag("span", hazard.severity, class_=f"severity {hazard.severity}"),
        tag("h3", words(hazard.title)),
        _confidence("likelihood", hazard.likelihood),
        tag("p", code(hazard.cause), class_="cause"),
    ]
    return tag("article", lines([tag("header", *head), _body(hazard, [])]), class_=f"card {hazard.severity}")


def _body(hazard: Hazard, more: Sequence[tuple[str, str]]) -> Html:
    facts = [(code(path), code(brief(value, 200))) for path, value in list(hazard.facts.items())[:MOST]]
    makes = MAKES[hazard.makes]
    pairs = [
        ("effect", makes),
        *more,
        ("facts", table("values", ("fact", "value"), facts) if facts else ""),
        ("why", words(hazard.why)),
        ("expected", hazard.expected or ""),
        *_remedy(hazard),
    ]
    return definitions(pairs)
