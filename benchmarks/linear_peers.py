"""How each peer runs a path of the linear benchmark: its best solver for the job, warm from λ to λ.

Every runner takes a `Job` and the peer's own tolerance and returns coefficients and intercepts, λ rising. What the
peer needs of its own (memory order, Gram matrix, centring) is made inside, so that its seconds hold all of it.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression, lasso_path


def scikit(solver):
    def run(job, tol):
        coefs, intercepts = [], []
        kwargs = {"l1_ratio": 1.0} if job.penalty == "L1" else {}
        if solver == "liblinear":
            kwargs["intercept_scaling"] = 100.0  # it penalises the intercept; so the less
        model = LogisticRegression(solver=solver, tol=tol, warm_start=True, max_iter=100000, **kwargs)
        for lam in job.lambdas[::-1]:
            model.set_params(C=1 / lam).fit(job.X, job.y)
            coefs.append(model.coef_[0].copy())
            intercepts.append(float(model.intercept_[0]))
        return np.array(coefs)[::-1], np.array(intercepts)[::-1]

    return run


def scikit_lasso(job, tol):
    mean, top = job.X.mean(axis=0), job.y.mean()
    tall = len(job.y) > job.X.shape[1]
    _, coefs, _ = lasso_path(
        np.asfortranarray(job.X - mean),
        job.y - top,
        alphas=job.lambdas[::-1] / len(job.y),
        precompute=tall,
        tol=tol,
        max_iter=10**5,
    )
    coefs = coefs.T[::-1]
    return coefs, top - coefs @ mean


def celer_path(job, tol):
    import celer

    mean, top = job.X.mean(axis=0), job.y.mean()
    X = np.asfortranarray(job.X - mean)
    coefs = celer.celer_path(
        X, job.y - top, pb="lasso", alphas=job.lambdas[::-1] / len(job.y), tol=tol, max_iter=200
    )[1]
    return coefs.T[::-1], top - coefs.T[::-1] @ mean


def skglm_path(job, tol):
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Logistic, Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD, ProxNewton

    logistic, X = job.loss == "logistic", np.asfortranarray(job.X)
    y = 2.0 * job.y - 1.0 if logistic else job.y
    solver = (
        ProxNewton(tol=tol, fit_intercept=True, warm_start=True, max_iter=500)
        if logistic
        else AndersonCD(tol=tol, fit_intercept=True, warm_start=True, max_iter=500)
    )
    penalty = L1(1.0)
    model = GeneralizedLinearEstimator(Logistic() if logistic else Quadratic(), penalty, solver)
    coefs, intercepts = [], []
    for lam in job.lambdas[::-1]:
        penalty.alpha = lam / len(job.y)
        model.fit(X, y)
        coefs.append(np.ravel(model.coef_).copy())
        intercepts.append(float(np.ravel(model.intercept_)[0]))
    return np.array(coefs)[::-1], np.array(intercepts)[::-1]


def glum_path(job, tol):
    from glum import GeneralizedLinearRegressor

    coefs, intercepts = [], []
    model = GeneralizedLinearRegressor(
        family="binomial" if job.loss == "logistic" else "normal",
        l1_ratio=float(job.penalty == "L1"),
        gradient_tol=tol,
        warm_start=True,
        max_iter=1000,
    )
    for lam in job.lambdas[::-1]:
        model.set_params(alpha=lam / len(job.y)).fit(job.X, job.y)
        coefs.append(np.array(model.coef_))
        intercepts.append(float(model.intercept_))
    return np.array(coefs)[::-1], np.array(intercepts)[::-1]


def glmnet_path(job, tol):
    from glmnet import ElasticNet, LogitNet

    made = LogitNet if job.loss == "logistic" else ElasticNet
    model = made(
        alpha=float(job.penalty == "L1"),
        lambda_path=job.lambdas[::-1] / len(job.y),
        standardize=False,
        n_splits=0,
        tol=tol,
        max_iter=10**8,
    ).fit(job.X, job.y)
    coefs = model.coef_path_.reshape(job.X.shape[1], -1).T[::-1]
    if len(coefs) != len(job.lambdas):
        raise ValueError(f"stopped after {len(coefs)} of {len(job.lambdas)} λ")
    return coefs, np.ravel(model.intercept_path_)[::-1]


def adelie_path(job, tol):
    import adelie

    X = np.asfortranarray(job.X)
    family = adelie.glm.binomial(job.y) if job.loss == "logistic" else adelie.glm.gaussian(job.y)
    state = adelie.grpnet(
        X=X,
        glm=family,
        lmda_path=job.lambdas[::-1] / len(job.y),
        alpha=1.0 if job.penalty == "L1" else 0.0,
        tol=tol,
        irls_tol=tol,
        adev_tol=1.0,
        ddev_tol=0.0,
        early_exit=False,
        progress_bar=False,
        max_iters=10**8,
    )
    return np.asarray(state.betas.toarray())[::-1], np.asarray(state.intercepts)[::-1]


def adelie_covariance(job, tol):
    import adelie

    mean, top, n = job.X.mean(axis=0), job.y.mean(), len(job.y)
    X = job.X - mean
    state = adelie.gaussian_cov(
        A=np.asfortranarray(X.T @ X / n),
        v=X.T @ (job.y - top) / n,
        lmda_path=job.lambdas[::-1] / n,
        tol=tol,
        rdev_tol=0.0,
        early_exit=False,
        progress_bar=False,
        max_iters=10**8,
    )
    coefs = np.asarray(state.betas.toarray())[::-1]
    return coefs, top - coefs @ mean


def peers(job):
    """The runners that have the problem of a job, by name."""
    everywhere = {"glum": glum_path, "python-glmnet": glmnet_path, "adelie": adelie_path}
    if job.penalty == "L1":
        everywhere["skglm"] = skglm_path
    if job.loss == "logistic":
        solvers = ("newton-cholesky",) if job.penalty == "L2" else ("liblinear", "saga")
        return {f"sklearn {solver}": scikit(solver) for solver in solvers} | everywhere
    lasso = {"sklearn lasso_path": scikit_lasso, "celer": celer_path}
    if len(job.y) > job.X.shape[1]:
        lasso["adelie covariance"] = adelie_covariance
    return lasso | everywhere


LACKING = {
    "L1": {"celer": "its logistic problem has no intercept"},
    "L2": {"celer": "it has no ridge penalty", "skglm": "its solver of a ridge penalty has no intercept"},
}
"""Peers without a logistic problem, by penalty, and why."""
