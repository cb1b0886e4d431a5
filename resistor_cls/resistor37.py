"""The 37 categories of the "Resistor" data set: photos of each, and the bands on their parts."""

# Photos per category of the "Resistor" data set (Bayir, Özcan, Önalan), sorted as text, as folders
# are listed. The published counts add up to one less than the published 2,881; the missing photo
# is counted under 4700Mohm (published: 102), whose files are the least regular.
RESISTOR37_COUNTS = {
    "100R_1-4W": 111,
    "10R_1W": 59,
    "10R_2W": 99,
    "10_1-4W": 70,
    "11M_1-2W": 72,
    "150R_1-4W": 70,
    "150R_1-8W": 70,
    "15R_1-4W": 115,
    "180K_1-2W": 97,
    "1K_1-4W": 81,
    "1K_2W": 63,
    "1M_1-4W": 61,
    "20K_1-4W": 57,
    "220K_1-4W": 47,
    "220R_2W": 93,
    "22R_1-4W": 33,
    "24K_1-2W": 89,
    "270K_1-4W": 74,
    "27R_1W": 55,
    "2K2_1-4W": 62,
    "2R_1W": 28,
    "330R_1-4W": 51,
    "33K_2W": 123,
    "3R9K_1-4W": 80,
    "4700Mohm": 103,
    "470R_1-4W": 150,
    "470R_1W": 66,
    "4K7_1-4W": 90,
    "56K_1W": 47,
    "5K1_1-4W": 78,
    "5K61_1-4W": 87,
    "620R_1-4W": 81,
    "68K_1W": 95,
    "6R8_1-4W": 73,
    "7K5_1-4W": 80,
    "820R_1-4W": 98,
    "8K2_1-4W": 73,
}


def _bands(*sequences: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sequence.split()) for sequence in sequences)


# The bands of the 37. Three names are misleading, and kept because they are the labels: the bands
# of 4700Mohm are 0.47 Ω, those of 5K61_1-4W 5.6 kΩ, those of 220R_2W 22 Ω. 100R_1-4W and 5K1_1-4W
# each mix two designs: a tan body with 4 bands, a blue one with 5.
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
