#!/usr/bin/env python3
"""Opens the real window under Xvfb on a running sample and looks at it the way a screen reader and a camera do: every node's title is
found through AccessKit (AT-SPI), no two nodes lie upon each other and none is cut off, its family's colour lies inside its rectangle in a
screenshot, and a counter rises. Then the window takes its own picture of its main states, in both themes and on a small screen: each
stands on its theme's ground, is not blank, and shows its words in a contrast that can be read.

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
    """A display that stays as it is: without `-noreset` the server starts anew when its last client leaves, and turns away whoever comes
    in that moment, such as the window right after the accessibility bus has looked for its name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"]
    xvfb = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
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


def colours(theme):
    """Name to (r, g, b), from a theme's file."""
    text = open(f"assets/themes/{theme}.ron", encoding="utf-8").read()
    tokens = dict(re.findall(r'(\w+):\s*"(#[0-9a-fA-F]{6})"', text))
    return {name: tuple(int(text[i:i + 2], 16) for i in (1, 3, 5)) for name, text in tokens.items()}


def family_colours():
    """Family to (r, g, b), from the dark theme file."""
    tokens = colours("dark")
    colour = lambda family: tokens.get(family) or fail(f"assets/themes/dark.ron has no colour `{family}`")
    words = {"Publish": "publish", "Topic": "topic", "Queue": "queue", "Filter": "filter", "Claim check": "claim", "Bridge": "bridge",
             "Choreography": "choreography", "Supervision": "supervision", "Sink": "sink"}
    return lambda family: colour(words[family])


def screenshot():
    subprocess.run(["import", "-silent", "-window", "root", PICTURE], check=True)
    return Image.open(PICTURE).convert("RGB")


def holds_colour(picture, rectangle, colour, least):
    x, y, width, height = rectangle
    part = picture.crop((x, y, x + width, y + height))
    near = sum(1 for pixel in part.getdata() if all(abs(a - b) <= 14 for a, b in zip(pixel, colour)))
    return near >= least


def luminance(colour):
    """WCAG 2.1, relative luminance."""
    linear = lambda value: value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    red, green, blue = (linear(value / 255) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG 2.1, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def upon_each_other(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def look_at_rectangles(rectangles, whole):
    """Nodes neither lie upon each other nor reach out of the window."""
    titles = list(rectangles)
    for number, title in enumerate(titles):
        x, y, width, height = rectangles[title]
        if x < whole[0] or y < whole[1] or x + width > whole[0] + whole[2] or y + height > whole[1] + whole[3]:
            fail(f"{title} at {rectangles[title]} is cut off by the window {whole}")
        for other in titles[number + 1:]:
            if upon_each_other(rectangles[title], rectangles[other]):
                fail(f"{title} at {rectangles[title]} lies upon {other} at {rectangles[other]}")


# A main state of the window: its name, what opens it, and how many words' worth of ink it shows at least, in pixels of the text's colour.
STATES = [
    ("welcome", [], 400),
    ("running", [SAMPLE, "--run", "simulate", "--after", "2s"], 500),
    ("problems", ["target/ci-problems.ron"], 400),
]
SIZES = {"dark": ["1600x1000"], "light": ["1600x1000", "1000x640"]}
PROBLEMS = """(format: 1, title: "Problems", nodes: {"in": generator(rate: "soon"), "lost": queue(capacity: 0)}, pipes: ["in.out -> nowhere.in"])"""


def look_at_pictures(environment):
    with open("target/ci-problems.ron", "w", encoding="utf-8") as file:
        file.write(PROBLEMS)
    for theme, sizes in SIZES.items():
        tokens = colours(theme)
        for size in sizes:
            for name, arguments, ink in STATES:
                path = f"target/ci-{name}-{theme}-{size}.png"
                subprocess.run([PROGRAM, *arguments, "--screenshot", path, "--size", size, "--theme", theme], check=True,
                               env=environment, timeout=PATIENCE)
                look_at_picture(Image.open(path).convert("RGB"), f"{name}, {theme}, {size}: {path}", tokens, size, ink)
    print("every state can be read in both themes")


def look_at_picture(picture, what, tokens, size, ink):
    if picture.size != tuple(int(side) for side in size.split("x")):
        fail(f"{what} measures {picture.size}")
    counts = {colour: count for count, colour in picture.getcolors(maxcolors=1 << 24)}
    area = picture.size[0] * picture.size[1]
    grounds = {name: counts.get(tokens[name], 0) for name in ("canvas", "panel")}
    if sum(grounds.values()) < area * 0.4:
        fail(f"{what} does not stand on its theme's grounds: {grounds} of {area} pixels")
    if counts.get(tokens["text"], 0) * (1600 * 1000 / area) < ink:
        fail(f"{what} shows only {counts.get(tokens['text'], 0)} pixels of text")
    for ground in grounds:
        if grounds[ground] and contrast(tokens["text"], tokens[ground]) < 4.5:
            fail(f"{what}: text on {ground} has a contrast of {contrast(tokens['text'], tokens[ground]):.1f}")


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

    extents = {title: one.get_extents(Atspi.CoordType.SCREEN) for title, (one, _) in found.items()}
    look_at_rectangles({title: (e.x, e.y, e.width, e.height) for title, e in extents.items()}, (0, 0, 1920, 1200))
    print("no node lies upon another")
    picture = screenshot()
    colour_of = family_colours()
    for title, (one, kind) in found.items():
        extents = one.get_extents(Atspi.CoordType.SCREEN)
        rectangle = (extents.x, extents.y, extents.width, extents.height)
        if extents.width < 30 or extents.height < 20:
            fail(f"{title} has the rectangle {rectangle}")
        if not holds_colour(picture, rectangle, colour_of(families[kind]), 20):
            fail(f"{title}: the colour of {families[kind]} {colour_of(families[kind])} is not inside {rectangle}; see {PICTURE}")
        part = picture.crop((rectangle[0], rectangle[1], rectangle[0] + rectangle[2], rectangle[1] + rectangle[3]))
        best = max(contrast(colour, colours("dark")["raised"]) for _, colour in part.getcolors(maxcolors=1 << 24))
        if best < 4.5:
            fail(f"{title}: nothing in {rectangle} stands out by more than {best:.1f}; see {PICTURE}")
    print("every family's colour lies inside its node's rectangle, and words that can be read")

    if os.environ.get("WINDOW_NAMES"):
        print("\n".join(sorted(named(app))))
    counter = counter_of(app)
    first = wait_for("a counter", counter)
    later = wait_for("a counter that rises", lambda: (counter() or 0) > first and counter())
    print(f"a counter rose from {first} to {later}")
    look_at_pictures(environment)


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
