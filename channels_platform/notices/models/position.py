"""How far a reader of the audit trail has read."""

from django.db import models


class Position(models.Model):
    """The last event that one reader has seen; its row is also the reader's lock."""

    reader = models.CharField(max_length=40, primary_key=True)
    event_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.reader} {self.event_id}"
