"""What the registry does not do, and the status of HTTP that says so."""

from envprint.errors import EnvprintError


class RefusedError(EnvprintError):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


def not_found(reference: str) -> RefusedError:
    """Return the refusal for an id, or the beginning of one, that nothing has."""
    return RefusedError(404, f"there is no manifest {reference}", hint="envprint ls shows those there are")
