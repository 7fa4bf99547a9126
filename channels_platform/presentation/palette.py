"""The accent colours, shared with the admin. static/css/app.css holds the same values."""

ACCENT_LIGHT = "#0f766e"
ACCENT_DARK = "#2dd4bf"

# Steps of the accent from light to dark, for themes that want a whole scale.
ACCENT_SCALE = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",
    "700": "#0b5c56",
    "800": "#115048",
    "900": "#134e4a",
    "950": "#042f2e",
}

# Meaning -> (light, dark), for charts and exports.
MEANINGS = {
    "good": ("#157038", "#5fd58a"),
    "wait": ("#8a5300", "#f3bd4e"),
    "bad": ("#b3261e", "#ff9a91"),
    "info": ("#1a5c9e", "#86bdf5"),
    "past": ("#566469", "#a0aeb1"),
}
