from channels_platform.notices.models.delivery import Channel, Delivery, Preference, Wish
from channels_platform.notices.models.notice import Notice
from channels_platform.notices.models.position import Position
from channels_platform.notices.models.robot import Robot

__all__ = ["Channel", "Delivery", "Notice", "Position", "Preference", "Robot", "Wish"]
