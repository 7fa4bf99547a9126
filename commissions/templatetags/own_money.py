"""Money on the portal's pages: `{% load own_money %}`."""

from datetime import date
from typing import Any

from django import template

from commissions import own_money, standings, waiting, words
from commissions.models import Accrual, ContestResult

register = template.Library()
register.filter("component", words.component)


@register.simple_tag
def own_purses(user: Any) -> list[own_money.Purse]:
    """The person's figures by currency: {% own_purses request.user as purses %}."""
    return own_money.own_purses(user)


@register.simple_tag
def own_lines_of(user: Any, referral: Any) -> list[Accrual]:
    """The person's commission lines of one referral."""
    return waiting.with_waits(own_money.own_lines(user).filter(referral=referral).order_by("deal_id", "kind", "pk"))


@register.simple_tag
def why_nothing(referral: Any) -> str:
    """Why a won referral earns nothing; '' where it earns, or is not won."""
    share = referral.shares.filter(ended_at__isnull=True).select_related("deal__project").order_by("-since").first()
    return "" if share is None else waiting.why_nothing(referral, share.deal)


@register.simple_tag
def promised(broker: Any, project: Any) -> list[str]:
    """What a deal would pay the broker in person today: {% promised broker project as promise %}."""
    return own_money.promised(broker, project)


@register.simple_tag
def how_earned(line: Any) -> str:
    """How a line's figure comes about, or why it is nothing."""
    return words.explain_row(line.explanation)


@register.simple_tag
def why_prize(result: ContestResult) -> str:
    """Which round, place and prizes a prize comes from."""
    contest, days = result.round.contest, result.round.days
    row = standings.Row(result.broker, result.place, result.sharing, result.figure, result.amount)
    return words.explain_row(standings.explanation(contest, days, row))


@register.simple_tag
def why_line(line: Any) -> str:
    """Why a line of a monthly statement is what it is; of one rated anew, what changed."""
    return words.explain_line(line)


@register.simple_tag
def month_words(month: date) -> str:
    """A month by its first day: May 2026."""
    return words.ReaderWords().month(month.year, month.month)
