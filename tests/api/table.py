"""Every address of the site but the admin's, and who may do what there: written down from the domain, by hand."""

from dataclasses import dataclass, field

MARKETING = {"marketing", "marketing_manager"}
MANAGER = {"marketing_manager"}
SITE = {"reception", "marketing_manager"}
SELLING = {"marketing", "marketing_manager", "consultant"}
BROKERS = {"broker", "agency_admin"}
RECRUITING = {"marketing", "marketing_manager", "reception", "consultant", "broker"}
BOSS = {"agency_admin"}
FINANCE = {"finance"}
APPROVER = {"finance_approver"}
MONEY = {"finance", "finance_approver", "marketing_manager", "auditor"}
DEALS = SELLING | {"finance", "finance_approver", "auditor"}
STAFF = {
    "marketing", "marketing_manager", "reception", "consultant", "finance", "finance_approver", "auditor",
}  # fmt: skip
ALL = STAFF | BROKERS


@dataclass(frozen=True)
class Row:
    """An address: what its parameters name, which roles may do each method, what anonymous callers meet.

    `anonymous`: `asked` to sign in (401 or a redirect to the log-in), or `let` in.
    `path`: a sample, where the address is not made of parameters.
    """

    route: str
    of: tuple[str, ...] = ()
    get: set[str] = field(default_factory=set)
    post: set[str] = field(default_factory=set)
    patch: set[str] = field(default_factory=set)
    delete: set[str] = field(default_factory=set)
    anonymous: str = "asked"
    path: str = ""


def _api(route: str, *of: str, **methods: set[str]) -> Row:
    return Row(f"api/v1/{route}", of, **methods)


_NONE = "00000000-0000-7000-8000-000000000000"
API = [
    Row("api/v1/auth/token/", post=ALL, delete=ALL, anonymous="let"),
    _api("projects/", get=ALL, post=MARKETING),
    _api("projects/<code:code>/", "project", get=ALL, patch=MARKETING),
    _api("projects/<code:code>/units/", "project", get=STAFF, post=MARKETING),
    _api("agencies/", get=MARKETING | MONEY | BOSS, post=MARKETING),
    _api("agencies/<code:code>/brokers/", "agency", get=MARKETING | MONEY | BOSS, post=MARKETING | BOSS),
    _api("agreements/", get=MARKETING | MONEY, post=MARKETING),
    _api("agreements/<uuid:pk>/approve/", "agreement", post=MANAGER),
    _api("referrals/", get=ALL, post=BROKERS),
    _api("referrals/batch/", post=BROKERS),
    _api("referrals/<uuid:pk>/", "referral", get=ALL),
    _api("referrals/<uuid:pk>/history/", "referral", get=ALL),
    _api("referrals/<uuid:pk>/phones/", "referral", post=BROKERS),
    _api("referrals/<uuid:pk>/withdraw/", "referral", post=BROKERS),
    _api("referrals/<uuid:pk>/visit/", "referral", post=SITE),
    _api("referrals/<uuid:pk>/slip.pdf", "referral", get=BROKERS | SITE),
    _api("referrals/<uuid:pk>/qr.svg", "referral", get=BROKERS | SITE),
    _api("natural-visits/", get=SITE | MARKETING | {"auditor"}, post=SITE),
    _api("disputes/", get=MARKETING | BROKERS | {"auditor"}, post=BROKERS),
    _api("disputes/<uuid:pk>/decide/", "dispute", post=MANAGER),
    _api("disputes/<uuid:pk>/approve/", "dispute", post=MANAGER),
    _api("disputes/<uuid:pk>/return/", "dispute", post=MANAGER),
    _api("deals/", get=DEALS, post=SELLING),
    _api("deals/<uuid:pk>/", "deal", get=DEALS),
    _api("deals/<uuid:pk>/contract/", "deal", post=MARKETING),
    _api("deals/<uuid:pk>/handover/", "deal", post=MARKETING),
    _api("deals/<uuid:pk>/cancel/", "deal", post=MARKETING),
    _api("deals/<uuid:pk>/amend/", "deal", post=MARKETING),
    _api("deals/<uuid:pk>/expected/", "deal", post=MARKETING),
    _api("deals/<uuid:pk>/payments/", "deal", get=DEALS, post=FINANCE),
    _api("payments/import/", post=FINANCE),
    _api("plans/", get=MONEY, post=MANAGER),
    _api("plans/<uuid:pk>/approve/", "version", post=MANAGER),
    _api("plans/<uuid:pk>/findings/", "version", get=MONEY),
    _api("commissions/", get=MONEY | BROKERS),
    _api("balances/", get=MONEY | BROKERS),
    _api("payout-batches/", get=MONEY, post=FINANCE),
    _api("payout-batches/<uuid:pk>/", "batch", get=MONEY),
    _api("payout-batches/<uuid:pk>/submit/", "batch", post=FINANCE),
    _api("payout-batches/<uuid:pk>/approve/", "batch", post=APPROVER),
    _api("payout-batches/<uuid:pk>/reissue/", "batch", post=FINANCE),
    _api("payout-batches/<uuid:pk>/return/", "batch", post=APPROVER),
    _api("payout-batches/<uuid:pk>/pay/", "batch", post=FINANCE | APPROVER),
    _api("payout-batches/<uuid:pk>/void/", "batch", post=FINANCE | APPROVER),
    _api("payout-batches/<uuid:pk>/export/", "batch", get=MONEY),
    _api("lines/", get=MONEY | BROKERS),
    _api("lines/<uuid:pk>/invoice/", "line", post=BOSS | FINANCE),
    _api("statements/", get=MONEY | BROKERS),
    _api("statements/<uuid:pk>/", "statement", get=MONEY | BROKERS),
    _api("statements/<uuid:pk>/lines/", "statement", get=MONEY | BROKERS),
    _api("statements/<uuid:pk>/confirm/", "statement", post=BROKERS),
    _api("statements/<uuid:pk>/contest/", "statement", post=BROKERS),
    _api("adjustments/", get=MONEY),
    _api("adjustments/<uuid:pk>/", "adjustment", get=MONEY),
    _api("advances/", get=MONEY | BOSS),
    _api("advances/<uuid:pk>/", "advance", get=MONEY | BOSS),
    _api("payout-accounts/", get=MONEY | BROKERS),
    _api("payout-accounts/<uuid:pk>/", "account", get=MONEY | BROKERS),
    _api("reconciliations/", get=MONEY | BOSS),
    _api("reconciliations/<uuid:pk>/", "reconciliation", get=MONEY | BOSS),
    _api("reconciliations/<uuid:pk>/rows/", "reconciliation", get=MONEY | BOSS),
    _api("reports/", get=MONEY),
    Row("api/v1/reports/<slug:name>/", path="api/v1/reports/cost/", get=MONEY),
    _api("jobs/<uuid:pk>/", "job", get=ALL),
    Row("api/v1/schema/", get=ALL, anonymous="let"),
    Row("api/v1/docs/", get=ALL, anonymous="let"),
]


def _client(rest: str, **methods: set[str]) -> Row:
    return Row(f"portal/clients/<uuid:referral_id>/{rest}", ("referral",), **methods)


def _broker(rest: str, **methods: set[str]) -> Row:
    return Row(f"portal/brokers/<uuid:broker_id>/{rest}", ("broker",), **methods)


_MONTH = "portal/money/months/<uuid:statement_id>/"


def _month(rest: str, **methods: set[str]) -> Row:
    return Row(f"{_MONTH}{rest}", ("statement",), **methods)


PORTAL = [
    Row("portal/", get=BROKERS),
    Row("portal/clients/", get=BROKERS, post=BROKERS),
    Row("portal/clients/export.csv", get=BROKERS),
    Row("portal/clients/new/", get=BROKERS, post=BROKERS),
    Row("portal/clients/new/read/", post=BROKERS),
    Row("portal/clients/kept/", get=BROKERS),
    Row("portal/clients/kept/who/", get=BROKERS),
    Row("portal/clients/sheets/new/", get=BROKERS, post=BROKERS),
    Row("portal/clients/sheets/template.xlsx", get=BROKERS),
    Row("portal/clients/sheets/<uuid:sheet_id>/", ("sheet",), get=BROKERS),
    Row("portal/clients/sheets/<uuid:sheet_id>/result.csv", ("sheet",), get=BROKERS),
    Row("portal/clients/sheets/<uuid:sheet_id>/result.xlsx", ("sheet",), get=BROKERS),
    Row("portal/ranking/", get=BROKERS),
    Row("portal/ranking/contests/", get=BROKERS),
    _client("", get=BROKERS),
    _client("now/", get=BROKERS),
    _client("filed/", get=BROKERS),
    _client("slip/", get=BROKERS),
    _client("slip.pdf", get=BROKERS),
    _client("arrived/", post=BROKERS),
    _client("phone/", get=BROKERS, post=BROKERS),
    _client("withdraw/", get=BROKERS, post=BROKERS),
    _client("contest/", get=BROKERS, post=BROKERS),
    Row("portal/disputes/<uuid:dispute_id>/", ("case",), get=BROKERS),
    Row(
        "portal/disputes/<uuid:dispute_id>/questions/<uuid:question_id>/",
        ("case", "question"),
        get=BROKERS,
        post=BROKERS,
    ),
    Row("portal/disputes/<uuid:dispute_id>/appeal/", ("case",), get=BROKERS, post=BROKERS),
    Row("portal/disputes/<uuid:dispute_id>/files/<uuid:file_id>/", ("case", "case_file"), get=BROKERS),
    Row("portal/brokers/", get=BOSS),
    Row("portal/brokers/new/", get=BOSS, post=BOSS),
    _broker("", get=BOSS),
    _broker("invitation/", post=BOSS),
    _broker("switch/", get=BOSS, post=BOSS),
    _broker("store/", get=BOSS, post=BOSS),
    _broker("successor/", get=BOSS, post=BOSS),
    Row("portal/brokers/sheet/", get=BOSS, post=BOSS),
    Row("portal/brokers/sheet/template.xlsx", get=BOSS),
    Row("portal/brokers/stores/", get=BOSS),
    Row("portal/brokers/stores/new/", get=BOSS, post=BOSS),
    Row("portal/brokers/stores/<uuid:store_id>/", ("store",), get=BOSS, post=BOSS),
    Row("portal/brokers/stores/<uuid:store_id>/close/", ("store",), get=BOSS, post=BOSS),
    Row("portal/money/", get=BROKERS),
    Row("portal/money/advances/", get=BOSS, post=BOSS),
    Row("portal/money/account/", get=BROKERS, post=BROKERS),
    Row("portal/money/account/agency/", get=BOSS, post=BOSS),
    Row("portal/money/account/identity/", get=BROKERS, post=BROKERS),
    Row("portal/money/account/<uuid:account_id>/stop/", ("account",), get=BROKERS, post=BROKERS),
    Row("portal/money/statements/", get=BROKERS),
    Row("portal/money/statements/<uuid:line_id>/", ("line",), get=BROKERS, post=BROKERS),
    Row("portal/money/statements/<uuid:line_id>/statement.pdf", ("line",), get=BROKERS),
    Row("portal/money/invoices/", get=BOSS),
    Row("portal/money/invoices/<uuid:invoice_id>/credit/", ("invoice",), get=BOSS, post=BOSS),
    Row("portal/money/invoices/<uuid:invoice_id>/files/<uuid:file_id>/", ("invoice", "invoice_file"), get=BOSS),
    Row("portal/money/reconciliations/", get=BOSS),
    Row("portal/money/reconciliations/new/", get=BOSS, post=BOSS),
    Row("portal/money/reconciliations/<uuid:reconciliation_id>/", ("reconciliation",), get=BOSS, post=BOSS),
    Row("portal/money/reconciliations/<uuid:reconciliation_id>/reconciliation.xlsx", ("reconciliation",), get=BOSS),
    Row("portal/money/months/", get=BROKERS),
    _month("", get=BROKERS, post=BROKERS),
    _month("statement.pdf", get=BROKERS),
    _month("statement.xlsx", get=BROKERS),
    Row(f"{_MONTH}lines/<uuid:line_id>/contest/", ("statement", "statement_line"), get=BROKERS, post=BROKERS),
    Row(f"{_MONTH}files/<uuid:file_id>/", ("statement", "statement_file"), get=BROKERS),
]

AT_THE_DESK = SITE | SELLING
DESK = [
    Row("desk/", get=AT_THE_DESK),
    Row("desk/board/", get=AT_THE_DESK),
    Row("desk/find/", get=SITE, post=SITE),
    Row("desk/scan/", get=SITE),
    Row("desk/q/<str:token>/", ("slip",), get=AT_THE_DESK),
    Row("desk/natural/", get=SITE, post=SITE),
    Row("desk/duty/", get=AT_THE_DESK),
    Row("desk/duty/<uuid:consultant_id>/", ("consultant",), post=AT_THE_DESK),
    Row("desk/roster/", get=AT_THE_DESK, post=SITE | MARKETING),
    Row("desk/care/", get=SELLING),
    Row("desk/consultants/<uuid:consultant_id>/leave/", ("consultant",), get=MARKETING, post=MARKETING),
    Row("desk/referrals/<uuid:referral_id>/take/", ("referral",), post={"consultant"}),
    Row("desk/referrals/<uuid:referral_id>/follow-up/", ("referral",), get=SELLING, post=SELLING),
    Row("desk/referrals/<uuid:referral_id>/", ("referral",), get=AT_THE_DESK),
    Row("desk/referrals/<uuid:referral_id>/confirm/", ("referral",), get=SITE, post=SITE),
    Row("desk/referrals/<uuid:referral_id>/code/", ("referral",), get=SITE, post=SITE),
    Row("desk/referrals/<uuid:referral_id>/consultant/", ("referral",), get=SITE, post=SITE),
    Row("desk/referrals/<uuid:referral_id>/slip.pdf", ("referral",), get=AT_THE_DESK),
    Row("desk/visits/<uuid:visit_id>/", ("visit",), get=SITE),
    Row("desk/visits/<uuid:visit_id>/sign/", ("visit",), post=SITE),
    Row("desk/visits/<uuid:visit_id>/sheet/", ("visit",), post=SITE),
    Row("desk/deals/", get=SELLING),
    Row("desk/deals/new/", get=SELLING, post=SELLING),
    Row("desk/deals/<uuid:deal_id>/", ("deal",), get=SELLING),
]


def _batch(rest: str, **methods: set[str]) -> Row:
    return Row(f"finance/batches/<uuid:batch_id>/{rest}", ("batch",), **methods)


def _balance(rest: str, **methods: set[str]) -> Row:
    return Row(f"finance/balances/<uuid:payee_id>/<uuid:project_id>/{rest}", ("payee", "project_id"), **methods)


_ISSUED = "finance/months/statements/<uuid:statement_id>/"


def _issued(rest: str, **methods: set[str]) -> Row:
    return Row(f"{_ISSUED}{rest}", ("statement",), **methods)


PAYING = FINANCE | APPROVER
FINANCE_PAGES = [
    Row("finance/", get=MONEY),
    Row("finance/balances.csv", post=MONEY),
    Row("finance/payments.csv", post=MONEY),
    Row("finance/payments/import/", get=FINANCE, post=FINANCE),
    Row("finance/payments/import/<uuid:file_id>/", ("payment_file",), get=MONEY, post=FINANCE),
    Row("finance/payments/sources/new/", get=FINANCE, post=FINANCE),
    Row("finance/payments/sources/<uuid:source_id>/", ("payment_source",), get=FINANCE, post=FINANCE),
    Row("finance/payments/waiting/", get=MONEY),
    Row("finance/payments/waiting/<uuid:row_id>/", ("payment_row",), get=MONEY, post=FINANCE),
    _balance("", get=MONEY),
    _balance("repayment/", get=FINANCE, post=FINANCE),
    _balance("write-off/", get=FINANCE, post=FINANCE),
    Row("finance/liability/", get=MONEY),
    Row("finance/liability.xlsx", post=MONEY),
    _balance("hold/", get=PAYING, post=PAYING),
    Row("finance/holds/", get=MONEY),
    Row("finance/holds/<uuid:hold_id>/", ("hold",), get=MONEY, post=MONEY),
    Row("finance/owed/", get=MONEY),
    Row("finance/write-offs/<uuid:write_off_id>/", ("write_off",), get=MONEY, post=MONEY),
    _balance("adjustment/", get=FINANCE, post=FINANCE),
    Row("finance/adjustments/", get=MONEY),
    Row("finance/adjustments/<uuid:adjustment_id>/", ("adjustment",), get=MONEY, post=MONEY),
    Row("finance/adjustments/<uuid:adjustment_id>/file/", ("adjustment",), get=MONEY),
    Row("finance/advances/", get=MONEY),
    Row("finance/advances/new/", get=FINANCE, post=FINANCE),
    Row("finance/advances/<uuid:advance_id>/", ("advance",), get=MONEY, post=MONEY),
    Row("finance/advances/limits/new/", get=FINANCE, post=FINANCE),
    Row("finance/advances/limits/<uuid:limit_id>/", ("advance_limit",), get=MONEY, post=MONEY),
    Row("finance/batches/", get=MONEY),
    Row("finance/batches/new/", get=FINANCE, post=FINANCE),
    _batch("", get=MONEY),
    Row("finance/batches/<uuid:batch_id>/lines/<uuid:line_id>/", ("batch", "line"), get=MONEY, post=MONEY),
    _batch("submit/", get=FINANCE, post=FINANCE),
    _batch("approve/", get=APPROVER, post=APPROVER),
    _batch("return/", get=PAYING, post=PAYING),
    _batch("void/", get=PAYING, post=PAYING),
    _batch("reissue/", get=FINANCE, post=FINANCE),
    _batch("pay/", get=PAYING, post=PAYING),
    _batch("export/xlsx/", post=MONEY),
    _batch("export/csv/", post=MONEY),
    _batch("export/bank/", post=PAYING),
    _batch("results/", get=PAYING, post=PAYING),
    Row("finance/batches/<uuid:batch_id>/results/<uuid:result_id>/", ("batch", "result"), get=PAYING, post=PAYING),
    Row(
        "finance/batches/<uuid:batch_id>/lines/<uuid:line_id>/files/<uuid:file_id>/",
        ("batch", "line", "invoice_file"),
        get=MONEY,
    ),
    Row("finance/reconciliations/", get=MONEY),
    Row("finance/reconciliations/<uuid:reconciliation_id>/", ("reconciliation",), get=MONEY, post=MONEY),
    Row("finance/reconciliations/<uuid:reconciliation_id>/reconciliation.xlsx", ("reconciliation",), get=MONEY),
    Row("finance/batches/<uuid:batch_id>/lines/<uuid:line_id>/answer/", ("batch", "line"), get=PAYING, post=PAYING),
    Row(
        "finance/batches/<uuid:batch_id>/lines/<uuid:line_id>/leave-out/", ("batch", "line"), get=FINANCE, post=FINANCE
    ),
    Row("finance/accounts/", get=MONEY),
    Row("finance/accounts/new/", get=FINANCE, post=FINANCE),
    Row("finance/accounts/<uuid:account_id>/", ("account",), get=MONEY, post=MONEY),
    Row("finance/accounts/<uuid:account_id>/close/", ("account",), get=PAYING, post=PAYING),
    Row("finance/accounts/bank/", get=MONEY),
    Row("finance/accounts/bank/<uuid:company_id>/", ("company",), get=FINANCE, post=FINANCE),
    Row("finance/tax/", get=MONEY),
    Row("finance/tax.xlsx", post=MONEY),
    Row("finance/tax/<uuid:broker_id>/identity/", ("broker",), get=FINANCE, post=FINANCE),
    Row("finance/more/", get=MONEY),
    Row("finance/proof/", get=MONEY),
    Row("finance/proof/run/", post=PAYING | {"auditor"}),
    # of all projects at once, and none was made here: tests/pages/test_finance_access.py
    Row("finance/proof/<int:check_id>/", path="finance/proof/1/", get=MONEY),
    Row("finance/reports/", get=MONEY),
    Row("finance/reports/exports/", get=MONEY),
    Row("finance/reports/<slug:name>/", path="finance/reports/cost/", get=MONEY),
    Row("finance/reports/<slug:name>/keep/", path="finance/reports/cost/keep/", get=MONEY, post=MONEY),
    Row("finance/reports/<slug:name>/xlsx/", path="finance/reports/cost/xlsx/", post=MONEY),
    Row("finance/reports/<slug:name>/csv/", path="finance/reports/cost/csv/", post=MONEY),
    # one's own or shared, and nobody here has one: tests/pages/test_finance_reports.py
    Row(
        "finance/reports/views/<uuid:view_id>/remove/",
        path=f"finance/reports/views/{_NONE}/remove/",
        get=MONEY,
        post=MONEY,
    ),
    Row(
        "finance/reports/views/<uuid:view_id>/schedule/",
        path=f"finance/reports/views/{_NONE}/schedule/",
        get=MONEY,
        post=MONEY,
    ),
    Row("finance/payments/", get=MONEY),
    Row("finance/payments/new/", get=FINANCE, post=FINANCE),
    Row("finance/months/", get=MONEY),
    Row("finance/months/close/<slug:company>/", ("company_code",), get=FINANCE, post=FINANCE),
    Row("finance/months/<uuid:month_id>/", ("month",), get=MONEY),
    _issued("", get=MONEY),
    _issued("pdf/", post=MONEY),
    _issued("xlsx/", post=MONEY),
    Row(f"{_ISSUED}lines/<uuid:line_id>/", ("statement", "statement_line"), get=FINANCE, post=FINANCE),
    Row(f"{_ISSUED}files/<uuid:file_id>/", ("statement", "statement_file"), get=MONEY),
]

_OWN = {"get": ALL}
ACCOUNTS = [
    Row("", **_OWN),
    Row("accounts/language/", post=ALL, anonymous="let"),
    Row("accounts/invitation/<str:token>/", ("invitation",), get=ALL, post=ALL, anonymous="let"),
    Row("join/", get=ALL, post=ALL, anonymous="let"),
    Row("join/with/<slug:code>/", path="join/with/nothing1/", get=ALL, post=ALL, anonymous="let"),
    Row("join/forgot/", get=ALL, post=ALL, anonymous="let"),
    Row("join/forgot/code/", get=ALL, post=ALL, anonymous="let"),
    Row("join/code/", get=ALL, post=ALL),
    Row("recruit/", get=RECRUITING, post=RECRUITING),
    # one's own only, and nobody here has one: tests/pages/test_sign_up.py
    Row(
        "recruit/<uuid:link_id>/poster.pdf",
        path="recruit/00000000-0000-7000-8000-000000000000/poster.pdf",
        get=RECRUITING,
    ),
    Row("join/<str:token>/", ("application",), get=ALL, post=ALL, anonymous="let"),
    Row("accounts/login/", get=ALL, anonymous="let"),
    Row("accounts/logout/", get=ALL, post=ALL, anonymous="let"),
    Row("accounts/inactive/", get=ALL, anonymous="let"),
    Row("accounts/signup/", get=ALL, anonymous="let"),
    Row("accounts/confirm-email/", get=ALL, anonymous="let"),
    Row("accounts/^confirm-email/(?P<key>[-:\\w]+)/$", path="accounts/confirm-email/x/", get=ALL, anonymous="let"),
    Row("accounts/password/reset/", get=ALL, anonymous="let"),
    Row("accounts/password/reset/done/", get=ALL, anonymous="let"),
    Row("accounts/password/reset/key/done/", get=ALL, anonymous="let"),
    Row(
        "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        path="accounts/password/reset/key/0-x/",
        get=ALL,
        anonymous="let",
    ),
    Row("accounts/login/code/confirm/", get=ALL, anonymous="let"),
    Row("accounts/2fa/authenticate/", get=ALL, anonymous="let"),
    *(
        Row(f"accounts/{rest}", **_OWN)
        for rest in (
            "reauthenticate/", "email/", "password/change/", "password/set/", "2fa/", "2fa/reauthenticate/",
            "2fa/totp/activate/", "2fa/totp/deactivate/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/",
            "2fa/recovery-codes/download/", "2fa/webauthn/", "2fa/webauthn/add/", "2fa/webauthn/reauthenticate/",
        )
    ),
    Row("accounts/2fa/webauthn/keys/<int:pk>/remove/", path="accounts/2fa/webauthn/keys/0/remove/", **_OWN),
    Row("accounts/2fa/webauthn/keys/<int:pk>/edit/", path="accounts/2fa/webauthn/keys/0/edit/", **_OWN),
    Row("jobs/<uuid:job_id>/", ("job",), get=ALL),
    Row("notices/", get=ALL),
    Row("notices/read/", post=ALL),
    Row("notices/choices/", get=ALL, post=ALL),
    Row("notices/<uuid:notice_id>/", ("notice",), get=ALL),
]  # fmt: skip

OPEN = [
    Row("sw.js", get=ALL, anonymous="let"),
    Row("manifest.webmanifest", get=ALL, anonymous="let"),
    Row("offline/<str:language>/", path="offline/en/", get=ALL, anonymous="let"),
    Row("healthz", get=ALL, anonymous="let"),
    Row("readyz", get=ALL, anonymous="let"),
    Row("styleguide/", get=ALL, anonymous="let"),
]

# Addresses with nothing of their own to show in this world: only that they are asked for properly.
NOTHING_THERE = {
    "desk/papers/<uuid:paper_id>/": "no file is kept here; tests/pages/test_access.py asks who may see one",
    "api/": "what is no address of the API",
    "api/v1/jobs/<uuid:pk>/result/": "the jobs here wrote no file",
    "jobs/<uuid:job_id>/result": "the jobs here wrote no file",
}
ROWS = [*API, *PORTAL, *DESK, *FINANCE_PAGES, *ACCOUNTS, *OPEN]
