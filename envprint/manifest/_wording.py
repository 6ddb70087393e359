"""Put what comes from outside into a message."""

LIMIT_CHARACTERS = 300


def one_line(message: str) -> str:
    """Return a message as one printable line of bounded length: names and keys from outside may hold anything."""
    if len(message) > LIMIT_CHARACTERS:
        message = f"{message[: LIMIT_CHARACTERS - 100]}...{message[-100:]}"
    return "".join(character if character.isprintable() else " " for character in message)
