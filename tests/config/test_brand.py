"""A site's brand in the configuration: what can be a logo, which colours can be read, and what is said of others."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from codesvc.config.snapshot import ConfigSnapshot
from codesvc.domain.colours import DARK, LIGHT, READABLE, contrast, legibility, mixed, palette, readable
from codesvc.domain.logo import MOST_BYTES, UnfitLogo, parse, read
from tests.pictures import SVG, data_url, jpeg, png, webp

STYLES = Path(__file__).parents[2] / "templates" / "pages"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (png(40, 20), "image/png"),
        (jpeg(40, 20), "image/jpeg"),
        *((webp(40, 20, kind), "image/webp") for kind in (b"VP8 ", b"VP8L", b"VP8X")),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(body, content_type):
    logo = read(body)
    assert (logo.content_type, logo.width, logo.height) == (content_type, 40, 20)
    assert parse(data_url(body, content_type.partition("/")[2])) == logo


@pytest.mark.parametrize(
    ("size", "shown"), [((120, 120), (40, 40)), ((400, 100), (160, 40)), ((800, 100), (160, 20)), ((20, 160), (5, 40))]
)
def test_a_logo_is_shown_in_its_proportions_and_within_the_line(size, shown):
    assert read(png(*size)).shown == shown


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (data_url(SVG, "svg+xml"), "is SVG or other markup, which can contain scripts"),
        (data_url(b"\xef\xbb\xbf \n<?xml version='1.0'?><svg/>", "png"), "is SVG or other markup"),
        (data_url(b"<!DOCTYPE html><script>", "png"), "is SVG or other markup"),
        (data_url(b"GIF89a" + bytes(40), "gif"), "is not a PNG, JPEG or WebP image"),
        (data_url(png(), "jpeg"), "declares image/jpeg but contains image/png"),
        (data_url(png()[:-4]), "is a damaged or incomplete png"),
        (data_url(jpeg()[:-2], "jpeg"), "is a damaged or incomplete jpeg"),
        (data_url(webp()[:-2], "webp"), "is a damaged or incomplete webp"),
        (data_url(b"\xff\xd8\xff\xe0\x00\x01" + bytes(20) + b"\xff\xd9", "jpeg"), "is a damaged or incomplete jpeg"),
        (data_url(png(8, 40)), "has 8 x 40 pixels, but each side must have 16 to 1024"),
        (data_url(png(1025, 200)), "has 1025 x 200 pixels"),
        (data_url(png(400, 40)), "one side may be at most 8 times the other"),
        (data_url(png(more=MOST_BYTES)), "but at most 32,768 are allowed"),
        (data_url(b""), "must be a data URL in base64"),
        ("data:image/png,abc", "must be a data URL in base64"),
        ("data:image/png;base64,abc", "with invalid base64"),
        ("https://cdn.example/logo.png", "pages load nothing from other hosts"),
    ],
)
def test_what_cannot_be_a_logo_is_refused_with_the_reason(document, given, says):
    (line,) = document.set("sites.shop.brand", {"logo": given}).faults()
    assert line.startswith("sites.shop.brand.logo: ")
    assert says in line
    with pytest.raises(UnfitLogo):
        parse(given)


def test_a_file_becomes_part_of_the_configuration(document, tmp_path):
    (tmp_path / "logo.png").write_bytes(png())
    settings = document.set("sites.shop.brand", {"logo": "logo.png"}).settings()
    assert settings.sites["shop"].brand.logo == data_url(png())


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("none.png", None, "cannot be read: No such file"),
        (".", None, "cannot be read: Is a directory"),
        ("", None, "cannot be read: Is a directory"),
        ("logo.svg", SVG, "is SVG or other markup"),
        ("big.png", png(more=2 * MOST_BYTES), "but at most 32,768 are allowed"),
        ("a\0b", None, "is not a valid file name"),
    ],
)
def test_a_file_that_cannot_be_a_logo_is_refused(document, tmp_path, name, body, says):
    if body is not None:
        (tmp_path / name).write_bytes(body)
    (line,) = document.set("sites.shop.brand", {"logo": name}).faults()
    assert says in line


def test_a_worker_needs_no_file(document, tmp_path):
    settings = document.set("sites.shop.brand", {"logo": data_url(png())}).settings()
    passed_on = ConfigSnapshot(document.tables, tmp_path, settings).packed()
    assert ConfigSnapshot.unpack(passed_on).settings.sites["shop"].brand == settings.sites["shop"].brand


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("accent", "red", 'must be a colour: # followed by six hexadecimal digits, such as "#07744f"'),
        ("accent", "#fff", "must be a colour"),
        ("accent", "#07744f;}", "must be a colour"),
        ("accent_dark", 7, "must be a string"),
        ("radius", 33, "must be between 0 and 32"),
        ("radius", -1, "must be between 0 and 32"),
        ("qr_frame", "accnet", 'did you mean "accent"'),
        ("colour", "#07744f", "unknown key"),
    ],
)
def test_other_options_are_checked_too(document, option, value, says):
    (line,) = document.set("sites.shop.brand", {option: value}).faults()
    assert line.startswith(f"sites.shop.brand.{option}: ")
    assert says in line


def test_a_colour_that_cannot_be_read_is_used_in_a_shade_and_that_is_said(document):
    settings = document.set("sites.shop.brand", {"accent": "#1677FF", "accent_dark": "#07744f"}).settings()
    assert [str(notice) for notice in settings.notices] == [
        f"sites.shop.brand.{option}: {colour} has a contrast of {ratio} : 1 on the {kind} pages, but text needs "
        f"4.5 : 1 (WCAG AA); they use the nearest readable shade, {shade}"
        for option, colour, ratio, kind, shade in (
            ("accent", "#1677FF", 3.6, "light", "#1366db"),
            ("accent_dark", "#07744f", 2.7, "dark", "#4f9c82"),
        )
    ]
    assert document.set("sites.shop.brand", {"accent": "#07744f"}).settings().notices == ()


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#0000ff") == pytest.approx(8.59, abs=0.005)


def test_every_colour_has_a_readable_shade_and_a_readable_one_stays():
    chosen = random.Random(18)  # noqa: S311  not a secret
    colours = [f"#{chosen.randrange(1 << 24):06x}" for _ in range(300)]
    for colour in [*colours, "#000000", "#ffffff", "#ffff00", "#0000ff", "#808080"]:
        for scheme in (LIGHT, DARK):
            made = palette(colour, scheme)
            for ground in (scheme.card, made.tint, scheme.on_accent):
                assert contrast(made.accent, ground) >= READABLE
            assert contrast(made.press, scheme.on_accent) >= READABLE
            if legibility(colour, scheme) >= READABLE:
                assert readable(colour, scheme) == colour


def test_the_pages_have_the_colours_that_are_measured():
    style, widget = ((STYLES / name).read_text(encoding="utf-8") for name in ("style.css", "widget.css"))
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    for text, scheme in ((light, LIGHT), (dark, DARK)):
        names = {"card": scheme.card, "ink": scheme.ink, "on-accent": scheme.on_accent}
        for name, colour in names.items():
            found = re.search(rf"--{name}: (#\w+)", text)[1]
            assert (found if len(found) == 7 else "#" + "".join(2 * digit for digit in found[1:])) == colour
        assert all(f"{name}" in widget for name in (scheme.ink, scheme.on_accent.replace("#ffffff", "#fff")))
    assert "color-mix(in srgb, var(--accent) 11%, var(--card))" in widget
    assert mixed("#000000", 11, "#ffffff") == "#e3e3e3"
