"""Pictures on the page: drawn and told from a record alone."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest

from fivesigma.record.sections.pictures import PicturesRecord, image_of, pixels_of
from fivesigma.report.page import page
from fivesigma.report.pictures.figure import plots
from fivesigma.report.pictures.modelled import modelled
from fivesigma.report.pictures.saliency import saliency
from fivesigma.report.pictures.scale import about_zero, beyond, shared, ticks
from fivesigma.report.pictures.section import SECTION
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made

RNG = np.random.default_rng(1)
UNSAFE = "<script>alert(1)</script>"


def view(results=None, **changed):
    kept = PicturesRecord.from_document(copy.deepcopy(BY_HAND["pictures"]) | changed)
    base = results or made.binary(3, 2, 100)
    return View(dataclasses.replace(base, sections={**base.sections, "pictures": kept}), made.MANIFEST)


def numbers(shape, kind="image"):
    """A record of a regression whose pictures have a shape."""
    picture = {
        "class": None,
        "said_class": None,
        "probability": None,
        "value": [14.25],
        "said": [14.5],
        "row": 3,
    }
    one = [picture | {"pixels": pixels_of(RNG.normal(size=shape))} for _ in range(6)]
    strips = [{"of": of, "class": None, "pictures": one} for of in ("examples", "least", "middle", "largest")]
    parts = [{"picture": 6, "class": None, "score": 14.5, "pixels": pixels_of(RNG.normal(size=shape))}]
    own = {"model": "cnn", "scale": "prediction", "residual": 1e-8, "maps": parts}
    return view(made.regression(), kind=kind, shape=list(shape), strips=strips, saliency=own, modelled=None)


def test_an_image_is_kept_to_its_last_bit():
    image = RNG.normal(size=(5, 3)).astype(np.float32)
    image[2, 1] = np.nan
    np.testing.assert_array_equal(image_of(pixels_of(image), (5, 3)), image)
    with pytest.raises(ValueError, match="reshape"):
        image_of(pixels_of(image), (5, 4))


def test_every_picture_has_below_it_what_is_true_and_what_was_said():
    svg = drawing(plots(view())["pictures-told"]).inline
    assert "true b" in svg
    assert "said s 0.75" in svg
    assert "wrongest" in svg
    assert "pressure [keV]" in svg


def test_the_text_has_a_table_of_what_was_wrong_and_says_which_channel_is_drawn():
    text = SECTION.markdown(view())
    assert "| wrongest | 7 | b | s 0.75 |" in text
    assert "“pressure”, one of 2 channels" in text
    assert "to which no model was fitted" in text


def test_a_sealed_test_is_said_to_be_sealed():
    text = SECTION.markdown(view(part="validation"))
    assert "The test set is sealed, and none of its events is shown: these are training events" in text


def test_nothing_wrong_is_said():
    examples = BY_HAND["pictures"]["strips"][0]
    strips = [examples, examples | {"of": "certain", "class": None}]
    assert "No event of them is wrong." in SECTION.markdown(view(strips=strips, saliency=None, modelled=None))


def test_a_figure_has_one_scale_and_names_stay_text():
    shown = view(channel=UNSAFE, unit="<b>")
    html = page(shown.results, made.MANIFEST).html
    assert "Some events" in html
    assert UNSAFE not in html
    assert "&lt;script&gt;" in html
    assert "\ufffd" not in html
    found = [drawing(plot).inline for plot in plots(shown).values()]
    assert all("keV" not in each for each in found)


@pytest.mark.parametrize(("shape", "kind"), [((8, 8), "image"), ((6, 12), "image"), ((40,), "sequence")])
def test_numbers_have_their_unit_and_sequences_are_curves(shape, kind):
    shown = numbers(shape, kind)
    found = plots(shown)
    assert [len(plot.rows) for plot in found.values()] == [6, 18]
    svg, parts = drawing(found["pictures-told"]).inline, drawing(saliency(shown)).inline
    unit = f" {shown.target_unit}" if shown.target_unit else ""
    assert f"true 14.25{unit}" in svg
    assert ("<image" in svg) == ("<image" in parts) == (kind == "image")


def test_the_scale_of_parts_has_nothing_in_its_middle_and_a_bright_image_stretches_its_own():
    norm = about_zero(np.array([[-1.0, 3.0]]))
    assert norm(0.0) == 0.5
    flat = RNG.normal(size=(20, 20))
    assert ticks(shared(flat)) is None
    bright = flat.copy()
    bright[8:12, 8:12] = 1000.0
    at = ticks(shared(bright))
    assert at is not None
    assert {0.0, 100.0} <= set(at)
    assert beyond(np.array([-1.0, 4.0]), norm) == "max"


def test_the_truth_stands_beside_a_fit_where_it_is_known():
    svg = drawing(modelled(view())).inline
    for text in ("image − fit", "fit − truth", "χ²/dof 1.25", "true b"):
        assert text in svg
    own = copy.deepcopy(BY_HAND["pictures"]["modelled"])
    own["maps"][0]["truth"] = None
    plot = modelled(view(modelled=own))
    assert "fit − truth" not in drawing(plot).inline
    assert "as it was simulated" not in plot.caption
    assert modelled(view(modelled=None)) is None


def test_images_without_a_pixel_or_with_one_value_are_drawn():
    for image in (np.full((2, 2), np.nan), np.zeros((2, 2))):
        strips = copy.deepcopy(BY_HAND["pictures"]["strips"])
        for strip in strips:
            strip["pictures"][0]["pixels"] = pixels_of(image)
        assert drawing(plots(view(strips=strips, saliency=None, modelled=None))["pictures"]).inline


def test_it_stands_on_the_page_only_where_it_is_known():
    assert SECTION.applies(view())
    assert not SECTION.applies(View(made.binary(3, 2, 100), made.MANIFEST))
