"""What a prediction is has one name, and the name is what is written."""

from __future__ import annotations

from fivesigma._core.outputs import Output


def test_names_are_lower_case_words_that_round_through_text():
    for output in Output:
        assert Output(str(output)) is output
        assert output.value == output.name.lower()
        assert f"{output}:x" == f"{output.value}:x"


def test_every_name_is_explained():
    for output in Output:
        assert f"{output.name} :" in (Output.__doc__ or "")
