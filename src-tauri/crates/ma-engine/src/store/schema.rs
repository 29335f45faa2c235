//! The tables. Migrations are numbered and frozen; history cannot be rewritten through this
//! connection: triggers refuse it in the file, an authorizer refuses it in the process.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite_migration::{M, Migrations};

const FIRST: &str = include_str!("0001_first.sql");

/// Brings the file to the newest numbered form.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    Migrations::new(vec![M::up(FIRST)]).to_latest(connection)
}

/// Forbids, from here on, what no statement of ours needs: deleting anything, changing the
/// tables, attaching files, rewriting the log.
pub(super) fn forbid(connection: &Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| decide(context.action)))
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the list of allowed actions is closed; all others, present and future, are denied"
)]
fn decide(action: AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Read { .. }
        | AuthAction::Select
        | AuthAction::Insert { .. }
        | AuthAction::Function { .. }
        | AuthAction::Recursive
        | AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. } => Authorization::Allow,
        AuthAction::Update {
            table_name,
            column_name,
        } if may_change(table_name, column_name) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn may_change(table: &str, column: &str) -> bool {
    matches!(
        (table, column),
        (
            "proposal",
            "state"
                | "changed"
                | "leaves"
                | "prepared"
                | "approval_seq"
                | "rejection"
                | "outcome"
                | "superseded_by"
        ) | ("agent", "revoked" | "last_used")
            | ("account", "is_default")
            | ("setting", "value")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO log (seq, entry) VALUES (0, x'00');
                 INSERT INTO blob (sha256, bytes) VALUES (x'00', x'00');
                 INSERT INTO agent (id, name, key_sha256, paired, expires) VALUES ('a','a',x'00',0,0);
                 INSERT INTO practice_mail (mailbox, message_id, raw, arrived) VALUES ('m','i',x'00',0);
                 INSERT INTO proposal (id, agent, verb, account, action, display, action_sha256,
                   display_sha256, digest, summary, proposed, expires, state, changed)
                 VALUES ('p','a','v','c',x'00',x'00',x'00',x'00',x'00','s',0,0,'pending',0);",
            )
            .unwrap();
        connection
    }

    const TABLES: [&str; 9] = [
        "log",
        "log_hash",
        "checkpoint",
        "proposal",
        "blob",
        "agent",
        "account",
        "practice_mail",
        "setting",
    ];

    #[test]
    fn no_statement_deletes_drops_or_attaches() {
        let connection = open();
        forbid(&connection).unwrap();
        for table in TABLES {
            for sql in [
                format!("DELETE FROM {table}"),
                format!("DROP TABLE {table}"),
                format!("ALTER TABLE {table} RENAME TO x"),
            ] {
                let denied = connection.execute_batch(&sql);
                assert!(denied.is_err(), "{sql}");
            }
        }
        for sql in [
            "ATTACH ':memory:' AS x",
            "PRAGMA writable_schema = 1",
            "DROP TRIGGER log_stands",
            "CREATE TABLE x (y)",
            "UPDATE log SET entry = x'01'",
            "UPDATE proposal SET action = x'01'",
            "UPDATE practice_mail SET raw = x'01'",
            "UPDATE agent SET key_sha256 = x'01'",
        ] {
            assert!(connection.execute_batch(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn a_replace_does_not_slip_past_the_triggers() {
        let connection = open();
        connection
            .pragma_update(None, "recursive_triggers", true)
            .unwrap();
        forbid(&connection).unwrap();
        for table in ["log", "proposal", "blob", "practice_mail", "agent"] {
            let sql = format!("REPLACE INTO {table} SELECT * FROM {table}");
            assert!(connection.execute_batch(&sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn the_file_itself_refuses_to_forget_without_our_connection_too() {
        let connection = open();
        for sql in [
            "DELETE FROM log",
            "UPDATE log SET entry = x'01'",
            "DELETE FROM proposal",
            "UPDATE proposal SET action = x'01'",
            "UPDATE proposal SET display = x'01'",
            "DELETE FROM practice_mail",
            "UPDATE practice_mail SET raw = x'01'",
            "DELETE FROM blob",
            "UPDATE blob SET bytes = x'01'",
            "DELETE FROM agent",
        ] {
            let error = connection.execute_batch(sql).unwrap_err().to_string();
            assert!(error.contains("stands"), "{sql}: {error}");
        }
    }
}
