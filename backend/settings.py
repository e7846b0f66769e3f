"""Settings: every `PADSYNC_…` environment variable, its default and what it is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

PREFIX = "PADSYNC_"


def _about(description: str, **bounds: Any) -> Meta:
    return Meta(description=description, **bounds)


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator may choose. The numbers of MLPS 2.0 level 3 are the defaults (domain-rules.md §12)."""

    database_url: Annotated[
        str, _about("Database; `sqlite:///path` or `postgresql://…`. Empty: a file in the data folder")
    ] = ""
    data_dir: Annotated[str, _about("Folder for the embedded database, uploaded files and backups", min_length=1)] = (
        "data"
    )
    host: Annotated[str, _about("Address to listen on", min_length=1)] = "127.0.0.1"
    port: Annotated[int, _about("Port to listen on", ge=1, le=65_535)] = 8000
    workers: Annotated[int, _about("Server processes; more than one needs PostgreSQL", ge=1, le=64)] = 1
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _about("Least severe log line that is written")
    ] = "info"
    log_format: Annotated[Literal["json", "console"], _about("How log lines look")] = "json"

    access_token_s: Annotated[int, _about("Life of an access token", ge=30, le=86_400)] = 600
    refresh_grace_s: Annotated[
        int, _about("For so long a spent refresh token may be retried after a lost answer", ge=0, le=3600)
    ] = 60
    idle_s: Annotated[
        int,
        _about(
            "Who works online is signed out after so long without a refresh; at least an access token's life",
            ge=60,
            le=86_400,
        ),
    ] = 1800
    session_d: Annotated[
        int, _about("Lobby and field managers stay signed in through so long a silence of their tablet", ge=1, le=90)
    ] = 7
    lockout_failures: Annotated[int, _about("Failed sign-ins in a row that lock a person out", ge=1, le=100)] = 5
    lockout_s: Annotated[int, _about("How long a lockout lasts", ge=1, le=604_800)] = 1800
    password_length_min: Annotated[int, _about("Fewest characters of a password", ge=8, le=64)] = 8
    password_classes_min: Annotated[
        int, _about("Fewest kinds of characters: lower case, upper case, digits, others", ge=1, le=4)
    ] = 3
    password_age_d: Annotated[int, _about("A password must be changed after so many days", ge=1, le=3650)] = 90
    challenge_window_s: Annotated[
        int, _about("A sign-in challenge is good for one to two such windows", ge=10, le=3600)
    ] = 150
    enrolment_code_h: Annotated[int, _about("Life of an enrolment code", ge=1, le=720)] = 72
    argon2_memory_kib: Annotated[int, _about("Memory of one password hash", ge=8, le=1_048_576)] = 65_536
    argon2_passes: Annotated[int, _about("Passes of one password hash over its memory", ge=1, le=20)] = 3
    argon2_lanes: Annotated[int, _about("Lanes of one password hash", ge=1, le=16)] = 4
    argon2_parallel: Annotated[int, _about("Password hashes computed at the same time in one process", ge=1, le=64)] = 2
    argon2_waiting_max: Annotated[
        int, _about("Sign-ins that may wait for a turn; beyond that the answer is 429", ge=0, le=10_000)
    ] = 64
    sign_in_per_install_min: Annotated[
        int, _about("Sign-ins, refreshes and enrolments a minute from one install", ge=1, le=100_000)
    ] = 30
    sign_in_per_address_min: Annotated[
        int,
        _about(
            "The same from one network address; raise it behind a proxy, where all share one",
            ge=1,
            le=1_000_000,
        ),
    ] = 600

    purge_deadline_h: Annotated[
        int, _about("By then a purge order must be acknowledged; later ones make an exposure report", ge=1, le=720)
    ] = 24
    offline_contact_d: Annotated[
        int, _about("A tablet without contact for so long locks itself and purges its replica", ge=1, le=90)
    ] = 7
    offline_journal_d: Annotated[
        int, _about("Tablets keep acknowledged mutations so long, for replay after a restore (P7)", ge=1, le=90)
    ] = 14
    offline_money_h: Annotated[int, _about("Tablets hide balances and holdings that are older", ge=1, le=720)] = 36
    compaction_horizon_d: Annotated[
        int, _about("Rows that left a bucket stay in its feed so long, for tablets that come late", ge=1, le=3650)
    ] = 45
    number_restore_gap: Annotated[
        int, _about("Numbers skipped per line after a restore, so that none is given twice", ge=0, le=1_000_000)
    ] = 1000
    lease_numbers: Annotated[int, _about("Largest block of queue numbers that one lease holds", ge=1, le=200)] = 50
    lease_life_h: Annotated[int, _about("Life of a number lease", ge=1, le=72)] = 18
    identify_per_hour: Annotated[
        int, _about("Customers whom one person may look up by card, certificate or phone in an hour", ge=1, le=100_000)
    ] = 120
    recall_after_s: Annotated[int, _about("A call is repeated after so long, at the soonest", ge=0, le=600)] = 15
    recalls_max: Annotated[int, _about("A call is repeated so often, at most", ge=0, le=10)] = 3
    return_grace_min: Annotated[
        int, _about("Whoever missed a call may come back for so long; then a new number is needed", ge=1, le=1440)
    ] = 60
    returned_behind: Annotated[
        int, _about("Whoever missed their call and came back waits behind so many others", ge=0, le=50)
    ] = 3
    day_ends_h: Annotated[int, _about("A branch's day ends at this hour of Asia/Shanghai", ge=12, le=23)] = 23
    pick_up_code_h: Annotated[int, _about("Life of a form's pick-up code", ge=1, le=72)] = 4
    pick_up_failures_per_min: Annotated[
        int,
        _about("Wrong pick-up codes a minute from one teller system; beyond that the answer is 429", ge=1, le=10_000),
    ] = 20
    form_counter_h: Annotated[
        int, _about("A form that a teller loaded expires after so long without the teller's word", ge=1, le=720)
    ] = 24
    file_bytes_max: Annotated[int, _about("Largest upload", ge=1024, le=1_073_741_824)] = 20_971_520
    upload_life_h: Annotated[int, _about("An unfinished upload is dropped after so long", ge=1, le=720)] = 72

    machine_messages_d: Annotated[
        int, _about("A queue machine that repeats a message gets its first answer for so long", ge=15, le=3650)
    ] = 30
    counter_visits_d: Annotated[
        int, _about("Who came to which counter is kept so long, for tablets that come late", ge=4, le=3650)
    ] = 30

    wait_target_min: Annotated[
        int, _about("Who is called within so many minutes of taking a number was served in time", ge=1, le=240)
    ] = 10
    service_level_target: Annotated[
        int, _about("Percent of customers to be served in time; the staffing view says how many counters that takes",
                    ge=1, le=99)
    ] = 80  # fmt: skip
    service_prior_min: Annotated[
        int, _about("Minutes that a service takes, as long as nothing is known of a series", ge=1, le=240)
    ] = 7
    prefill_saved_min: Annotated[int, _about("Minutes that a prefilled form saves at the counter", ge=0, le=240)] = 5
    prefill_saved_by_template: Annotated[
        str, _about("The same for single templates: `code=minutes`, separated by commas")
    ] = ""
    prefill_services: Annotated[
        str, _about("Services for which there is a form to prefill, separated by commas. Empty: all")
    ] = ""
    contacts_week_max: Annotated[
        int, _about("Marketing contacts of a household in 7 days, over all channels", ge=0, le=1000)
    ] = 2
    contacts_month_max: Annotated[int, _about("The same in 30 days", ge=0, le=1000)] = 5
    offer_rest_d: Annotated[
        int, _about("What a customer refused or reserved is not offered again for so long", ge=1, le=3650)
    ] = 30
    risk_assessed_months: Annotated[int, _about("A customer's risk assessment holds so long", ge=1, le=120)] = 12
    elderly_age: Annotated[int, _about("From this age on a customer needs special care", ge=1, le=150)] = 65
    elderly_risk_min: Annotated[
        int, _about("From this product risk on such a customer is advised in the zone only", ge=1, le=5)
    ] = 3
    duty_late_workdays: Annotated[
        int, _about("Working days after a month's end in which late visits still count without a revision", ge=0, le=30)
    ] = 3
    score_weight_duty_rate: Annotated[int, _about("Weight of the duty rate in a manager's score", ge=0, le=100)] = 35
    score_weight_share_done: Annotated[int, _about("… of the share of duties wholly done", ge=0, le=100)] = 15
    score_weight_quality: Annotated[int, _about("… of how the visits were graded and reviewed", ge=0, le=100)] = 20
    score_weight_content: Annotated[int, _about("… of what was written down", ge=0, le=100)] = 10
    score_weight_timely: Annotated[int, _about("… of visits that arrived in time", ge=0, le=100)] = 10
    score_weight_upheld: Annotated[int, _about("… of reviewed visits that were accepted", ge=0, le=100)] = 10

    visit_accuracy_max_m: Annotated[
        int, _about("A fix that is less accurate proves nothing (POOR_FIX); 68 % radius", ge=3, le=5000)
    ] = 200
    visit_radius_m: Annotated[
        int, _about("Radius around a check-in without a place, within which its check-out lies", ge=1, le=5000)
    ] = 300
    visit_cached_s: Annotated[int, _about("An older fix is no current one", ge=1, le=3600)] = 60
    visit_probable_percent: Annotated[
        int, _about("An UNCERTAIN position that is at least so probable is a B, else a C", ge=0, le=100)
    ] = 50
    visit_speed_max_km_h: Annotated[
        int, _about("Faster between two events is impossible; 150 where trains run", ge=10, le=1000)
    ] = 120
    visit_dwell_min_s: Annotated[int, _about("A shorter stay is flagged", ge=0, le=7200)] = 300
    visit_burst_count: Annotated[int, _about("So many visits are a burst …", ge=2, le=100)] = 4
    visit_burst_s: Annotated[int, _about("… if they began within so long", ge=60, le=86_400)] = 1800
    visit_content_min: Annotated[int, _about("Fewer letters and digits are no content", ge=1, le=500)] = 10
    visit_similar_percent: Annotated[
        int, _about("A text that is so alike an earlier one, by 3-grams, was copied", ge=90, le=100)
    ] = 90
    visit_photo_bits_max: Annotated[
        int, _about("Photos whose hashes of 64 bits differ in at most so many are one", ge=0, le=20)
    ] = 6
    visit_compared_d: Annotated[
        int, _about("Texts, photos and coordinates are compared with those of so many days before", ge=1, le=366)
    ] = 90
    visit_skew_max_s: Annotated[int, _about("A tablet's clock that is off by more is flagged", ge=1, le=86_400)] = 120
    visit_late_h: Annotated[int, _about("A visit that arrives later than this is marked", ge=1, le=2160)] = 48
    visit_device_shared_s: Annotated[
        int, _about("Two persons on one tablet within so long are flagged", ge=0, le=86_400)
    ] = 3600
    visit_office_from_h: Annotated[int, _about("Office hours begin, in Asia/Shanghai", ge=0, le=23)] = 8
    visit_office_until_h: Annotated[int, _about("Office hours end", ge=1, le=24)] = 18

    @property
    def database(self) -> str:
        """The database to use: the one that was named, or the file in the data folder."""
        return self.database_url or f"sqlite:///{Path(self.data_dir) / 'padsync.db'}"


class SettingInvalid(ValueError):
    """An environment variable that padsync does not know, or a value that it cannot use."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment. Raises SettingInvalid naming the variable."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    hints = get_type_hints(Settings, include_extras=True)
    values = {}
    for name, value in given.items():
        field = name.removeprefix(PREFIX).lower()
        if field not in Settings.__struct_fields__ or name != variable_of(field):
            raise SettingInvalid(f"{name}: there is no such setting")
        values[field] = _read_value(name, value, hints[field])
    return Settings(**values)


def variable_of(field: str) -> str:
    """Return the name of the environment variable of a setting."""
    return PREFIX + field.upper()


def list_settings() -> list[tuple[str, str, str]]:
    """Return (variable, default, description) of every setting, in the order of the file."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = Settings()
    return [
        (variable_of(name), str(getattr(defaults, name)), _description(hints[name]))
        for name in Settings.__struct_fields__
    ]


def write_settings_table() -> str:
    """Return the settings as a markdown table; docs/operations.md holds the same lines."""
    rows = [
        f"| `{variable}` | `{default}` | {text} |" if default else f"| `{variable}` | | {text} |"
        for variable, default, text in list_settings()
    ]
    return "\n".join(["| variable | default | what it is for |", "|---|---|---|", *rows]) + "\n"


def _read_value(name: str, value: str, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as error:
        raise SettingInvalid(f"{name} must be {_wanted(hint)}") from error


def _wanted(hint: Any) -> str:
    """Say in words which values a setting takes."""
    kind, bounds = get_args(hint)
    if kind is int:
        return f"a whole number from {bounds.ge} to {bounds.le}"
    return f"one of {', '.join(get_args(kind))}" if get_args(kind) else "some text"


def _description(hint: Any) -> str:
    return next(part.description for part in get_args(hint) if isinstance(part, Meta) and part.description)
