"""The last two months, closed: the earlier one confirmed by the demo's own agency, the later one contested by it."""

from datetime import timedelta

from channels_platform.lib import clock
from commissions.demo.cast import HOME_AGENCY
from commissions.demo.staging import Stage
from commissions.demo.two_sides import contest_a_line
from commissions.models import Statement
from commissions.months import closable_months, span_of
from commissions.services.closing import close_month
from commissions.services.statements import confirm_statement

MONTHS = 2
AFTER = timedelta(hours=34)


def close_months(stage: Stage) -> None:
    """Close each company's last months a day and a half after they ended. Nothing older is posted after this.

    Writes: through the services.
    """
    now = clock.now()
    boss = stage.brokers[f"{HOME_AGENCY}-00"].user
    for _code, company in sorted(stage.companies.items()):
        months = closable_months(company, now)[-MONTHS:]
        for month in months:
            with clock.at(min(now, span_of(company, month)[1] + AFTER)):
                closed = close_month(actor=stage.staff["finance"], company=company, month=month)
                if month == months[-1]:
                    contest_a_line(closed, boss)
                    continue
                for statement in Statement.objects.filter(closing_of=closed, payee__agency__code=HOME_AGENCY):
                    confirm_statement(actor=boss, statement=statement)
