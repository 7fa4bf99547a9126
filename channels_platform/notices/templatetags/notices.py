"""How many notices wait: the bell of every page."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from channels_platform.notices.models import Notice
from channels_platform.notices.selectors import count_unread
from channels_platform.presentation import formats

register = template.Library()


@register.simple_tag
def unread_notices(user: Any) -> str:
    """How many the person has not read: '' for none, at most `99+`."""
    count = count_unread(user)
    return formats.counted(count) if count else ""


@register.simple_tag
def notice_line(notice: Notice) -> SafeString | str:
    """What a notice says, with its number in one piece."""
    before, number, after = notice.line.partition(notice.target_label) if notice.target_label else (notice.line, "", "")
    return format_html('{}<span class="nowrap">{}</span>{}', before, number, after) if number else notice.line
