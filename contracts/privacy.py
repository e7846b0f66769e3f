"""Privacy classes of fields after JR/T 0171-2020; requirements.md section 2 assigns them."""

from enum import Enum


class Privacy(Enum):
    """How much harm a field's leak does; it decides masking, encryption and who may export."""

    C1 = "C1"  # internal
    C2 = "C2"  # identifies a person or tells of their money; masked by default
    C3 = "C3"  # authenticates; never stored, a record that carries one is refused


# Names of fields that hold what authenticates a person (requirements.md section 2, C3), in any spelling of case.
SECRET_NAMES = frozenset(
    {"password", "passwd", "pwd", "pin", "pin_code", "card_pin", "cvn", "cvn2", "cvv", "cvv2",
     "track1", "track2", "magstripe",
     "otp", "sms_code", "fingerprint", "face_template", "biometric", "密码", "口令", "验证码", "磁道"}
)  # fmt: skip
