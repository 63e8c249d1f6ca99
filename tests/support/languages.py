"""Lines in several languages, to tell Vietnamese from others by; drawn from a seed."""

import random

from timanh.data.scenes import english_captions, scene_of, vietnamese_captions
from timanh.data.vietnamese.marks import without_marks

COUNT = 300
# Words and names that English takes from elsewhere, Vietnamese ones among them.
LOANS = """
São Paulo|crème brûlée|Pokémon cards|café au lait|piñata|jalapeño|Björk|Beyoncé|Citroën|Škoda|Zoë|
Chloé|José|Málaga|Córdoba|Curaçao|Reykjavík|Kraków|Łódź|Malmö|Zürich|Köln|façade|naïve art|résumé|
fiancée|papier-mâché|smörgåsbord|doppelgänger|über|El Niño|Peña|Müller|Françoise|Renée|Noël|pâté|
soufflé|entrée|flambé|Rhône|Champs-Élysées|Île-de-France|Tromsø|Ærø|Dvořák|Čapek|Erdoğan|Håkan|
phở|bánh mì|áo dài|Tết|Hội An|Đà Nẵng|Huế|nón lá|bún chả|Hà Nội|Nguyễn Huệ|dim sum|pad thai|
sushi|pinata|karaoke|Kyoto|taj mahal|feng shui|tai chi|kung fu|chow mein|ao dai|Ho Chi Minh City
""".replace("\n", "").split("|")
AROUND_LOANS = (
    "a bowl of {} on a wooden table", "two women with {} in the street", "{} at night",
    "a poster that says {} above the door", "children looking at {}", "a red {} logo on a wall",
    "people queueing for {} in the rain", "old photograph of {}", "the {} festival seen from above",
    "A man holding {} smiles at the camera", "my trip to {} last summer", "black and white {}",
)  # fmt: skip
NOUNS = """
con mèo|con chó|con trâu|con gà trống|đàn vịt|bông hoa sen|cây đa|cánh đồng lúa|ruộng bậc thang|
bãi biển|hòn đảo|ngọn núi|dòng sông|thác nước|cây cầu|ngôi chùa|nhà thờ|chợ nổi|quán cà phê|
bát phở|đĩa bánh cuốn|ly nước mía|mâm cỗ|chiếc xe đạp|xe máy|xích lô|máy bay|tàu hỏa|con thuyền|
em bé|cô gái|chàng trai|bà cụ|ông lão|chú rể|cô dâu|người nông dân|học sinh|đám cưới|ban nhạc|
áo dài|chiếc nón lá|đèn lồng|pháo hoa|cửa sổ|căn bếp|phòng khách|giá sách|đồng hồ|máy tính|
điện thoại|quả bóng|diều|cây thông|bánh sinh nhật|hoàng hôn|sương mù|cơn mưa|bầu trời|con đường
""".replace("\n", "").split("|")
AROUND_NOUNS = (
    "{}", "{} màu đỏ", "{} màu trắng", "{} ban đêm", "{} dưới mưa", "{} mùa thu", "hai {}", "{} cũ",
    "{} ở Hà Nội", "{} ngày Tết", "ảnh {}", "{} nhỏ", "{} nhìn từ trên cao", "trước {}", "bên {}",
    "vẽ {}", "{} đẹp", "{} trong vườn",
)  # fmt: skip
EUROPEAN: dict[str, tuple[str, str, str]] = {  # who | does what | where
    "French": (
        "un chien noir|une petite fille|deux hommes âgés|la vache|un garçon blond|des élèves",
        "court|mange une crêpe|est assise à côté d'un vélo|joue à la pétanque",
        "sur la plage|dans la forêt|près de l'église|devant le café",
    ),
    "Spanish": (
        "un perro negro|una niña pequeña|dos señores|la montaña|el niño rubio|unos pájaros",
        "corre|come una manzana|está sentada con su mamá|juega al fútbol",
        "en la playa|bajo el árbol|junto a la iglesia|con un balón rojo",
    ),
    "Portuguese": (
        "um cão preto|uma menina|dois irmãos|a avó e o avô|um menino com um balão|os cães",
        "corre no chão|come pão|está à mesa com a mãe|joga futebol na relva",
        "na praia de São João|no verão|junto ao portão|em frente da estação",
    ),
    "Italian": (
        "un cane nero|una bambina|due uomini|la città vecchia|il ragazzo biondo|delle mucche",
        "corre sul prato|mangia un gelato|è seduta con la nonna|gioca a calcio",
        "in riva al mare|nel bosco|davanti al caffè|perché c'è il sole",
    ),
    "German": (
        "ein schwarzer Hund|ein kleines Mädchen|zwei Männer|die alte Brücke|der blonde Junge",
        "läuft|isst einen Apfel|sitzt im Gras|spielt Fußball",
        "am Strand|im Wald|vor der Kirche|auf dem Weg nach Köln",
    ),
    "Dutch": (
        "een zwarte hond|een klein meisje|twee mannen|de oude brug|een jongen met een pet",
        "rent|eet een appel|zit in het gras|speelt met een bal",
        "op het strand|in het bos|voor de kerk|op een bank in de zon",
    ),
    "Romanian": (
        "un câine negru|o fată mică|doi bărbați|o vacă|băiatul cu o minge roșie",
        "aleargă|mănâncă un măr|stă pe bancă cu mama|se joacă",
        "pe plajă|în pădure|lângă biserică|pe stradă",
    ),
    "Croatian": (
        "crni pas|mala djevojčica|dva čovjeka|đak s torbom|dječak i lađa",
        "trči|jede jabuku|sjedi na travi|igra nogomet",
        "na plaži|u šumi|pored crkve|među kućama",
    ),
    "Polish": (
        "czarny pies|mała dziewczynka|dwóch mężczyzn|żółta łódź|chłopiec z piłką",
        "biegnie|je jabłko|siedzi na trawie|gra w piłkę",
        "na plaży|w lesie|obok kościoła|przed kawiarnią",
    ),
    "Czech": (
        "černý pes|malá holčička|dva muži|bílý kůň|kluk s míčem",
        "běží|jí jablko|sedí na trávě|hraje fotbal",
        "na pláži|v lese|vedle kostela|před kavárnou",
    ),
    "Swedish": (
        "en svart hund|en liten flicka|två män|den gamla bron|pojken med en röd boll",
        "springer|äter ett äpple|sitter i gräset|spelar fotboll",
        "på stranden|i skogen|vid kyrkan|framför kaféet",
    ),
    "Hungarian": (
        "egy fekete kutya|egy kislány|két férfi|a régi híd|a szőke fiú",
        "fut|almát eszik|ül a fűben|labdázik",
        "a tengerparton|az erdőben|a templom mellett|a kávézó előtt",
    ),
}


def english() -> list[str]:
    """Captions of drawn scenes."""
    return [caption for n in range(COUNT // 5) for caption in english_captions(scene_of(n, 11))]


def vietnamese() -> list[str]:
    """Captions of drawn scenes."""
    return [caption for n in range(COUNT // 5) for caption in vietnamese_captions(scene_of(n, 12))]


def english_with_loans() -> list[str]:
    """English phrases, each with a foreign word or name."""
    return _filled(AROUND_LOANS, LOANS)


def vietnamese_queries() -> list[str]:
    """A few words each."""
    return _filled(AROUND_NOUNS, NOUNS)


def vietnamese_bare() -> list[str]:
    """Captions and queries without their marks, half of each."""
    half = COUNT // 2
    lines = [*vietnamese()[:half], *vietnamese_queries()[:half]]
    return [without_marks(line) for line in lines]


def other_european() -> list[str]:
    """Phrases in twelve languages."""
    draw = random.Random(5)
    parts = [tuple(part.split("|") for part in own) for own in EUROPEAN.values()]
    return [
        " ".join(draw.choice(part) for part in parts[n % len(parts)]) for n in range(COUNT)
    ]  # fmt: skip


def _filled(patterns: tuple[str, ...], words: list[str]) -> list[str]:
    draw = random.Random(7)
    pairs = [(pattern, word) for pattern in patterns for word in words]
    return [pattern.format(word) for pattern, word in draw.sample(pairs, COUNT)]
