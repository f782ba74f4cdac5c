"""A second role that owns the audit log, so that the service can only add to it.

The service's role may not make roles, nor give a table away and be unable to take it
back. So a superuser makes, once, the role and two functions that the service may call:
one hands the log over, the other takes it back as long as it is empty, as a restore
needs it. They lie in a schema of their own, which backups leave out.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

IS_MADE = text(
    """
    SELECT to_regprocedure('eventide_audit.hand_over()') IS NOT NULL
        AND to_regclass('public.audit') IS NOT NULL
    """
)
HAND_OVER = text("SELECT eventide_audit.hand_over()")
TAKE_BACK = text("SELECT eventide_audit.take_back()")
STATEMENTS = """\
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}_audit') THEN
        CREATE ROLE {role}_audit NOLOGIN;
    END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS eventide_audit;
GRANT USAGE ON SCHEMA eventide_audit TO {role};
-- Whoever owns the schema may drop every table in it.
CREATE OR REPLACE FUNCTION eventide_audit.hand_over() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    ALTER SCHEMA public OWNER TO {role}_audit;
    GRANT USAGE, CREATE ON SCHEMA public TO {role};
    ALTER FUNCTION public.audit_is_append_only() OWNER TO {role}_audit;
    ALTER TABLE public.audit OWNER TO {role}_audit;
    REVOKE ALL ON public.audit FROM {role};
    GRANT SELECT, INSERT ON public.audit TO {role};
END $$;
CREATE OR REPLACE FUNCTION eventide_audit.take_back() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT FROM public.audit) THEN
        RAISE EXCEPTION 'the audit log has entries';
    END IF;
    ALTER SCHEMA public OWNER TO pg_database_owner;
    ALTER FUNCTION public.audit_is_append_only() OWNER TO {role};
    ALTER TABLE public.audit OWNER TO {role};
END $$;
"""


def statements(role: str) -> str:
    """What a superuser runs once in the service's database, for the service's role."""
    return STATEMENTS.format(role=role)


async def hand_over(connection: AsyncConnection) -> None:
    """Let the second role own the log, where there is one. Safe to do twice."""
    if await connection.scalar(IS_MADE):
        await connection.execute(HAND_OVER)


async def take_back(connection: AsyncConnection) -> None:
    """Own the log again, where it is empty. Safe to do twice.

    Fails in the database where it has entries.
    """
    if await connection.scalar(IS_MADE):
        await connection.execute(TAKE_BACK)
