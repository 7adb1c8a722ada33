"""A real browser without a screen: Debian's Chromium, driven by selenium; what it shows can be kept as pictures.

`with chromium(scratch) as driver:` starts one that takes any certificate, and `keep_screenshot(driver, "login")`
keeps what it shows. Tests that need one carry the mark `needs_chromium`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

ARTEFACTS: Final = "GATELINE_ARTEFACTS"
"""The variable that names the folder for screenshots; without it `.artefacts` of the checkout."""

_ROOT: Final = Path(__file__).parents[2]
_BROWSER: Final = shutil.which("chromium")
_DRIVER: Final = shutil.which("chromedriver")
_SECONDS: Final = 30.0

needs_chromium = pytest.mark.skipif(
    not (_BROWSER and _DRIVER), reason="there is no chromium, or no chromedriver"
)
"""Marks tests that look at pages."""


@contextmanager
def chromium(scratch: Path) -> Iterator[WebDriver]:
    """Start a browser that takes any certificate; what it keeps lies in the scratch folder."""
    # Only now: the library takes half a second.
    from selenium import webdriver  # noqa: PLC0415
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = str(_BROWSER)
    options.accept_insecure_certs = True
    for argument in (
        "--headless=new",
        "--no-sandbox",  # root, in containers; the pages are ours
        "--disable-dev-shm-usage",
        "--no-proxy-server",
        "--window-size=900,640",
        f"--user-data-dir={scratch / 'browser'}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(executable_path=str(_DRIVER)))
    try:
        driver.set_page_load_timeout(_SECONDS)
        yield driver
    finally:
        driver.quit()


def keep_screenshot(driver: WebDriver, name: str) -> Path:
    """Keep what the browser shows now as a picture of this name."""
    folder = Path(os.environ.get(ARTEFACTS) or _ROOT / ".artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{name}.png"
    assert driver.save_screenshot(str(place))
    return place
