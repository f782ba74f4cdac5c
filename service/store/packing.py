"""A night's choice, packed small: a row a person and night is most of what is stored.

Its JSON is ASCII, so a byte outside it can stand for a whole phrase, and a probability
for its eight bytes. What is in no phrase stays as it is, so that new words and tips need
no change here: they only take more room.
"""

import re
import struct

#: Before it nothing was packed: JSON begins with another byte.
PACKED = b"\x01"
#: Before the eight bytes of a probability.
NUMBER = b"\x02"
# The place of a phrase is the byte that rows have in its stead: never move, change or
# take away one. There is room for 22 more at the end.
_ROLES = ("lead", "second", "third", "fixed")
_THEMES = ("hydration", "stretching", "alcohol", "medication", "habit", "care")
_CAUSES = (
    "universal", "circulation", "alcohol", "diabetes", "neuromuscular", "nerve",
    "withdrawal", "dehydration", "medicines", "fatigue", "restless_legs", "pregnancy",
    "thyroid", "unstretched",
)  # fmt: skip
_REASONS = (
    "it is for everyone who gets leg cramps",
    "of what you told us, or left open, about how bad your cramps are",
    "you ticked poor blood flow in the legs",
    "you ticked a nerve or muscle disease such as MS",
    "you ticked a trapped nerve or a narrow spine",
    "you told us something that makes heat or a hot bath unwise",
    "you ticked starting, changing or coming off a medicine",
    "you ticked diabetes",
    "you ticked tired or overworked muscles",
    "you ticked restless legs",
    "you ticked too little to drink or too few body salts",
    "you ticked alcohol or other substances",
    "you ticked a thyroid problem",
    "you ticked pregnancy",
    "you told us that not every move may suit you at the moment",
    "you ticked medicines such as water tablets, statins or inhalers",
    "you ticked little stretching or warming up",
    "of what you told us, or left open, about alcohol",
    "you told us how much you drink",
    "you have not been asked yet, so we keep to what suits everyone",
    "you told us that you take water tablets",
    "you told us about a limit on drinks, or about your heart, kidneys or liver, or about swallowing",
    "you chose not to say how much you drink, so we tell everyone this",
    "you chose not to say, so we keep to what suits everyone",
    "you told us about your heart, your kidneys or tablets that can raise potassium",
    "you told us about your back",
    "you told us that you take a statin",
    "you told us about your leg arteries",
    "you told us about a medicine for mental health",
    "you told us about a medicine for mood, sleep, nerves, pain or tight muscles",
    "you told us about an open sore on your leg or foot",
    "you told us about a nerve or muscle disease",
    "you told us that you use an inhaler",
    "you told us about heart failure",
    "you told us about tablets that can raise potassium",
    "you told us about your tablets, and that you are pregnant or trying for a baby",
    "you told us about kidney disease",
    "you told us about diabetes",
    "you told us about thyroid or neck surgery",
    "you told us that you gave birth in the last 6 weeks",
    "you told us about a blood clot",
    "you told us about an operation or injury",
    "you told us that you take thyroid tablets",
    "you told us that swallowing is hard",
    "you told us that you are in recovery",
    "you told us that you are unsteady or that your feet are numb",
    "you told us that you take insulin or diabetes tablets",
    "you told us that your feet are numb",
    "you told us that you are pregnant",
    "you told us about liver disease",
    "you told us that your doctor gave you quinine",
    "you told us that you are trying for a baby",
    "you told us about a medicine that should only be changed slowly, with help",
)
_PHRASES = (
    '{"night": "202',
    '", "tips": [{"id": "',
    '1.0}, {"id": "',
    '1.0}], "rules": [',
    '}, {"id": "',
    '}], "rules": [',
    '], "ask_answers": false, "asks": null}',
    '], "ask_answers": true, "asks": null}',
    '], "ask_answers": false, "asks": "',
    *(
        f'", "role": "{role}", "theme": "{theme}", "cause": "'
        for role in _ROLES
        for theme in _THEMES
    ),
    *(f'{cause}", "reason": "because ' for cause in _CAUSES),
    *(f'{reason}", "propensity": ' for reason in _REASONS),
    *(f'"H{number}", ' for number in range(1, 31)),
    'your answers do not count yet, so we keep to what suits everyone", "propensity": ',
)
_BYTES = (*range(0x80, 0x100), *range(0x03, 0x20))
_PHRASE_OF = {
    bytes([byte]): phrase.encode()
    for byte, phrase in zip(_BYTES, _PHRASES, strict=False)
}
# The longest first: a phrase can be a part of another.
_LONGEST = sorted(_PHRASE_OF.items(), key=lambda pair: len(pair[1]), reverse=True)
#: A probability as JSON writes it; one of a few digits is shorter as it is.
_NUMBERS = re.compile(rb"0\.[0-9]{8,}")
_UNPACKS = re.compile(rb"\x02(.{8})|[\x03-\x1f\x80-\xff]", re.DOTALL)


def packed(plain: bytes) -> bytes:
    """The JSON in as few bytes as may be; `unpacked` gives the same bytes back."""
    for byte, phrase in _LONGEST:
        plain = plain.replace(phrase, byte)
    return PACKED + _NUMBERS.sub(_packed, plain)


def unpacked(stored: bytes) -> bytes:
    """The JSON that was packed; what never was comes back as it is."""
    if not stored.startswith(PACKED):
        return stored
    return _UNPACKS.sub(_unpacked, stored[len(PACKED) :])


def _packed(match: re.Match[bytes]) -> bytes:
    number = float(match[0])
    # What is not written as Python writes it would come back in other digits.
    is_same = repr(number).encode() == match[0]
    return NUMBER + struct.pack(">d", number) if is_same else match[0]


def _unpacked(match: re.Match[bytes]) -> bytes:
    number = match[1]
    if number is None:
        return _PHRASE_OF[match[0]]
    return repr(struct.unpack(">d", number)[0]).encode()
