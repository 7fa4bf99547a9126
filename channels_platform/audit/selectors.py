"""The audit trail as others read it."""

from django.db.models import Model, QuerySet

from channels_platform.audit.models import Event


def events_of(target: Model) -> QuerySet[Event]:
    """Return the events about one object."""
    return Event.objects.filter(target_kind=target._meta.label_lower, target_id=str(target.pk))
