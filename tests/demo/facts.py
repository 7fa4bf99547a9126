"""Everything a demo says, by the names people use: without ids, tokens and ciphertexts."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection

from channels_platform.lib import clock

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SCALE = 0.1


def demo(**options: Any) -> str:
    """Build a demo whose last minute is NOW, and return what the command says."""
    said = StringIO()
    with clock.at(NOW):
        call_command("demo", stdout=said, **{"scale": SCALE, "processes": 1, **options})
    return said.getvalue()


QUERIES = {
    "referrals": """
        SELECT r.number, r.state, r.reason, r.filed_at, r.lapse_at, r.window_starts_at, r.window_ends_at,
               r.first_visited_at, u.username, r.client_masked, c.username, p.version
        FROM leads_referral r JOIN brokers_broker b ON b.id = r.broker_id JOIN accounts_user u ON u.id = b.user_id
        JOIN projects_policy p ON p.id = r.policy_id
        LEFT JOIN leads_consultant k ON k.id = r.consultant_id LEFT JOIN accounts_user c ON c.id = k.user_id""",
    "phones": """
        SELECT r.number, f.position, f.masked, f.added_at
        FROM leads_referralphone f JOIN leads_referral r ON r.id = f.referral_id""",
    "claims": """
        SELECT r.number, f.masked, c.starts_at, c.ends_at, c.lapses_at, c.released_at, c.live
        FROM leads_claim c JOIN leads_referral r ON r.id = c.referral_id JOIN privacy_phone f ON f.id = c.phone_id""",
    "visits": """
        SELECT r.number, v.arrived_at, v.confirmed, v.reason, v.override_reason
        FROM leads_visit v JOIN leads_referral r ON r.id = v.referral_id""",
    "natural visits": """
        SELECT f.masked, v.name_masked, v.visited_at
        FROM leads_naturalvisit v JOIN privacy_phone f ON f.id = v.phone_id""",
    "deals": """
        SELECT d.number, d.state, d.price, d.method, d.loan_amount, d.subscribed_at, d.contracted_at, d.handed_over_at,
               d.cancelled_at, u.building, u.number
        FROM leads_deal d JOIN projects_unit u ON u.id = d.unit_id""",
    "shares": """
        SELECT d.number, r.number, s.numerator, s.denominator, s.since, s.ended_at
        FROM leads_dealshare s JOIN leads_deal d ON d.id = s.deal_id JOIN leads_referral r ON r.id = s.referral_id""",
    "payments": """
        SELECT d.number, p.amount, p.source, p.received_at, p.reference
        FROM leads_payment p JOIN leads_deal d ON d.id = p.deal_id""",
    "disputes": "SELECT number, state, raised_at, decided_at, decision FROM leads_dispute",
    "ledger": """
        SELECT p.code, a.code, u.username, e.account, sum(e.amount), count(*)
        FROM commissions_ledgerentry e JOIN commissions_payee y ON y.id = e.payee_id
        JOIN projects_project p ON p.id = e.project_id LEFT JOIN brokers_agency a ON a.id = y.agency_id
        LEFT JOIN brokers_broker b ON b.id = y.broker_id LEFT JOIN accounts_user u ON u.id = b.user_id
        GROUP BY 1, 2, 3, 4""",
    "accruals": """
        SELECT d.number, r.number, a.kind, a.earned, a.released, a.retained, a.pending
        FROM commissions_accrual a JOIN leads_deal d ON d.id = a.deal_id
        LEFT JOIN leads_referral r ON r.id = a.referral_id""",
    "batches": """
        SELECT b.state, b.currency, b.cutoff_at, b.submitted_at, b.approved_at, l.state, l.gross, l.tax, l.net
        FROM commissions_payoutbatch b JOIN commissions_payoutline l ON l.batch_id = b.id""",
    "events": "SELECT at, action, target_kind, count(*) FROM audit_event GROUP BY 1, 2, 3",
    "people": "SELECT username, name, role, is_active, is_demo FROM accounts_user",
}
# drawn from sequences that a test's rollback does not turn back
UNSTEADY = {"disputes": 0}


def all_facts() -> dict[str, list[tuple[Any, ...]]]:
    """Return every fact, sorted."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in QUERIES.items():
            cursor.execute(query)
            rows = [tuple(row) for row in cursor.fetchall()]
            if name in UNSTEADY:
                rows = [row[1:] for row in rows]
            found[name] = sorted(rows, key=repr)
    return found
