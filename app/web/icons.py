"""The icons, drawn on a grid of 16 in one stroke width; they take the colour of the text beside them."""

from __future__ import annotations

from markupsafe import Markup

_PATHS = {
    "alert": "M8 2.5 14.2 13H1.8L8 2.5zM8 6.5v3M8 11.3v.1",
    "archive": "M2 3h12v3H2zM3 6v7h10V6M6.5 8.5h3",
    "brand": "M2.5 13.5 8 2.5l5.5 11M4.8 9h6.4M8 2.5v6.5",
    "chart": "M2.5 2.5v11h11M5.5 10.5v-3M8.5 10.5v-6M11.5 10.5v-4",
    "check": "m3 8.5 3.2 3.2L13 4.8",
    "chevron-down": "m4 6 4 4 4-4",
    "chevron-right": "m6 4 4 4-4 4",
    "clock": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.8V8l2.2 1.6",
    "copy": "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
    "cross": "m4 4 8 8M12 4l-8 8",
    "cube": "m8 1.8 5.5 3v6.4L8 14.2l-5.5-3V4.8L8 1.8zM2.5 4.8 8 7.9l5.5-3.1M8 7.9v6.3",
    "dislike": "M5 2.5H3v7h2zM5 9l3 5c1.2 0 1.8-.8 1.6-2L9.2 10h3.3c1 0 1.6-.8 1.4-1.7l-1-4.6c-.2-.7-.7-1.2-1.4-1.2H5",
    "download": "M8 2.5v7.6M4.8 7.2 8 10.4l3.2-3.2M2.5 13.5h11",
    "down": "M8 2.5v11M4 9.5l4 4 4-4",
    "drag": "M6 3.5v.1M6 8v.1M6 12.5v.1M10 3.5v.1M10 8v.1M10 12.5v.1",
    "filter": "M2 3.5h12M4.5 8h7M6.5 12.5h3",
    "grid": "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
    "history": "M2.5 8a5.5 5.5 0 1 0 1.8-4.1L2.5 5.5M2.5 2.5v3h3M8 5v3l2 1.5",
    "key": "M10.5 2.5a3 3 0 1 1-2.6 4.5L3 12v1.5h2V12h1.5v-1.5L8 9",
    "layers": "m8 2 6 3.2-6 3.2-6-3.2L8 2zM2.5 8 8 11l5.5-3M2.5 10.8 8 13.8l5.5-3",
    "like": "M5 13.5H3v-7h2zM5 7l3-5c1.2 0 1.8.8 1.6 2L9.2 6h3.3c1 0 1.6.8 1.4 1.7l-1 4.6c-.2.7-.7 1.2-1.4 1.2H5",
    "link": "M6.5 9.5a2.5 2.5 0 0 0 3.6 0l2.4-2.4A2.5 2.5 0 0 0 9 3.5l-.8.8M9.5 6.5a2.5 2.5 0 0 0-3.6 0L3.5 8.900A2.5 2.5 0 0 0 7 12.500l.8-.8",
    "list": "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4v.1M2.5 8v.1M2.5 12v.1",
    "menu": "M2.5 4h11M2.5 8h11M2.5 12h11",
    "moon": "M13.5 9.500A5.8 5.8 0 0 1 6.5 2.500a5.8 5.8 0 1 0 7 7z",
    "pencil": "m3 13 .7-2.900L11 2.800l2.2 2.2-7.3 7.300L3 13z",
    "people": "M6 3a2.3 2.3 0 1 1 0 4.600A2.3 2.3 0 0 1 6 3zM1.8 13c.2-2.5 2-4 4.2-4s4 1.5 4.2 4M10.8 3.300a2.2 2.2 0 0 1 0 4M11.8 9.300c1.5.6 2.3 1.9 2.5 3.7",
    "play": "M5 3v10l7.5-5L5 3z",
    "plug": "M5.5 2v3M10.5 2v3M4 5h8v3a4 4 0 0 1-8 0V5zM8 12v2.5",
    "plus": "M8 3v10M3 8h10",
    "rerun": "M13 8a5 5 0 1 1-1.5-3.600L13 6M13 2.500V6H9.5",
    "search": "M7 2.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.300l3.2 3.2",
    "shield": "M8 1.8 13 3.500v4c0 3.2-2 5.4-5 6.7-3-1.3-5-3.5-5-6.700v-4L8 1.800z",
    "stop": "M4 4h8v8H4z",
    "sun": "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1.500v1.300M8 13.200v1.300M1.5 8h1.300M13.2 8h1.300M3.4 3.400l.9.9M11.7 11.700l.9.9M3.4 12.600l.9-.9M11.7 4.300l.9-.9",
    "trash": "M2.5 4h11M6 4V2.500h4V4M4 4l.7 9.500h6.600L12 4",
    "up": "M8 13.500v-11M4 6.500l4-4 4 4",
    "upload": "M8 10.500V2.900M4.8 5.8 8 2.600l3.2 3.200M2.5 13.500h11",
}


def icon(name: str) -> Markup:
    """An icon for eyes only: what it means stands in words beside it, or in the label of its button."""
    return Markup(
        '<svg class="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{}"/></svg>'
    ).format(_PATHS[name])
