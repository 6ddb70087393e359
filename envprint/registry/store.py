"""Keep manifests, each once by its id, and find them again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Engine, Select, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from envprint.registry.entry import Entry, content_of
from envprint.registry.refusal import RefusedError, not_found
from envprint.registry.tables import BodyRow, CauseRow, LabelRow, ManifestRow

LABELS = 20  # of a manifest in a list, the latest
SHOWN = 12  # digits of an id


@dataclass(frozen=True)
class Push:
    """One request to keep a manifest, under a label or none."""

    entry: Entry
    label: str | None


@dataclass(frozen=True)
class Search:
    """What is asked for; `after` is the number that the page before ended with."""

    label: str | None = None
    host: str | None = None
    gpu: str | None = None
    cause: str | None = None
    q: str | None = None
    after: int | None = None


@dataclass(frozen=True)
class Found:
    """What a list shows of a manifest; `labels` are the latest, each with the time at which it was first pushed."""

    number: int
    digest: str
    received_at: str
    taken_at: str | None
    host: str | None
    gpu: str | None
    torch: str | None
    size_bytes: int
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the id of the manifest."""
        return f"sha256:{self.digest}"


SHOWN_COLUMNS = tuple(getattr(ManifestRow, name) for name in Found.__dataclass_fields__ if name != "labels")


class Store:
    """The manifests of one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
        self._insert: Any = dialect.insert  # both know ON CONFLICT

    def put(self, pushes: Sequence[Push]) -> list[bool]:
        """Keep manifests and labels in one transaction; return which manifests are new. On the disk when it returns."""
        entries = {push.entry.digest: push.entry for push in pushes}
        with self.engine.begin() as connection:
            new = self._put_manifests(connection, [entries[each] for each in sorted(entries)])
            labelled = sorted({(push.entry.digest, push.label) for push in pushes if push.label})
            if labelled:
                self._put_labels(connection, labelled, new)
        return [push.entry.digest in new for push in pushes]

    def _put_manifests(self, connection: Any, entries: Sequence[Entry]) -> dict[str, int]:
        """Return the numbers of those that were not there; sorted, so that two servers wait in the same order."""
        statement = self._insert(ManifestRow).on_conflict_do_nothing().returning(ManifestRow.digest, ManifestRow.number)
        facts = ("digest", "taken_at", "host", "gpu", "torch", "words", "size_bytes")
        rows = [{**{name: getattr(each, name) for name in facts}, "received_at": _now()} for each in entries]
        new = {row.digest: row.number for row in connection.execute(statement, rows)}
        bodies = [{"manifest": new[each.digest], "content": each.body} for each in entries if each.digest in new]
        if bodies:
            connection.execute(insert(BodyRow), bodies)
        return new

    def _put_labels(self, connection: Any, labelled: Sequence[tuple[str, str]], new: dict[str, int]) -> None:
        old = {digest for digest, _ in labelled} - new.keys()
        there = select(ManifestRow.digest, ManifestRow.number).where(ManifestRow.digest.in_(old))
        numbers = new | ({row.digest: row.number for row in connection.execute(there)} if old else {})
        rows = [
            {"manifest": numbers[digest], "label": label, "words": label.lower(), "pushed_at": _now()}
            for digest, label in labelled
        ]
        connection.execute(self._insert(LabelRow).on_conflict_do_nothing(), rows)

    def find(self, reference: str) -> Found:
        """Return the one manifest whose id begins so; RefusedError where there is none, or more than one."""
        digest = reference.removeprefix("sha256:")
        beginning = (ManifestRow.digest >= digest, ManifestRow.digest < f"{digest}g")  # f is the last digit
        found = list(self._found(select(*SHOWN_COLUMNS).where(*beginning).limit(2)))
        if not found:
            raise not_found(reference)
        if len(found) > 1:
            raise RefusedError(409, f"more than one id begins with {reference}", hint="name more of it")
        return found[0]

    def content(self, found: Found) -> bytes:
        """Return a manifest as it was pushed."""
        with self.engine.connect() as connection:
            body = connection.execute(select(BodyRow.content).where(BodyRow.manifest == found.number)).scalar_one()
        return content_of(body)

    def page(self, search: Search, size: int) -> list[Found]:
        """Return what is searched for, the latest first, at most so many."""
        return list(self._found(_matching(select(*SHOWN_COLUMNS), search).limit(size)))

    def unexamined(self, most: int) -> list[Found]:
        """Return manifests of which nobody has said yet what is found in them, the latest first."""
        waiting = select(*SHOWN_COLUMNS).where(ManifestRow.examined.is_(False)).order_by(ManifestRow.number.desc())
        return list(self._found(waiting.limit(most)))

    def keep_causes(self, found: Found, causes: Iterable[str]) -> None:
        """Note which causes a manifest alone has the facts for; as often as one likes."""
        rows = [{"cause": each, "manifest": found.number} for each in sorted(set(causes))]
        with self.engine.begin() as connection:
            if rows:
                connection.execute(self._insert(CauseRow).on_conflict_do_nothing(), rows)
            connection.execute(update(ManifestRow).where(ManifestRow.number == found.number).values(examined=True))

    def labels(self, most: int) -> list[str]:
        """Return labels, each once, in their order."""
        with self.engine.connect() as connection:
            return list(
                connection.execute(select(LabelRow.label).distinct().order_by(LabelRow.label).limit(most)).scalars()
            )

    def _found(self, statement: Select[Any]) -> Iterator[Found]:
        with self.engine.connect() as connection:
            rows = [row._asdict() for row in connection.execute(statement)]
            labels: dict[int, dict[str, str]] = {row["number"]: {} for row in rows}
            for number, label, pushed_at in connection.execute(_latest_labels(labels)) if rows else ():
                labels[number][label] = pushed_at
        yield from (Found(**row, labels=labels[row["number"]]) for row in rows)


def _matching(statement: Select[Any], search: Search) -> Select[Any]:
    """Return the rows below `after`, from the greatest number down: an index is walked, and no page is skipped."""
    number = ManifestRow.number
    if search.label is not None:
        statement = statement.join(LabelRow, LabelRow.manifest == number).where(LabelRow.label == search.label)
        number = LabelRow.manifest  # the order of the index of labels
    if search.cause is not None:
        statement = statement.join(CauseRow, CauseRow.manifest == number).where(CauseRow.cause == search.cause)
        number = CauseRow.manifest if search.label is None else number
    if search.host is not None:
        statement = statement.where(ManifestRow.host == search.host)
    if search.gpu is not None:
        statement = statement.where(ManifestRow.gpu.icontains(search.gpu, autoescape=True))
    for word in (search.q or "").lower().split():
        labelled = select(LabelRow.manifest).where(LabelRow.words.contains(word, autoescape=True))
        statement = statement.where(
            ManifestRow.words.contains(word, autoescape=True) | ManifestRow.number.in_(labelled)
        )
    if search.after is not None:
        statement = statement.where(number < search.after)
    return statement.order_by(number.desc())


def _latest_labels(manifests: dict[int, Any]) -> Select[Any]:
    place = func.row_number().over(partition_by=LabelRow.manifest, order_by=LabelRow.number.desc()).label("place")
    ranked = (
        select(LabelRow.manifest, LabelRow.label, LabelRow.pushed_at, LabelRow.number, place)
        .where(LabelRow.manifest.in_(manifests))
        .subquery()
    )
    shown = select(ranked.c.manifest, ranked.c.label, ranked.c.pushed_at).where(ranked.c.place <= LABELS)
    return shown.order_by(ranked.c.number.desc())


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
