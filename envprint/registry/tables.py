"""The registry's tables: what is searched, beside it the bodies, and labels and tokens."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite


WAITING = text("NOT examined")


class Base(DeclarativeBase):
    """What the tables share."""


class ManifestRow(Base):
    """What is shown of a manifest in a list, and searched: `words` in lower case; the number orders by arrival."""

    __tablename__ = "manifests"
    __table_args__ = (
        Index("manifests_by_host", "host", "number"),
        Index("manifests_to_examine", "number", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    received_at: Mapped[str] = mapped_column(String(40))
    taken_at: Mapped[str | None] = mapped_column(String(40))
    host: Mapped[str | None] = mapped_column(String(200))
    gpu: Mapped[str | None] = mapped_column(String(200))
    torch: Mapped[str | None] = mapped_column(String(200))
    words: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    examined: Mapped[bool] = mapped_column(Boolean, server_default=false())


class CauseRow(Base):
    """A cause that a manifest alone has the facts for: what `envprint doctor` says of it."""

    __tablename__ = "causes"

    cause: Mapped[str] = mapped_column(String(100), primary_key=True)
    manifest: Mapped[int] = mapped_column(NUMBER, ForeignKey("manifests.number"), primary_key=True)


class BodyRow(Base):
    """A manifest as it was pushed, compressed; apart from what is searched, so that searching reads none of it."""

    __tablename__ = "bodies"

    manifest: Mapped[int] = mapped_column(NUMBER, ForeignKey("manifests.number"), primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class LabelRow(Base):
    """A name under which a manifest was pushed, and when first."""

    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("label", "manifest", name="label_of_manifest"),
        Index("labels_by_manifest", "manifest", "number"),
    )

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    manifest: Mapped[int] = mapped_column(NUMBER, ForeignKey("manifests.number"))
    label: Mapped[str] = mapped_column(String(200))
    words: Mapped[str] = mapped_column(Text)
    pushed_at: Mapped[str] = mapped_column(String(40))


class TokenRow(Base):
    """A token by the name of whom it is given to, and its SHA-256: the token itself is kept nowhere."""

    __tablename__ = "tokens"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[str] = mapped_column(String(40))
