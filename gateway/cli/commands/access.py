"""Who may do what, and what they did: tokens and the audit log."""

from gateway.cli.commands.table import Group, command

__all__ = ["GROUPS"]

_ACCESS = (
    command(
        "create",
        "gateway.cli.access:create",
        "Make a token; it is shown once.",
        "cityloom access create wang --role operator",
        "cityloom access create heatmap --role viewer --permission readings.read --zone tianhe --for 90d",
        "cityloom access create backup-job --role engineer --never-expires --json | tail -n 1",
    ),
    command(
        "list",
        "gateway.cli.access:listing",
        "List tokens: whose, for what, until when, last used.",
        "cityloom access list",
        "cityloom access list --all --json | tail -n 1",
    ),
    command(
        "revoke",
        "gateway.cli.access:revoke",
        "Let a token count no more, at once; its sessions end.",
        "cityloom access revoke 7k2m9q4x",
    ),
    command(
        "rotate",
        "gateway.cli.access:rotate",
        "Give a token a new secret; the old one counts on for a while.",
        "cityloom access rotate 7k2m9q4x",
        "cityloom access rotate 7k2m9q4x --grace 0s",
    ),
    command(
        "sessions",
        "gateway.cli.access_sessions:sessions",
        "List the browsers that are signed in: by whose token, since when, from where.",
        "cityloom access sessions",
        "cityloom access sessions --token 7k2m9q4x",
        "cityloom access sessions --json | tail -n 1",
    ),
    command(
        "sign-out",
        "gateway.cli.access_sessions:sign_out",
        "Sign a browser out; its token counts on.",
        "cityloom access sign-out 5f0c2a91d3b4",
        "cityloom access sign-out --token wang",
        "cityloom access sign-out --all",
    ),
)

_AUDIT = (
    command(
        "list",
        "gateway.cli.audit:listing",
        "List acts and denied tries, the newest first.",
        "cityloom audit list",
        "cityloom audit list --who 7k2m9q4x --act alarms --from 2026-03-02",
        "cityloom audit list --outcome denied -n 20 --json | tail -n 1",
    ),
    command(
        "verify",
        "gateway.cli.audit:verify",
        "Say whether the log is as it was written, or where it isn't.",
        "cityloom audit verify",
        "cityloom audit verify --anchor 1204:9f2c41d7a05be6c3",
    ),
)

GROUPS = (
    Group("access", "Tokens and sessions: who may do what.", _ACCESS),
    Group("audit", "Who did what: the log of acts and denied tries, and whether anybody changed it.", _AUDIT),
)
