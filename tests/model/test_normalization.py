"""Local response normalisation against the formula of section 3.3, in float64, term by term."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F

from model.layers import LRN
from model.normalization import local_response_norm


def formula(a: npt.NDArray[np.float64], lrn: LRN, towers: int) -> npt.NDArray[np.float64]:
    """b_i = a_i / (k + alpha * sum over j of a_j^2) ** beta, j from max(0, i - n/2) to min(N - 1, i + n/2)."""
    b = np.empty_like(a)
    share = a.shape[1] // towers
    for i in range(a.shape[1]):
        first = i // share * share
        window = range(max(first, i - lrn.n // 2), min(first + share - 1, i + lrn.n // 2) + 1)
        b[:, i] = a[:, i] / (lrn.k + lrn.alpha * sum(a[:, j] ** 2 for j in window)) ** lrn.beta
    return b


@pytest.mark.parametrize("towers", [1, 2])
@pytest.mark.parametrize("lrn", [LRN(), LRN(alpha=2e-5), LRN(k=1, n=3, alpha=0.01, beta=0.5)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_equals_formula(towers: int, lrn: LRN, layout: torch.memory_format) -> None:
    x = 60 * np.random.default_rng(0).standard_normal((2, 12, 5, 7))
    ours = local_response_norm(torch.from_numpy(x).contiguous(memory_format=layout), lrn, towers)
    np.testing.assert_allclose(ours.numpy(), formula(x, lrn, towers), rtol=1e-12)


def test_one_value_by_hand() -> None:
    x = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    d = 2 + 1e-4 * (9 + 16)
    assert local_response_norm(x, LRN()).flatten().tolist() == pytest.approx([3 / d**0.75, 4 / d**0.75])
    alone = local_response_norm(x, LRN(), towers=2).flatten().tolist()  # a tower of one channel each
    assert alone == pytest.approx([3 / 2.0009**0.75, 4 / 2.0016**0.75])


@pytest.mark.parametrize("lrn", [LRN(alpha=0.01), LRN(n=4, beta=0.6, alpha=0.01)])
def test_gradient(lrn: LRN) -> None:
    x = torch.randn(2, 6, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: local_response_norm(x, lrn, towers=2), x)


@pytest.mark.parametrize("n", [1, 4, 5])
def test_both_ways_of_summing(n: int) -> None:
    """float32 adds shifted rows, float64 multiplies by a band, checked above: values and gradient are the same."""
    x, weights = torch.randn(2, 3, 12, 5, 7, dtype=torch.float64)
    found = []
    for dtype in (torch.float32, torch.float64):
        maps = x.to(dtype).requires_grad_()
        y = local_response_norm(maps, LRN(n=n, alpha=0.1), towers=2)
        found.append((y.detach(), *torch.autograd.grad(y, maps, weights.to(dtype))))
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected.float(), rtol=1e-5, atol=1e-6)


def test_2012_code_is_torchs() -> None:
    x = 50 * torch.randn(2, 16, 5, 5)
    theirs = F.local_response_norm(x, 5, 1e-4, 0.75, 2.0)  # torch divides alpha by n
    torch.testing.assert_close(local_response_norm(x, LRN(alpha=2e-5)), theirs)


def test_stretches_join() -> None:
    """More pixels than fit one stretch give the same as fewer."""
    x = torch.randn(3, 96, 55, 55)
    whole = local_response_norm(x, LRN(), 2)
    torch.testing.assert_close(whole[2:], local_response_norm(x[2:], LRN(), 2))


def test_compiled_is_the_same() -> None:
    """What torch.compile traces, without a compiler: values and gradient."""
    x = (20 * torch.randn(2, 16, 5, 5)).requires_grad_()
    compiled = torch.compile(
        lambda maps: local_response_norm(maps, LRN(n=5, alpha=0.01), 2), backend="aot_eager", fullgraph=True
    )
    grads = []
    for norm in (compiled, lambda maps: local_response_norm(maps, LRN(n=5, alpha=0.01), 2)):
        y = norm(x)
        grads.append((y.detach(), *torch.autograd.grad(y, x, torch.ones_like(y).cumsum(1))))
    for found, expected in zip(*grads, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
