"""The first tables: manifests, what is found in them, their bodies and labels, and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "manifests",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("received_at", sa.String(40), nullable=False),
        sa.Column("taken_at", sa.String(40)),
        sa.Column("host", sa.String(200)),
        sa.Column("gpu", sa.String(200)),
        sa.Column("torch", sa.String(200)),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("examined", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("manifests_by_host", "manifests", ["host", "number"])
    waiting = sa.text("NOT examined")
    op.create_index("manifests_to_examine", "manifests", ["number"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "causes",
        sa.Column("cause", sa.String(100), primary_key=True),
        sa.Column("manifest", NUMBER, sa.ForeignKey("manifests.number"), primary_key=True),
    )
    op.create_table(
        "bodies",
        sa.Column("manifest", NUMBER, sa.ForeignKey("manifests.number"), primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "labels",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("manifest", NUMBER, sa.ForeignKey("manifests.number"), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("pushed_at", sa.String(40), nullable=False),
        sa.UniqueConstraint("label", "manifest", name="label_of_manifest"),
    )
    op.create_index("labels_by_manifest", "labels", ["manifest", "number"])
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("made_at", sa.String(40), nullable=False),
    )
