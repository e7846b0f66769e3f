"""One sample of every message, as it goes over the wire. A shipped sample is never edited, only added to."""

from typing import Any

import msgspec

from contracts import auth, hello, leads, leases, lobby, machine, marketing, pull, purges, push, review, teller, verify
from contracts.base import Problem
from contracts.clock import ClockEvidence
from contracts.errors import ProblemDocument
from contracts.policy import Op
from contracts.version import SchemaRange

ID = "0197a3f0-0000-7000-8000-000000000001"
EPOCH = "5c8011c8-80f8-4013-8659-5cb584de9104"
AT = "2026-11-21T01:30:00.000Z"
DIGEST = pull.Digest(n=83, d="4be1000000000000", s=5122)
ORDER = purges.PurgeOrder(purge=ID, buckets=["portfolio:p-7"], deadline=AT, cause="scope")
CARD = auth.StaffCard(
    staff_no="3501007", name="林小满", roles=["lobby_manager"], org_id="3501", buckets=["branch:3501", "catalog"]
)
MUTATION = push.Mutation(
    n=118,
    kind="form",
    id=ID,
    op=Op.PATCH,
    base_version=7,
    base={"phone": "13800000001"},
    set={"phone": "13900000002"},
    made_at=ClockEvidence(wall="2026-11-21T09:30:00.000+08:00", boot="b9", mono_ms=5_512_345),
    reason="customer gave a new number",
    sig="c2ln",
)
OUTCOMES = [
    push.Outcome(
        n=118,
        status="merged",
        version=8,
        fields=[
            push.FieldOutcome(
                field="phone",
                policy="escalate",
                kept="server",
                mine="13900000002",
                theirs="13700000003",
                theirs_by="3501009",
                theirs_at=AT,
                conflict=ID,
            )
        ],
    ),
    push.Outcome(n=119, status="applied", version=1, flags=["number_collision"]),
    push.Outcome(
        n=120,
        status="parked",
        parked=ID,
        problem=Problem(code="transition_not_allowed", args={"current": "finished", "requested": "called"}),
    ),
]
SAMPLES: dict[str, Any] = {
    "enrol_request": auth.EnrolRequest(
        enrolment_code="K7QD-93MX", install_id=ID, public_key={"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"},
        platform="Android 15", app_version="1.0.0", schema=1,
    ),
    "enrol_response": auth.EnrolResponse(install_id=ID, device_id=ID),
    "sign_in_request": auth.SignInRequest(install_id=ID, staff_no="3501007", password="Tulou-1308", proof="cHJvb2Y"),
    "refresh_request": auth.RefreshRequest(install_id=ID, refresh_token="r.t"),
    "token_response": auth.TokenResponse(access_token="a.t", expires_in_s=600, refresh_token="r.t", staff=CARD),
    "hello_response": hello.HelloResponse(
        protocol="v1", epoch=EPOCH, contract_hash="0" * 64, schema=SchemaRange(pull_min=1, current=1), server_time=AT,
        limits=hello.Limits(
            push_mutations_max=500, push_bytes_max=1_048_576, mutation_bytes_max=65_536, pull_limit_max=10_000,
            pull_bytes_max=8_388_608, wait_s_max=25, file_bytes_max=20_971_520, lease_want_max=200,
        ),
        offline=hello.OfflineLimits(contact_d=7, journal_d=14, money_h=36),
        challenge="Y2hhbGxlbmdl", challenge_expires_in_s=150, purges=[ORDER],
    ),
    "push_request": push.PushRequest(epoch=EPOCH, mutations=[msgspec.Raw(msgspec.json.encode(MUTATION))]),
    "push_response": push.PushResponse(ack_n=120, outcomes=OUTCOMES),
    "pull_request": pull.PullRequest(cursor="v1.c", wait_s=25, have={"branch:3501": DIGEST}),
    "pull_response": pull.PullResponse(
        epoch=EPOCH, ack_n=121, cursor="v1.c", complete=True, reset=["branch:3501"],
        removed=[pull.Removal(bucket="portfolio:p-7", purge=ID, deadline=AT)],
        changes=[
            pull.Change(b="branch:3501", s=5121, k="ticket", id=ID, v=4, d=msgspec.Raw(b'{"number":7}')),
            pull.Change(b="branch:3501", s=5122, k="ticket", id=ID, x="moved"),
        ],
        digests={"branch:3501": DIGEST},
    ),
    "lease_request": leases.LeaseRequest(
        branch="3501", series="A", business_date="2026-11-21", want=50, request_id=ID, held=["t"]
    ),
    "lease": leases.Lease(
        lease_id=ID, branch="3501", series="A", business_date="2026-11-21", lo=1, hi=50, expires_at=AT, token="t",
        overflow="B",
    ),
    "lease_return": leases.LeaseReturn(unused=[49, 50]),
    "verify_request": verify.VerifyRequest(bucket="branch:3501", have={"": DIGEST}),
    "verify_response": verify.VerifyResponse(
        bucket="branch:3501", head=5122,
        differ=[
            verify.Branch(prefix="0", narrower={"01": DIGEST}),
            verify.Branch(
                prefix="1", records=[pull.Change(b="branch:3501", s=1, k="form", id=ID, v=1, d=msgspec.Raw(b"{}"))]
            ),
        ],
    ),
    "purge_ack_request": purges.PurgeAckRequest(
        receipts=[purges.PurgeReceipt(purge=ID, deleted=83, digest_before=DIGEST, done_at=AT, sig="c2ln")]
    ),
    "purge_ack_response": purges.PurgeAckResponse(settled=[ID], open=[ORDER]),
    "decision_request": review.DecisionRequest(
        decision=review.Decision.OVERRIDE, reason="asked the customer", version=1, set={"phone": "13900000002"}
    ),
    "review_page": review.ReviewPage(items=[review.ReviewItem(id=ID, version=1, body={"state": "open"})], next=AT),
    "machine_request": machine.MachineRequest(
        messages=[
            msgspec.Raw(msgspec.json.encode(machine.MachineMessage(n=7, type="issue", at=AT, series="A")))
        ],
        sent_at=AT,
    ),
    "machine_response": machine.MachineResponse(
        ack_n=7, server_time=AT,
        answers=[
            machine.MachineAnswer(
                n=7, status="done", ticket_id=ID, series="A", number=21, business_date="2026-11-21", display="A021",
                state="waiting", ahead=3, wait_lo_min=6, wait_hi_min=24, token="t",
            )
        ],
    ),
    "block_request": machine.BlockRequest(series="A", business_date="2026-11-21", want=50, request_id=ID, held=["t"]),
    "call_next_request": machine.CallNextRequest(branch_id="3501", counter_no="2", present=ID),
    "call_next_response": machine.CallNextResponse(ticket_id=ID, version=2, display="A021", waiting=3),
    "line_answer": lobby.LineAnswer(
        branch_id="3501", as_of=AT, is_live=True, waiting=1,
        series=[
            lobby.SeriesLine(
                series="A", waiting=1, counters_open=2, service_mean_s=420, longest_wait_s=60, lo_min=6, hi_min=24,
                text="约 6–24 分钟",
            )
        ],
        counters=[lobby.CounterLine(counter_no="1", state="open", teller="t1", series=["A"], waiting=1)],
        tickets=[lobby.WaitingTicket(id=ID, series="A", number=21, issued_at=AT, ahead=0, lo_min=0, hi_min=16)],
        staffing=[
            lobby.StaffingLine(
                series="A", counters=2, offered_erlang=2.1, is_growing=True, target_s=600, wanted=0.8, counters_needed=3
            )
        ],
    ),
    "day_answer": lobby.DayAnswer(
        org_id="3501", business_date="2026-11-21", by="hour", target_s=600, as_of=AT, branches=1,
        total=lobby.DayFigures(issued=1, called=1, wait_mean_s=240),
        rows=[lobby.DayFigures(key="09", issued=1, called=1, wait_mean_s=240)],
        definitions=[lobby.Definition(key="issued", title="取号数", meaning="当日取号总数")],
    ),
    "load_request": teller.LoadRequest(request_id="counter3-117", pick_up_code="AB3K7WXY", teller="T01"),
    "load_response": teller.LoadResponse(
        form_id=ID, branch_id="3501", template_code="transfer", template_version=1, title="转账汇款",
        fields=[teller.LoadedField(key="way", label="方式", type="choice", value="1", code="1")], loaded_at=AT,
    ),
    "result_request": teller.ResultRequest(
        request_id="counter3-118", form_id=ID, outcome="changed", values={"phone": "13900000002"},
        resignature=teller.Resignature(signed_at=AT),
    ),
    "result_response": teller.ResultResponse(form_id=ID, state="changed", changed=["phone"], ended_at=AT),
    "contact_page": marketing.ContactPage(
        items=[
            marketing.ContactItem(
                id=ID, at=AT, channel="lobby", stage="interested", org_id="3501", author="s-1", is_marketing=True
            )
        ],
        next="2026-11-21~1",
    ),
    "effect_page": marketing.EffectPage(
        since="2026-11-01", until="2026-11-30",
        items=[marketing.Effect(product_id=ID, product_name="整存整取一年", org_id="3501", recommended=2, done=1)],
    ),
    "lead_page": leads.LeadPage(
        items=[
            leads.LeadItem(
                id=ID, version=2, org_id="3501", name="陈**", phone="138****5678", state="escalated", state_at=AT,
                author="s-1", supervisor="s-9",
            )
        ],
    ),
    "assign_lead_request": leads.AssignLeadRequest(owner="s-2", version=2),
    "problem": ProblemDocument(
        type="/docs/errors#too_large", title="The request exceeds the limits in this answer; send half.", status=413,
        code="too_large", args={"body_bytes_max": 1_048_576},
    ),
}  # fmt: skip
