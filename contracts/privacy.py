"""Privacy classes of fields after JR/T 0171-2020; requirements.md section 2 assigns them."""

from enum import Enum


class Privacy(Enum):
    """How much harm a field's leak does; it decides masking, encryption and who may export."""

    C1 = "C1"  # internal
    C2 = "C2"  # identifies a person or tells of their money; masked by default
    C3 = "C3"  # authenticates; never stored, a record that carries one is refused


# Names of fields that hold what authenticates a person (requirements.md section 2, C3), in any spelling of case.
SECRET_NAMES = frozenset(
    {"password", "passwd", "passcode", "pwd", "pin", "pin_code", "card_pin", "cvn", "cvn2", "cvv", "cvv2", "cvc",
     "cvc2", "track1", "track2", "magstripe", "security_code",
     "otp", "sms_code", "one_time_code", "verification_code",
     "fingerprint", "face_template", "iris_template", "voiceprint", "biometric",
     "密码", "口令", "验证码", "动态码", "安全码", "磁道", "指纹", "声纹", "虹膜", "人脸特征", "面部特征"}
)  # fmt: skip

# Words that make a secret of any name in which they stand: payment_password, 支付密码, 取款密码, 动态口令, atmPin.
SECRET_WORDS = frozenset(
    {"password", "passwd", "passcode", "pwd", "pin", "cvn", "cvn2", "cvv", "cvv2", "cvc2", "otp", "magstripe"}
)
SECRET_SIGNS = ("密码", "口令", "验证码", "动态码", "安全码", "磁道", "指纹", "声纹", "虹膜")
