"""The console in a real browser: pages without complaints, acts that reach the store and a second browser, keys.

One gateway with a handful of alarms, and one console over it, for all tests of this file.
"""

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.screenshots.scenes import MOST_BYTES, SIZE, Scene
from tests.screenshots.studio import picture_of
from tests.support.brokers import running_embedded
from tests.support.browser import Browser, chromium
from tests.support.command import Place, eventually, publish
from tests.support.console_process import console_on

pytestmark = [pytest.mark.xdist_group("console"), pytest.mark.slow, pytest.mark.timeout(300)]

GAS = "city/tianhe/gas/detector/{}/reading"
HOSTILE = "<img src=x onerror=alert(1)>`${7*7}</script>"
PAGES = (
    "/",
    "/alarms",
    "/alarms?tab=history",
    "/incidents",
    "/incidents?tab=reports",
    "/documents",
    "/streams",
    "/streams?tab=zones",
    "/streams?tab=arriving",
    "/streams?tab=rejects",
    "/streams?tab=trace",
    "/flow",
    "/asset?id=tianhe",
    "/asset?id=gas-0001",
    "/asset?id=tianhe-road-2",
    "/asset?id=nobody",
    "/configuration",
    "/configuration?tab=conditions",
    "/configuration?tab=trial&profile=gas-detector",
    "/configuration?tab=changes",
    "/access",
    "/access?tab=tokens",
)


@dataclass
class Town(Place):
    """A gateway, and the port of its console."""

    console: int = 0

    def gas(self, **lel: float) -> None:
        """A reading of each detector, now; underscores stand for hyphens."""
        now = time.time()
        publish(
            self.port,
            [
                (GAS.format(name.replace("_", "-")), json.dumps({"ts": now, "lel": value}).encode())
                for name, value in lel.items()
            ],
        )

    def alarms(self) -> dict[str, dict[str, Any]]:
        """What the store says of open alarms, by asset."""
        return {each["asset"]: each for each in self.asked("alarms", "list", "--json").json["alarms"]}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with running_embedded() as broker:
        config = folder / "c.toml"
        config.write_text(
            f'[mqtt]\nport = {broker.port}\nwatch_sys = "off"\n[http]\nport = 0\n[web]\nenabled = false\n',
            encoding="utf-8",
        )
        made = Town(folder / "data", config, broker.port)
        with made.gateway():
            made.subscribed()
            with console_on(folder, made.data_dir) as console:
                made.console = console.port
                made.gas(gas_0001=30, gas_0002=60, gas_0003=22, gas_0004=1)
                publish(
                    made.port,
                    [(GAS.format("gas-0005"), b"\xff not a reading"), (GAS.format("gas-0005"), HOSTILE.encode())],
                )
                eventually(lambda: len(made.alarms()) == 3, "three alarms")
                yield made


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("window")) as made:
        yield made


@pytest.fixture
def browser(window: Browser, town: Town) -> Browser:
    window.driver.get("about:blank")
    window.at(town.console)
    window.errors()
    window.strangers()
    return window


def _row(browser: Browser, asset: str) -> str:
    return next((text for text in browser.texts("table.alarms tbody tr") if asset in text), "")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_a_page_has_nothing_to_complain_of(path: str, language: str, theme: str, browser: Browser, town: Town) -> None:
    browser.at(town.console, **{"cityloom-language": language, "cityloom-theme": theme})
    browser.go(path)
    browser.find("#content")
    browser.until(
        lambda: not any("Loading" in text or "载入中" in text for text in browser.texts("main")), "it is loaded"
    )
    name = "".join(sign if sign.isalnum() else "-" for sign in path).strip("-") or "city"
    browser.picture(f"{name}-{language}-{theme}")
    assert (
        browser.driver.find_element("tag name", "html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[language]
    )
    assert browser.unfriendly() == []
    assert browser.errors() == []
    assert browser.strangers() == set()


def test_an_acknowledged_alarm_is_so_in_the_store_and_in_a_second_browser(
    browser: Browser, town: Town, tmp_path: Path
) -> None:
    with chromium(tmp_path) as other:
        other.at(town.console)
        other.go("/alarms")
        other.until(lambda: "gas-0002" in _row(other, "gas-0002"), "the second browser has the alarm")
        browser.go("/alarms")
        browser.click("button[data-act='ack'][aria-label*='gas-0002']")
        eventually(lambda: town.alarms()["gas-0002"]["state"] == "acknowledged", "the store knows")
        assert town.alarms()["gas-0002"]["who"] == "operator"
        other.until(
            lambda: "acknowledged" in _row(other, "gas-0002") and "unack" not in _row(other, "gas-0002"), "told"
        )
        browser.until(lambda: "unack" not in _row(browser, "gas-0002"), "told")
        assert browser.errors() == other.errors() == []


def test_a_report_is_ordered_by_keyboard_made_and_listed(browser: Browser, town: Town) -> None:
    browser.go("/documents")
    for box in browser.all("input[name='domain']"):
        if box.get_attribute("value") != "gas":
            box.send_keys(Keys.SPACE)
    browser.find("input[name='day']").clear()
    browser.find("button[data-act='make']").send_keys(Keys.ENTER)
    browser.until(lambda: bool(browser.all("progress")), "it says how far it is")
    browser.picture("documents-making")
    assert browser.unfriendly() == []
    browser.until(lambda: any("Gas" in text for text in browser.texts("tbody td")), "it is listed", 120)
    browser.until(lambda: not browser.all("progress"), "and the order is over")
    page, pdf = (str(each.get_attribute("href")) for each in browser.all("td.acts a"))
    assert page.endswith("/html")
    assert pdf.endswith("/pdf")
    assert page.rpartition("/")[0] == pdf.rpartition("/")[0]
    (file,) = (town.data_dir / "documents").glob("*.pdf")
    assert file.read_bytes().startswith(b"%PDF-")
    assert browser.unfriendly() == []
    assert browser.errors() == []


def test_who_may_look_only_has_no_reports_made(browser: Browser, town: Town) -> None:
    browser.at(town.console, who="viewer")
    browser.go("/documents")
    assert "may not see" in browser.find("div.page").text


def test_a_picture_for_the_readme_is_taken_when_its_page_shows_something(browser: Browser, town: Town) -> None:
    scene = Scene("alarms", "/alarms", {"table.alarms tbody tr": 3}, language="zh", theme="dark")
    png = picture_of(browser, scene, town.console, {})
    assert struct.unpack(">II", png[16:24]) == SIZE
    assert 5_000 < len(png) < MOST_BYTES


def test_a_shelving_wants_a_reason_and_an_end(browser: Browser, town: Town) -> None:
    browser.go("/alarms")
    browser.click("button[data-act='shelve-ask'][aria-label*='gas-0003']")
    browser.picture("shelve")
    assert browser.unfriendly() == []
    browser.click("dialog button[data-act='shelve']")
    assert town.alarms()["gas-0003"]["state"] == "unacknowledged", "without a reason nothing happens"
    browser.find("dialog textarea").send_keys("Detector is being calibrated")
    browser.find("dialog select").send_keys("2 h")
    browser.click("dialog button[data-act='shelve']")
    eventually(lambda: town.alarms()["gas-0003"]["state"] == "shelved", "the store knows")
    shelved = town.alarms()["gas-0003"]
    assert shelved["text"] == "Detector is being calibrated"
    assert 7_000e9 < shelved["until"] - shelved["at"] < 7_300e9
    browser.until(lambda: "shelved" in _row(browser, "gas-0003"), "it is seen")
    browser.click("button[data-act='unshelve']")
    eventually(lambda: town.alarms()["gas-0003"]["state"] == "unacknowledged", "it is back")


def test_escape_closes_a_dialog_and_enter_opens_one(browser: Browser) -> None:
    browser.go("/alarms")
    browser.find("button[data-act='open']").send_keys(Keys.ENTER)
    browser.find("dialog[open]")
    assert browser.unfriendly() == []
    browser.picture("alarm-detail")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog"), "it is closed")


def test_a_new_alarm_is_announced_and_moves_nothing_under_the_pointer(browser: Browser, town: Town) -> None:
    browser.go("/alarms")
    browser.until(lambda: len(browser.all("table.alarms tbody tr")) >= 3, "rows")
    before = browser.texts("table.alarms tbody tr td:nth-child(4)")
    browser.driver.execute_script(
        "document.querySelector('table.alarms tbody').dispatchEvent(new PointerEvent('pointerenter'))"
    )
    town.gas(gas_0007=80)
    browser.until(
        lambda: any("1 new" in text for text in browser.texts("button.fresh")), "it is said that there is one"
    )
    assert browser.texts("table.alarms tbody tr td:nth-child(4)") == before
    spoken = browser.driver.execute_script("return document.querySelector('[aria-live=assertive]').textContent")
    assert "gas-0007" in spoken
    browser.click("button.fresh")
    browser.until(lambda: "gas-0007" in _row(browser, "gas-0007"), "it is let in")


def test_language_and_light_are_switched_and_remembered(browser: Browser) -> None:
    browser.go("/alarms?priority=1")
    browser.click("a[hreflang='zh']")
    browser.until(lambda: "报警" in browser.texts("h1"), "Chinese")
    assert browser.driver.current_url.endswith("/alarms?priority=1")
    browser.click("button[data-act='theme']")
    root = "return document.documentElement.dataset.theme"
    browser.until(lambda: browser.driver.execute_script(root) == "dark", "dark")
    browser.go("/flow")
    assert browser.driver.execute_script(root) == "dark"
    assert "流程" in browser.texts("h1")


def test_the_keyboard_leads_past_the_navigation_and_through_the_table(browser: Browser) -> None:
    browser.go("/alarms")
    browser.find("table.alarms tbody tr")
    browser.driver.find_element("tag name", "body").send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.get_attribute("class") == "skip"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.until(
        lambda: browser.driver.switch_to.active_element.get_attribute("id") == "content", "the focus is there"
    )
    seen = []
    for _ in range(40):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.driver.switch_to.active_element
        seen.append((active.tag_name, active.get_attribute("data-act") or active.get_attribute("name")))
        if ("button", "ack") in seen:
            break
    assert ("select", "priority") in seen
    assert ("input", "pick") in seen
    assert ("button", "ack") in seen
    outline = browser.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_report_is_filed_and_followed(browser: Browser, town: Town) -> None:
    browser.go("/incidents?tab=reports")
    browser.click("button[data-act='new']")
    browser.find("dialog select[name='kind']").send_keys("Smell of gas")
    browser.find("dialog textarea").send_keys(HOSTILE)
    browser.find("dialog select[name='zone']").send_keys("Tianhe")
    browser.find("dialog input[name='contact']").send_keys("13800138000")
    browser.picture("report-new")
    assert browser.unfriendly() == []
    browser.click("dialog button[type='submit']")
    browser.until(lambda: any(HOSTILE in text for text in browser.texts("td.text")), "it is listed, as it was written")
    browser.click("td.acts button", "Accept")
    browser.until(lambda: any("accepted" in text for text in browser.texts("tbody tr")), "accepted")
    browser.click("td.acts button", "More")
    browser.until(lambda: any("138***00" in text for text in browser.texts("dialog")), "the contact is masked")
    browser.click("dialog button[data-act='contact']")
    browser.until(
        lambda: any("13800138000" in text for text in browser.texts("dialog")), "it is shown where it is asked for"
    )
    browser.find("dialog textarea").send_keys("Valve closed")
    browser.click("dialog button[data-act='resolved']")
    browser.until(lambda: not any(HOSTILE in text for text in browser.texts("td.text")), "resolved ones are left out")
    found = town.asked("report", "list", "--all", "--json").json["reports"]
    assert [(each["state"], each["kind"]) for each in found] == [("resolved", "gas-smell")]
    assert browser.errors() == []


def test_what_devices_say_is_never_read_as_html(browser: Browser) -> None:
    browser.go("/streams?tab=rejects")
    browser.until(lambda: len(browser.all("tbody tr")) >= 2, "dead letters")
    browser.click("button[data-act='view']")
    browser.until(lambda: any(HOSTILE in text for text in browser.texts("pre.payload")), "the payload as it came")
    assert browser.unfriendly() == []
    browser.picture("dead-letter")
    browser.go(f"/asset?id={'%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'}")
    assert browser.all("main img") == []
    assert browser.errors() == []


def test_a_zoom_loads_finer_data_and_live_goes_back(browser: Browser, town: Town) -> None:
    town.gas(gas_0001=31)
    browser.go("/asset?id=gas-0001")
    browser.click("button[data-act='span']", "30 d")
    browser.until(lambda: any("means of" in text for text in browser.texts("section .muted")), "windows")
    browser.driver.execute_script("""
        const chart = getElement(document.querySelector('.echart').id.slice(1)).chart;
        chart.dispatchAction({type: 'dataZoom', dataZoomIndex: 0, start: 99.9, end: 100});
    """)
    browser.until(lambda: any("readings" in text for text in browser.texts("section .muted")), "readings")
    browser.picture("chart-zoomed")
    assert any("Nothing has been learned" in text for text in browser.texts("section.panel p.muted"))
    links = [each.get_attribute("href") or "" for each in browser.all("a[download]")]
    assert ["format=csv" in links[0], "format=parquet" in links[1], "device=gas-0001" in links[0]] == [True] * 3
    browser.click("button[data-act='live']")
    browser.until(
        lambda: browser.find("button[data-act='live']").get_attribute("aria-pressed") == "true", "it follows again"
    )
    assert browser.errors() == []


def test_what_the_files_would_change_is_shown_before_it_is_applied(browser: Browser, town: Town) -> None:
    browser.go("/configuration?tab=changes")
    browser.click("button[data-act='check']")
    browser.until(lambda: any("Nothing is another" in text for text in browser.texts("section")), "nothing")
    text = town.config.read_text(encoding="utf-8")
    town.config.write_text(f'{text}[log]\nlevel = "debug"\n', encoding="utf-8")
    browser.click("button[data-act='check']")
    browser.until(lambda: any("log.level" in text for text in browser.texts("tbody tr")), "the change is shown")
    browser.click("button[data-act='apply']")
    browser.until(lambda: any("Applied" in text for text in browser.texts("section")), "it is applied")
    town.config.write_text("nonsense = 1\n", encoding="utf-8")
    browser.click("button[data-act='check']")
    browser.until(lambda: any("can't be used" in text for text in browser.texts("section")), "it is refused")
    town.config.write_text(text, encoding="utf-8")
    assert browser.errors() == []


def test_a_changed_profile_is_tried_on_recent_messages_before_it_goes_live(browser: Browser, town: Town) -> None:
    town.gas(gas_0011=15)
    browser.go("/configuration?tab=trial&profile=gas-detector")
    text = str(browser.find("textarea[name='text']").get_attribute("value"))
    assert text.startswith("# Gas detector")
    _write(browser, text.replace("[fields.lel]", "[fields.gas]").replace("range = [0, 100]", "range = [0, 10]"))
    browser.click("button[data-act='try']")
    browser.until(lambda: any("gas-0011" in each for each in browser.texts("table.trial")), "messages are shown")
    assert browser.texts("table.narrow tbody tr:first-child td.num")[2] == "2", "two payloads are no readings"
    said = " ".join(browser.texts("table.trial"))
    assert "15 %LEL (fail)" in said
    assert HOSTILE in said
    browser.driver.execute_script("document.querySelector('table.narrow').scrollIntoView({block: 'center'})")
    browser.picture("profile-tried")
    assert browser.unfriendly() == []
    _write(browser, text.replace('unit = "%LEL"', 'unit = "furlong"'))
    browser.click("button[data-act='try']")
    browser.until(lambda: any("fields.lel.unit" in each for each in browser.texts(".notice")), "what is wrong is said")
    browser.picture("profile-refused")
    assert browser.unfriendly() == []
    assert browser.errors() == []
    found = town.asked("profile", "check", str(_file(town, text)), "--json").json
    assert found["summary"]["messages"]["lost"] == 0
    assert found["summary"]["messages"]["same"] >= 1


def _write(browser: Browser, text: str) -> None:
    """Into the editor: by hand it would take a minute."""
    browser.driver.execute_script("document.querySelector(\"textarea[name='text']\").value = arguments[0]", text)


def _file(town: Town, text: str) -> Path:
    path = town.config.parent / "tried.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_audit_log_is_read_and_verified(browser: Browser, town: Town) -> None:
    browser.go("/access")
    browser.until(lambda: any("access.create" in text for text in browser.texts("tbody tr")), "the first administrator")
    browser.click("button[data-act='verify']")
    browser.until(lambda: any("as they were written" in text for text in browser.texts("form")), "it is whole")
    browser.at(town.console, who="viewer")
    browser.go("/access")
    assert not any("access.create" in text for text in browser.texts("main"))
    assert "Access and audit" not in browser.texts("nav.pages a")


def test_a_token_is_made_shown_once_renewed_and_revoked(browser: Browser, town: Town) -> None:
    browser.go("/access?tab=tokens")
    browser.click("button[data-act='new']")
    browser.find("dialog input[name='name']").send_keys("heat map")
    browser.find("dialog select[name='role']").send_keys("operator")
    browser.find("dialog select[name='lifetime']").send_keys("30 days")
    browser.driver.execute_script(
        "document.querySelector(\"dialog select[name='zones'] option[value='tianhe']\").selected = true"
    )
    browser.picture("token-new")
    assert browser.unfriendly() == []
    browser.click("dialog button[type='submit']")
    secret = str(browser.find("#token-secret").get_attribute("value"))
    browser.picture("token-secret")
    assert browser.unfriendly() == []
    browser.click("button[data-copy]")
    browser.until(lambda: "Copied" in browser.texts("button[data-copy]"), "it is copied")
    browser.click("dialog button[data-act='close']")
    browser.until(lambda: not browser.all("dialog"), "it is closed")
    assert secret not in browser.driver.page_source
    (made,) = [each for each in town.asked("access", "list", "--json").json["tokens"] if each["name"] == "heat map"]
    assert secret.startswith(f"cl_{made['id']}_")
    assert (made["role"], made["zones"]) == ("operator", ["tianhe"])
    assert made["expires"] - made["created"] == 30 * 86_400 * 10**9
    browser.click(f"button[data-act='rotate-ask'][data-key='{made['id']}']")
    browser.picture("token-rotate")
    assert browser.unfriendly() == []
    browser.click("dialog button[type='submit']")
    assert browser.find("#token-secret").get_attribute("value") != secret
    browser.click("dialog button[data-act='close']")
    browser.click(f"button[data-act='revoke-ask'][data-key='{made['id']}']")
    browser.picture("token-revoke")
    browser.click("dialog button[type='submit']")
    browser.until(lambda: not any("heat map" in text for text in browser.texts("tbody tr")), "it is over")
    acts = [each["act"] for each in town.asked("audit", "list", "--act", "access", "--json").json["entries"]]
    assert acts[:3] == ["access.revoke", "access.rotate", "access.create"]
    assert browser.errors() == []


def test_who_may_not_manage_access_sees_no_tokens(browser: Browser, town: Town) -> None:
    browser.at(town.console, who="viewer")
    browser.go("/access?tab=tokens")
    assert browser.all("button[data-act='new']") == []
    assert "first administrator" not in " ".join(browser.texts("main"))


def test_who_may_only_look_cant_act(browser: Browser, town: Town) -> None:
    browser.at(town.console, who="viewer")
    browser.go("/alarms")
    assert not browser.find("button[data-act='ack']").is_enabled()
    # a button that is put there by hand does nothing either
    browser.driver.execute_script("document.querySelector(\"button[data-act='ack']\").disabled = false")
    browser.click("button[data-act='ack']")
    browser.until(lambda: any("may not" in text for text in browser.texts(".said")), "it is said")
    assert [each["who"] for each in town.alarms().values() if each["who"] == "viewer"] == []


def test_nobody_who_is_not_signed_in_sees_anything(browser: Browser, town: Town) -> None:
    browser.at(town.console, who="nobody")
    browser.driver.get(f"http://127.0.0.1:{town.console}/alarms")
    assert "gas-" not in browser.driver.page_source
    assert "Nobody is signed in" in browser.driver.page_source
