"""Arguments of the picture of a film -> options."""

import pytest

from bodydouble.cli.film_options import PictureArguments
from bodydouble.errors import InvalidDataError


def test_a_colour_is_a_background() -> None:
    options = PictureArguments(background="#a0c8f0").film_options()
    assert (options.background, options.background_color) == ("plain", (160, 200, 240))
    assert options == PictureArguments(background="plain", background_color="#a0c8f0").film_options()


@pytest.mark.parametrize(
    ("background", "color", "message"),
    [("#a0c8f", None, "no colour"), ("#blue", None, "no colour"), ("#a0c8f0", "#ffffff", "two colours")],
)
def test_a_wrong_colour_gives_one_line(background: str, color: str | None, message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        PictureArguments(background=background, background_color=color).film_options()
