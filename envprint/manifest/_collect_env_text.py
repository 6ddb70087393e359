"""Find the report of collect_env in whatever a person pasted around it, as text by label."""

import dataclasses
import re
from collections.abc import Mapping

from envprint.manifest._collect_env_gaps import Missing, nothing
from envprint.manifest._lscpu import parse_table

# Those of env_info_fmt in torch/utils/collect_env.py. Torch 1.8 prints no Libc, Python platform, CUDA_MODULE_LOADING,
# XNNPACK nor CPU, all of which are in 2.0; XPU and the caching allocator are in 2.13, not in 2.6.
LABELS = (
    "PyTorch version",
    "Is debug build",
    "CUDA used to build PyTorch",
    "ROCM used to build PyTorch",
    "OS",
    "GCC version",
    "Clang version",
    "CMake version",
    "Libc version",
    "Python version",
    "Python platform",
    "Is CUDA available",
    "CUDA runtime version",
    "CUDA_MODULE_LOADING set to",
    "GPU models and configuration",
    "Nvidia driver version",
    "cuDNN version",
    "Is XPU available",
    "XPU used to build PyTorch",
    "Intel GPU driver version",
    "Intel GPU models onboard",
    "Intel GPU models detected",
    "HIP runtime version",
    "MIOpen runtime version",
    "Is XNNPACK available",
    "Caching allocator config",
)
CPU = "CPU"
PACKAGES = "Versions of relevant libraries"
TOOLS = {"OS", "GCC version", "Clang version", "CMake version", "Libc version", "Python version"}  # others say these
OWN = frozenset({*LABELS, PACKAGES} - TOOLS - {"PyTorch version"})

NOTHING = frozenset({"N/A", "None", "No CUDA"})
TRUTHS = {"True": True, "Yes": True, "False": False, "No": False}

LIMIT_VALUE = 4000
LIMIT_CHARACTERS = 1024 * 1024  # a report has about 10 000
LIMIT_REPORTS = 1000  # of one file
ANY_LABEL = "|".join(re.escape(label) for label in LABELS)
LINE = re.compile(rf"({ANY_LABEL})[ \t]*:(.*)")
HEADING = re.compile(rf"({CPU}|{PACKAGES})[ \t]*:|({CPU}) Info|({PACKAGES})")  # the last two are vLLM's, in banners
# A terminal that pads its lines makes one line of two when it is copied: each label after spaces begins a line.
JOINED = re.compile(rf"(?<=  )(?=(?:{ANY_LABEL})[ \t]*:)")
# What repeats the label ends the attempt: so each character is looked at once.
BEGINNING = re.compile(
    r"PyTorch version[ \t]*:(?:(?!PyTorch version)[^\n]){0,1000}\n(?:(?!PyTorch version)[^\n]){0,100}Is debug build"
)
ANNOUNCEMENT = "Collecting environment information"
ANY_OWN = re.compile("|".join(re.escape(label) for label in sorted(OWN)))
CLOSING = ("```", "~~~", "</details", "</pre")
ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
# All controls but tab and line feed, and halves of UTF-16 pairs, which no JSON can hold.
CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000)])


@dataclasses.dataclass(frozen=True)
class Report:
    """A report as text by label, over all the lines that follow it; `cpu` is the table in its block about the CPU."""

    lines: Mapping[str, str]
    cpu: dict[str, str]

    @property
    def last(self) -> str:
        """Return the label that the report ends with."""
        return next(reversed([*self.lines]), "")

    @property
    def lacks_torch(self) -> bool:
        """Return whether collect_env could not import torch: then all that it asks torch is `N/A`."""
        return self.first("PyTorch version") == "N/A"

    def first(self, label: str) -> str:
        """Return the first line after a label, empty where the label is not there."""
        return self.lines.get(label, "").partition("\n")[0].strip()[:LIMIT_VALUE]

    def value_or_words(self, label: str) -> str:
        """Return the first line after a label, also when it says that there is nothing."""
        if label not in self.lines:
            raise self.not_held()
        return self.first(label)

    def value(self, label: str, *, none: str | None = None) -> str:
        """Return the first line after a label; `N/A` is nothing by nature where a reason says so, else unknown."""
        said = self.value_or_words(label)
        if said in NOTHING and none is not None:
            raise nothing(none)
        if said in NOTHING or said in {"Could not collect", ""}:
            raise Missing(f"collect_env printed {said!r}")
        return said

    def truth(self, label: str) -> bool:
        """Return whether collect_env says so; an old one said Yes or No."""
        said = self.value_or_words(label)
        if said not in TRUTHS:
            raise Missing(f"collect_env printed {said[:40]!r}")
        return TRUTHS[said]

    def find(self, label: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return what a pattern matches in the text after a label, however its lines are broken."""
        if label not in self.lines:
            raise self.not_held()
        said = self.lines[label][:LIMIT_VALUE].replace("\n", " ")
        match = pattern.search(said)
        if match is None:
            raise Missing(f"collect_env printed {said[:60]!r}")
        return match

    @staticmethod
    def not_held() -> Missing:
        """Return the exception for what an older torch does not print, or what was cut off."""
        return Missing("the text does not hold it: it is cut off, or of another torch")


def is_report(report: Report) -> bool:
    """Return whether lines of collect_env were found: two that no other tool prints are enough."""
    return len(OWN & report.lines.keys()) > 1


def split_report(text: str) -> Report:
    """Return the first report in a text, without quotation marks, indentation, fences and what stands around it.

    A last line that ends without a line feed before the report is complete may be cut, and is left out too.
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _lines(text):
        if line.startswith(CLOSING) and len(found) > 1:
            break
        label, rest = _label(line)
        if label is None:
            current.append(line)
        elif label in found:  # only a second report, or words after the first, say a thing again
            break
        else:
            current = found[label] = [rest]
    lines = {label: "\n".join(said).strip() for label, said in found.items()}
    table = parse_table(lines.get(CPU, ""))
    if PACKAGES not in lines and next(reversed(table), "") == "Flags":
        del table["Flags"]  # they may go on where the text is cut off
    return Report(lines, table)


def count_reports(text: str) -> int:
    """Return how many reports a text holds, as far as anybody would count."""
    return min(len(BEGINNING.findall(text[: LIMIT_REPORTS * LIMIT_CHARACTERS])), LIMIT_REPORTS)


def _lines(text: str) -> list[str]:
    start = _beginning(text)
    report = text[start : start + LIMIT_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    report = CREDENTIALS.sub("***", ESCAPES.sub("", report).translate(CONTROLS).replace("\xa0", " "))
    lines = report.split("\n")
    if len(text) > start + LIMIT_CHARACTERS or ("[conda]" not in report and lines[-1].strip()):
        lines.pop()
    whole = (line.strip(" \t>") for line in lines)
    return [piece.strip() for line in whole if not line.startswith("=====") for piece in JOINED.split(line)]


def _beginning(text: str) -> int:
    match = BEGINNING.search(text)
    if match is None:
        match = ANY_OWN.search(text)  # the head is cut off, or the labels are in another order
        start = match.start() if match else len(text)
        return text.rfind("\n", 0, max(start, 0)) + 1 if match else start
    announced = text.rfind(ANNOUNCEMENT, max(0, match.start() - 2000), match.start())
    line = text.rfind("\n", 0, match.start()) + 1
    return announced if announced >= 0 else line


def _label(line: str) -> tuple[str | None, str]:
    line = line.removeprefix(ANNOUNCEMENT).lstrip(". ")
    match = LINE.match(line)
    if match:
        return match[1], match[2].strip()
    match = HEADING.fullmatch(line)
    return (match[1] or match[2] or match[3], "") if match else (None, "")
