"""The key ``study.answer``: whether the study can fill it, said before anything is fitted."""
