"""What each path of a manifest means for results: the table that comparison reads."""

import functools
import re
from collections.abc import Callable
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
    where they are equal, and one of them at least is there to be read, the change is without effect. `beside`: what
    appears or vanishes beside others of its kind is only a suspect. `harmless`: members of a list that count for nothing.
    `alike`: values that mostly come to the same, so a change from one to another is only a suspect.
    """

    pattern: str
    weight: Weight
    why: str
    needs: str | None = None
    through: tuple[str, ...] = ()
    beside: bool = False
    harmless: frozenset[str] = frozenset()
    alike: frozenset[str] = frozenset()


GPU = "effective.gpu"
POOLS = ("threads.torch_intraop", "threads.pools")
ARCHITECTURES = ("blas.numpy.architecture", "blas.torch.architecture")
SEEN = ("accelerators.torch_devices",)
# What Linux lists among the flags for itself: protection, power, time, virtual machines. A newer kernel, a mitigation or
# a hypervisor changes them; no library computes with them. https://docs.kernel.org/arch/x86/cpuinfo.html
_FLAGS_OF_THE_SYSTEM = (
    "acpi aperfmperf apic arat arch_capabilities arch_lbr arch_perfmon art bts bus_lock_detect cat_l2 cat_l3 "
    "cdp_l2 cdp_l3 constant_tsc cpb cpuid cpuid_fault cqm cqm_llc cqm_mbm_local cqm_mbm_total cqm_occup_llc dca "
    "de ds_cpl dtes64 dtherm dts epb ept ept_ad est extapic flexpriority flush_l1d fsgsbase ht hwp hwp_act_window "
    "hwp_epp hwp_notify hwp_pkg_req hypervisor ibpb ibpb_exit_to_user ibrs ibrs_enhanced ibs ibt ida intel_ppin "
    "intel_pt invpcid invpcid_single irperf l1d_flush lam lbrv lm mba mca mce md_clear monitor msr mtrr "
    "nonstop_tsc nopl npt nrip_save nx ospke pae pat pbe pcid pdcm pebs perfctr_core perfctr_llc perfctr_nb "
    "perfmon_v2 pge pku pln pse pse36 pti pts rdt_a rep_good rsb_ctxsw sep serial smap smca smep "
    "split_lock_detect ss ssbd stibp succor svm svm_lock syscall tm tm2 topoext tpr_shadow tsc tsc_adjust "
    "tsc_deadline_timer tsc_known_freq tsc_scale umip user_shstk v_spec_ctrl vgif virt_ssbd vme vmmcall vmx vnmi "
    "vpid x2apic xtopology xtpr"
)
FLAGS_OF_THE_SYSTEM = frozenset(_FLAGS_OF_THE_SYSTEM.split())
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
    Rule("effective.cu*_nondeterministic", "suspect", "the GPU's libraries may pick another algorithm"),
    Rule("effective.cudnn_benchmark", "suspect", "cuDNN picks algorithms by timing"),
    Rule("effective.*_reduced_reduction", "suspect", "sums of half products may be rounded on the way", needs=GPU),
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
    Rule("blas.torch.branch", "decides", "MKL takes another code path", alike=frozenset({"OFF", "AUTO"})),
    Rule("blas.torch.interface", "none", "the width of its integers"),
    Rule("blas.numpy.interface", "none", "the width of its integers"),
    Rule("blas.torch.*", "decides", "another BLAS, version or code path multiplies in another order"),
    Rule("blas.onednn.isa", "decides", "oneDNN picks other kernels for convolutions, bfloat16 and GELU"),
    Rule("blas.onednn.*", "decides", "oneDNN computes convolutions, bfloat16 and GELU"),
    Rule("blas.numpy.architecture", "decides", "numpy's products and dots use another kernel"),
    Rule("blas.numpy.*", "suspect", "numpy's products and dots may use another kernel"),
    Rule("blas.numpy_simd", "suspect", "numpy's elementary functions use another vector width"),
    Rule("distributed.world_size", "decides", "batches and reductions are split over another number of ranks"),
    Rule("distributed.backend", "decides", "another library reduces across ranks"),
    Rule("distributed.nodes", "suspect", "reductions go along another path"),
    Rule("distributed.local_world_size", "suspect", "reductions go along another path"),
    Rule("distributed.*", "none", "a process's place in the job"),
    # torch shows the GPUs that this process may use, the driver every one of the machine
    Rule("accelerators.torch_devices.*name", "decides", "another GPU runs other kernels", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*compute_capability", "decides", "another generation of GPU runs other kernels", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*multiprocessors", "decides", "kernels are split by the number of multiprocessors", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*cores", "decides", "kernels are split by the number of multiprocessors", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*threads_per_multiprocessor", "decides", "CUDA's random numbers are dealt out by it", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*architecture", "decides", "another generation of GPU runs other kernels", needs=GPU, beside=True),
    Rule("accelerators.torch_devices.*memory_bytes", "suspect", "algorithms are chosen by free memory too", needs=GPU),
    Rule("accelerators.devices.*.mig", "suspect", "a slice of a GPU has fewer multiprocessors", needs=GPU, through=SEEN),
    Rule("accelerators.devices.*.partitions*", "suspect", "a slice of a GPU has fewer multiprocessors", needs=GPU, through=SEEN),
    Rule("accelerators.devices.*.uncorrected_errors", "suspect", "memory that returned wrong bits", needs=GPU),
    Rule("accelerators.devices.*.remapped_rows", "suspect", "memory that returned wrong bits, and was replaced", needs=GPU),
    Rule("accelerators.devices.*.ecc", "none", "corrects memory errors, changes no result"),
    Rule("accelerators.devices.*.power_limit_watts", "none", "speed, not results"),
    Rule("accelerators.devices.*.persistence", "none", "speed, not results"),
    Rule("accelerators.devices.*.vbios", "none", NO_BEARING),
    Rule("accelerators.devices.*", "decides", "another GPU runs other kernels", needs=GPU, through=SEEN, beside=True),
    Rule("accelerators.visible_devices", "suspect", "another GPU may be in use", needs=GPU, through=SEEN),
    Rule("accelerators.driver*", "suspect", "the driver compiles kernels for newer GPUs", needs=GPU),
    Rule("accelerators.*peer_access*", "suspect", "NCCL reduces along another path", needs=GPU),
    Rule("accelerators.topology*", "suspect", "NCCL reduces along another path", needs=GPU),
    Rule("accelerators.*_available", "suspect", "a device is there on one side only", through=(GPU,)),
    Rule("accelerators.*_initialized", "none", "whether the GPU was in use already"),
    Rule("accelerators.nvml", "none", "the library that reports, not the one that computes"),
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
    Rule("precision.autocast.cuda.dtype", "suspect", "the half type that autocast would use", needs=GPU),
    Rule("precision.autocast.*.dtype", "suspect", "the half type that autocast would use"),
    Rule("precision.autocast.cuda*", "decides", "operations run in a half type", needs=GPU),
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
        "determinism.cudnn_benchmark", "suspect", "cuDNN picks algorithms by timing",
        needs=GPU, through=("effective.cudnn_benchmark",),
    ),
    Rule(
        "determinism.cudnn_benchmark_limit", "suspect", "cuDNN picks among more algorithms by timing",
        needs="effective.cudnn_benchmark",
    ),
    Rule("determinism.cudnn_*", "suspect", "cuDNN may pick another algorithm", needs=GPU),
    Rule("determinism.miopen_*", "suspect", "MIOpen may pick another algorithm", needs=GPU),
    Rule("determinism.cublas_workspace", "suspect", "cuBLAS may pick another algorithm", needs=GPU),
    Rule("determinism.nccl*", "suspect", "NCCL reduces in another order", needs=GPU),
    Rule("determinism.inductor*", "suspect", "inductor writes other kernels"),
    Rule("determinism.*", "suspect", "deterministic mode picks other kernels"),
    Rule("compile.*", "suspect", "torch.compile writes other kernels"),
    # software
    Rule("torch.git_revision", "suspect", "torch was built from another state of its source"),
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
    Rule("packages.origins.envprint.*", "none", "it watches, and computes nothing"),
    Rule("packages.origins.*.url", "none", PLACE),
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
    Rule("cpu.*cores", "suspect", "libraries size their pools by it", through=POOLS),
    Rule("cpu.sockets", "none", PLACE),
    Rule("cpu.threads_per_core", "none", PLACE),
    Rule("cpu.affinity", "suspect", "libraries size their pools by it", through=POOLS),
    Rule(
        "cpu.flags", "suspect", "libraries choose kernels by the instructions that the CPU has",
        harmless=FLAGS_OF_THE_SYSTEM,
    ),
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
    Rule("variables.environment.LD_PRELOAD*", "suspect", "a library put before all others can replace any function"),
    Rule("variables.environment.LD_*", "none", "which library is found; what is loaded is compared"),
    Rule("variables.environment.DYLD_INSERT_LIBRARIES*", "suspect", "a library put before all others can replace any function"),
    Rule("variables.environment.DYLD_*", "none", "which library is found; what is loaded is compared"),
    Rule("variables.environment.PYTHONPATH*", "none", "which module is found; packages are compared"),
    Rule("variables.environment.PYTHONHASHSEED*", "suspect", "hash seed", through=("python.hash_seed",)),
    Rule("variables.environment.PYTHON*", "none", NO_BEARING),
    Rule(
        "variables.environment.OMP_NUM_THREADS*", "suspect", "thread count", through=POOLS,
    ),
    Rule(
        "variables.environment.MKL_NUM_THREADS*", "suspect", "thread count",
        through=("threads.torch_intraop", "threads.mkl", "threads.pools"),
    ),
    Rule("variables.environment.OMP_PROC_BIND*", "suspect", "threads", through=POOLS),
    Rule("variables.environment.OMP_PLACES*", "suspect", "threads", through=POOLS),
    Rule("variables.environment.GOMP_CPU_AFFINITY*", "suspect", "threads", through=POOLS),
    Rule("variables.environment.KMP_AFFINITY*", "suspect", "threads", through=POOLS),
    Rule("variables.environment.OMP_DISPLAY*", "none", "what is printed"),
    Rule("variables.environment.OMP_STACKSIZE*", "none", "memory, not results"),
    Rule("variables.environment.KMP_STACKSIZE*", "none", "memory, not results"),
    Rule("variables.environment.OMP_WAIT_POLICY*", "none", "how threads wait"),
    Rule("variables.environment.GOMP_SPINCOUNT*", "none", "how threads wait"),
    Rule("variables.environment.KMP_BLOCKTIME*", "none", "how threads wait"),
    Rule("variables.environment.KMP_DUPLICATE_LIB_OK*", "none", "the libraries that are loaded are compared"),
    Rule("variables.environment.KMP_INIT_AT_FORK*", "none", "how processes begin"),
    Rule("variables.environment.OMP_*", "suspect", "may use fewer threads than torch says, or split loops otherwise"),
    Rule("variables.environment.OPENBLAS_NUM_THREADS*", "suspect", "thread count", through=("threads.pools",)),
    Rule("variables.environment.ATEN_CPU_CAPABILITY*", "suspect", "vector width", through=("torch.cpu_capability",)),
    Rule("variables.environment.ONEDNN_MAX_CPU_ISA*", "suspect", "oneDNN's kernels", through=("blas.onednn.isa",)),
    Rule("variables.environment.DNNL_MAX_CPU_ISA*", "suspect", "oneDNN's kernels", through=("blas.onednn.isa",)),
    Rule("variables.environment.OPENBLAS_CORETYPE*", "suspect", "OpenBLAS kernels", through=ARCHITECTURES),
    Rule("variables.environment.MKL_CBWR*", "suspect", "MKL takes another code path, where it read this in time"),
    Rule("variables.environment.NVIDIA_TF32_OVERRIDE*", "suspect", "TF32", needs=GPU),
    Rule("variables.environment.CUDA_VISIBLE_DEVICES*", "suspect", "another GPU may be in use", needs=GPU, through=SEEN),
    Rule("variables.environment.CUDA_DEVICE_ORDER*", "suspect", "another GPU may be in use", needs=GPU, through=SEEN),
    Rule("variables.environment.CUBLAS*", "suspect", "cuBLAS may pick another algorithm", needs=GPU),
    Rule("variables.environment.CUDNN*", "suspect", "cuDNN may pick another algorithm", needs=GPU),
    Rule("variables.environment.CUDA*", "suspect", "the GPU is used otherwise", needs=GPU),
    Rule("variables.environment.NCCL*", "suspect", "NCCL reduces in another order", needs=GPU),
    Rule("variables.environment.TRITON*", "suspect", "triton compiles other kernels", needs=GPU),
    Rule("variables.environment.HIP_VISIBLE_DEVICES*", "suspect", "another GPU may be in use", needs=GPU, through=SEEN),
    Rule("variables.environment.ROCR_VISIBLE_DEVICES*", "suspect", "another GPU may be in use", needs=GPU, through=SEEN),
    Rule("variables.environment.HIP*", "suspect", "the GPU is used otherwise", needs=GPU),
    Rule("variables.environment.HSA_*", "suspect", "the GPU is used otherwise", needs=GPU),
    Rule("variables.environment.MIOPEN*", "suspect", "MIOpen may pick another algorithm", needs=GPU),
    Rule("variables.environment.ROCBLAS*", "suspect", "rocBLAS may pick another algorithm", needs=GPU),
    Rule("variables.environment.RCCL*", "suspect", "RCCL reduces in another order", needs=GPU),
    Rule(
        "variables.environment.TORCH_ALLOW_TF32_CUBLAS_OVERRIDE*", "suspect", "TF32 in products",
        through=("effective.tf32_matmul", "effective.onednn_matmul"),
    ),
    Rule("variables.environment.MALLOC_ARENA_MAX*", "none", "memory, not results"),
    Rule("variables.environment.ONEDNN_PRIMITIVE_CACHE_CAPACITY*", "none", "how many kernels are kept"),
    Rule("variables.environment.TOKENIZERS_PARALLELISM*", "none", "speed, not results"),
    Rule("variables.environment.PYTORCH_CUDA*", "suspect", "the GPU's memory is used otherwise", needs=GPU),
    Rule("variables.environment.TORCHINDUCTOR*", "suspect", "compiled code has other kernels"),
    Rule("variables*", "suspect", "a variable that bears on numbers"),
)  # fmt: skip

NUMERIC_PACKAGES = re.compile(
    r"packages\.(installed|origins)\.(torch|torch-.*|torchvision|torchaudio|torchao|torchdata|torchmetrics|torchrec"
    r"|torchscale|torchtext|torchtune|torchio|torchcodec|torchsde|torchdiffeq|numpy|scipy|triton|pytorch-.*|mkl|mkl-.*|onednn"
    r"|intel-.*|nvidia-.*|tensorrt.*|transformers|accelerate|lightning|deepspeed|flash-attn.*|flashinfer.*|xformers|bitsandbytes"
    r"|causal-conv1d|mamba-ssm|auto-gptq|autoawq|gptqmodel|awq|optimum.*|safetensors|tokenizers|tiktoken|datasets|evaluate"
    r"|timm|peft|trl|unsloth.*|apex|transformer-engine.*|megatron-core|fairscale|fairseq|liger-kernel|opt-einsum|open-clip-torch"
    r"|sentence-transformers|sentencepiece|ml-dtypes|pillow|pillow-simd|imageio.*|imgaug|opencv-.*|albumentations|albucore"
    r"|kornia.*|scikit-.*|pandas|polars|pyarrow|h5py|numba|llvmlite|numexpr|bottleneck|jax.*|flax|optax|tensorflow.*|keras"
    r"|onnx|onnxruntime.*|openvino.*|ctranslate2|vllm|sglang.*|lmdeploy|einops|ray|diffusers|controlnet-aux|huggingface-hub"
    r"|librosa|soundfile|soxr|resampy|av|decord|eva-decord|pyav|webdataset|mosaicml-.*|composer|monai|simpleitk|nibabel"
    r"|fbgemm-gpu.*|fbgemm|cupy.*|dgl.*|pyg-.*|mmcv.*|mmengine|mmdet.*|mmsegmentation|detectron2|ultralytics|pycocotools"
    r"|segmentation-models-pytorch|efficientnet-pytorch|gymnasium|gym|stable-baselines3|sympy|networkx|faiss-.*|xgboost"
    r"|lightgbm|catboost|spacy|nltk|hydra-core|omegaconf|ml-collections|kaolin|pytorch3d|spconv.*|minkowskiengine)(\..*)?"
)
NUMERIC_PACKAGE = Rule("packages.installed.*", "suspect", "a package that computes, or decides what is computed")
WHOLE_SECTION = Rule("section", "suspect", "the whole section is unknown")
UNLISTED = Rule("*", "suspect", "nothing is known of what it bears on")


def judge(change: Change, a: Facts, b: Facts, known_equal: Callable[[str], bool] | None = None) -> Change:
    """Return a change with its bearing, and what that rests on; `known_equal` may remember what it was asked."""
    rule = rule_of(change.path)
    bearing: Bearing = "numeric"
    why = rule.why
    if rule.weight in ("none", "circumstance"):
        bearing = "none" if rule.weight == "none" else "circumstance"
    elif _is_harmless(rule, change):
        bearing, why = "none", NO_BEARING
    elif (without := _without_effect(rule, a, b, known_equal or (lambda path: is_known_equal(path, a, b)))) is not None:
        bearing, why = "none", without
    decides = rule.weight == "decides" and not _is_only_a_suspect(rule, change)
    decisive = bearing == "numeric" and decides and change.kind != "unknown"
    return change.model_copy(update={"bearing": bearing, "decisive": decisive, "why": why})


def rank(change: Change) -> tuple[int, bool, int, str]:
    """Return where a change stands in a report: what decides, what may, the unknown, the rest; each by the table."""
    group = 0 if change.decisive else 1 if change.bearing == "numeric" else 2
    return (group, change.kind == "unknown", _position(change.path), change.path)


def is_dismissed(change: Change) -> bool:
    """Tell whether a change could bear on results and was shown not to."""
    return (
        change.bearing == "none" and change.why != NO_BEARING and rule_of(change.path).weight in ("decides", "suspect")
    )


@functools.lru_cache(maxsize=4096)
def rule_of(path: str) -> Rule:
    """Return the first rule that matches a path."""
    if NUMERIC_PACKAGES.fullmatch(path):
        return NUMERIC_PACKAGE
    otherwise = WHOLE_SECTION if path in SECTIONS else UNLISTED
    rules = _rules_by_section().get(path.partition(".")[0], ())
    return next((rule for rule in rules if _regex(rule.pattern).fullmatch(path)), otherwise)


def is_known_equal(path: str, a: Facts, b: Facts) -> bool:
    """Tell whether all that is at and under a path was read on both sides and is equal."""
    if "unknown" in (a.state(path)[0], b.state(path)[0]) or a.failed_under(path) or b.failed_under(path):
        return False
    paths = {*a.under(path), *b.under(path)}
    return all(a.state(each)[0] == b.state(each)[0] != "unknown" and a.get(each) == b.get(each) for each in paths)


def _position(path: str) -> int:
    rule = rule_of(path)
    if rule is WHOLE_SECTION:
        return -1
    return _places().get(rule.pattern, len(RULES))


@functools.cache
def _places() -> dict[str, int]:
    return {rule.pattern: place for place, rule in enumerate(RULES)}


@functools.cache
def _rules_by_section() -> dict[str, tuple[Rule, ...]]:
    """Return the table by the section that a pattern begins with."""
    sections: dict[str, list[Rule]] = {}
    for rule in RULES:
        sections.setdefault(re.split(r"[.*]", rule.pattern)[0], []).append(rule)
    return {section: tuple(rules) for section, rules in sections.items()}


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def _is_only_a_suspect(rule: Rule, change: Change) -> bool:
    if rule.beside and change.kind != "changed":
        return True
    return bool(rule.alike) and change.a in tuple(rule.alike) and change.b in tuple(rule.alike)


def _is_harmless(rule: Rule, change: Change) -> bool:
    if not rule.harmless or not isinstance(change.a, list) or not isinstance(change.b, list):
        return False
    return set(change.a) ^ set(change.b) <= rule.harmless


def _without_effect(rule: Rule, a: Facts, b: Facts, known_equal: Callable[[str], bool]) -> str | None:
    if rule.needs and a.get(rule.needs) is False and b.get(rule.needs) is False:
        return "no GPU in use on either side" if rule.needs == GPU else f"{rule.needs} is off on both sides"
    there = any(a.state(path)[0] == "known" for path in rule.through)  # absent on both sides it proves nothing
    if there and all(known_equal(path) for path in rule.through):
        return f"acts through {' and '.join(rule.through[:2])}, equal on both sides"
    return None
