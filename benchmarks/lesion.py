"""From the click that mutes a GPU to the bars of the wounded network, each time for another photograph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks import explorer_server as explorer
from benchmarks.figure import Figure, within

if TYPE_CHECKING:
    from playwright.sync_api import Page

N, WARM_UP, GOAL_MS = 12, 2, 150
MARKS = {
    "asked": explorer.ASKED,
    "told": explorer.TOLD,
    "top5": explorer.TOP5,
    "ended": f"atRest({explorer.TOP5})",
    "net": explorer.NET,
}


def measure() -> list[Figure]:
    """Against the bare forward pass and an empty rerun."""
    forward = explorer.forward_ms()
    with explorer.chromium() as browser:
        with explorer.serve() as server:
            page = explorer.open_page(browser, server)
            rounds = [wound(page, photo) for photo in explorer.photographs(N + WARM_UP, seed=1)][WARM_UP:]
        with explorer.serve_empty() as empty:
            page = explorer.open_page(browser, empty)
            again = page.get_by_role("button", name="again")
            floor = explorer.medians(
                [explorer.timed(page, "click", again.click, {"runs": explorer.RUNS}) for _ in range(N + WARM_UP)]
            )["runs"]
    times = explorer.medians(rounds)
    what = (
        f"from the click that mutes GPU2 to the paint of the wounded bars beside the intact, a new photograph each time, "
        f"against the forward pass alone ({forward:.1f} ms) and the rerun of an empty Streamlit page ({floor:.0f} ms); "
        f"of the median {times['asked']:.0f} ms until the browser has asked, {times['told'] - times['asked']:.0f} until the server's "
        f"message with the bars is back, {forward:.0f} of them in the network, {times['top5'] - times['told']:.0f} until they are "
        f"painted; the script has ended after {times['ended']:.0f} ms, the net and all activations are painted after "
        f"{times['net']:.0f} ms; single ones {explorer.spread(rounds, 'top5')}"
    )
    goal = f"<= forward pass + {GOAL_MS} = {forward + GOAL_MS:.0f} ms"
    return [within("lesion", (times["top5"], forward + floor), N, what, forward + GOAL_MS, goal)]


def wound(page: Page, photo: bytes) -> dict[str, float]:
    """Milliseconds by mark of muting GPU2 for a new photograph, which is healed again."""
    explorer.timed(page, "change", partial(explorer.choose_file, page, photo), {"net": explorer.NET})
    mute = page.locator(".mute[data-target=gpu2]")
    times = explorer.timed(page, "click", mute.click, MARKS)
    explorer.timed(page, "click", mute.click, {"net": explorer.NET})
    return times
