"""Compare many manifests at once: from files, or from documents that are at hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from envprint.errors import EnvprintError
from envprint.fleet.grouping import group, kernels_of_all
from envprint.fleet.reading import Catalogue, Known, Reading, document_of, files_of, known_of, read_all
from envprint.fleet.reasons import explain_group
from envprint.fleet.report import FleetReport, Group, Member, Unsettled
from envprint.fleet.settling import unsettled
from envprint.fleet.telling import tell_apart
from envprint.manifest import Manifest, load, parse_manifest
from envprint.report import Verdict

EXPLAINED = 16  # groups that are explained; of more the machines have hardly anything in common


def compare_files(
    names: Iterable[str], tick: Callable[[str], None] = lambda _: None, given: Mapping[str, bytes] | None = None
) -> FleetReport:
    """Return how many manifests differ, of files and of folders of them; EnvprintError where fewer than two are read.

    `given` are the contents of others by name. A file that is no manifest is told in the report, and holds the others
    up no more.
    """
    catalogue = Catalogue()
    known, refused = read_all(dict.fromkeys(files_of(names)), catalogue, tick)
    contents = given or {}
    known += [known_of(document_of(content, name), name, catalogue) for name, content in contents.items()]
    if len(known) < 2:  # noqa: PLR2004 - one alone is not compared
        why = f": {next(iter(refused.values()))}" if refused else ""
        met = "one manifest was found" if known else "no manifest was found"
        raise EnvprintError(f"{met}{why}; expected two or more")

    def read(name: str) -> Manifest:
        return parse_manifest(contents[name], name) if name in contents else load(name)

    return compare_known(known, catalogue, read, refused, tick)


def compare_known(
    known: Sequence[Known],
    catalogue: Catalogue,
    read: Reading,
    refused: Mapping[str, str] | None = None,
    tick: Callable[[str], None] = lambda _: None,
) -> FleetReport:
    """Return how many manifests differ; `read` gives the whole of one by its name, which few are asked for."""
    grouping = group(known)
    explained: list[Group] = []
    notes: list[str] = []
    for number in range(1, len(grouping.groups) + 1):
        tick(f"group {number} of {len(grouping.groups)}")
        try:
            explained.append(_explained(number, grouping.groups, catalogue, read))
        except EnvprintError as exc:  # what one file holds keeps nobody else from an answer
            notes.append(f"group {number} is not explained: {exc}")
            explained.append(_bare(number, grouping.groups[number - 1]))
    facts, sufficient, confidence = tell_apart(grouping.groups, explained, catalogue)
    ids = {each.name: each.id for each in known}
    apart = {**grouping.apart, **grouping.partly, **(refused or {})}
    verdict = _verdict(explained, apart)
    return FleetReport(
        verdict=verdict,
        summary=_summary(verdict, explained, len(known), {**grouping.apart, **(refused or {})}),
        size=len(known) + len(refused or {}),
        kernels=kernels_of_all(grouping.groups),
        groups=tuple(explained),
        facts=facts,
        sufficient=sufficient,
        confidence=confidence,
        notes=tuple(notes),
        apart=tuple(Member(name=name, id=ids.get(name, ""), reason=reason) for name, reason in sorted(apart.items())),
    )


def _explained(number: int, groups: Sequence[Sequence[Known]], catalogue: Catalogue, read: Reading) -> Group:
    theirs = groups[number - 1]
    if number == 1:
        return _bare(number, theirs, unsettled(theirs, catalogue, read))
    return explain_group(number, groups, catalogue, read) if number <= EXPLAINED else _bare(number, theirs)


def _bare(number: int, theirs: Sequence[Known], left: tuple[Unsettled, ...] = ()) -> Group:
    """Return a group that is compared with no other."""
    compared = sum(each is not None for each in theirs[0].bits.values())
    names = tuple(each.name for each in theirs)
    return Group(number=number, members=names, example=names[0], compared=compared, unsettled=left)


def _verdict(groups: Sequence[Group], apart: Mapping[str, str]) -> Verdict:
    if len(groups) > 1:
        return "divergent"
    return "undecidable" if apart or not groups or groups[0].unsettled else "equivalent"


def _summary(verdict: Verdict, groups: Sequence[Group], size: int, apart: Mapping[str, str]) -> str:
    left = f"; of {len(apart)} it is not known" if apart else ""
    if not groups:
        return f"None of {size} manifests has probes: what they compute is not known."
    if verdict != "divergent":
        other = {name for each in groups[0].unsettled for name in each.members}
        more = f"; {len(other)} differ in what no probe computes" if other else ""
        return f"All {len(groups[0].members)} that can be compared compute the same bits{more}{left}."
    odd = [name for each in groups[1:] for name in each.members]
    verb = "does" if len(odd) == 1 else "do"
    named = ", ".join(odd[:3]) + (f" and {len(odd) - 3} more" if len(odd) > 3 else "")  # noqa: PLR2004 - a sentence
    return f"{len(groups)} different results: {len(groups[0].members)} agree, {named} {verb} not{left}."
