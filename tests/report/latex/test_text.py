"""Text of users in LaTeX: nothing of it is a command."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.report.latex.text import escaped

COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)(?:\{[A-Za-z]?\})?")


@given(st.text(string.printable))
def test_what_is_left_beside_our_commands_means_nothing_to_tex(text):
    said = escaped(text)
    left = COMMAND.sub("", re.sub(r"\\[{}$&#_%]|\{[\[\]*]\}", "", said))
    assert not set(left.replace("$<$", "").replace("$>$", "").replace("$|$", "")) & set("\\{}$&#_%~^[]*")


@given(st.text())
def test_what_is_written_is_ascii_on_one_line_with_its_braces_closed(text):
    said = escaped(text)
    assert said.isascii()
    assert said.isprintable()
    bare = re.sub(r"\\[\\{}$]", "", said)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("é ñ Å ß", r"\'{e} \~{n} \r{A} \ss{}"),
        ("Λ λ Α ς", r"$\Lambda$ $\lambda$ \texttt{U+0391} \texttt{U+03C2}"),
        ("a\nb\x07", r"a b\texttt{U+FFFD}"),
        ("R²", "R$^2$"),
    ],
)
def test_signs_and_letters_are_what_they_were(text, said):
    assert escaped(text) == said
