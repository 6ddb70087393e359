"""What each path of a manifest means for results: the table that comparison reads."""

import functools
import re
from dataclasses import dataclass
from typing import Literal

from envprint.manifest import SECTIONS
from envprint.manifest.facts import Facts
from envprint.report import Bearing, Change

Weight = Literal["decides", "suspect", "none", "circumstance"]


@dataclass(frozen=True)
class Rule:
    """What a change of the paths that match means.

    `decides`: by itself it changes bits of some kernel or stream. `suspect`: it may, and facts alone do not tell.
    `needs`: it acts only where that effective fact is true. `through`: it acts only by what those facts say, so
    where they are known and equal the change is without effect.
    """

    pattern: str
    weight: Weight
    why: str
    needs: str | None = None
    through: tuple[str, ...] = ()


GPU = "effective.gpu"
NO_BEARING = "does not reach the arithmetic"
PLACE = "where things lie, not what they compute"

# The first rule that matches a path counts; `*` stands for anything. Their order is the order of a report.
RULES: tuple[Rule, ...] = (
    Rule("taken*", "circumstance", "circumstance of the capture"),
    Rule("id", "none", "the manifest's own name"),
    # what was computed with
    Rule("system.architecture", "decides", "another architecture runs other kernels"),
    Rule("effective.gpu", "decides", "a GPU and a CPU round in different orders"),
    Rule("effective.int8_vnni", "suspect", "without VNNI, sums of quantised products can saturate"),
    Rule("effective.*", "decides", "switch, hardware and build together choose other arithmetic"),
    Rule("rng.python*", "suspect", "Python's random draws other numbers, if anything draws from it"),
    Rule("rng.numpy*", "suspect", "numpy's global generator draws other numbers, if anything draws from it"),
    Rule("rng.*.seeded", "decides", "an unseeded generator draws other numbers in each process"),
    Rule("rng.*", "decides", "another seed or state draws other numbers"),
    Rule("torch.version", "decides", "nearly every release of torch changes some kernel"),
    Rule("torch.default_*", "decides", "tensors are made in another type or place"),
    Rule("torch.cpu_capability", "decides", "ATen's vector width decides how softmax, norms and randn round"),
    Rule("torch.parallel_backend", "decides", "another thread pool splits long reductions elsewhere"),
    Rule("threads.torch_intraop", "decides", "long reductions are split by thread, and rounded in another order"),
    Rule("threads.openmp", "suspect", "an OpenMP library splits its work otherwise", through=("threads.torch_intraop",)),
    Rule("threads.torch_interop", "none", "runs whole operations side by side; each computes the same"),
    Rule("blas.torch.threading", "suspect", "another thread pool splits products elsewhere"),
    Rule("blas.torch.*", "decides", "another BLAS, version or code path multiplies in another order"),
    Rule("blas.onednn.isa", "decides", "oneDNN picks other kernels for convolutions, bfloat16 and GELU"),
    Rule("blas.onednn.*", "decides", "oneDNN computes convolutions, bfloat16 and GELU"),
    Rule("blas.numpy.architecture", "decides", "numpy's products and dots use another kernel"),
    Rule("blas.numpy.*", "suspect", "numpy's products and dots may use another kernel"),
    Rule("blas.numpy_simd", "suspect", "numpy's elementary functions use another vector width"),
    Rule("distributed.world_size", "decides", "batches and reductions are split over another number of ranks"),
    Rule("distributed.backend", "decides", "another library reduces across ranks"),
    Rule("distributed.*", "none", "a process's place in the job"),
    Rule("accelerators.*.compute_capability", "decides", "another generation of GPU runs other kernels", needs=GPU),
    Rule("accelerators.*.name", "decides", "another GPU runs other kernels", needs=GPU),
    Rule("accelerators.*.multiprocessors", "decides", "kernels are split by the number of multiprocessors", needs=GPU),
    Rule("accelerators.*.cores", "decides", "kernels are split by the number of multiprocessors", needs=GPU),
    Rule("accelerators.*.threads_per_multiprocessor", "decides", "CUDA's random numbers are dealt out by it", needs=GPU),
    Rule("accelerators.*.partitions*", "decides", "a slice of a GPU has fewer multiprocessors", needs=GPU),
    Rule("accelerators.*.uncorrected_errors", "suspect", "memory that returned wrong bits", needs=GPU),
    Rule("accelerators.*.architecture", "decides", "another generation of GPU runs other kernels", needs=GPU),
    Rule("accelerators.*.mig", "decides", "a slice of a GPU has fewer multiprocessors", needs=GPU),
    Rule("accelerators.*.memory_bytes", "suspect", "algorithms are chosen by free memory too", needs=GPU),
    Rule("accelerators.*.visible", "suspect", "another GPU may be in use", needs=GPU),
    Rule("accelerators.visible_devices", "suspect", "another GPU may be in use", needs=GPU),
    Rule("accelerators.driver*", "suspect", "the driver compiles kernels for newer GPUs", needs=GPU),
    Rule("accelerators.peer_access*", "suspect", "NCCL reduces along another path", needs=GPU),
    Rule("accelerators.*_available", "suspect", "a device is there on one side only", through=(GPU,)),
    Rule("accelerators.*_initialized", "none", "whether the GPU was in use already"),
    Rule("accelerators.*.ecc", "none", "corrects memory errors, changes no result"),
    Rule("accelerators.*.power_limit_watts", "none", "speed, not results"),
    Rule("accelerators.*.persistence", "none", "speed, not results"),
    Rule("accelerators.nvml", "none", "the library that reports, not the one that computes"),
    Rule("accelerators.*.vbios", "none", NO_BEARING),
    Rule("accelerators*", "suspect", "other devices", needs=GPU),
    # switches: what they amount to is said by effective facts
    Rule(
        "precision.cuda_matmul_allow_tf32", "suspect", "allows TF32 in products",
        needs=GPU, through=("effective.tf32_matmul",),
    ),
    Rule(
        "precision.cudnn_allow_tf32", "suspect", "allows TF32 in convolutions and recurrent nets",
        needs=GPU, through=("effective.tf32_conv", "effective.tf32_rnn"),
    ),
    Rule(
        "precision.float32_matmul", "suspect", "allows TF32 or bfloat16 in float32 products",
        through=("effective.tf32_matmul", "effective.onednn_matmul"),
    ),
    Rule(
        "precision.fp32*", "suspect", "allows TF32 or bfloat16 in float32 arithmetic",
        through=(
            "effective.tf32_matmul", "effective.tf32_conv", "effective.tf32_rnn",
            "effective.onednn_matmul", "effective.onednn_conv", "effective.onednn_rnn",
        ),
    ),
    Rule("precision.bf16_reduced_reduction", "suspect", "sums of bfloat16 products", needs=GPU),
    Rule("precision.fp16_reduced_reduction", "suspect", "sums of float16 products", needs=GPU),
    Rule("precision.fp16_accumulation", "suspect", "accumulates float16 products in float16", needs=GPU),
    Rule("precision.autocast.cuda*", "decides", "operations run in a half type", needs=GPU),
    Rule("precision.autocast.*.dtype", "suspect", "the half type that autocast would use"),
    Rule("precision.autocast.*", "decides", "operations run in a half type"),
    Rule("precision.denormal_*", "decides", "the smallest numbers become zero"),
    Rule("precision.sdpa.*", "suspect", "attention may use another kernel", through=("effective.sdpa_backends",)),
    Rule("precision.blas_library", "suspect", "another library multiplies on the GPU", needs=GPU),
    Rule("precision.linalg_library", "suspect", "another library decomposes on the GPU", needs=GPU),
    Rule("precision.opt_einsum", "suspect", "einsum contracts in another order"),
    Rule("precision.mha_fastpath", "suspect", "attention layers in eval mode take a fused path"),
    Rule("precision.quantized_engine", "suspect", "quantised layers use other kernels"),
    Rule("precision.*", "suspect", "a precision switch"),
    Rule(
        "determinism.cudnn_benchmark*", "suspect", "cuDNN picks algorithms by timing",
        needs=GPU, through=("effective.cudnn_benchmark",),
    ),
    Rule("determinism.cudnn_*", "suspect", "cuDNN may pick another algorithm", needs=GPU),
    Rule("determinism.miopen_*", "suspect", "MIOpen may pick another algorithm", needs=GPU),
    Rule("determinism.cublas_workspace", "suspect", "cuBLAS may pick another algorithm", needs=GPU),
    Rule("determinism.nccl*", "suspect", "NCCL reduces in another order", needs=GPU),
    Rule("determinism.inductor*", "suspect", "inductor writes other kernels", through=("compile.inductor",)),
    Rule("determinism.*", "suspect", "deterministic mode picks other kernels"),
    Rule("compile.*", "suspect", "torch.compile writes other kernels"),
    # software
    Rule("torch.git_revision", "suspect", "another build of torch", through=("torch.version",)),
    Rule("torch.cuda_built", "suspect", "another build of torch", needs=GPU),
    Rule("torch.hip_built", "suspect", "another build of torch", needs=GPU),
    Rule("torch.cudnn", "decides", "another cuDNN picks other convolutions", needs=GPU),
    Rule("torch.miopen", "decides", "another MIOpen picks other convolutions", needs=GPU),
    Rule("torch.nccl", "suspect", "another NCCL reduces across GPUs", needs=GPU),
    Rule("torch.arch_list", "suspect", "other GPU code is in the build", needs=GPU),
    Rule("torch.allocator", "none", "where tensors lie"),
    Rule("torch.cuda_module_loading", "none", "when kernels are loaded"),
    Rule("torch.build.*", "suspect", "torch was built otherwise"),
    Rule("torch*", "suspect", "torch was built otherwise"),
    Rule("libraries.loaded.*.path", "none", PLACE),
    Rule("libraries.loaded.libcu*", "suspect", "another GPU library, or another build of it, is loaded", needs=GPU),
    Rule("libraries.loaded.libnccl*", "suspect", "another NCCL reduces across GPUs", needs=GPU),
    Rule("libraries.loaded.libnv*", "suspect", "another GPU library, or another build of it, is loaded", needs=GPU),
    Rule("libraries.other_copies*", "none", "on the search path, but not loaded"),
    Rule("libraries.loaded_twice*", "suspect", "which copy is called depends on the order of loading"),
    Rule("libraries*", "suspect", "another library, or another build of it, is loaded"),
    Rule("python.hash_seed_at_exec", "none", "how it was set", through=("python.hash_seed",)),
    Rule("python.hash_seed", "suspect", "sets of text are walked in another order"),
    Rule("python.version", "suspect", "sum() of floats (3.12) and iteration orders change with Python"),
    Rule("python.start_method", "suspect", "workers begin with other random states"),
    Rule("python.*", "none", NO_BEARING),
    Rule("packages.origins.*", "suspect", "installed from source, so its version says little"),
    Rule("packages.twice.*", "none", "the first on the path counts, and is compared"),
    Rule("packages.conda.*", "none", "what is loaded is compared"),
    Rule("packages.installed.*", "none", "no numeric package"),
    Rule("packages*", "suspect", "which packages there are is unknown"),
    Rule("code.arguments", "suspect", "the script was started with other arguments"),
    Rule("code.entry_digest", "suspect", "another script was started"),
    Rule("code.git_commit", "suspect", "other code"),
    Rule("code.git_dirty", "suspect", "code that no commit has"),
    Rule("code.git_diff_digest", "suspect", "code that no commit has"),
    Rule("code.*", "none", PLACE),
    # machine
    Rule("cpu.microcode", "none", NO_BEARING),
    Rule("cpu.mitigations*", "none", "speed, not results"),
    Rule("cpu.numa_nodes*", "none", PLACE),
    Rule("cpu.iommu_groups", "suspect", "peer copies between GPUs can be corrupted behind an IOMMU", needs=GPU),
    Rule("cpu.address_bits*", "none", NO_BEARING),
    Rule("cpu.*cores", "suspect", "libraries size their pools by it", through=("threads.torch_intraop", "threads.pools")),
    Rule("cpu.sockets", "none", PLACE),
    Rule("cpu.threads_per_core", "none", PLACE),
    Rule("cpu.affinity", "suspect", "libraries size their pools by it", through=("threads.torch_intraop", "threads.pools")),
    Rule("cpu*", "suspect", "libraries choose kernels and block sizes by the CPU"),
    Rule("threads*", "suspect", "another number of threads splits work otherwise"),
    Rule("system.libc", "suspect", "its libm computes Python's and some of ATen's functions"),
    Rule("system.os", "suspect", "other builds of every library"),
    Rule("system.compilers.gcc", "suspect", "inductor compiles with it", through=("compile.inductor",)),
    Rule("system.compilers.g++", "suspect", "inductor compiles with it", through=("compile.inductor",)),
    Rule("system.compilers.clang", "suspect", "inductor may compile with it", through=("compile.inductor",)),
    Rule("system.compilers*", "none", "compiles nothing that torch runs by itself"),
    Rule("system.byte_order", "suspect", "bytes are read in another order"),
    Rule("system.*", "none", NO_BEARING),
    # variables: most act through a fact that is read where it acts
    Rule("variables.environment.LD_*", "none", "which library is found; what is loaded is compared"),
    Rule("variables.environment.DYLD_*", "none", "which library is found; what is loaded is compared"),
    Rule("variables.environment.PYTHONPATH*", "none", "which module is found; packages are compared"),
    Rule("variables.environment.PYTHONHASHSEED*", "suspect", "hash seed", through=("python.hash_seed",)),
    Rule("variables.environment.PYTHON*", "none", NO_BEARING),
    Rule(
        "variables.environment.OMP_NUM_THREADS*", "suspect", "thread count",
        through=("threads.torch_intraop", "threads.pools"),
    ),
    Rule(
        "variables.environment.MKL_NUM_THREADS*", "suspect", "thread count",
        through=("threads.torch_intraop", "threads.mkl", "threads.pools"),
    ),
    Rule("variables.environment.OPENBLAS_NUM_THREADS*", "suspect", "thread count", through=("threads.pools",)),
    Rule("variables.environment.ATEN_CPU_CAPABILITY*", "suspect", "vector width", through=("torch.cpu_capability",)),
    Rule("variables.environment.ONEDNN_MAX_CPU_ISA*", "suspect", "oneDNN's kernels", through=("blas.onednn.isa",)),
    Rule("variables.environment.DNNL_MAX_CPU_ISA*", "suspect", "oneDNN's kernels", through=("blas.onednn.isa",)),
    Rule("variables.environment.OPENBLAS_CORETYPE*", "suspect", "OpenBLAS kernels", through=("blas.numpy.architecture",)),
    Rule("variables.environment.MKL_CBWR*", "decides", "MKL takes another code path"),
    Rule("variables.environment.NVIDIA_TF32_OVERRIDE*", "suspect", "TF32", needs=GPU, through=("effective.tf32_matmul",)),
    Rule("variables.environment.CUBLAS*", "suspect", "cuBLAS may pick another algorithm", needs=GPU),
    Rule("variables.environment.CUDNN*", "suspect", "cuDNN may pick another algorithm", needs=GPU),
    Rule("variables.environment.CUDA*", "suspect", "the GPU is used otherwise", needs=GPU),
    Rule("variables.environment.NCCL*", "suspect", "NCCL reduces in another order", needs=GPU),
    Rule("variables.environment.TRITON*", "suspect", "triton compiles other kernels", needs=GPU),
    Rule("variables.environment.PYTORCH_CUDA*", "suspect", "the GPU's memory is used otherwise", needs=GPU),
    Rule("variables.environment.TORCHINDUCTOR*", "suspect", "inductor writes other kernels", through=("compile.inductor",)),
    Rule("variables*", "suspect", "a variable that bears on numbers"),
)  # fmt: skip

NUMERIC_PACKAGES = re.compile(
    r"packages\.(installed|origins)\.(torch|torchvision|torchaudio|numpy|scipy|triton|pytorch-triton|mkl|onednn|intel-.*"
    r"|nvidia-.*|transformers|accelerate|lightning|pytorch-lightning|deepspeed|flash-attn|xformers|bitsandbytes|torchao"
    r"|safetensors|tokenizers|datasets|timm|peft|apex|transformer-engine|liger-kernel|opt-einsum|pillow|pillow-simd"
    r"|opencv-.*|albumentations|kornia|pandas|scikit-learn|numba|jax|jaxlib|onnx|onnxruntime.*|vllm|sglang|einops|ray"
    r"|diffusers|sentencepiece|librosa|soundfile|av|decord|torchdata|webdataset|fbgemm-gpu|torchrec|cupy.*)(\..*)?"
)
NUMERIC_PACKAGE = Rule("packages.installed.*", "suspect", "a package that computes, or decides what is computed")
WHOLE_SECTION = Rule("section", "suspect", "the whole section is unknown")
UNLISTED = Rule("*", "suspect", "nothing is known of what it bears on")


def judge(change: Change, a: Facts, b: Facts) -> Change:
    """Return a change with its bearing, and what that rests on."""
    rule = rule_of(change.path)
    bearing: Bearing = "numeric"
    why = rule.why
    if rule.weight in ("none", "circumstance"):
        bearing = "none" if rule.weight == "none" else "circumstance"
    elif (without := _without_effect(rule, a, b)) is not None:
        bearing, why = "none", without
    decisive = bearing == "numeric" and rule.weight == "decides" and change.kind != "unknown"
    return change.model_copy(update={"bearing": bearing, "decisive": decisive, "why": why})


def rank(change: Change) -> tuple[int, bool, int, str]:
    """Return where a change stands in a report: what decides, what may, the unknown, the rest; each by the table."""
    group = 0 if change.decisive else 1 if change.bearing == "numeric" else 2
    return (group, change.kind == "unknown", _position(change.path), change.path)


def is_dismissed(change: Change) -> bool:
    """Tell whether a change could bear on results and was shown not to."""
    return change.bearing == "none" and rule_of(change.path).weight in ("decides", "suspect")


@functools.lru_cache(maxsize=4096)
def rule_of(path: str) -> Rule:
    """Return the first rule that matches a path."""
    if NUMERIC_PACKAGES.fullmatch(path):
        return NUMERIC_PACKAGE
    otherwise = WHOLE_SECTION if path in SECTIONS else UNLISTED
    return next((rule for rule in RULES if _regex(rule.pattern).fullmatch(path)), otherwise)


def _position(path: str) -> int:
    rule = rule_of(path)
    if rule is WHOLE_SECTION:
        return -1
    return RULES.index(rule) if rule in RULES else len(RULES)


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def _without_effect(rule: Rule, a: Facts, b: Facts) -> str | None:
    if rule.needs and a.get(rule.needs) is False and b.get(rule.needs) is False:
        return "no GPU in use on either side"
    if rule.through and all(_known_equal(path, a, b) for path in rule.through):
        return f"acts through {' and '.join(rule.through[:2])}, equal on both sides"
    return None


def _known_equal(path: str, a: Facts, b: Facts) -> bool:
    if "unknown" in (a.state(path)[0], b.state(path)[0]):
        return False
    paths = {*a.under(path), *b.under(path)}
    return all(a.state(each)[0] == b.state(each)[0] != "unknown" and a.get(each) == b.get(each) for each in paths)
