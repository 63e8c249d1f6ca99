"""Captions in Vietnamese."""

import random

from timanh.data.scenes.captions import BARE, Plan, plans, second_of
from timanh.data.scenes.kinds import KINDS
from timanh.data.scenes.scene import Scene, Thing

NUMBERS = {1: "một", 2: "hai", 3: "ba", 4: "bốn", 5: "năm"}
COLOURS = {
    "red": ("màu đỏ", "đỏ"), "orange": ("màu cam", "màu da cam"), "yellow": ("màu vàng", "vàng"),
    "green": ("màu xanh lá", "xanh lá cây"), "blue": ("màu xanh dương", "xanh dương"),
    "purple": ("màu tím", "tím"), "black": ("màu đen", "đen"), "white": ("màu trắng", "trắng"),
    "brown": ("màu nâu", "nâu"),
}  # fmt: skip
NAMES = {  # with classifier; the first is the usual one
    "car": ("chiếc ô tô", "chiếc xe hơi"),
    "bus": ("chiếc xe buýt",),
    "truck": ("chiếc xe tải",),
    "bicycle": ("chiếc xe đạp",),
    "motorbike": ("chiếc xe máy", "chiếc xe mô tô"),
    "train": ("đoàn tàu", "đoàn tàu hỏa"),
    "boat": ("chiếc thuyền", "chiếc thuyền buồm"),
    "plane": ("chiếc máy bay",),
    "helicopter": ("chiếc trực thăng", "chiếc máy bay trực thăng"),
    "hot-air balloon": ("chiếc khinh khí cầu", "quả khinh khí cầu"),
    "dog": ("con chó", "chú chó"),
    "cat": ("con mèo", "chú mèo"),
    "bird": ("con chim", "chú chim"),
    "horse": ("con ngựa", "chú ngựa"),
    "cow": ("con bò",),
    "sheep": ("con cừu", "chú cừu"),
    "rabbit": ("con thỏ", "chú thỏ"),
    "duck": ("con vịt", "chú vịt"),
    "fish": ("con cá", "chú cá"),
    "butterfly": ("con bướm", "chú bướm"),
    "house": ("ngôi nhà", "căn nhà"),
    "tree": ("cái cây",),
    "flower": ("bông hoa", "đóa hoa"),
    "ball": ("quả bóng", "trái bóng"),
    "umbrella": ("cái ô", "chiếc dù"),
    "balloon": ("quả bóng bay", "quả bong bóng"),
    "kite": ("con diều", "cánh diều"),
    "chair": ("chiếc ghế", "cái ghế"),
    "cup": ("chiếc cốc", "cái cốc", "chiếc tách"),
    "tent": ("chiếc lều", "cái lều"),
    "gift": ("hộp quà", "gói quà"),
    "teddy bear": ("con gấu bông", "chú gấu bông"),
    "man": ("người đàn ông",),
    "woman": ("người phụ nữ",),
    "boy": ("cậu bé", "bé trai", "đứa trẻ"),
    "girl": ("cô bé", "bé gái", "đứa trẻ"),
}
SIZES = {"small": ("nhỏ",), "big": ("to", "lớn")}
ACTIONS = {
    "running": ("đang chạy",), "sitting": ("đang ngồi",), "walking": ("đang đi",),
    "jumping": ("đang nhảy",), "sleeping": ("đang ngủ",), "flying": ("đang bay",),
    "eating grass": ("đang gặm cỏ", "đang ăn cỏ"), "swimming": ("đang bơi",),
    "waving": ("đang vẫy tay",), "reading": ("đang đọc sách",),
}  # fmt: skip
ALWAYS = {
    "plane": ("đang bay",), "helicopter": ("đang bay",), "hot-air balloon": ("đang bay lơ lửng", "đang bay"),
    "boat": ("đang căng buồm",), "kite": ("đang bay",), "balloon": ("đang bay lơ lửng",),
}  # fmt: skip
HOLDING = {
    "umbrella": ("đang cầm chiếc ô {}", "đang che ô {}"),
    "balloon": ("đang cầm quả bóng bay {}",),
    "bicycle": ("đang đi xe đạp {}", "đang đạp chiếc xe đạp {}"),
    "kite": ("đang thả diều {}", "đang thả con diều {}"),
    "ball": ("đang chơi bóng {}", "đang chơi với quả bóng {}"),
}
PLACES = {
    "street": ("trên đường phố", "trên phố", "trước các cửa hàng"),
    "city": ("trong thành phố", "trước những tòa nhà cao tầng"),
    "park": ("trong công viên", "ở công viên"),
    "beach": ("trên bãi biển", "trên bãi cát"),
    "meadow": ("trên đồng cỏ", "trên thảm cỏ xanh"),
    "forest": ("trong rừng", "giữa rừng cây"),
    "mountains": ("ở vùng núi", "gần dãy núi"),
    "lake": ("bên hồ", "cạnh hồ nước"),
    "sea": ("trên biển", "ngoài khơi"),
    "desert": ("trên sa mạc", "giữa sa mạc"),
    "farm": ("ở nông trại", "trong trang trại"),
    "room": ("trong phòng", "trong nhà"),
    "underwater": ("dưới nước", "dưới biển"),
}
OVER = {
    "street": ("phía trên đường phố",),
    "city": ("trên bầu trời thành phố", "phía trên thành phố"),
    "park": ("phía trên công viên",),
    "beach": ("phía trên bãi biển",),
    "meadow": ("phía trên đồng cỏ",),
    "forest": ("trong rừng",),
    "mountains": ("trên vùng núi", "gần dãy núi"),
    "lake": ("phía trên hồ nước", "trên mặt hồ"),
    "sea": ("trên bầu trời biển", "phía trên mặt biển"),
    "desert": ("phía trên sa mạc",),
    "farm": ("phía trên nông trại",),
}
WATER = {"lake": "trên hồ", "beach": "gần bãi biển"}
NIGHT = {
    "clear": ("vào ban đêm", "trong đêm tối", "dưới bầu trời đêm"),
    "rainy": ("vào một đêm mưa", "dưới mưa ban đêm"),
    "snowy": ("vào một đêm tuyết rơi", "trong tuyết ban đêm"),
}
SUNSET = {
    "clear": ("lúc hoàng hôn", "vào buổi chiều tà", "khi mặt trời lặn"),
    "rainy": ("vào một chiều mưa", "dưới mưa lúc hoàng hôn"),
    "snowy": ("vào một chiều tuyết rơi", "trong tuyết lúc hoàng hôn"),
}
DAY = {
    "clear": ("vào ban ngày", "giữa ban ngày"),
    "sunny": ("vào một ngày nắng", "dưới trời nắng", "trong nắng vàng"),
    "cloudy": ("vào một ngày nhiều mây", "dưới bầu trời nhiều mây"),
    "rainy": ("dưới mưa", "trong cơn mưa", "vào một ngày mưa"),
    "snowy": ("trong tuyết", "dưới trời tuyết", "vào một ngày tuyết rơi"),
    "foggy": ("trong sương mù", "vào một ngày sương mù"),
}
ABOVE = ("với {} trên trời", "có {} trên bầu trời")
BESIDE = ("cùng với {}", "bên cạnh {}", "cạnh {}")


def vietnamese_captions(scene: Scene) -> list[str]:
    """Five captions, as five people would write them."""
    return [_caption(scene, plan) for plan in plans(scene)]


def time_words(light: str, weather: str, rng: random.Random) -> str:
    """When and in what weather."""
    return rng.choice({"night": NIGHT, "sunset": SUNSET, "day": DAY}[light][weather])


def place_words(thing: Thing, place: str, rng: random.Random) -> str:
    """Where the thing is: on the ground of the place, over it, or on its water."""
    lane = KINDS[thing.kind].lane
    words = rng.choice((OVER if lane == "air" and place in OVER else PLACES)[place])
    return WATER.get(place, words) if lane == "water" else words


def noun_phrase(
    thing: Thing, rng: random.Random, *, sized: bool = False, coloured: bool = True
) -> str:
    """ "hai chiếc ô tô nhỏ màu đỏ", "một người phụ nữ mặc váy màu xanh dương", "hai con chó"."""
    options = NAMES[thing.kind]
    name = options[0] if rng.random() < 0.7 else rng.choice(options)
    size = SIZES.get(thing.size)
    words = [NUMBERS[thing.count], name]
    colour = rng.choice(COLOURS[thing.colour])
    if sized and size:
        words.append(rng.choice(size))
        colour = COLOURS[thing.colour][0]  # "nhỏ màu đen", never "nhỏ đen"
    if not coloured:
        return " ".join(words)
    if KINDS[thing.kind].group == "person":
        dressed = thing.kind in ("woman", "girl") and thing.action not in (
            "riding a bicycle", "sitting",
        )  # fmt: skip
        words.append(f"mặc {'váy' if dressed else 'áo'}")
    elif thing.kind == "tree" and thing.colour != "green":
        words.append("có lá")
    return " ".join([*words, colour])


def action_words(thing: Thing, rng: random.Random, *, coloured: bool) -> str | None:
    """What the thing does or holds; `coloured` names the colour of what it holds."""
    if thing.item_colour and thing.item in HOLDING:
        colour = COLOURS[thing.item_colour][0] if coloured else ""
        return rng.choice(HOLDING[thing.item]).format(colour).strip()
    if thing.action:
        return rng.choice(ACTIONS[thing.action])
    return rng.choice(ALWAYS[thing.kind]) if thing.kind in ALWAYS else None


def _caption(scene: Scene, plan: Plan) -> str:
    rng = random.Random(plan.seed)
    main = scene.main
    subject = noun_phrase(main, rng, sized=plan.with_size, coloured=plan.with_colour)
    action = action_words(main, rng, coloured=plan.with_colour) if plan.with_action else None
    place = place_words(main, scene.place, rng)
    time = "" if scene.place == "underwater" else time_words(scene.light, scene.weather, rng)
    said = {
        "main": f"{subject} {action}" if action else subject,
        "place": place,
        "time": time,
        "second": _second(scene, rng),
    }
    rest = [part for part in plan.parts if part not in ("there", "picture")]
    lead = rest[0] if rest[0] in ("time", "place") else None
    body = " ".join(said[part] for part in rest if part != lead and said[part])
    if "there" in plan.parts:
        body = f"có {body}"
    elif "picture" in plan.parts:
        body = f"{rng.choice(('bức ảnh', 'hình ảnh'))} {body}"
    text = f"{said[lead]}, {body}" if lead and said[lead] else body
    if plan.parts == BARE and main.count == 1:
        text = text.removeprefix(f"{NUMBERS[1]} ")  # "chiếc ô tô màu đỏ", as people ask for one
    return text[0].upper() + text[1:] + rng.choice((".", ".", ""))


def _second(scene: Scene, rng: random.Random) -> str:
    thing = second_of(scene, rng)
    if thing is None:
        return ""
    phrase = noun_phrase(thing, rng)
    if KINDS[thing.kind].lane == "air" and KINDS[scene.main.kind].lane != "air":
        return rng.choice(ABOVE).format(phrase)
    if thing.relation == "next to":
        return rng.choice(BESIDE).format(phrase)
    return f"và {phrase}" + (" ở bên dưới" if thing.relation == "below" else "")
