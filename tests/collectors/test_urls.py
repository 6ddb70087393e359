"""Addresses without what may be secret."""

import pytest

from envprint.collectors._urls import without_credentials


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ada:secret@example.org/r.git", "https://example.org/r.git"),
        ("https://token@example.org/r.git?x=1#y", "https://example.org/r.git"),
        ("https://ada:se@cret@example.org/r", "https://example.org/r"),
        ("https://ada:se/cr@et@example.org/r", "https://example.org/r"),
        ("https://ada:se/cret@example.org:8443/r", "https://example.org:8443/r"),
        ("https://ada:secret@ex\u2100mple.org/r", "https://ex\u2100mple.org/r"),
        ("//ada:secret@example.org/share", "//example.org/share"),
        ("https://example.org:8443/@scope/package", "https://example.org:8443/@scope/package"),
        ("https://ada@[::1]:8080/r", "https://[::1]:8080/r"),
        ("https://[::1]/a@b", "https://[::1]/a@b"),
        ("ssh://git@example.org/r", "ssh://example.org/r"),
        ("file:///home/ada/src", "file:///home/ada/src"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("token@github.com:o/r.git", "github.com:o/r.git"),
        ("/srv/r@1.git", "/srv/r@1.git"),
    ],
)
def test_an_address_loses_its_credentials(url: str, expected: str) -> None:
    assert expected == without_credentials(url)
