"""Single charts among all of a panel: their own axes, and what the colours of their lines say."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.conftest import Filled, Opened

LOG = "Logarithmic y axis"


@pytest.fixture
def page(opened: Opened, filled: Filled) -> Page:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs?mode=charts")
    for metric in ("loss", "val/accuracy"):
        expect(_card(page, metric).locator("canvas").first).to_be_visible()
        expect(_card(page, metric)).to_have_attribute("aria-busy", "false")
    return page


def _card(page: Page, metric: str) -> Locator:
    return page.get_by_role("article", name=metric, exact=True)


def _picture(page: Page, metric: str) -> str:
    picture: str = _card(page, metric).locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    return picture


def _wait_for_other_picture(page: Page, metric: str, picture: str, *, same: bool = False) -> None:
    page.wait_for_function(
        """([metric, picture, same]) => {
            const canvas = document.querySelector(`article[aria-label="${metric}"] canvas`);
            return canvas !== null && (canvas.toDataURL() === picture) === same;
        }""",
        arg=[metric, picture, same],
    )


def _choose(page: Page, metric: str, item: str) -> None:
    page.get_by_role("button", name=f"More for {metric}", exact=True).click()
    role: Any = "menuitemcheckbox" if item == LOG else "menuitem"
    page.get_by_role(role, name=item).click()
    expect(page.get_by_role("menu")).to_have_count(0)


def _is_log(page: Page, metric: str, checked: str) -> None:
    page.get_by_role("button", name=f"More for {metric}", exact=True).click()
    expect(page.get_by_role("menuitemcheckbox", name=LOG)).to_have_attribute("aria-checked", checked)
    page.get_by_role("menu").press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)


def test_one_chart_has_a_logarithmic_axis_and_back_undoes_it(page: Page) -> None:
    loss, accuracy = _picture(page, "loss"), _picture(page, "val/accuracy")
    _choose(page, "loss", LOG)
    expect(page).to_have_url(re.compile("ylog="))
    _wait_for_other_picture(page, "loss", loss)
    _is_log(page, "loss", "true")
    _is_log(page, "val/accuracy", "false")
    assert _picture(page, "val/accuracy") == accuracy
    page.go_back()
    expect(page).not_to_have_url(re.compile("ylog="))
    _wait_for_other_picture(page, "loss", loss, same=True)


def test_a_chart_may_stay_linear_among_logarithmic_ones_until_all_are_turned(page: Page) -> None:
    loss, accuracy = _picture(page, "loss"), _picture(page, "val/accuracy")
    _choose(page, "loss", f"{LOG} in all charts")
    _wait_for_other_picture(page, "loss", loss)
    _wait_for_other_picture(page, "val/accuracy", accuracy)
    _choose(page, "loss", LOG)
    _wait_for_other_picture(page, "loss", loss, same=True)
    _is_log(page, "val/accuracy", "true")
    _choose(page, "val/accuracy", "Linear y axis in all charts")
    expect(page).not_to_have_url(re.compile("log"))
    _wait_for_other_picture(page, "val/accuracy", accuracy, same=True)


def test_the_axis_of_a_chart_is_its_own_in_full_screen_and_in_a_link(
    page: Page, opened: Opened, filled: Filled
) -> None:
    page.get_by_role("button", name="Show loss in full screen").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("canvas").first).to_be_visible()
    dialog.get_by_role("button", name="More for loss").click()
    page.get_by_role("menuitemcheckbox", name=LOG).click()
    expect(page).to_have_url(re.compile("ylog="))
    dialog.get_by_role("button", name="Close full screen").click()
    _is_log(page, "loss", "true")
    linked = opened.go(
        f"/experiments/{filled.experiment_id}/runs?mode=charts&ylog={json.dumps({'val/accuracy': True})}"
    )
    expect(_card(linked, "val/accuracy").locator("canvas").first).to_be_visible()
    _is_log(linked, "val/accuracy", "true")
    _is_log(linked, "loss", "false")


def _colours(opened: Opened, filled: Filled, asked: str) -> Locator:
    """The legend of the runs' page with a question in its address."""
    opened.go(f"/experiments/{filled.experiment_id}/runs?{asked}")
    return opened.page.get_by_role("region", name="Colours")


def test_the_legend_says_when_no_run_has_what_gives_the_colours(opened: Opened, filled: Filled) -> None:
    absent = _colours(opened, filled, "color=params.absent")
    expect(absent).to_contain_text("No run here has a value of absent: all are grey")
    strange = _colours(opened, filled, "color=metrics.strange&q=run_name+%3D+%27cnn+03%27")
    expect(strange).to_contain_text("No run here has a finite number of strange: all are grey")
    expect(strange).not_to_contain_text("in the charts")


def test_the_legend_says_when_none_of_the_runs_in_the_charts_has_it(opened: Opened, filled: Filled) -> None:
    none = _colours(opened, filled, f"color=params.model&show={json.dumps([filled.broken, filled.parent])}")
    expect(none).to_contain_text("None of the 2 runs in the charts has one: their lines are grey")
    one = _colours(opened, filled, f"color=params.model&show={json.dumps([filled.broken, filled.runs[0]])}")
    expect(one).to_contain_text("cnn (8)")
    expect(one).not_to_contain_text("in the charts")
