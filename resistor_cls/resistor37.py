"""The 37 categories of the "Resistor" data set: photos of each, and the bands on their parts."""

# Photos per category of the "Resistor" data set (Bayir, Özcan, Önalan), sorted as text, as folders
# are listed. The published counts add up to one less than the published 2,881; the missing photo
# is counted under 4700Mohm (published: 102), whose files are the least regular.
#
# Then the bands. Three names are misleading, and kept because they are the labels: the bands of
# 4700Mohm are 0.47 Ω, those of 5K61_1-4W 5.6 kΩ, those of 220R_2W 22 Ω. 100R_1-4W and 5K1_1-4W each
# mix two designs: a tan body with 4 bands, a blue one with 5.
_RESISTOR37 = {
    "100R_1-4W": (111, "brown black brown gold or brown black black black brown"),
    "10R_1W": (59, "brown black black gold"),
    "10R_2W": (99, "brown black black gold"),
    "10_1-4W": (70, "brown black black gold"),
    "11M_1-2W": (72, "brown brown black green brown"),
    "150R_1-4W": (70, "brown green brown gold"),
    "150R_1-8W": (70, "brown green brown gold"),
    "15R_1-4W": (115, "brown green black gold"),
    "180K_1-2W": (97, "brown grey yellow gold"),
    "1K_1-4W": (81, "brown black black brown gold"),
    "1K_2W": (63, "brown black red gold"),
    "1M_1-4W": (61, "brown black green gold"),
    "20K_1-4W": (57, "red black orange gold"),
    "220K_1-4W": (47, "red red yellow gold"),
    "220R_2W": (93, "red red black gold"),
    "22R_1-4W": (33, "red red black gold"),
    "24K_1-2W": (89, "red yellow orange gold"),
    "270K_1-4W": (74, "red violet yellow gold"),
    "27R_1W": (55, "red violet black gold"),
    "2K2_1-4W": (62, "red red red gold"),
    "2R_1W": (28, "red black gold gold"),
    "330R_1-4W": (51, "orange orange brown gold"),
    "33K_2W": (123, "orange orange orange gold"),
    "3R9K_1-4W": (80, "orange white red gold"),
    "4700Mohm": (103, "yellow violet silver gold"),
    "470R_1-4W": (150, "yellow violet brown gold"),
    "470R_1W": (66, "yellow violet brown gold"),
    "4K7_1-4W": (90, "yellow violet red gold"),
    "56K_1W": (47, "green blue orange gold"),
    "5K1_1-4W": (78, "green brown red gold or green brown black brown brown"),
    "5K61_1-4W": (87, "green blue red gold"),
    "620R_1-4W": (81, "blue red brown gold"),
    "68K_1W": (95, "blue grey orange gold"),
    "6R8_1-4W": (73, "blue grey gold gold"),
    "7K5_1-4W": (80, "violet green red gold"),
    "820R_1-4W": (98, "grey red brown gold"),
    "8K2_1-4W": (73, "grey red red gold"),
}
RESISTOR37_COUNTS = {name: photos for name, (photos, _) in _RESISTOR37.items()}
MARKINGS = {
    name: tuple(tuple(marking.split()) for marking in bands.split(" or "))
    for name, (_, bands) in _RESISTOR37.items()
}
