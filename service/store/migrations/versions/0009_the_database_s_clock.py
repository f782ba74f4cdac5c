"""The database's clock: one function, its high-water mark, and a shift for demos."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The latest time that was believed, how often the clock was seen to step, and
    # whether mail is held until it is right again.
    """
    CREATE TABLE timekeeping (
        is_one boolean PRIMARY KEY DEFAULT true,
        high_water timestamptz,
        steps bigint NOT NULL DEFAULT 0,
        is_held boolean NOT NULL DEFAULT false,
        CONSTRAINT timekeeping_is_one_check CHECK (is_one)
    )
    """,
    "INSERT INTO timekeeping DEFAULT VALUES",
    # When the server's clock showed `since`, it was `instant` here; where there is no
    # `since`, time stands still. It counts in the database that it was made for alone.
    """
    CREATE TABLE shifted_clock (
        is_one boolean PRIMARY KEY DEFAULT true,
        identity text NOT NULL,
        instant timestamptz NOT NULL,
        since timestamptz,
        CONSTRAINT shifted_clock_is_one_check CHECK (is_one)
    )
    """,
    """
    CREATE FUNCTION clock_shifts_before_people() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM subscriber) OR EXISTS (SELECT FROM signup) THEN
            RAISE EXCEPTION 'where people are, the clock is not shifted';
        END IF;
        NEW.identity := database_identity();
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER clock_shifts_before_people
        BEFORE INSERT OR UPDATE OF identity ON shifted_clock
        FOR EACH ROW EXECUTE FUNCTION clock_shifts_before_people()
    """,
    # One instant for a whole statement, however long its transaction is open.
    """
    CREATE FUNCTION eventide_now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
    DECLARE
        shifted timestamptz;
    BEGIN
        SELECT instant + COALESCE(statement_timestamp() - since, interval '0')
        INTO shifted
        FROM shifted_clock WHERE identity = database_identity();
        RETURN COALESCE(shifted, statement_timestamp());
    END $$
    """,
)
BACK = (
    "DROP FUNCTION eventide_now",
    "DROP TABLE shifted_clock",
    "DROP FUNCTION clock_shifts_before_people",
    "DROP TABLE timekeeping",
)


def upgrade() -> None:
    """Add the function that tells the time, and the two rows that it rests on."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    for statement in BACK:
        op.execute(statement)
