"""A session with curl on the demonstration bank, as README.md prints it and `padsync demo --serve` repeats it."""

from pathlib import Path

SESSION = """\
API=$URL/api/v1
STAFF=L350101-1  # a lobby manager of branch 350101
pick() { python3 -c "import json, sys; it = json.load(sys.stdin); print($1)"; }
PASSWORD=$(pick "[who['password'] for who in it['staff'] if who['staff_no'] == '$STAFF'][0]" < $DATA/credentials.json)
CODE=$(PADSYNC_DATA_DIR=$DATA padsync enrolment-code 350101)

# A device has a key, an app on it has an install id; the code binds both to the branch, once.
KEY=$(padsync device-key $DATA/device.pem)
INSTALL=$(python3 -c 'import uuid; print(uuid.uuid4())')
post() {
  curl -sS $API$1 -H "Sync-Install: $INSTALL" -H "Authorization: Bearer ${TOKEN-}" \\
    -H 'Content-Type: application/json' -d "$2"
  echo
}
post /auth/enrol "{\\"enrolment_code\\": \\"$CODE\\", \\"install_id\\": \\"$INSTALL\\", \\"public_key\\": $KEY,
  \\"platform\\": \\"curl\\", \\"app_version\\": \\"1.0\\", \\"schema\\": 1}"

# Signing in takes the password and the device's signature over a fresh challenge.
CHALLENGE=$(curl -sS -X POST $API/sync/hello -H "Sync-Install: $INSTALL" | pick "it['challenge']")
PROOF=$(padsync sign-proof $DATA/device.pem $CHALLENGE $INSTALL $STAFF)
TOKEN=$(post /auth/sign-in "{\\"install_id\\": \\"$INSTALL\\", \\"staff_no\\": \\"$STAFF\\",
  \\"password\\": \\"$PASSWORD\\", \\"proof\\": \\"$PROOF\\"}" | pick "it['access_token']")

# The first pull brings the whole scope: the catalog, and the branch's line and forms.
FIRST=$(post /sync/pull '{}')
CURSOR=$(printf %s "$FIRST" | pick "it['cursor']")
TEMPLATE=$(printf %s "$FIRST" | pick "next(row['id'] for row in it['changes'] if row['k'] == 'form_template')")

# Push mutation 1: a form. Pushed again, as after a lost answer, it gets the same answer and changes nothing.
FORM=$(python3 -c 'import uuid; print(uuid.uuid4())')
MUTATION="{\\"n\\": 1, \\"kind\\": \\"form\\", \\"id\\": \\"$FORM\\", \\"op\\": \\"create\\",
  \\"set\\": {\\"branch_id\\": \\"350101\\", \\"template_id\\": \\"$TEMPLATE\\", \\"name\\": \\"林小燕\\",
    \\"phone\\": \\"19900001234\\"},
  \\"made_at\\": {\\"wall\\": \\"2026-11-21T09:30:00+08:00\\"}}"
post /sync/push "{\\"mutations\\": [$MUTATION]}"
post /sync/push "{\\"mutations\\": [$MUTATION]}"

# Pull what is new since the first pull: the form, as the server has it now.
post /sync/pull "{\\"cursor\\": \\"$CURSOR\\"}"
"""


def write_session(url: str, data_dir: str) -> str:
    """Return the session for one server, ready for a shell; `padsync` must be on the path."""
    return f"URL={url}\nDATA={Path(data_dir)}\n{SESSION}"
