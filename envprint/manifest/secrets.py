"""Mask what looks like a secret in every text of a manifest, and, when asked, who and where it was captured."""

import re
from collections.abc import Callable
from typing import Any

MASK = "***"
SHORTEST = 8

# Shapes of tokens that say whose they are: GitHub, GitLab, Hugging Face, OpenAI and Anthropic, AWS, Slack, Google, npm,
# PyPI, Docker, JSON web tokens, private keys.
TOKENS = re.compile(
    r"gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{16,}|sk-[\w-]{16,}|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{30,}|dckr_pat_[\w-]{16,}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]{0,2000}|-----BEGIN[A-Z ]*PRIVATE KEY-----.*",
    re.DOTALL,
)
CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
# The name must end there: max_tokens, tokenizer and author are no secrets, nor is a small number or a switch a value of
# one. Every repetition is bounded: a value from a file may be made to take long.
SENSITIVE_NAME = (
    r"(?:(?<![a-z])auth|token|secret|passw(?:or)?d|passphrase|pwd|(?:api|access|private)[-_]?key|credentials?)"
    r"(?:[-_](?:key|id|value|hint))?"
)
PLAIN_VALUE = r"(?:\d{1,6}|true|false|none|null|on|off|yes|no)"
VALUE = rf"(\"[^\"]{{0,2000}}\"?|'[^']{{0,2000}}'?|(?!{PLAIN_VALUE}(?![\w.-]))[^\s,;&'\"]+)"
ASSIGNED = re.compile(rf"(?i)({SENSITIVE_NAME}['\"]?\s{{0,4}}[=:]\s{{0,4}}){VALUE}")
HEADER = re.compile(r"(?i)\b((?:authorization|cookie)\s{0,4}:\s{0,4}|bearer\s{1,4})([^'\"\r\n]+)")
OPTION = re.compile(
    rf"(?i)-{{1,2}}(?:[\w.-]{{0,40}}[_.-])?(?:{SENSITIVE_NAME}|pass|pw|key|bearer|auth[_-]header|cookie)"
)
USER = re.compile(r"-u|--user(?:name)?|--login")
LONGEST = 100_000  # no fact is that long
RANDOM_RUN = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


def mask(text: str) -> str:
    """Return a text without tokens, passwords and credentials of URLs."""
    if len(text) > LONGEST:
        return MASK
    if len(text) < SHORTEST:
        return text
    masked = HEADER.sub(rf"\1{MASK}", TOKENS.sub(MASK, CREDENTIALS.sub(MASK, text)))
    return ASSIGNED.sub(lambda found: found[1] + _masked(found[2]), masked)


def _masked(value: str) -> str:
    quote = value[0] if value[0] in "'\"" else ""
    return f"{quote}{MASK}{quote}"


def mask_entropy(text: str) -> str:
    """Return a text without long runs of mixed letters and digits: for texts that hold no digests of our own."""
    return RANDOM_RUN.sub(lambda match: MASK if _looks_random(match[0]) else match[0], mask(text))


def mask_arguments(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command's arguments without secrets, also those that stand behind their option (`--token X`)."""
    pairs = zip(("", *arguments), arguments, strict=False)
    return tuple(_mask_argument(before, argument) for before, argument in pairs)


def _mask_argument(before: str, argument: str) -> str:
    name, equals, value = argument.partition("=")
    if equals and OPTION.fullmatch(name) and not re.fullmatch(PLAIN_VALUE, value, re.IGNORECASE):
        return f"{name}={MASK}"
    if OPTION.fullmatch(before) and not re.fullmatch(r"--?[A-Za-z][\w-]*", argument):
        return MASK
    if USER.fullmatch(before) and ":" in argument:
        return f"{argument.partition(':')[0]}:{MASK}"
    return mask_entropy(argument)


def replace_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with each text changed; the very same object where nothing changes."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        items = {key: replace_texts(child, change) for key, child in value.items()}
        return value if all(items[key] is value[key] for key in value) else items
    if isinstance(value, list):
        children = [replace_texts(child, change) for child in value]
        return value if all(new is old for new, old in zip(children, value, strict=True)) else children
    return value


def anonymiser(host: str, user: str, home: str) -> Callable[[str], str]:
    """Return a change of texts that leaves out this host, this user and the home folder."""
    names = "|".join(re.escape(name) for name in (host, user) if len(name) > 1)
    words = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])") if names else None

    below_home = re.compile(rf"(?<![\w/.-]){re.escape(home)}(?![\w-])") if len(home) > 1 else None

    def change(text: str) -> str:
        bare = below_home.sub("~", text) if below_home else text
        return words.sub(MASK, bare) if words else bare

    return change


def _looks_random(run: str) -> bool:
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")
    return all(re.search(kind, run) for kind in kinds) and "/" not in run.strip("/")
