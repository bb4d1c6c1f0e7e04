"""The audit trail tells what was done, and only those who audit may read it."""

from tests.support.office import Hall, code_of


def test_the_trail_of_an_enterprise_is_read_in_pages_by_an_auditor(shared: Hall) -> None:
    made = shared.establish()
    uscc = made["licence"]["uscc"]
    first = shared.get(f"/api/v1/events?subject={uscc}&limit=1", "audit").json()
    rest = shared.get(f"/api/v1/events?subject={uscc}&cursor={first['next']}", "audit").json()
    assert [one["act"] for one in (*first["items"], *rest["items"])] == ["enterprise.register", "licence.issue"]
    assert rest["next"] is None
    assert code_of(made) in rest["items"][0]["detail"]["seals"]


def test_the_trail_is_closed_to_every_other_right(shared: Hall) -> None:
    for scope in ("register", "issue", "seal", "read"):
        assert shared.get("/api/v1/events?subject=x", scope).status_code == 403
    assert shared.client.get("/api/v1/events?subject=x").status_code == 401
