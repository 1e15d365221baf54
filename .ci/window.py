#!/usr/bin/env python3
"""Opens the real window under Xvfb on a running sample and looks at it the way a screen reader and a camera do: every node's title is
found through AccessKit (AT-SPI), its family's colour lies inside its rectangle in a screenshot, and a counter rises.

Usage: dbus-run-session -- /usr/bin/python3 .ci/window.py PROGRAM [PICTURE.png]
"""
import json, os, re, subprocess, sys, time

import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib
from PIL import Image

PROGRAM = os.path.abspath(sys.argv[1])
PICTURE = sys.argv[2] if len(sys.argv) > 2 else "target/ci-window.png"
SAMPLE = "samples/02-competing.ron"
PATIENCE = 60
started = []


def fail(text):
    print("window check FAILED:", text)
    sys.exit(1)


def wait_for(what, look):
    """Looks again and again until there is something; fails after PATIENCE seconds."""
    until = time.time() + PATIENCE
    while time.time() < until:
        try:
            found = look()
        except GLib.Error:
            found = None
        if found:
            return found
        for process in started:
            if process.poll() is not None:
                fail(f"{process.args[0]} ended with {process.returncode} while waiting for {what}")
        time.sleep(0.3)
    fail(f"{what} did not appear in {PATIENCE} s")


def open_display():
    read, write = os.pipe()
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    started.append(xvfb)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()
    if not number:
        fail("Xvfb does not start")
    os.environ["DISPLAY"] = ":" + number


def switch_accessibility_on():
    """AccessKit speaks only once the session says that somebody listens."""
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    for name in ("IsEnabled", "ScreenReaderEnabled"):
        bus.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set",
                      GLib.Variant("(ssv)", ("org.a11y.Status", name, GLib.Variant("b", True))), None, Gio.DBusCallFlags.NONE, -1, None)


def everything(root):
    """All accessible objects below one, in the order in which they are read out."""
    open_ones, found = [root], []
    while open_ones and len(found) < 20000:
        one = open_ones.pop()
        found.append(one)
        try:
            open_ones += [one.get_child_at_index(i) for i in reversed(range(one.get_child_count()))]
        except GLib.Error:
            pass
        open_ones = [one for one in open_ones if one is not None]
    return found


def application():
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        one = desktop.get_child_at_index(i)
        if one is not None and one.get_process_id() == started[-1].pid:
            return one
    return None


def named(app):
    """Name to object, for everything that has a name."""
    names = {}
    for one in everything(app):
        try:
            name = one.get_name() or ""
        except GLib.Error:
            continue
        if name:
            names.setdefault(name, one)
    return names


def nodes_of_sample():
    """Title and kind of each node, from the file itself."""
    text = open(SAMPLE, encoding="utf-8").read().split("pipes:")[0]
    entries = re.findall(r'"[\w/-]+":\s*(\w+)\(\s*title:\s*"([^"]+)"', text)
    return [(title, kind) for kind, title in entries]


def family_colours():
    """Family to (r, g, b), from the dark theme file."""
    text = open("assets/themes/dark.ron", encoding="utf-8").read()
    tokens = dict(re.findall(r'(\w+):\s*"(#[0-9a-fA-F]{6})"', text))
    colour = lambda family: tokens.get(family) or fail(f"assets/themes/dark.ron has no colour `{family}`")
    words = {"Publish": "publish", "Topic": "topic", "Queue": "queue", "Filter": "filter", "Claim check": "claim", "Bridge": "bridge",
             "Choreography": "choreography", "Supervision": "supervision", "Sink": "sink"}
    return lambda family: tuple(int(colour(words[family])[i:i + 2], 16) for i in (1, 3, 5))


def screenshot():
    subprocess.run(["import", "-silent", "-window", "root", PICTURE], check=True)
    return Image.open(PICTURE).convert("RGB")


def holds_colour(picture, rectangle, colour, least):
    x, y, width, height = rectangle
    part = picture.crop((x, y, x + width, y + height))
    near = sum(1 for pixel in part.getdata() if all(abs(a - b) <= 14 for a, b in zip(pixel, colour)))
    return near >= least


def main():
    open_display()
    switch_accessibility_on()
    kinds = json.loads(subprocess.run([PROGRAM, "kinds", "--json"], check=True, capture_output=True, text=True).stdout)
    families = {kind["name"]: kind["family"] for kind in kinds}
    home = os.path.abspath("target/ci-home")
    os.makedirs(home, exist_ok=True)
    environment = dict(os.environ, LIBGL_ALWAYS_SOFTWARE="1", HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home, XDG_STATE_HOME=home)
    environment.pop("WAYLAND_DISPLAY", None)
    started.append(subprocess.Popen([PROGRAM, SAMPLE, "--run", "live", "--size", "1600x1000", "--theme", "dark"], env=environment))

    app = wait_for("the program among the accessible applications", application)
    wanted = nodes_of_sample()
    if len(wanted) < 4:
        fail(f"only {wanted} was found in {SAMPLE}")

    def all_titles():
        names = named(app)
        found = {}
        for title, kind in wanted:
            matches = [name for name in names if name == title or name.startswith(title + ",")]
            if not matches:
                return None
            found[title] = (names[max(matches, key=len)], kind)
        return found

    found = wait_for("every node's title", all_titles)
    print("found through AccessKit:", ", ".join(found))
    time.sleep(2)

    picture = screenshot()
    colour_of = family_colours()
    for title, (one, kind) in found.items():
        extents = one.get_extents(Atspi.CoordType.SCREEN)
        rectangle = (extents.x, extents.y, extents.width, extents.height)
        if extents.width < 30 or extents.height < 20:
            fail(f"{title} has the rectangle {rectangle}")
        if not holds_colour(picture, rectangle, colour_of(families[kind]), 20):
            fail(f"{title}: the colour of {families[kind]} {colour_of(families[kind])} is not inside {rectangle}; see {PICTURE}")
    print("every family's colour lies inside its node's rectangle")

    if os.environ.get("WINDOW_NAMES"):
        print("\n".join(sorted(named(app))))
    counter = counter_of(app)
    first = wait_for("a counter", counter)
    later = wait_for("a counter that rises", lambda: (counter() or 0) > first and counter())
    print(f"a counter rose from {first} to {later}")


def counter_of(app):
    """The count of delivered messages as the window tells it: the first number read out after the word."""
    def look():
        after = False
        for one in everything(app):
            name = one.get_name() or ""
            if after:
                number = re.fullmatch(r"([\d.,\u2009\u202f]+)\s*([kM]?)", name)
                if number:
                    return float(re.sub(r"[^\d.]", "", number.group(1))) * {"": 1, "k": 1e3, "M": 1e6}[number.group(2)]
            after = after or name == "Delivered"
        return None
    return look


try:
    main()
    print("the window is as it should be")
finally:
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
