"""Tokens: made here, told once, kept as digests."""

import hashlib
import hmac
import secrets
import time
from datetime import datetime, timezone

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from envprint.errors import EnvprintError
from envprint.registry.tables import TokenRow

BEGINNING = "envprint_"  # by which those who look for leaked secrets know one
BYTES = 32  # as random as its digest: nothing to be guessed, so a fast digest will do
REMEMBERED = 2.0  # seconds until another server's token counts here, or counts no more


class Tokens:
    """The tokens of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}
        self._read_at = float("-inf")

    def add(self, name: str) -> str:
        """Make a token and return it; nothing can tell it again. EnvprintError where the name has one."""
        token = BEGINNING + secrets.token_urlsafe(BYTES)
        row = {"name": name, "digest": _digest(token), "made_at": datetime.now(timezone.utc).isoformat("T", "seconds")}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(TokenRow).values(row))
        except IntegrityError as exc:
            raise EnvprintError(
                f"{name} has a token already", hint="envprint serve tokens remove takes it away"
            ) from exc
        return token

    def remove(self, name: str) -> None:
        """Take a token away; EnvprintError where the name has none."""
        with self._engine.begin() as connection:
            removed = connection.execute(delete(TokenRow).where(TokenRow.name == name)).rowcount
        if not removed:
            raise EnvprintError(f"{name} has no token", hint="envprint serve tokens list shows who has one")

    def made(self) -> dict[str, str]:
        """Return when each was made, by its name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(TokenRow.name, TokenRow.made_at).order_by(TokenRow.name))
            return {row.name: row.made_at for row in rows}

    def exist(self) -> bool:
        """Tell whether there is any."""
        return bool(self._digests())

    def name_of(self, token: str) -> str | None:
        """Return whose token this is; None of one that is nobody's."""
        digest = _digest(token)
        theirs = [name for name, each in self._digests().items() if hmac.compare_digest(each, digest)]
        return theirs[0] if theirs else None

    def _digests(self) -> dict[str, str]:
        if time.monotonic() - self._read_at > REMEMBERED:
            with self._engine.connect() as connection:
                rows = connection.execute(select(TokenRow.name, TokenRow.digest))
                self._known = {row.name: row.digest for row in rows}
            self._read_at = time.monotonic()
        return self._known


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
