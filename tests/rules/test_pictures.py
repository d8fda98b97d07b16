"""A QR picture is drawn once and kept, as many as are shown at a time."""

from codesvc.web import pictures


def test_the_same_picture_is_not_drawn_again_and_memory_is_bounded():
    pictures._drawn.cache_clear()
    first = pictures.draw_code("https://open.example/q/1", "png").body
    assert pictures.draw_code("https://open.example/q/1", "png").body is first
    assert pictures.draw_code("https://open.example/q/1", "svg").body != first
    for number in range(300):
        pictures.draw_code(f"{number}", "svg")
    assert pictures._drawn.cache_info().currsize == 256
