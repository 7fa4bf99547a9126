"""Text messages: one way out, whatever carries them. `send_sms` is for tasks: it waits for the carrier.

SMS_BACKEND says which: `off` (none are sent, and nothing offers to), `file` (a line of JSON each in SMS_FILE, for
development) or `http`: a POST to SMS_URL, which any gateway can be put behind (docs/sms.md).
"""

from channels_platform.sms.carriers import SmsFailed, may_send, send_sms
from channels_platform.sms.digits import DIGITS, digits_of
from channels_platform.sms.message import Message

__all__ = ["DIGITS", "Message", "SmsFailed", "digits_of", "may_send", "send_sms"]
