"""The portal's addresses of an agency's brokers; mounted in the namespace `portal`."""

from django.urls import path

from brokers import account_views, sheet_views, store_views, views

urlpatterns = [
    path("brokers/", views.brokers, name="brokers"),
    path("brokers/new/", views.invite, name="broker_new"),
    path("brokers/sheet/", sheet_views.broker_sheet, name="broker_sheet"),
    path("brokers/sheet/template.xlsx", sheet_views.broker_sheet_template, name="broker_sheet_template"),
    path("brokers/<uuid:broker_id>/", views.broker, name="broker"),
    path("brokers/<uuid:broker_id>/invitation/", views.renew_invitation, name="broker_invitation"),
    path("brokers/<uuid:broker_id>/switch/", views.switch, name="broker_switch"),
    path("brokers/<uuid:broker_id>/store/", store_views.broker_store, name="broker_store"),
    path("brokers/stores/", store_views.stores, name="stores"),
    path("brokers/stores/new/", store_views.store_new, name="store_new"),
    path("brokers/stores/<uuid:store_id>/", store_views.store, name="store"),
    path("brokers/stores/<uuid:store_id>/close/", store_views.store_close, name="store_close"),
    path("money/account/", account_views.account, name="account"),
    path("money/account/agency/", account_views.agency_account, name="agency_account"),
    path("money/account/identity/", account_views.identity, name="identity"),
    path("money/account/<uuid:account_id>/stop/", account_views.account_stop, name="account_stop"),
]
