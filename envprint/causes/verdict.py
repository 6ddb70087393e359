"""The verdict on a comparison, and the sentence a person would say."""

from collections.abc import Sequence

from envprint.report import Change, Dismissed, Finding, Verdict


def verdict_of(changes: Sequence[Change], dismissed: Sequence[Dismissed]) -> Verdict:
    """Return the verdict that facts alone allow.

    `divergent` where a fact differs that decides by itself, `undecidable` where one differs that may, or is unknown;
    `equivalent` where facts differ that could bear and were shown not to; `identical` where none differs that could.
    """
    if any(change.decisive for change in changes):
        return "divergent"
    if any(change.bearing == "numeric" for change in changes):
        return "undecidable"
    return "equivalent" if dismissed else "identical"


def summarise(verdict: Verdict, changes: Sequence[Change], findings: Sequence[Finding]) -> str:
    """Return one sentence."""
    if verdict == "identical":
        return "Nothing that bears on results differs."
    if verdict == "equivalent":
        return "Facts differ, but none of them reaches the results."
    if verdict == "undecidable":
        return _undecidable(changes)
    sure = any(finding.status != "possible" for finding in findings)
    parting = "They will not agree bit for bit" if sure else "They are likely to part, as far as facts tell"
    if not findings:
        return f"{parting}."
    return f"{parting}: expect {findings[0].expected}{_where(findings[0])}."


def _where(finding: Finding) -> str:
    return " relative in float32" if finding.effect in ("rounding", "small", "medium") else ""


def _undecidable(changes: Sequence[Change]) -> str:
    suspects = sum(change.bearing == "numeric" and change.kind != "unknown" for change in changes)
    unknown = sum(change.bearing == "numeric" and change.kind == "unknown" for change in changes)
    if not suspects:
        return (
            f"What could be read agrees, but {_count(unknown, 'fact')} could not be read on a side: capture both again."
        )
    rest = f", and {_count(unknown, 'more')} could not be read" if unknown else ""
    differ = "differs" if suspects == 1 else "differ"
    return (
        f"{_count(suspects, 'fact')} that may bear on results {differ}{rest}: facts alone do not tell whether they do."
    )


def _count(number: int, noun: str) -> str:
    plural = noun if noun == "more" or number == 1 else f"{noun}s"
    return f"{number} {plural}"
