from xml.etree import ElementTree as ET

from bench.chart import Bar, Panel, svg

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def widths(picture: str) -> list[float]:
    rectangles = ET.fromstring(picture).findall("svg:rect", NAMES)  # noqa: S314 - our own drawing
    return [float(each.attrib["width"]) for each in rectangles[1:]]  # the first is the background


def test_bars_are_as_long_as_their_values():
    first, second = widths(svg([Panel("speed", [Bar("bare", [100.0], False), Bar("Everloop", [25.0], True)])]))
    assert first / second == 4


def test_a_bar_reaches_to_the_median():
    first, second = widths(svg([Panel("speed", [Bar("a", [1.0, 2.0, 30.0], True), Bar("b", [30.0], True)])]))
    assert first / second == 2 / 30


def test_a_side_without_values_is_left_out():
    assert len(widths(svg([Panel("speed", [Bar("none", [], True), Bar("one", [1.0], True)])]))) == 1


def test_names_cannot_break_the_picture():
    assert "a &lt; b &amp; c" in svg([Panel("a < b & c", [Bar("<x>", [1.0], True)])])
