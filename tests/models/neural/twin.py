"""A slow and transparent twin of the compiled kernel: one event after another, in plain NumPy and float64."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit, logsumexp

ACTIVATION = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": expit,
    "silu": lambda x: x * expit(x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
    "softplus": lambda x: np.logaddexp(0, x),
}


def outputs(layers, theta, activation, X):
    """Return the outputs (n, k) for X (n, p)."""
    *hidden, (W, b) = layers.views(theta)
    for each in hidden:
        X = ACTIVATION[activation](X @ each[0].T + each[1])
    return X @ W.T + b


def loss(name, setting, o, t):
    """Return the loss of each event; ``o`` (n, k), ``t`` (n, targets) or (n, 1) codes."""
    r = o[:, : t.shape[1]] - t
    if name == "mse":
        return (r**2).mean(axis=1)
    if name == "mae":
        return np.abs(r).mean(axis=1)
    if name == "huber":
        far = setting * (np.abs(r) - 0.5 * setting)
        return np.where(np.abs(r) <= setting, 0.5 * r**2, far).mean(axis=1)
    if name == "quantile":
        return np.maximum((1 - setting) * r, -setting * r).mean(axis=1)
    if name == "cross-entropy":
        both = np.column_stack([np.zeros(len(o)), o]) if o.shape[1] == 1 else o
        return logsumexp(both, axis=1) - both[np.arange(len(o)), t[:, 0].astype(int)]
    if name == "hinge":
        inside = t > 0 if o.shape[1] == 1 else t == np.arange(o.shape[1])
        return np.maximum(0, 1 - np.where(inside, 1, -1) * o).mean(axis=1)
    if name == "gaussian":
        s = o[:, t.shape[1] :]
        return (s + 0.5 * (r / np.exp(s)) ** 2 + 0.5 * np.log(2 * np.pi)).mean(axis=1)
    return _mixture(o.reshape(len(o), t.shape[1], 3, -1), t)


def _mixture(parts, t):
    logit, mean, s = (parts[:, :, k] for k in range(3))
    share = logit - logsumexp(logit, axis=2, keepdims=True)
    z = (t[..., None] - mean) / np.exp(s)
    return -logsumexp(share - s - 0.5 * z**2 - 0.5 * np.log(2 * np.pi), axis=2).mean(axis=1)


def slope(of_theta, theta, h=1e-6):
    """Return the derivative (P,) of a function of theta by central differences."""
    found = np.empty_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = h
        found[i] = (of_theta(theta + step) - of_theta(theta - step)) / (2 * h)
    return found


class Steps:
    """The optimisers of PyTorch, as its documentation writes them."""

    def __init__(self, name, rate, momentum=0.0, nesterov=False, decay=0.0, clip=0.0):
        self.name, self.rate, self.momentum, self.nesterov = name, rate, momentum, nesterov
        self.decay, self.clip, self.t, self.kept = decay, clip, 0, {}

    def __call__(self, theta, g):
        """Return where a step leads."""
        self.t += 1
        if self.clip:
            g = g * min(1.0, self.clip / (np.linalg.norm(g) + 1e-6))
        g = g if self.name == "adamw" else g + self.decay * theta
        return getattr(self, self.name)(theta, g)

    def sgd(self, theta, g):
        buffer = g if self.t == 1 else self.momentum * self.kept["b"] + g
        self.kept["b"] = buffer
        return theta - self.rate * (g + self.momentum * buffer if self.nesterov else buffer)

    def rprop(self, theta, g):
        before = self.kept.get("g", np.zeros_like(g))
        length = self.kept.get("l", np.full_like(g, self.rate))
        turned = np.sign(g * before)
        length = np.clip(length * np.where(turned > 0, 1.2, np.where(turned < 0, 0.5, 1.0)), 1e-9, 50)
        g = np.where(turned < 0, 0.0, g)
        self.kept = {"g": g, "l": length}
        return theta - np.sign(g) * length

    def adagrad(self, theta, g):
        self.kept["s"] = self.kept.get("s", 0.0) + g**2
        return theta - self.rate * g / (np.sqrt(self.kept["s"]) + 1e-10)

    def adam(self, theta, g):
        b1, b2 = self.momentum, 0.999
        m = self.kept["m"] = b1 * self.kept.get("m", 0.0) + (1 - b1) * g
        v = self.kept["v"] = b2 * self.kept.get("v", 0.0) + (1 - b2) * g**2
        ahead = (m / (1 - b1**self.t)) / (np.sqrt(v / (1 - b2**self.t)) + 1e-8)
        return theta - self.rate * ahead

    def adamw(self, theta, g):
        return self.adam(theta * (1 - self.rate * self.decay), g)
