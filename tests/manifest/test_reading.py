import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import manifests

from envprint.errors import ManifestError
from envprint.manifest import SCHEMA, Gap, Manifest, dump_manifest, identity, load, parse_manifest
from envprint.manifest.numerics import Threads
from envprint.manifest.reading import LIMIT_BYTES, LIMIT_VALUES

MANIFEST = Manifest(threads=Threads(torch_intraop=2), gaps={"cpu": Gap(kind="failed", reason="no")})
DOCUMENT: dict[str, Any] = json.loads(dump_manifest(MANIFEST))
SAMPLE = Path(__file__).parents[2] / "samples/raw/collect_env/2.13.0-linux-cpu-build.txt"


def refusal(content: bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(content, "a.json")
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400
    return message


def document(**changes: object) -> bytes:
    return json.dumps({**DOCUMENT, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "neither a manifest nor the text"),
        (b"\0\1\2", "neither a manifest nor the text"),
        (b"[]", "neither a manifest nor the text"),
        (b"null", "neither a manifest nor the text"),
        (b"PK\x03\x04" + b"\0" * 100, "neither a manifest nor the text"),
        (b"{", "is not JSON"),
        (b"{}", "has no schema; expected"),
        (b"{} {}", "is not JSON"),
        (dump_manifest(MANIFEST)[:-10], "is not JSON"),
        (dump_manifest(MANIFEST).replace(b"failed", b"\xff\xfe"), "is not JSON"),
        (document(schema="envprint/report/1"), "has schema 'envprint/report/1'; expected"),
        (document(schema=1), "has schema 1; expected"),
        (document(schema="envprint/manifest/1\n"), "has schema 'envprint/manifest/1"),
        (document(schema="envprint/manifest/" + "9" * 1000), "has schema 'envprint/manifest/999"),
        (document(schema="envprint/manifest/2"), "this envprint reads envprint/manifest/1"),
        (document(schema="envprint/manifest/2.1"), "this envprint reads envprint/manifest/1"),
        (document(threads=[]), "threads: input should be"),
        (document(threads={"torch_intraop": "2"}), "threads.torch_intraop: input should be a valid integer"),
        (document(threads={"torch_intraop": 2.5}), "threads.torch_intraop: input should be a valid integer"),
        (document(threads={"torch_intraop": True}), "threads.torch_intraop: input should be a valid integer"),
        (document(gaps={"\n\x1b[31m": {"kind": "odd", "reason": ""}}), "gaps.  [31m.kind"),
        (document(gaps=None), "gaps: input should be"),
        (document(id=None), "id: input should be"),
        (document(threads={"torch_intraop": 10**40}), "more than 64 bits"),
        (document(future=2**64), "more than 64 bits"),
        (document(future=-(2**63) - 1), "more than 64 bits"),
        (document(future=0).replace(b'"future": 0', b'"future": NaN'), "is not JSON"),
        (document(future=0).replace(b'"future": 0', b'"future": -Infinity'), "is not JSON"),
        (document(future=0).replace(b'"future": 0', b'"future": 1e999'), "a.json is"),
        (document(future=0).replace(b'"future": 0', b'"future": ' + b"9" * 10_000), "a.json is"),
        (document(future=0).replace(b'"future": 0', b'"future": "\\ud800"'), "is not JSON"),
        (document(future=0).replace(b'"future": 0', b'"threads": {}'), "'threads' is there twice"),
        (document(future={"a": 1}).replace(b'"a": 1', b'"a": 1, "a": 1'), "'a' is there twice"),
        (document(future=0).replace(b'"future": 0', b'"future": ' + b"[" * 40 + b"]" * 40), "nested deeper than 32"),
        (document(future=0).replace(b'"future": 0', b'"future": ' + b"[" * 100_000 + b"]" * 100_000), "a.json is"),
        (document(future=[0] * (LIMIT_VALUES + 1)), f"has more than {LIMIT_VALUES} values"),
        (b" " * (LIMIT_BYTES + 1), "is larger than 64 MiB"),
    ],
)
def test_what_is_no_manifest_is_refused_in_one_line(content: bytes, expected: str) -> None:
    assert expected in refusal(content)


def test_a_file_of_just_the_limit_is_read() -> None:
    content = dump_manifest(MANIFEST)

    assert parse_manifest(content + b" " * (LIMIT_BYTES - len(content))) == MANIFEST


def test_a_larger_file_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(ManifestError, match="huge is larger than 64 MiB"):
        load(tmp_path / "huge")


@pytest.mark.parametrize("name", ["missing", "", "folder", "file/below", "a\0b", "a" * 5000, "a\nb", "loop"])
def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(ManifestError, match="cannot be read: ") as caught:
        load(f"{tmp_path}/{name}")

    assert str(caught.value).isprintable()
    assert caught.value.hint == "write one with: envprint capture -o FILE"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_file_that_opens_and_does_not_read_is_refused() -> None:
    with pytest.raises(ManifestError, match="cannot be read: Input/output error"):
        load("/proc/self/mem")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(dump_manifest(MANIFEST))))

    assert load("-") == MANIFEST


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(ManifestError, match="standard input cannot be read: it is closed"):
        load("-")


def test_an_empty_standard_input_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))

    with pytest.raises(ManifestError, match=r"^standard input is neither a manifest nor"):
        load("-")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])  # PowerShell's `>` writes UTF-16
def test_byte_order_marks_change_nothing(encoding: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")

    assert parse_manifest(text.encode(encoding)) == load(SAMPLE)
    assert parse_manifest(dump_manifest(MANIFEST).decode().encode(encoding)) == MANIFEST


def test_an_odd_number_of_bytes_in_utf16_ends_in_no_other_error() -> None:
    assert "neither" in refusal(b"\xff\xfe\x00\xd8\x00")


def test_fields_of_a_newer_minor_version_are_kept() -> None:
    newer = {
        **{key: DOCUMENT[key] for key in DOCUMENT if key != "id"},
        "schema": f"{SCHEMA}.7",
        "threads": {"torch_intraop": 2, "quantum": {"spins": [1, 2.5, None]}},
        "weather": {"sky": "blue"},
        "gaps": {"cpu": {"kind": "failed", "reason": "no", "since": 3}},
    }
    newer["id"] = identity(newer)

    manifest = parse_manifest(json.dumps(newer).encode())

    assert json.loads(dump_manifest(manifest)) == newer


def test_a_document_without_id_gets_one_and_no_gap() -> None:
    bare = {key: DOCUMENT[key] for key in DOCUMENT if key != "id"} | {"cpu": {"quota_cores": 2}}

    manifest = parse_manifest(json.dumps(bare).encode())

    assert manifest.id.startswith("sha256:")
    assert "id" not in manifest.gaps


def test_what_was_changed_after_it_was_captured_leaves_a_gap_at_the_id() -> None:
    manifest = parse_manifest(document(threads={"torch_intraop": 3}))

    assert manifest.gaps["id"].kind == "failed"
    assert manifest.id == MANIFEST.id


def test_circumstance_may_change_without_a_gap() -> None:
    manifest = parse_manifest(document(taken={"host": "elsewhere"}))

    assert "id" not in manifest.gaps


@settings(deadline=None)
@given(manifests())
def test_what_is_written_is_read_as_it_was(manifest: Manifest) -> None:
    content = dump_manifest(manifest)
    read = parse_manifest(content)

    assert read == manifest
    assert read.as_json() == manifest.as_json()
    assert dump_manifest(read) == content
    assert read.id == identity(manifest.as_json())


@settings(deadline=None)
@given(manifests(), st.data())
def test_a_damaged_manifest_is_read_or_refused(manifest: Manifest, data: st.DataObject) -> None:
    content = bytearray(dump_manifest(manifest))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    for damaged in (bytes(content), bytes(content[: data.draw(st.integers(0, len(content)))])):
        message = ""
        try:
            parse_manifest(damaged, "a.json")
        except ManifestError as exc:
            message = str(exc)
        assert message.isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for tried in (content, b"{" + content, b'{"schema":"envprint/manifest/1","x":' + content + b"}"):
        message = ""
        try:
            dump_manifest(parse_manifest(tried))
        except ManifestError as exc:
            message = str(exc)
        assert message.isprintable()
