"""How others train M networks of 12-16-1: each takes data, optimiser and epochs, and returns held-out losses (M,).

Peers begin at parameters of their own and deal batches of their own: losses are compared as sets.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

RATE, BATCH, HIDDEN = 0.01, 32, 16
OWN = {
    "sgd": lambda p: torch.optim.SGD(p, lr=RATE),
    "adam": lambda p: torch.optim.Adam(p, lr=RATE),
    "rprop": lambda p: torch.optim.Rprop(p, lr=RATE),
}


def network(p: int) -> nn.Module:
    return nn.Sequential(nn.Linear(p, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))


def _looped(data, optimiser: str, M: int, epochs: int, batches) -> np.ndarray:
    X, y, V, v = map(torch.tensor, data)
    losses = []
    for seed in range(M):
        torch.manual_seed(seed)
        module = network(X.shape[1])
        own = OWN[optimiser](module.parameters())
        deal = batches(X, y)
        for _ in range(epochs):
            for a, b in deal():
                own.zero_grad()
                mse_loss(module(a), b).backward()
                own.step()
            with torch.no_grad():
                loss = float(mse_loss(module(V), v))
        losses.append(loss)
    return np.array(losses)


def plain(data, optimiser: str, M: int, epochs: int) -> np.ndarray:
    """The loop of PyTorch's tutorial: a DataLoader, one network after the other."""

    def batches(X, y):
        loader = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True)
        return lambda: loader

    return _looped(data, optimiser, M, epochs, batches)


def slices(data, optimiser: str, M: int, epochs: int) -> np.ndarray:
    """The same without a DataLoader: a permutation, gathered once an epoch, and slices of it."""

    def batches(X, y):
        def deal():
            order = torch.randperm(len(X))
            return zip(X[order].split(BATCH), y[order].split(BATCH), strict=True)

        return deal

    return _looped(data, optimiser, M, epochs, batches)


def vmap(data, optimiser: str, M: int, epochs: int) -> np.ndarray:
    """``torch.func``: the slope of one network, mapped over M; one optimiser of PyTorch for all their parameters."""
    from torch.func import functional_call, grad, stack_module_state
    from torch.func import vmap as mapped

    X, y, V, v = map(torch.tensor, data)
    torch.manual_seed(0)
    modules = [network(X.shape[1]) for _ in range(M)]
    parameters, _ = stack_module_state(modules)
    base = modules[0]
    own = OWN[optimiser](parameters.values())

    def loss(theta, a, b):
        return mse_loss(functional_call(base, theta, (a,)), b)

    slopes = mapped(grad(loss))
    for _ in range(epochs):
        order = torch.stack([torch.randperm(len(X)) for _ in range(M)])
        for a, b in zip(X[order].split(BATCH, dim=1), y[order].split(BATCH, dim=1), strict=True):
            for name, slope in slopes(parameters, a, b).items():
                parameters[name].grad = slope
            own.step()
        with torch.no_grad():
            found = mapped(loss, in_dims=(0, None, None))(parameters, V, v)
    return found.numpy()


def skorch(data, optimiser: str, M: int, epochs: int) -> np.ndarray:
    """skorch's estimator, one after the other, with the same rows held out."""
    from skorch import NeuralNetRegressor
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    X, y, V, v = data
    losses = []
    for seed in range(M):
        torch.manual_seed(seed)
        made = NeuralNetRegressor(
            network(X.shape[1]),
            optimizer={"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rprop": torch.optim.Rprop}[
                optimiser
            ],
            lr=RATE,
            batch_size=BATCH,
            max_epochs=epochs,
            iterator_train__shuffle=True,
            train_split=predefined_split(Dataset(V, v)),
            verbose=0,
        ).fit(X, y)
        losses.append(made.history[-1, "valid_loss"])
    return np.array(losses)


def jax(data, optimiser: str, M: int, epochs: int) -> np.ndarray:
    """JAX: an epoch is one compiled scan over its batches, mapped over M; the formulas of Adam and SGD by hand."""
    import jax.numpy as jnp
    from jax import grad, jit, lax, random
    from jax import vmap as mapped

    if optimiser == "rprop":
        raise NotImplementedError("JAX itself has no optimisers, and optax no Rprop without more")
    X, y, V, v = map(jnp.asarray, data)
    n = len(X) // BATCH * BATCH  # batches of one size: a scan has no other

    def outputs(theta, a):
        W, b, U, c = theta
        return jnp.maximum(a @ W + b, 0) @ U + c

    def loss(theta, a, b):
        return jnp.mean((outputs(theta, a) - b) ** 2)

    def begun(key):
        keys, p = random.split(key, 4), X.shape[1]
        draw = lambda k, shape, width: random.uniform(k, shape, minval=-1, maxval=1) / width**0.5  # noqa: E731
        theta = (
            draw(keys[0], (p, HIDDEN), p),
            draw(keys[1], (HIDDEN,), p),
            draw(keys[2], (HIDDEN, 1), HIDDEN),
            draw(keys[3], (1,), HIDDEN),
        )
        zeros = tuple(jnp.zeros_like(each) for each in theta)
        return theta, zeros, zeros, 0

    def step(state, at):
        theta, first, second, t = state
        slope, t = grad(loss)(theta, X[at], y[at]), t + 1
        if optimiser == "sgd":
            return (tuple(a - RATE * g for a, g in zip(theta, slope, strict=True)), first, second, t), None
        first = tuple(0.9 * m + 0.1 * g for m, g in zip(first, slope, strict=True))
        second = tuple(0.999 * s + 0.001 * g * g for s, g in zip(second, slope, strict=True))
        rate, root = RATE / (1 - 0.9**t), (1 - 0.999**t) ** 0.5
        parts = zip(theta, first, second, strict=True)
        return (
            tuple(a - rate * m / (jnp.sqrt(s) / root + 1e-8) for a, m, s in parts),
            first,
            second,
            t,
        ), None

    def epoch(state, key):
        order = random.permutation(key, len(X))[:n].reshape(-1, BATCH)
        state, _ = lax.scan(step, state, order)
        return state, loss(state[0], V, v)

    def run(key):
        return lax.scan(epoch, begun(key), random.split(key, epochs))[1][-1]

    return np.asarray(jit(mapped(run))(random.split(random.key(0), M)))
