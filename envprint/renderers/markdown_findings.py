"""Findings and hazards as Markdown: what makes the difference, why, and what to do."""

from collections.abc import Iterator, Sequence

from envprint.renderers.changes import labelled
from envprint.renderers.facts import changes_behind, tensors_behind
from envprint.renderers.markdown_text import WORDS, block, code, items, link, listed, prose, rows
from envprint.renderers.tensor_words import say_tensor
from envprint.renderers.values import both_values
from envprint.report import Change, Finding, Hazard, Report, TensorDrift

IN_FULL = 3
FACTS = 6
LISTED = 12


def show_findings(report: Report) -> Iterator[str]:
    """Yield the first findings in full, the others by name."""
    for place, finding in enumerate(report.findings[:IN_FULL], 1):
        yield f"### {place}. {code(finding.cause)} · {finding.status}, {finding.confidence:.2f}"
        yield f"{prose(finding.title)}{' (with a known bug: a wrong result, not drift)' if finding.wrong else ''}"
        yield _tensors(tensors_behind(finding, report))
        yield _facts(changes_behind(finding, report))
        yield items(_reasons(finding))
        yield from _remedy(finding)
    rest = [f"{code(each.cause)} {each.confidence:.2f}" for each in report.findings[IN_FULL:]]
    if rest:
        more = f" and {len(rest) - LISTED} more" if len(rest) > LISTED else ""
        yield f"**also possible** {', '.join(rest[:LISTED])}{more}"


def _tensors(tensors: Sequence[TensorDrift]) -> str:
    if not tensors:
        return ""
    more = f"\n\nand {len(tensors) - FACTS} more tensors" if len(tensors) > FACTS else ""
    return (
        rows(("tensor", "how it differs"), [(code(each.name), prose(say_tensor(each))) for each in tensors[:FACTS]])
        + more
    )


def _facts(changes: Sequence[Change]) -> str:
    named = labelled(changes)
    if not named:
        return ""
    more = f"\n\nand {len(named) - FACTS} more facts" if len(named) > FACTS else ""
    cells = [(code(label), *map(code, both_values(change))) for label, change in named[:FACTS]]
    return rows(("fact", "a", "b"), cells) + more


def _reasons(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "why", prose(finding.why)
    for evidence in list(dict.fromkeys(finding.evidence))[:FACTS]:
        yield "evidence", prose(evidence)
    yield "moved", listed(finding.moved)
    yield "stayed", listed(finding.stayed)
    yield "expected", prose(finding.expected or "not known")
    yield "measured", prose(finding.measured or "")


def _remedy(of: Finding | Hazard) -> Iterator[str]:
    if of.fix:
        yield f"**fix** (cost: {prose(of.cost)})" if of.cost else "**fix**"
        yield block(of.fix)
    if of.see:
        yield f"**see** {' '.join(map(link, of.see[:LISTED]))}"


def show_hazards(hazards: Sequence[Hazard], title: str) -> Iterator[str]:
    """Yield hazards as a list, the gravest first."""
    if not hazards:
        return
    more = f"\n- and {len(hazards) - LISTED} more" if len(hazards) > LISTED else ""
    yield f"### {title}\n\n" + "\n".join(f"- {_hazard(hazard)}" for hazard in hazards[:LISTED]) + more


def _hazard(hazard: Hazard) -> str:
    sides = f", in {' and '.join(hazard.sides)}" if hazard.sides else ""
    facts = ", ".join(f"{code(path)} {code(value)}" for path, value in list(hazard.facts.items())[:FACTS])
    parts = [
        f"**{hazard.severity}** {prose(hazard.title)} ({code(hazard.cause)}{sides})",
        f"{prose(hazard.why)}{' A known bug: a wrong result, not drift.' if hazard.wrong else ''}",
        f"**facts** {facts}" if facts else "",
        f"**fix** {code(hazard.fix, WORDS)}" if hazard.fix else "",
        f"**cost** {prose(hazard.cost)}" if hazard.cost else "",
        f"**see** {' '.join(map(link, hazard.see[:LISTED]))}" if hazard.see else "",
    ]
    return "\\\n  ".join(part for part in parts if part)
