"""Steps of training: optimizers, and a small net trained until differences have grown."""

from typing import Any

from envprint.manifest.gaps import Absent
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

RATE = 0.125
STEPS = 5


def sgd_steps(torch: Any, x: Inputs) -> Run:
    """Take steps with momentum, by the operations of torch.optim.SGD for lists of tensors."""
    start, gradients = _start(x)

    def run() -> Any:
        weights, momentum = [start.clone()], [torch.zeros_like(start)]
        for gradient in gradients:
            torch._foreach_mul_(momentum, 0.9)
            torch._foreach_add_(momentum, [gradient])
            torch._foreach_add_(weights, momentum, alpha=-RATE)
        return weights[0]

    return run


def adam_steps(torch: Any, x: Inputs) -> Run:
    """Take steps of Adam, by the operations of torch.optim.Adam for single tensors."""
    start, gradients = _start(x)

    def run() -> Any:
        weight, mean, square = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
        for step, gradient in enumerate(gradients, 1):
            mean.lerp_(gradient, 0.1)
            square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            size = (square.sqrt() / (1 - 0.999**step) ** 0.5).add_(1e-8)
            weight.addcdiv_(mean, size, value=-RATE / (1 - 0.9**step))
        return weight

    return run


def _optimizer(torch: Any, name: str, weight: Any, options: dict[str, Any]) -> Any:
    try:
        return getattr(torch.optim, name)([weight], lr=RATE, **options)
    except RuntimeError as exc:
        if "fused" in options:  # torch before 2.4 has it on GPUs alone
            raise Absent(str(exc)) from exc
        raise


def _start(x: Inputs) -> tuple[Any, list[Any]]:
    return x.uniform("weights", 2048), [x.uniform(f"gradient {step}", 2048) for step in range(STEPS)]


def training(torch: Any, x: Inputs) -> Run:
    """Train a small network for 20 steps by hand: each step enlarges what differed before."""
    images, labels = x.uniform("images", 16, 1, 10, 10), x.integers("labels", 16, below=10)
    first = (x.uniform("w1", 4, 1, 3, 3), x.uniform("b1", 4))
    then = (x.uniform("w2", 32, 4 * 8 * 8, scale=-2), x.uniform("b2", 32), x.uniform("w3", 10, 32, scale=-1))
    functional = torch.nn.functional

    def loss_of(w1: Any, b1: Any, w2: Any, b2: Any, w3: Any) -> Any:
        hidden = functional.gelu(functional.conv2d(images, w1, b1)).flatten(1)
        return functional.cross_entropy(torch.tanh(functional.linear(hidden, w2, b2)) @ w3.t(), labels)

    def run() -> Any:
        weights = [each.clone().requires_grad_(True) for each in (*first, *then)]
        for _ in range(20):
            gradients = torch.autograd.grad(loss_of(*weights), weights)
            weights = [
                (weight - 0.125 * gradient).detach().requires_grad_(True)
                for weight, gradient in zip(weights, gradients, strict=True)
            ]
        return [weight.detach() for weight in weights]

    return run


def optimizer(name: str, **options: Any) -> Build:
    """Return a build of five steps of `torch.optim.NAME`.

    Its first use imports torch._dynamo, which takes 2 seconds and 80 MB: not for the default probes.
    """

    def build(torch: Any, x: Inputs) -> Run:
        start, gradients = _start(x)

        def run() -> Any:
            weight = start.clone().requires_grad_(True)
            chosen = _optimizer(torch, name, weight, options)
            for gradient in gradients:
                weight.grad = gradient.clone()
                chosen.step()
            return weight.detach()

        return run

    return build
