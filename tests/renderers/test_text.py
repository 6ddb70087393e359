"""The report as text: the answer first, 80 columns, and nothing that a value could make a terminal do."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import manifests

from envprint.causes import explain
from envprint.manifest import Gap, Manifest, parse_manifest
from envprint.manifest.numerics import Precision, Threads
from envprint.manifest.software import Packages, Variable, Variables
from envprint.renderers import RENDERERS, render
from envprint.renderers.manifest import render_manifest
from envprint.renderers.plain import HARMFUL, brief, json_text, plain

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt.exe\r\n[bold red]markup[/] :smile:"


@given(st.text())
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not HARMFUL.search(plain(text))
    assert plain(text) == plain(plain(text))


@given(st.recursive(st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])), st.lists))
def test_json_text_holds_nothing_harmful_and_reads_back_the_same(value: object) -> None:
    text = json_text(value)

    assert not HARMFUL.search(text.replace("\n", ""))
    assert value == json.loads(text)


@given(manifests(), manifests(), st.sampled_from(sorted(RENDERERS)))
def test_every_report_renders_harmlessly_in_every_format(a: Manifest, b: Manifest, format_: str) -> None:
    text = render(explain(a, b, name_a=HOSTILE, name_b=HOSTILE), format_)

    assert text.endswith("\n")
    assert not HARMFUL.search(text.replace("\n", ""))


@given(manifests(), manifests())
def test_text_fits_80_columns(a: Manifest, b: Manifest) -> None:
    from rich.cells import cell_len

    for text in (render(explain(a, b)), render_manifest(a)):
        assert [] == [line for line in text.splitlines() if cell_len(line) > 80]


def test_markup_and_escapes_in_values_are_shown_and_not_obeyed() -> None:
    a = Manifest(
        variables=Variables(environment={HOSTILE: Variable(now=HOSTILE)}), packages=Packages(installed={HOSTILE: "1"})
    )
    b = Manifest(variables=Variables(environment={}), packages=Packages(installed={}))

    for text in (render(explain(a, b)), render_manifest(a)):
        assert "\x1b" not in text
        assert "[/]" in text.replace("\n", "").replace(" ", "")
        assert ":smile:" in text.replace("\n", "").replace(" ", "")


def test_the_answer_comes_first_with_its_facts_why_fix_and_cost() -> None:
    a = Manifest(threads=Threads(torch_intraop=1), precision=Precision(mha_fastpath=True))
    b = Manifest(threads=Threads(torch_intraop=16), precision=Precision(mha_fastpath=False))

    expected = """\
 divergent  They will not agree bit for bit: expect 1e-9 to 5e-6 relative in
            float32.

 1   intra-op-threads                                            possible  0.97
     torch uses another number of threads
     facts       threads.torch_intraop  1 / 16
     why         Long sums are split by thread, each part is rounded on its
                 own, and then the parts are added.
     expected    1e-9 to 5e-6
     fix         torch.set_num_threads(n) with the same n in both, or export
                 OMP_NUM_THREADS=n before both start
     cost        none, or the speed of the threads given up

 may bear       precision.mha_fastpath yes / no
"""
    assert expected == render(explain(a, b))


def test_what_is_unknown_is_said_to_be_so_on_its_side() -> None:
    a = Manifest(threads=Threads(torch_intraop=None), gaps={"threads.torch_intraop": Gap(kind="failed", reason="no")})
    text = render(explain(a, Manifest(threads=Threads(torch_intraop=4))))

    assert " unknown        threads.torch_intraop unknown / 4\n" in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "none"), (True, "yes"), (False, "no"), ("", '""'), ([], "nothing"), (["a", 1], "a 1"), (3, "3"),
     ("sha256:" + "ab" * 32, "sha256:abababababab…"), ("x" * 500, "x" * 160 + "…"), ("\x1b[0m", r"\x1b[0m")],
)  # fmt: skip
def test_values_are_written_as_a_person_writes_them(value: object, expected: str) -> None:
    assert expected == brief(value)


def test_the_json_report_reads_back_as_the_report() -> None:
    from envprint.report import Report

    report = explain(Manifest(threads=Threads(torch_intraop=1)), Manifest(threads=Threads(torch_intraop=2)))

    assert report == Report.model_validate_json(render(report, "json"))
    assert '{\n  "schema": "envprint/report/1",\n  "verdict": "divergent",' in render(report, "json")


def test_a_sample_manifest_shows_its_sections(samples: Path) -> None:
    for path in sorted((samples / "manifests").glob("*.json")):
        text = render_manifest(parse_manifest(path.read_bytes()))

        assert "\n torch\n     version" in text
