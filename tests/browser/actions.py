"""What a reader does with a panel: presses, menus, sliders; by keyboard unless it says mouse."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, expect

#: Nothing else runs here: the aims themselves hold. `make check-panels` says so.
IDLE = bool(os.environ.get("LCM_IDLE"))
#: Frames a second while something moves, milliseconds until the last touch is shown, and those
#: until the first panel of a notebook is on the page. Other machines may be busy, and half as fast.
LEAST_FRAMES, CAUGHT_UP, FIRST_PANEL = (50, 150, 1500) if IDLE else (25, 400, 3000)

#: Keeps, for each key pressed in a panel, how long what is watched took to change.
WATCH = """(panel, watched) => {
    window.lcmDelays = [];
    let pressed = null;
    panel.addEventListener("keydown", () => { pressed = performance.now(); }, true);
    new MutationObserver(() => {
        if (pressed === null) return;
        window.lcmDelays.push(performance.now() - pressed);
        pressed = null;
    }).observe(panel.querySelector(watched),
        { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def press(cell: Locator, name: str) -> None:
    """Presses a button by keyboard."""
    button = cell.locator(f"button.lcm-{name}")
    button.focus()
    button.press("Enter")


def choose(cell: Locator, name: str, label: str) -> None:
    """Chooses from a menu by the label of the option."""
    menu = cell.locator(f".lcm-{name} select")
    menu.focus()
    menu.select_option(label=label)


def slide(cell: Locator, name: str, key: str, times: int = 1) -> None:
    """Moves a slider by a key, such as `ArrowRight` or `Home`."""
    handle = cell.locator(f".lcm-{name} [role=slider]")
    handle.focus()
    for _ in range(times):
        handle.press(key)


def write(cell: Locator, name: str, text: str) -> None:
    """Writes into a text field and leaves it."""
    field = cell.locator(f".lcm-{name} input, .lcm-{name} textarea").first
    field.fill(text)
    field.press("Tab")


def state_is(cell: Locator, state: str, timeout: float = 60_000) -> None:
    expect(cell.locator(".lcm-state")).to_have_text(state, timeout=timeout)


def step_of(cell: Locator) -> int:
    found = re.search(r"step (\d+) of", cell.locator(".lcm-progress").inner_text())
    return int(found.group(1)) if found else 0


def wait_for_step(cell: Locator, least: int, seconds: float = 60) -> int:
    until = time.monotonic() + seconds
    while (step := step_of(cell)) < least:
        assert time.monotonic() < until, f"still at step {step} after {seconds} s"
        time.sleep(0.1)
    return step


def write_recipe(cell: Locator, text: str) -> None:
    cell.locator(".lcm-recipe textarea").fill(text)
    press(cell, "apply")


def delays(cell: Locator, watched: str, act: Callable[[int], object], times: int) -> list[float]:
    """Milliseconds from each key that `act(turn)` presses to a change of what is watched."""
    cell.locator(".lcm-panel").evaluate(WATCH, watched)
    for turn in range(times):
        act(turn)
        cell.page.wait_for_function("n => window.lcmDelays.length > n", arg=turn)
        cell.page.wait_for_timeout(40)
    return sorted(cell.page.evaluate("window.lcmDelays"))
