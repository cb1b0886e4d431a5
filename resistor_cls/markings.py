"""Which bands the parts of the "Resistor" data set show."""


def _bands(*sequences: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sequence.split()) for sequence in sequences)


# What the bands of the 37 say. Three names mislead, and are kept because they are the labels:
# 4700Mohm reads 0.47 Ω, 5K61_1-4W reads 5.6 kΩ, 220R_2W reads 22 Ω.
# 100R_1-4W and 5K1_1-4W each mix two designs: a tan body with 4 bands, a blue one with 5.
MARKINGS = {
    "100R_1-4W": _bands("brown black brown gold", "brown black black black brown"),
    "10R_1W": _bands("brown black black gold"),
    "10R_2W": _bands("brown black black gold"),
    "10_1-4W": _bands("brown black black gold"),
    "11M_1-2W": _bands("brown brown black green brown"),
    "150R_1-4W": _bands("brown green brown gold"),
    "150R_1-8W": _bands("brown green brown gold"),
    "15R_1-4W": _bands("brown green black gold"),
    "180K_1-2W": _bands("brown grey yellow gold"),
    "1K_1-4W": _bands("brown black black brown gold"),
    "1K_2W": _bands("brown black red gold"),
    "1M_1-4W": _bands("brown black green gold"),
    "20K_1-4W": _bands("red black orange gold"),
    "220K_1-4W": _bands("red red yellow gold"),
    "220R_2W": _bands("red red black gold"),
    "22R_1-4W": _bands("red red black gold"),
    "24K_1-2W": _bands("red yellow orange gold"),
    "270K_1-4W": _bands("red violet yellow gold"),
    "27R_1W": _bands("red violet black gold"),
    "2K2_1-4W": _bands("red red red gold"),
    "2R_1W": _bands("red black gold gold"),
    "330R_1-4W": _bands("orange orange brown gold"),
    "33K_2W": _bands("orange orange orange gold"),
    "3R9K_1-4W": _bands("orange white red gold"),
    "4700Mohm": _bands("yellow violet silver gold"),
    "470R_1-4W": _bands("yellow violet brown gold"),
    "470R_1W": _bands("yellow violet brown gold"),
    "4K7_1-4W": _bands("yellow violet red gold"),
    "56K_1W": _bands("green blue orange gold"),
    "5K1_1-4W": _bands("green brown red gold", "green brown black brown brown"),
    "5K61_1-4W": _bands("green blue red gold"),
    "620R_1-4W": _bands("blue red brown gold"),
    "68K_1W": _bands("blue grey orange gold"),
    "6R8_1-4W": _bands("blue grey gold gold"),
    "7K5_1-4W": _bands("violet green red gold"),
    "820R_1-4W": _bands("grey red brown gold"),
    "8K2_1-4W": _bands("grey red red gold"),
}
