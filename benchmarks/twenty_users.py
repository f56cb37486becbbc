"""Twenty users at once for two minutes, each changing page or picture every five seconds: a few in Chromium, the others light."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.explorer_server import AT_REST, Server, choose_file, chromium, open_page, photographs, serve, times_of
from benchmarks.figure import Figure, within
from benchmarks.light_user import LightUser

if TYPE_CHECKING:
    from playwright.sync_api import Page

USERS, IN_CHROMIUM, SECONDS, EVERY_S, GOAL_S = 20, 2, 120, 5, 3
NAMES = ("Explore", "Predict", "Kernels", "Neighbours", "Model")


@dataclass
class Log:
    """Seconds that every change took, and what went wrong."""

    pages: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    """Page changes in Chromium, to the paint of the complete page."""
    errors: list[str] = field(default_factory=list)


def measure() -> list[Figure]:
    """p95 of a page change, against the median of one user alone."""
    photos = photographs(USERS * (SECONDS // EVERY_S + 2), seed=3)
    with serve() as server, contextlib.ExitStack() as stack:
        alone = asyncio.run(light_users(server, 1, 30, photos))
        browser = stack.enter_context(chromium())  # from here on this thread has an event loop
        tabs = [open_page(browser, server) for _ in range(IN_CHROMIUM)]
        busy, log = server.cpu_seconds(), Log()
        light = partial(light_users, server, USERS - IN_CHROMIUM, SECONDS, photos, log)
        thread = threading.Thread(target=lambda: asyncio.run(light()))
        thread.start()
        in_chromium(tabs, photos[::-1], log)
        thread.join()
        busy = (server.cpu_seconds() - busy) / SECONDS
    return [figure(alone, log, busy)]


def figure(alone: Log, log: Log, busy: float) -> Figure:
    """One figure of a log; an error misses the goal."""
    changes = log.pages + log.painted
    middle, late, picture, painted = (
        float(np.percentile(times, share))
        for times, share in ((changes, 50), (changes, 95), (log.pictures, 95), (log.painted, 95))
    )
    errors = f"{len(log.errors)} errors" + (f" (the first: {log.errors[0]})" if log.errors else "")
    what = (
        f"p95 of {len(changes)} page changes (median {middle:.2f} s; {picture:.2f} s p95 of {len(log.pictures)} new "
        f"pictures), against the median of one user alone; {errors}; {IN_CHROMIUM} users in Chromium, to the paint of the "
        f"complete page (p95 {painted:.2f} s), the others without a browser, to the last message; the server used "
        f"{busy:.2f} cores"
    )
    raw = float(np.median(alone.pages))
    found = within("twenty_users", (late, raw), len(changes), what, GOAL_S, f"p95 < {GOAL_S} s, no error", "s")
    return dataclasses.replace(found, met=found.met and not log.errors)


async def light_users(server: Server, num: int, seconds: float, photos: list[bytes], log: Log | None = None) -> Log:
    """Users without a browser, one after another within the interval, for a while."""
    log = log or Log()
    users = [light_user(server, i, EVERY_S * i / num, seconds, photos[i::num], log) for i in range(num)]
    await asyncio.gather(*users)
    return log


async def light_user(server: Server, seed: int, wait: float, seconds: float, photos: list[bytes], log: Log) -> None:
    """Change page or picture, by chance, at fixed times; a late answer does not put the next change off."""
    chance, end = np.random.default_rng(seed), time.perf_counter() + seconds
    await asyncio.sleep(wait)
    try:
        user = await LightUser.join(server.address)
        for photo in photos:
            due = time.perf_counter() + EVERY_S
            if chance.random() < 0.5:
                log.pictures.append(await user.upload(photo))
            else:
                log.pages.append(
                    await user.go_to(str(chance.choice([path for path in user.pages if user.pages[path] != user.page])))
                )
            if due > end:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await user.leave()
    except Exception as error:  # whatever it is, it is one user's error
        log.errors.append(f"{type(error).__name__}: {error}")


def in_chromium(tabs: list[Page], photos: list[bytes], log: Log) -> None:
    """The same in Chromium, the tabs in turn."""
    chance, begun, photo = np.random.default_rng(99), time.perf_counter(), iter(photos)
    shown = dict.fromkeys(tabs, NAMES[0])
    for turn in range(SECONDS * len(tabs) // EVERY_S):
        time.sleep(max(0.0, begun + turn * EVERY_S / len(tabs) - time.perf_counter()))
        tab = tabs[turn % len(tabs)]
        try:
            if chance.random() < 0.5:
                log.pictures.append(wait_for(tab, "change", partial(choose_file, tab, next(photo))))
            else:
                others = [name for name in NAMES if name != shown[tab]]
                shown[tab] = str(chance.choice(others))
                link = tab.get_by_role("link", name=shown[tab], exact=True)
                log.painted.append(wait_for(tab, "click", link.click))
        except Exception as error:
            log.errors.append(f"{type(error).__name__}: {error}")


def wait_for(tab: Page, event: str, act: Callable[[], object]) -> float:
    """Seconds until the script is at rest again."""
    return times_of(tab, event, act, {"rest": AT_REST})["rest"] / 1e3
