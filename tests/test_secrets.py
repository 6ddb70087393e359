"""Secrets are masked in every text; what only looks a little like one is left alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.manifest.collect_env import parse_collect_env
from envprint.manifest.secrets import anonymiser, mask, mask_arguments, mask_entropy, replace_texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pass@example.org/x", "https://***@example.org/x"),
        ("git+https://ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.com/o/r", "git+https://***@github.com/o/r"),
        ("a ghp_16C7e42F292c6912E7710c838347Ae178B4a b", "a *** b"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "***"),
        ("--hf-token=abcdefgh1234", "--hf-token=***"),
        ("password: hunter2!", "password: ***"),
        ("db_passwd=x,user=y", "db_passwd=***,user=y"),
        ('{"token": "s3cr3t-value"}', '{"token": "***"}'),
        ('password="two words" x', 'password="***" x'),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("curl -H 'Cookie: session=abc; b=c' x", "curl -H 'Cookie: ***' x"),
        ("x" * 200_000, "***"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert expected == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "0123456789abcdef" * 4, "cf30153c4c131c8164ee7798e5022d810682e2cb", ":4096:8",
        "expandable_segments:True",
        "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0", "Mitigation: Enhanced / Automatic IBRS; IBPB conditional",
        "CXX_FLAGS= -D_GLIBCXX_USE_CXX11_ABI=0 -Wno-error=old-style-cast", "tokenizers 0.20.1", "https://example.org/x",
        "--max_tokens=4096", "max-new-tokens: 128", "--tokenizer=bert-base-uncased", "author=ada-lovelace",
        "pad_token_id=0",
        "use_token=true", "GPU-4a7f3c1e-1f2b-4c3d-9e8f-0a1b2c3d4e5f",
    ],
)  # fmt: skip
def test_facts_are_left_alone(text: str) -> None:
    assert text is mask(text)


def test_long_mixed_runs_are_masked_where_no_digests_of_ours_are() -> None:
    assert "x=***" == mask_entropy("x=dGhpcyBJcyBhIFNlY3JldCBvZiAzMiBieXRlcw9=")
    assert "/opt/Intel2024/oneAPI/MklRuntime/Lib64/Release" == mask_entropy(
        "/opt/Intel2024/oneAPI/MklRuntime/Lib64/Release"
    )


@pytest.mark.parametrize(
    "option", ["--db-pass", "--key", "--pw", "--bearer", "--auth-header", "--api.key", "-password", "--HF_TOKEN"]
)
def test_every_wording_of_a_secret_s_option_masks_what_follows(option: str) -> None:
    assert mask_arguments((option, "hu,sh x")) == (option, "***")
    assert mask_arguments((f"{option}=hu,sh x",)) == (f"{option}=***",)


def test_a_user_s_password_is_masked_and_the_rest_is_not() -> None:
    assert mask_arguments(("--user", "ada:hush", "--use-auth=true", "--key-dim", "64")) == (
        "--user", "ada:***", "--use-auth=true", "--key-dim", "64",
    )  # fmt: skip


def test_an_argument_behind_the_option_of_a_secret_is_masked() -> None:
    given_arguments = ("--lr", "0.1", "--api_key", "hush", "--verbose", "-token", "t", "--auth")

    assert ("--lr", "0.1", "--api_key", "***", "--verbose", "-token", "***", "--auth") == mask_arguments(
        given_arguments
    )


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_value_without_secrets_is_the_very_same_object(value: object) -> None:
    assert value is replace_texts(value, lambda text: text)


def test_names_are_left_out_as_whole_words_only() -> None:
    change = anonymiser("vm", "root", "/root")

    assert "~/x kvm *** /home/***/y rootless" == change("/root/x kvm vm /home/root/y rootless")


@pytest.mark.parametrize("piece", ["eyJ", "token", "a-", "://a", "password=", "ghp_", " = "])
def test_hostile_texts_are_masked_too(piece: str) -> None:  # in minutes, were a pattern quadratic
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

    assert token not in mask(piece * (99_000 // len(piece)) + f" {token}")


def test_tokens_in_a_pasted_text_are_masked(samples: Path) -> None:
    text = (samples / "raw/collect_env/2.13.0-linux-cpu-build.txt").read_text(encoding="utf-8")
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    leaking = parse_collect_env(text.replace("CMake version: version 3.25.1", f"CMake version: version {token}"))

    assert token not in str(leaking)
    assert leaking.system is not None
    assert leaking.system.compilers is not None
    assert leaking.system.compilers["cmake"] == "***"
    assert leaking.id != parse_collect_env(text).id
