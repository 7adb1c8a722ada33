"""The login as people see it: headless Chromium, a real provider's own forms. Screenshots are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from end_to_end.login.conftest import COOKIE, Members
from harness.headless import chromium, keep_screenshot, needs_chromium
from harness.oidc_provider import needs_provider

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = [pytest.mark.envoy, needs_provider, needs_chromium, pytest.mark.xdist_group("login")]

WAIT_SECONDS: Final = 20.0
PAGE: Final = b"<!doctype html><title>Members</title><h1>Hello, member</h1>"


@pytest.fixture(scope="module")
def shared_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def driver(shared_driver: WebDriver, members: Members) -> WebDriver:
    """A browser without cookies; the site shows a page."""
    shared_driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    members.site.answers[b"/app/page"] = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(PAGE) + PAGE
    )
    return shared_driver


def site(members: Members, path: str = "/app/page?from=here") -> str:
    return f"https://localhost:{members.port}{path}"


def sign_in(driver: WebDriver, user: str) -> None:
    """Fill the provider's forms until it sends the browser back."""
    from selenium.webdriver.common.by import By  # noqa: PLC0415
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415

    wait = WebDriverWait(driver, WAIT_SECONDS)
    wait.until(lambda d: d.find_elements(By.NAME, "login"))
    keep_screenshot(driver, f"login-provider-{user}")
    driver.find_element(By.NAME, "login").send_keys(user)
    driver.find_element(By.NAME, "password").send_keys("any")
    driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    wait.until(lambda d: d.find_elements(By.XPATH, "//button[contains(., 'Continue')]"))
    driver.find_element(By.XPATH, "//button[contains(., 'Continue')]").click()
    wait.until(lambda d: d.current_url.startswith("https://localhost:"))


def test_a_person_logs_in_comes_back_and_stays_logged_in(driver: WebDriver, members: Members) -> None:
    driver.get(site(members))
    assert driver.current_url.startswith(members.provider.issuer)
    sign_in(driver, "ada")
    assert driver.current_url == site(members)
    assert driver.title == "Members"
    keep_screenshot(driver, "login-site")
    cookie = driver.get_cookie(f"{COOKIE}-0")
    assert cookie is not None
    assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")
    assert driver.execute_script("return document.cookie") == ""
    driver.refresh()
    assert driver.title == "Members"
    told = [each.all(b"x-amzn-oidc-identity") for each in members.received()]
    assert told == [[b"ada"], [b"ada"]]


def test_a_person_who_lost_the_cookies_logs_in_again(driver: WebDriver, members: Members) -> None:
    driver.get(site(members))
    sign_in(driver, "grace")
    assert driver.title == "Members"
    for cookie in driver.get_cookies():
        if cookie["name"].startswith(COOKIE):
            driver.delete_cookie(cookie["name"])
    driver.get(site(members))  # the provider knows Grace still, and asks nothing
    assert driver.current_url == site(members)
    assert driver.get_cookie(f"{COOKIE}-0") is not None


def test_a_callback_that_somebody_else_began_logs_nobody_in(driver: WebDriver, members: Members) -> None:
    from harness.oidc_provider import sign_in as elsewhere  # noqa: PLC0415

    other = members.browser()
    started = other.get("/app/x", headers={"Host": f"localhost:{members.port}"})
    driver.get(elsewhere(started.headers["location"], "grace"))
    assert "401 Authorization Required" in driver.page_source
    keep_screenshot(driver, "login-stolen-state")
    assert driver.get_cookie(f"{COOKIE}-0") is None


def test_a_page_that_is_denied_says_so(driver: WebDriver, members: Members) -> None:
    driver.get(site(members, "/deny/x"))
    assert "401 Authorization Required" in driver.page_source
    keep_screenshot(driver, "login-denied")
