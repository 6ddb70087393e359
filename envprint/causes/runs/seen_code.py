"""A rule about the code: what is left where it differs, and nothing of what it did tells why the runs part."""

from collections.abc import Iterator

from envprint.causes.models.observed import MAYBE, Observed
from envprint.causes.runs.pair import Pair

SCRIPT = "code.entry_digest"
OTHERS = ("code.git_commit", "code.git_diff_digest")


def see_code(pair: Pair) -> Iterator[Observed]:
    """Yield that the script, or the state of its repository, is another."""
    changed = [path for path in (SCRIPT, *OTHERS) if path in pair.changes]
    if changed:
        what = "the script is another" if SCRIPT in changed else "the repository is in another state"
        yield Observed("code-version", MAYBE, (f"{what}, and nothing that it was seen to do accounts for it",))
