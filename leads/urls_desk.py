"""The desk's addresses; mounted in the namespace `desk`."""

from django.urls import path

from leads.views import desk, desk_deals, desk_visit

urlpatterns = [
    path("", desk.today, name="today"),
    path("find/", desk.find, name="find"),
    path("q/<str:token>/", desk.slip, name="slip"),
    path("natural/", desk_visit.natural_visit, name="natural_visit"),
    path("referrals/<uuid:referral_id>/", desk.referral, name="referral"),
    path("referrals/<uuid:referral_id>/confirm/", desk_visit.confirm, name="confirm"),
    path("referrals/<uuid:referral_id>/consultant/", desk_visit.assign, name="assign"),
    path("referrals/<uuid:referral_id>/slip.pdf", desk_visit.slip_pdf, name="slip_pdf"),
    path("visits/<uuid:visit_id>/", desk_visit.outcome, name="visit"),
    path("deals/", desk_deals.deals, name="deals"),
    path("deals/new/", desk_deals.subscribe, name="deal_new"),
    path("deals/<uuid:deal_id>/", desk_deals.deal, name="deal"),
]
