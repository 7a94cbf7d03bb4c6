"""The kinds of model by family, one table a file; `fivesigma.study.registry.registry` joins them."""
