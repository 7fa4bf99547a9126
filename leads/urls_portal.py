"""The portal's addresses of clients; mounted in the namespace `portal`."""

from django.urls import path

from leads.views import (
    portal,
    portal_arrival,
    portal_client,
    portal_dispute,
    portal_kept,
    portal_list,
    portal_paste,
    portal_ranking,
    portal_sheets,
    portal_successor,
)

urlpatterns = [
    path("", portal.home, name="home"),
    path("ranking/", portal_ranking.ranking, name="ranking"),
    path("clients/", portal_list.referrals, name="referrals"),
    path("clients/export.csv", portal_list.export, name="clients_export"),
    path("clients/new/", portal.file_client, name="file"),
    path("clients/kept/", portal_kept.kept, name="kept"),
    path("clients/kept/who/", portal_kept.kept_who, name="kept_who"),
    path("clients/new/read/", portal_paste.read_chat, name="read_chat"),
    path("clients/sheets/new/", portal_sheets.sheet_new, name="sheet_new"),
    path("clients/sheets/template.xlsx", portal_sheets.sheet_template, name="sheet_template"),
    path("clients/sheets/<uuid:sheet_id>/", portal_sheets.sheet, name="sheet"),
    path("clients/sheets/<uuid:sheet_id>/result.csv", portal_sheets.sheet_csv, name="sheet_csv"),
    path("clients/sheets/<uuid:sheet_id>/result.xlsx", portal_sheets.sheet_xlsx, name="sheet_xlsx"),
    path("brokers/<uuid:broker_id>/successor/", portal_successor.successor, name="broker_successor"),
    path("clients/<uuid:referral_id>/", portal_client.referral, name="referral"),
    path("clients/<uuid:referral_id>/filed/", portal.filed, name="filed"),
    path("clients/<uuid:referral_id>/slip/", portal_client.slip, name="slip"),
    path("clients/<uuid:referral_id>/now/", portal_client.client_now, name="client_now"),
    path("clients/<uuid:referral_id>/slip.pdf", portal_client.slip_file, name="slip_pdf"),
    path("clients/<uuid:referral_id>/arrived/", portal_arrival.arrived, name="arrived"),
    path("clients/<uuid:referral_id>/phone/", portal_client.phone, name="phone"),
    path("clients/<uuid:referral_id>/withdraw/", portal_client.withdraw, name="withdraw"),
    path("clients/<uuid:referral_id>/contest/", portal_dispute.contest, name="contest"),
    path("disputes/<uuid:dispute_id>/", portal_dispute.dispute, name="dispute"),
    path("disputes/<uuid:dispute_id>/questions/<uuid:question_id>/", portal_dispute.answer, name="dispute_answer"),
    path("disputes/<uuid:dispute_id>/appeal/", portal_dispute.appeal, name="dispute_appeal"),
    path("disputes/<uuid:dispute_id>/files/<uuid:file_id>/", portal_dispute.dispute_file, name="dispute_file"),
]
