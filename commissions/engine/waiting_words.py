"""Waits in words: one sentence a part, and whose move it is (engine.waiting)."""

from datetime import date

from commissions.engine.explain import Words, bonus_words, gettext_noop, kept_words, release_words
from commissions.engine.types import Milestone
from commissions.engine.waiting import Mover, NoRow, Step, Wait

_PAYOUT = {
    Step.CUT_OFF: gettext_noop("Payable: the next payout takes it."),
    Step.MINIMUM: gettext_noop("Payable, but all together below the smallest payout: carried to a later one."),
    Step.NETTING: gettext_noop("Payable, but used up by what is owed back."),
    Step.INVOICE: gettext_noop("In batch {batch}: waits for the agency's invoice."),
    Step.SUBMISSION: gettext_noop("In batch {batch}: waits to be handed to the approver."),
    Step.APPROVAL: gettext_noop("In batch {batch}: waits for approval."),
    Step.BANK: gettext_noop("In batch {batch}: approved, waits for the bank."),
    Step.OWED_BACK: gettext_noop("Owed back: netted from the next payouts."),
}
_CUT_OFF_ON = gettext_noop("Payable: the next payout takes it (expected {day}).")

_MOVERS = {
    Mover.BUYER: gettext_noop("The buyer's move"),
    Mover.LENDER: gettext_noop("The lender's move"),
    Mover.DEVELOPER: gettext_noop("The developer's move"),
    Mover.AGENCY: gettext_noop("The agency's move"),
    Mover.PAYEE: gettext_noop("The payee's move"),
    Mover.FINANCE: gettext_noop("Finance's move"),
    Mover.APPROVER: gettext_noop("The approver's move"),
    Mover.MANAGER: gettext_noop("The channel manager's move"),
}

_NO_ROW = {
    NoRow.NATURAL: gettext_noop("Nothing earned: it is a natural deal, and no plan pays for those."),
    NoRow.NO_PLAN: gettext_noop("Nothing earned: there is no commission plan for such a deal."),
    NoRow.NOT_IN_FORCE: gettext_noop("Nothing earned: no commission plan was in force when it was subscribed ({day})."),
}


def render_wait(wait: Wait, words: Words) -> str:
    """Return one wait as a sentence, such as: 45 % more is released when the loan is paid out (expected 12 May)."""
    part, on = wait.fraction, wait.expected_on
    if wait.step is Step.BONUS and wait.when is not None:
        return bonus_words(wait.when, words, on=on)
    if wait.step is Step.RELEASE and wait.when is not None and part is not None:
        return release_words(Milestone(wait.when), part, words, more=wait.more, on=on)
    if wait.step is Step.RETENTION and part is not None:
        return kept_words(part, words, on=on)
    if wait.step is Step.HOLD:
        return wait.note
    if wait.step is Step.CUT_OFF and on is not None:
        return words.gettext(_CUT_OFF_ON).format(day=words.day(on))
    return words.gettext(_PAYOUT[wait.step]).format(batch=wait.batch)


def render_mover(whose: Mover, words: Words) -> str:
    return words.gettext(_MOVERS[whose])


def render_no_row(why: NoRow, words: Words, *, on: date) -> str:
    """Return why a deal has no commission line; `on`: the local day of its subscription."""
    return words.gettext(_NO_ROW[why]).format(day=words.day(on))
