"""Skies, grounds and weather: everything of a picture that is not a thing."""

from timanh.data.scenes.canvas import Canvas
from timanh.data.scenes.colours import HORIZON, Colour, clear, mix
from timanh.data.scenes.places import BEHIND, room, underwater

SKIES: dict[str, tuple[Colour, Colour]] = {  # top, horizon
    "day": ((104, 178, 240), (206, 234, 250)),
    "sunny": ((70, 160, 244), (196, 232, 252)),
    "cloudy": ((150, 166, 184), (206, 214, 222)),
    "rainy": ((104, 118, 138), (164, 176, 190)),
    "snowy": ((170, 186, 206), (224, 232, 240)),
    "foggy": ((206, 212, 216), (228, 230, 230)),
    "sunset": ((96, 84, 156), (255, 168, 104)),
    "night": ((12, 18, 54), (44, 58, 116)),
}
GROUNDS: dict[str, tuple[Colour, Colour]] = {  # far, near
    "street": (((178, 182, 186)), (150, 154, 160)),
    "city": ((170, 176, 182), (142, 148, 156)),
    "park": ((140, 200, 110), (104, 176, 88)),
    "beach": ((250, 228, 170), (240, 208, 140)),
    "meadow": ((160, 210, 104), (112, 184, 80)),
    "forest": ((92, 148, 84), (70, 120, 66)),
    "mountains": ((150, 196, 120), (112, 168, 96)),
    "lake": ((140, 200, 120), (100, 168, 90)),
    "sea": ((64, 150, 206), (34, 108, 176)),
    "desert": ((246, 206, 132), (230, 176, 100)),
    "farm": ((206, 200, 110), (160, 176, 84)),
}
SNOW: tuple[Colour, Colour] = ((246, 249, 253), (222, 230, 242))


def draw_backdrop(canvas: Canvas) -> None:
    """Sky, far and near ground of the scene's place."""
    place = canvas.scene.place
    if place == "room":
        room(canvas)
    elif place == "underwater":
        underwater(canvas)
    else:
        _sky(canvas)
        _ground(canvas)
        if place in BEHIND:
            BEHIND[place](canvas)


def draw_weather(canvas: Canvas) -> None:
    """What falls or hangs in front of everything."""
    if canvas.scene.place in ("room", "underwater"):
        return
    draw, side, rng = canvas.draw, canvas.side, canvas.random
    if canvas.scene.weather == "rainy":
        for _ in range(110):
            x, y, length = rng.random() * 1.1, rng.random(), 0.03 + 0.03 * rng.random()
            ends = [(x * side, y * side), ((x - length * 0.3) * side, (y + length) * side)]
            draw.line(ends, fill=(222, 234, 250, 150), width=max(1, side // 260))
    elif canvas.scene.weather == "snowy":
        for _ in range(90):
            r = 0.004 + 0.006 * rng.random()
            canvas.oval(rng.random(), rng.random(), r, r, (255, 255, 255, 225))
    elif canvas.scene.weather == "foggy":
        for _ in range(7):
            y = 0.3 + 0.6 * rng.random()
            canvas.oval(rng.random(), y, 0.5, 0.05 + 0.05 * rng.random(), (236, 238, 238, 90))


def _sky(canvas: Canvas) -> None:
    scene, rng = canvas.scene, canvas.random
    key = scene.light if scene.light != "day" else scene.weather
    top, low = SKIES.get(key, SKIES["day"])
    if scene.light != "day" and scene.weather in ("rainy", "cloudy", "snowy"):
        top, low = (mix(colour, (96, 100, 116), 0.35) for colour in (top, low))
    jitter = rng.uniform(-0.06, 0.06)
    shade: Colour = (255, 255, 255) if jitter > 0 else (0, 0, 40)
    canvas.gradient(0, HORIZON, mix(top, shade, abs(jitter)), low)
    if scene.light == "night":
        for _ in range(40 if scene.weather == "clear" else 8):
            r = 0.0015 + 0.003 * rng.random()
            canvas.oval(rng.random(), 0.5 * rng.random(), r, r, (255, 255, 235))
        x, y = rng.choice((0.14, 0.84)), 0.14
        canvas.oval(x, y, 0.1, 0.1, (255, 250, 214, 40))
        canvas.oval(x, y, 0.065, 0.065, (252, 246, 208))
        canvas.oval(x + 0.03, y - 0.015, 0.055, 0.055, mix(top, low, 0.2))
    elif scene.light == "sunset":
        x = rng.uniform(0.2, 0.8)
        canvas.oval(x, HORIZON - 0.03, 0.17, 0.17, (255, 214, 130, 70))
        canvas.oval(x, HORIZON - 0.03, 0.1, 0.1, (255, 196, 92))
    elif scene.weather == "sunny":
        x = rng.choice((0.13, 0.87))
        canvas.oval(x, 0.13, 0.14, 0.14, (255, 244, 170, 70))
        canvas.oval(x, 0.13, 0.08, 0.08, (255, 226, 84))
    clouds = {"cloudy": 6, "rainy": 6, "snowy": 4, "foggy": 0, "sunny": 1}
    for _ in range(clouds.get(scene.weather, 2)):
        _cloud(canvas)


def _cloud(canvas: Canvas) -> None:
    scene, rng = canvas.scene, canvas.random
    white: Colour = (176, 184, 196) if scene.weather in ("rainy", "cloudy") else (255, 255, 255)
    colour = clear(canvas.tone(white), 215)
    x, y, r = rng.random(), 0.06 + 0.26 * rng.random(), 0.035 + 0.03 * rng.random()
    for dx, dy, size in ((-1.3, 0.2, 0.8), (-0.4, -0.2, 1.1), (0.6, -0.05, 1.0), (1.4, 0.25, 0.75)):
        canvas.oval(x + dx * r, y + dy * r, size * r * 1.1, size * r * 0.85, colour)


def _ground(canvas: Canvas) -> None:
    scene = canvas.scene
    far, near = GROUNDS[scene.place]
    if scene.weather == "snowy" and scene.place != "sea":
        far, near = SNOW
    canvas.gradient(HORIZON, 1, canvas.tone(far), canvas.tone(near))
