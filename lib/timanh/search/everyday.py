"""Short texts about everyday things, in Vietnamese and English; pairs mean the same."""

# What photos of many galleries show.
LABELS: tuple[tuple[str, str], ...] = (
    ("con chó", "a dog"), ("con mèo", "a cat"), ("con chim", "a bird"), ("con ngựa", "a horse"),
    ("con bò trên đồng", "a cow in a field"), ("con cá", "a fish"), ("con bướm", "a butterfly"),
    ("em bé", "a baby"), ("trẻ con chơi đùa", "children playing"),
    ("nhóm bạn", "a group of friends"),
    ("người phụ nữ mỉm cười", "a smiling woman"), ("người đàn ông đội mũ", "a man in a hat"),
    ("đám cưới", "a wedding"), ("bánh sinh nhật", "a birthday cake"),
    ("tô phở", "a bowl of noodles"),
    ("ly cà phê", "a cup of coffee"), ("đĩa trái cây", "a plate of fruit"), ("bữa ăn", "a meal"),
    ("khu chợ", "a market"), ("đường phố ban đêm", "a street at night"),
    ("tòa nhà cao tầng", "tall buildings"), ("ngôi nhà", "a house"), ("ngôi chùa", "a temple"),
    ("nhà thờ", "a church"), ("cây cầu", "a bridge"), ("chiếc ô tô", "a car"),
    ("chiếc xe máy", "a motorbike"), ("chiếc xe đạp", "a bicycle"), ("xe buýt", "a bus"),
    ("đoàn tàu", "a train"), ("chiếc thuyền", "a boat"), ("máy bay", "an airplane"),
    ("bãi biển", "a beach"), ("biển lúc hoàng hôn", "the sea at sunset"), ("núi", "mountains"),
    ("hồ nước", "a lake"), ("dòng sông", "a river"), ("khu rừng", "a forest"), ("tuyết", "snow"),
    ("trời mưa", "rain"), ("bông hoa", "flowers"), ("cái cây", "a tree"), ("khu vườn", "a garden"),
    ("ruộng lúa", "a rice field"), ("phòng khách", "a living room"), ("nhà bếp", "a kitchen"),
    ("chiếc ghế", "a chair"), ("cuốn sách", "a book"), ("máy tính", "a computer"),
    ("trận bóng đá", "a football match"), ("người đang chạy", "someone running"),
    ("buổi hòa nhạc", "a concert"), ("bức tranh", "a painting"), ("tượng đài", "a statue"),
    ("ảnh chụp màn hình", "a screenshot"), ("tài liệu", "a document"), ("pháo hoa", "fireworks"),
)  # fmt: skip
