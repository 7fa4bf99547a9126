"""The portal's addresses of clients; mounted in the namespace `portal`."""

from django.urls import path

from leads.views import portal, portal_client, portal_list

urlpatterns = [
    path("", portal.home, name="home"),
    path("reminders/read/", portal.read_notices, name="read_notices"),
    path("clients/", portal_list.referrals, name="referrals"),
    path("clients/export.csv", portal_list.export, name="clients_export"),
    path("clients/new/", portal.file_client, name="file"),
    path("clients/<uuid:referral_id>/", portal_client.referral, name="referral"),
    path("clients/<uuid:referral_id>/filed/", portal.filed, name="filed"),
    path("clients/<uuid:referral_id>/slip/", portal_client.slip, name="slip"),
    path("clients/<uuid:referral_id>/slip.pdf", portal_client.slip_file, name="slip_pdf"),
    path("clients/<uuid:referral_id>/phone/", portal_client.phone, name="phone"),
    path("clients/<uuid:referral_id>/withdraw/", portal_client.withdraw, name="withdraw"),
    path("clients/<uuid:referral_id>/contest/", portal_client.contest, name="contest"),
]
