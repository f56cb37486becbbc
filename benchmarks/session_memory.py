"""What one more session costs the server in memory, with a photograph of its own and every page seen."""

from __future__ import annotations

import asyncio
import time

from benchmarks.explorer_server import Server, photographs, serve, serve_empty
from benchmarks.figure import Figure, within
from benchmarks.light_user import LightUser

SESSIONS, WARM_UP, GOAL_MB, REST_S = 20, 6, 30, 8


def measure() -> list[Figure]:
    """Against sessions of an empty app that keep the same files."""
    with serve() as server:
        ours, first = asyncio.run(each(server))
    with serve_empty() as empty:
        raw, _ = asyncio.run(each(empty))
    what = (
        f"resident memory of the server's process for each of {SESSIONS} further sessions, all open at once, each with a "
        f"photograph of its own and every page seen, after {WARM_UP} others ({first:.0f} MB then); against sessions of an "
        f"empty Streamlit app with the same files; the last 32 pictures' activations, kept for all sessions, are in it"
    )
    return [within("session_memory", (ours, raw), SESSIONS, what, GOAL_MB, unit="MB")]


async def each(server: Server) -> tuple[float, float]:
    """Megabytes by which a session makes the server grow, and its size before."""
    photos = photographs(WARM_UP + SESSIONS, seed=2)
    users = [await visit(server, photo) for photo in photos[:WARM_UP]]
    before = at_rest(server)
    users += [await visit(server, photo) for photo in photos[WARM_UP:]]
    after = at_rest(server)
    for user in users:
        await user.leave()
    return (after - before) / SESSIONS, before


async def visit(server: Server, photo: bytes) -> LightUser:
    """Choose a photograph and see every page; the session stays open."""
    user = await LightUser.join(server.address)
    await user.upload(photo)
    for path in user.pages:
        await user.go_to(path)
    return user


def at_rest(server: Server) -> float:
    """Megabytes of memory once the server has had time to collect its garbage."""
    time.sleep(REST_S)
    return server.memory_mb()
