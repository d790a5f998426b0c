#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of `packhorse report` in headless Chromium: no error, no request, plots with all that the run had,
a click chooses a packet, nothing is wider than a phone. Chromium is driven over its debugging pipe."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOOL = os.path.join(os.environ.get("BUILD", "build"), "packhorse")
WAIT_S = 60


class Browser:
    """Messages of the DevTools protocol end with a zero byte, on descriptors 3 and 4."""

    def __init__(self, program, profile):
        here_out, self.out = os.pipe()
        self.into, here_in = os.pipe()

        def place():
            high_in, high_out = os.dup(here_out), os.dup(here_in)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={profile}", "--remote-debugging-pipe"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(here_out)
        os.close(here_in)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []

    def message(self):
        while b"\0" not in self.buffer:
            part = os.read(self.into, 1 << 20)
            if not part:
                raise RuntimeError("the browser has ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.events.clear()
        self.call("Page.navigate", url=url)
        end = time.monotonic() + WAIT_S
        while self.value("document.readyState + ':' + location.protocol") != "complete:file:":
            if time.monotonic() > end:
                raise RuntimeError("the page does not load")
            time.sleep(0.1)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def size(self, width, height, phone):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.value("new Promise(done => requestAnimationFrame(done))")

    def mouse(self, *places):
        """Down at the first place, up at the last."""
        for kind, (x, y) in zip(("mousePressed",) + ("mouseMoved",) * (len(places) - 2) + ("mouseReleased",), places):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def trouble(self):
        """What the page complained about, and what it asked the network for."""
        found = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown" or method == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(json.dumps(params)[:300])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(params)[:300])
            elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
                found.append("request: " + params["request"]["url"])
        return found

    def close(self):
        self.process.kill()
        self.process.wait()


def run_of(page):
    """The numbers in the page."""
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.S).group(1))


def make_report(path, *options):
    command = [TOOL, "report", "--report", path, *options, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300).stdout)


def check_page_is_alone(page, figures):
    """One file, below 2 MB, and its numbers are those that the tool prints."""
    assert len(page) < 2_000_000, len(page)
    body = re.sub(r"http://www\.w3\.org/2000/svg", "", page)
    assert not re.findall(r"(?:https?:|//[a-z])[^\s\"']*\.[a-z]{2,}|<link(?! rel=\"icon\" href=\"data:)|<img|@import|url\((?!#)", body)
    assert '<meta name="viewport"' in page and "prefers-color-scheme: dark" in page
    run = run_of(page)
    assert run["ok"] and run["hash"] == figures["event_hash"] and run["bytes"] == figures["bytes"]
    again = sum(1 for s in run["segments"] if s[9] and s[4])
    lost = sum(1 for s in run["segments"] if s[2] == -1)
    assert again == figures["retransmissions"] > 0, (again, figures["retransmissions"])
    assert lost == figures["faults_lost"] > 0, (lost, figures["faults_lost"])
    return run


def check_recording_changes_nothing(figures, *options):
    plain = json.loads(subprocess.run([TOOL, "download", *options, "--json"], check=True, stdout=subprocess.PIPE,
                                      timeout=300).stdout)
    assert plain["event_hash"] == figures["event_hash"]


def check_page_of(options, most):
    """Other runs make a page too, and a long one stays short."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "other.html")
        subprocess.run([TOOL, *options, "--report", path], check=True, stdout=subprocess.DEVNULL, timeout=300)
        with open(path, encoding="ascii") as file:
            page = file.read()
    run = run_of(page)
    assert run["ok"] and run["segments"] and len(page) < most, len(page)
    return run


def make_page_over_routers(folder):
    """Every host on the way has its stages; the queue that is full is that of the slow link."""
    path = os.path.join(folder, "routers.html")
    figures = make_report(path, "--bytes", "400k", "--topology", "client -[rate=1Gbps queue=20]- r1(nic=soft) - r2 - server")
    with open(path, encoding="ascii") as file:
        run = run_of(file.read())
    data = [s for s in run["segments"] if s[0] == run["sender"] and s[4]]
    assert run["ok"] and run["hash"] == figures["event_hash"] and run["hosts"][:2] == ["client", "server"]
    assert sum(1 for s in run["segments"] if s[2] == -1) == figures["faults_queue_full"] > 0
    assert sum(1 for s in data if s[9]) == figures["retransmissions"] > 0
    # What was sent again arrived as itself: nothing took longer than the queue and the way.
    assert max(s[2] - s[1] for s in data) < 300_000
    links = {link[0]: link for link in run["links"]}
    assert sorted(links) == ["client > r1", "r1 > client", "r1 > r2", "r2 > r1", "r2 > server", "server > r2"]
    assert [name for name, link in links.items() if link[4]] == ["r1 > client"]
    waiting = [level for _, level in links["r1 > client"][6]]
    assert min(waiting) >= 0 and 19 * 1518 < max(waiting) <= 20 * 1518 and waiting[-1] == 0
    for journey in run["journeys"]:
        hosts = [stage[8] for stage in journey["stages"] if stage[0] != 1]
        assert list(dict.fromkeys(hosts)) == ["server", "r2", "r1", "client"] if journey["complete"] else journey["end"]
        assert all((stage[5] >= 0) == (stage[8] != "r1") for stage in journey["stages"])
    assert any(stage[2] == "queue of the link" for journey in run["journeys"] for stage in journey["stages"])
    counters = {row[0]: row[1:] for row in run["counters"]}
    assert len(counters["IpForwDatagrams"]) == 4 and counters["IpForwDatagrams"][:2] == [0, 0]
    return path, run


def check_losses_over_routers():
    """A segment is lost where no link says it arrived, and only then: also where LRO renames it, ACKs are equal, frames come twice."""
    for nic, options in (("soft", ("--topology", "client - r1(lro=yes) -[loss=0.02]- r2(lro=yes) - server")),
                         ("soft", ("--topology", "client - r1 - server", "--wire", "loss=0.01 dup=0.01 reorder=0.02")),
                         ("rtl", ("-6", "--topology", "client - r1(nic=soft) - server", "--wire", "loss=0.01"))):
        run = check_page_of(("download", "--nic", nic, "--bytes", "600k", "--no-compare", *options), 2_000_000)
        lost = sum(1 for s in run["segments"] if s[2] == -1)
        assert lost == sum(link[4] for link in run["links"]) > 5, (options, lost)


def check_page_over_routers(browser, path, run):
    browser.open("file://" + os.path.abspath(path))
    browser.size(1200, 900, False)
    assert browser.value("document.querySelectorAll('#queues .curve').length") == len(run["links"])
    assert browser.value("document.querySelectorAll('#links tr').length") == 1 + len(run["links"])
    assert browser.value("document.querySelectorAll('#buffers .curve').length") == 2
    assert browser.value("document.querySelectorAll('#stages .route').length") >= 2 * 4
    assert "r2, NIC" in browser.value("document.getElementById('stages').textContent")
    check_click_chooses_the_packet(browser, run)
    check_drag_zooms(browser)
    for width in (320, 768):
        check_fits(browser, width)
    assert not browser.trouble(), browser.trouble()


def make_page_of_a_recording(folder):
    """The page of a capture, of whatever source, and what is in it."""
    capture, path = os.path.join(folder, "run.pcapng"), os.path.join(folder, "recording.html")
    subprocess.run([TOOL, "download", "--nic", "soft", "--bytes", "400k", "--wire", "b>a: drop=60", "--no-compare",
                    "--pcapng", capture], check=True, stdout=subprocess.DEVNULL, timeout=300)
    subprocess.run([TOOL, "report", capture, "--at", "server:wire", "--report", path], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)
    with open(path, encoding="ascii") as file:
        run = run_of(file.read())
    data = [s for s in run["segments"] if s[0] == run["sender"] and s[4]]
    assert run["recording"] and run["hosts"][1] == "10.0.0.2:80" and run["sender"] == 1
    assert run["bytes"] > 400_000 and sum(1 for s in data if s[9]) >= 1
    assert sum(s[4] for s in data if not s[9]) == run["bytes"]
    assert abs(sum(share for _, share in run["limits"]) - 1) < 0.001 and run["sentence"]
    return path, run, data


def check_page_of_a_recording(browser, path, run, data):
    browser.open("file://" + os.path.abspath(path))
    browser.size(1200, 900, False)
    assert browser.value("document.querySelectorAll('#sequence .seg').length") == len(data)
    assert browser.value("document.querySelectorAll('#sequence .again').length") >= 1
    assert browser.value("document.querySelectorAll('#sequence .lost').length") == 0
    assert browser.value("document.querySelectorAll('#windows .curve').length") == 2
    assert browser.value("document.querySelectorAll('#limits tr').length") == sum(1 for _, share in run["limits"] if share)
    check_drag_zooms(browser)
    for width in (320, 768):
        check_fits(browser, width)
    assert not browser.trouble(), browser.trouble()


def check_plots_have_everything(browser, run):
    data = [s for s in run["segments"] if s[0] == run["sender"] and s[4]]
    count = "document.querySelectorAll('#sequence .seg%s').length"
    assert browser.value(count % "") == len(data)
    assert browser.value(count % ".lost") == sum(1 for s in data if s[2] == -1)
    assert browser.value(count % ".again") == sum(1 for s in data if s[9] and s[2] != -1)
    assert browser.value("document.querySelectorAll('#windows .curve').length") == 4
    assert browser.value("document.querySelectorAll('#buffers .curve').length") == 4
    assert browser.value("document.querySelectorAll('#figures tr').length") == 1 + len(run["figures"])
    plain = [s for s in run["plain"]["segments"] if s[0] == run["sender"] and s[4]]
    assert browser.value("document.querySelectorAll('#without .seg').length") == len(plain)
    assert browser.value("document.querySelectorAll('#packet option').length") == len(run["journeys"])


def check_stages_of(browser, run, index):
    journey = run["journeys"][index]
    pieces = sum(1 for s in run["segments"] if s[10] == journey["packet"] and s[4] and s[0] == run["sender"])
    assert browser.value("document.getElementById('packet').selectedIndex") == index
    shown = browser.value("document.querySelectorAll('#stages > li').length")
    assert shown == len(journey["stages"]) + (not journey["complete"]), (shown, len(journey["stages"]))
    assert browser.value("document.querySelectorAll('#pieces .piece').length") == 1 + pieces
    assert f"{journey['payload']:,} bytes" in browser.value("document.getElementById('summary').textContent")


def check_click_chooses_the_packet(browser, run):
    """Click on a segment of the second packet and of the last one."""
    for index in (1, len(run["journeys"]) - 1):
        packet = run["journeys"][index]["packet"]
        browser.value("document.getElementById('sequence').scrollIntoView({block: 'center'})")
        box = browser.value(f"(() => {{ const r = document.querySelector('#sequence [data-packet=\"{packet}\"]')"
                            ".getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        browser.mouse(box, box)
        check_stages_of(browser, run, index)


def check_drag_zooms(browser):
    count = "document.querySelectorAll('#sequence .seg').length"
    before = browser.value(count)
    browser.value("document.getElementById('sequence').scrollIntoView({block: 'center'})")
    x, y, width = browser.value("(() => { const r = document.getElementById('sequence').getBoundingClientRect();"
                                " return [r.x, r.y + r.height / 2, r.width]; })()")
    browser.mouse((x + width * 0.4, y), (x + width * 0.5, y), (x + width * 0.6, y))
    zoomed = browser.value(count)
    assert 0 < zoomed < before / 2, (zoomed, before)
    browser.value("[...document.querySelectorAll('button')].find(b => b.textContent === 'whole run').click()")
    assert browser.value(count) == before


def check_fits(browser, width):
    browser.size(width, 740, True)
    wide = browser.value("document.documentElement.scrollWidth")
    assert wide <= width, f"{wide} pixels wide on a screen of {width}"
    out = browser.value("[...document.querySelectorAll('section, .card, .tools, svg, button, select')]"
                        f".filter(e => e.getBoundingClientRect().right > {width} + 0.5).length")
    assert out == 0, f"{out} parts stick out"
    assert browser.value("document.querySelectorAll('#sequence .seg').length") > 0


def checks(program, folder):
    path = os.path.join(folder, "report.html")
    options = ("--bytes", "400k", "--wire", "b>a: drop=60")
    figures = make_report(path, *options)
    with open(path, encoding="ascii") as file:
        page = file.read()
    run = check_page_is_alone(page, figures)
    yield "page_is_one_file_with_the_numbers_of_the_run"
    check_recording_changes_nothing(figures, *options)
    yield "report_changes_no_event"
    run_soft = check_page_of(("throughput", "--nic", "soft", "--bytes", "20M", "--no-compare"), 2_000_000)
    assert run_soft["left_out"] > 0 and "plain" not in run_soft
    assert len(run_soft["segments"]) + run_soft["left_out"] > 20_000_000 // 1460
    yield "page_of_a_long_run_stays_below_two_megabytes"
    for nic in ("soft", "rtl"):
        run_six = check_page_of(("download", "-6", "--nic", nic, "--bytes", "300k", "--no-compare"), 2_000_000)
        assert sum(s[4] for s in run_six["segments"] if s[0] == run_six["sender"]) > 300_000
        assert run_six["journeys"] and all(journey["complete"] for journey in run_six["journeys"])
    yield "page_over_ipv6_has_every_segment_and_every_stage"
    routers = make_page_over_routers(folder)
    yield "page_over_routers_has_every_hop_and_the_queue_of_each_link"
    check_losses_over_routers()
    yield "page_over_routers_shows_what_each_link_lost"
    recording = make_page_of_a_recording(folder)
    yield "page_of_a_recording_has_its_segments_and_its_limit"
    if not program:
        return
    browser = Browser(program, os.path.join(folder, "profile"))
    try:
        browser.open("file://" + os.path.abspath(path))
        browser.size(1200, 900, False)
        check_plots_have_everything(browser, run)
        yield "plots_have_an_element_for_each_segment"
        check_stages_of(browser, run, max(range(len(run["journeys"])), key=lambda i: (run["journeys"][i]["payload"], -i)))
        check_click_chooses_the_packet(browser, run)
        yield "click_on_a_segment_chooses_its_packet"
        check_drag_zooms(browser)
        yield "drag_zooms_and_button_shows_the_whole"
        for width in (320, 390, 768):
            check_fits(browser, width)
        yield "phone_has_no_horizontal_scroll"
        assert not browser.trouble(), browser.trouble()
        yield "no_console_error_and_no_request"
        check_page_over_routers(browser, *routers)
        yield "page_over_routers_draws_fits_and_asks_for_nothing"
        check_page_of_a_recording(browser, *recording)
        yield "page_of_a_recording_draws_fits_and_asks_for_nothing"
    finally:
        browser.close()


def main():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    passed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            for name in checks(program, folder):
                print("  ok   ", name, flush=True)
                passed += 1
        except (AssertionError, RuntimeError, subprocess.SubprocessError) as error:
            import traceback
            traceback.print_exc()
            print(f"  FAIL  after {passed} checks: {error}")
            print(f"{passed} passed, 1 failed")
            return 1
    if not program:
        print("  skip  what needs a browser: there is no chromium (.ci/install browser)")
    print(f"{passed} passed, 0 failed, {0 if program else 1} skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
