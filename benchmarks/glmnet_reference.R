# Reference coefficients of R's glmnet (Debian: r-cran-glmnet), written to tests/models/linear/glmnet.json.
# (y is standardised here so that glmnet's own standardisation of it, which rescales the ridge part, does nothing.)
# Usage, from the project's root: Rscript benchmarks/glmnet_reference.R tests/models/linear/glmnet.json
# glmnet minimises (1/Σw) Σ w loss + λ' (ratio ‖θ‖₁ + (1 − ratio) ½‖θ‖²), so our λ is Σw λ'. For the gaussian
# family it standardises y internally; with standardize = FALSE and lambda given, the result is in units of y.
suppressMessages(library(glmnet))
n <- 60; p <- 5
i <- rep(seq_len(n), p); j <- rep(seq_len(p), each = n)
X <- matrix(round(sin(1.3 * i * j) + cos(0.7 * i + 2.1 * j), 6), n, p)
f <- X %*% c(1.5, -1, 0, 0.5, 0)
y <- list(gaussian = round(as.vector(f + sin(5.1 * seq_len(n))), 6),
          binomial = as.integer(f + sin(5.1 * seq_len(n)) > 0),
          poisson = round(exp(0.5 * as.vector(f) + 0.5)))
w <- rep(c(1, 2, 0.5), length.out = n)
y$gaussian <- y$gaussian - sum(w * y$gaussian) / sum(w)
y$gaussian <- y$gaussian / sqrt(sum(w * y$gaussian^2) / sum(w))
lambdas <- sum(w) * c(0.2, 0.1, 0.03, 0.01)
number <- function(x) paste0("[", paste(formatC(x, digits = 15, format = "g"), collapse = ", "), "]")
cases <- character()
for (family in names(y)) for (ratio in c(1, 0.5, 0)) {
  fit <- glmnet(X, y[[family]], family = family, weights = w, alpha = ratio, lambda = lambdas / sum(w),
                standardize = FALSE, thresh = 1e-20, maxit = 1e7)
  B <- as.matrix(fit$beta)
  rows <- apply(B, 2, number)
  cases <- c(cases, sprintf('{"family": "%s", "ratio": %g, "intercepts": %s, "coefs": [%s]}',
                            family, ratio, number(as.vector(fit$a0)), paste(rows, collapse = ", ")))
}
cat(sprintf('{"glmnet": "%s", "R": "%s", "X": [%s], "w": %s, "lambdas": %s,\n "y": {%s},\n "cases": [\n  %s\n ]}\n',
            packageVersion("glmnet"), paste(R.version$major, R.version$minor, sep = "."),
            paste(apply(X, 1, number), collapse = ", "), number(w), number(lambdas),
            paste(sprintf('"%s": %s', names(y), sapply(y, number)), collapse = ", "),
            paste(cases, collapse = ",\n  ")), file = commandArgs(trailingOnly = TRUE)[1])
