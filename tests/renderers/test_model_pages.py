"""How two models differ, as Markdown and as a page: the same facts, a picture of the tensors, and no name that acts."""

import re
from pathlib import Path

import pytest
from _reports import HOSTILE, full_models, tensors
from test_html import Page
from test_html import assert_inert as assert_inert_page
from test_markdown import assert_inert

from envprint.renderers.html import render_html
from envprint.renderers.html.tensors import MARKS, mark_of
from envprint.renderers.markdown import render_markdown
from envprint.report import ModelDrift, TensorDrift

BAR = re.compile(r"<title>([\w.]+): [^<]*</title><rect x=\"2.00%\" [^>]*width=\"([0-9.]+)%\"[^>]*class=\"size (\w+)\"")


def page_of(*of: TensorDrift) -> str:
    report = full_models("words", "fc")
    return render_html(report.model_copy(update={"models": ModelDrift(tensors=of, compared=len(of))}))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_tensors_and_modules_are_shown_as_text(text: str) -> None:
    assert_inert(render_markdown(full_models(text, text)))
    assert_inert_page(render_html(full_models(text, text)))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_hostile_text_leaves_a_page_as_harmless_text_does(text: str) -> None:
    hostile, harmless = (Page(render_html(full_models(each, "name"))) for each in (text, "harmless"))

    assert [name for name, _ in harmless.elements] == [name for name, _ in hostile.elements]


def test_an_issue_is_told_what_the_terminal_is() -> None:
    text = render_markdown(full_models("words", "fc"))

    expected = """\
### Models

3 of 11 tensors that both have are identical.

- **outputs** differ in the models' own mode, the same bits in evaluation mode
- **part first** `fc` (`words`) in the models' own mode: its inputs are the same, its tensors differ; \
its outputs are 0.1 relative apart
- **part first** `words` (`fc`) in evaluation mode: its inputs differ already, so code between modules parts them \
before it
- **renaming** words
- **rounded** 1 parameter, b is a rounded to float16: `fc.half`
- **transposed** 1 parameter, words: `fc.turned`
- **missing in b** 1 buffer: `fc.lost`
- **missing in a** 1 parameter: `fc.new`
- **not compared** 1 parameter, words: `fc.unread`
- **looks** 1 parameter, as a layer draws its weights in b: `fc.new`

<details><summary>parameters that differ: all 4</summary>

| parameter | how it differs | relative |
| --- | --- | --- |
| `fc.nan` | 3 of 16 numbers, NaN on one side |  |
| `fc.far` | all 16 numbers | 1.5 |
| `fc.near` | 3 of 16 numbers, 12 ULP | 1.0e-07 |
| `fc.shape` | words |  |

</details>

<details><summary>buffers that differ: all 1</summary>

| buffer | how it differs | relative |
| --- | --- | --- |
| `fc.mean` | 3 of 16 numbers, 99 ULP | 1.0e-03 |

</details>
"""
    assert expected in text
    assert "| `fc.far` | all 16 numbers, 1.5 relative |" in text
    assert "model.tensors." not in text


def test_a_page_tells_what_the_terminal_does() -> None:
    told = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", render_html(full_models("words", "fc"))))

    assert "Models 3 of 11 tensors that both have are identical. outputs differ in the models&#x27; own mode" in told
    assert "part first fc ( words ) in the models&#x27; own mode: its inputs are the same, its tensors differ" in told
    assert "tensors tensor how it differs fc.far all 16 numbers, 1.5 relative" in told
    assert "facts fact a b fc.eps words only here: words" not in told
    assert "model.tensors." not in told


def test_the_module_where_outputs_part_is_marked() -> None:
    assert 1 == render_html(full_models("words", "fc")).count("outputs part here first")


def test_a_larger_difference_has_a_longer_bar_and_a_buffer_another() -> None:
    bars = {name: (float(width), kind) for name, width, kind in BAR.findall(page_of(*tensors()))}

    expected = {"fc.far": (96, "parameter"), "fc.near": (28.8, "parameter"), "fc.mean": (67.2, "buffer")}
    assert expected == bars


def test_what_has_no_size_has_a_mark_that_is_explained() -> None:
    text = page_of(*tensors())
    page = Page(text)
    marks = {each.name.removeprefix("fc."): mark_of(each) for each in tensors()}

    assert {"far": "", "near": "", "mean": "", "nan": "beside", "shape": "beside", "half": "odd", "turned": "odd",
            "lost": "unknown", "new": "unknown", "unread": "unknown"} == marks  # fmt: skip
    assert {*MARKS.values(), "parameter", "buffer"} <= set(page.text["li"])
    assert 7 == text.count('" x="2.00%" y="5"')


def test_tensors_stand_with_their_module_and_its_other_name() -> None:
    names = ("module.a.weight", "module.a.bias", "module.b.weight", "alone")
    of = (
        TensorDrift(name=name, other=name.removeprefix("module."), kind="parameter", state="negated") for name in names
    )
    groups = re.findall(r'<p class="module">(.*?)</p>', page_of(*of))

    expected = ["module.a a in b", "module.b b in b", "the model itself"]
    assert expected == [" ".join(re.sub("<[^>]*>", " ", group).split()) for group in groups]


def test_many_tensors_are_folded_and_more_are_counted() -> None:
    few, many, too_many = (
        page_of(*(tensors()[0].model_copy(update={"name": f"fc.{n}"}) for n in range(count)))
        for count in (40, 41, 1100)
    )

    assert "more tensor" not in few[few.index("<figure") :]
    assert "<summary>9 more tensors</summary>" in many
    assert "<summary>1068 more tensors, of which 968 are drawn</summary>" in too_many


def test_where_no_tensor_differs_there_is_no_picture() -> None:
    assert "<figure" not in page_of()


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_real_models_compared_make_a_page_and_an_issue(tmp_path: Path) -> None:
    import torch

    from envprint.causes import explain
    from envprint.renderers import render

    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        model, other = (
            torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2)).eval()
            for _ in "ab"
        )
    other.load_state_dict(model.state_dict())
    torch.save(model.state_dict(), tmp_path / "model.pt")
    with torch.no_grad():
        other[2].weight[0, 0] += 1

    live, saved = explain(model, other, inputs=torch.ones(4, 8)), explain(tmp_path / "model.pt", other)
    for report in (live, saved):
        assert_inert(render_markdown(report))
        assert_inert_page(render_html(report))
        assert "2.weight  1 of 16 numbers, " in render(report)
        assert " model          8 of 9 tensors are identical\n" in render(report)
        assert "not measured" not in render(report)
    assert " part first     2 (Linear): its inputs are the same, its tensors differ" in render(live)
    assert " outputs        not compared: no forward pass of both with equal inputs\n" in render(saved)
