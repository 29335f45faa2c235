//! One changed byte, anywhere: it is found, and nothing runs.

use ma_tests::house::{Agent, House, Plan};
use rusqlite::{Connection, params};
use std::path::Path;

struct Cell {
    table: &'static str,
    column: &'static str,
    row: i64,
    bytes: Vec<u8>,
}

fn open(database: &Path) -> Connection {
    let connection = Connection::open(database).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    connection
}

/// Every value of a column.
fn cells(database: &Path, table: &'static str, column: &'static str) -> Vec<Cell> {
    let sql = format!("SELECT rowid, CAST({column} AS BLOB) FROM {table} ORDER BY rowid");
    let connection = open(database);
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(Cell {
            table,
            column,
            row: row.get(0)?,
            bytes: row.get(1)?,
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

impl Cell {
    /// Writes other bytes in its place, of the same type.
    fn write(&self, database: &Path, bytes: &[u8]) {
        let Self {
            table, column, row, ..
        } = self;
        let connection = open(database);
        let kind: String = connection
            .query_row(
                &format!("SELECT typeof({column}) FROM {table} WHERE rowid = {row}"),
                [],
                |r| r.get(0),
            )
            .unwrap();
        let kind = if kind == "text" { "TEXT" } else { "BLOB" };
        let sql = format!("UPDATE {table} SET {column} = CAST(?1 AS {kind}) WHERE rowid = ?2");
        assert_eq!(connection.execute(&sql, params![bytes, row]).unwrap(), 1);
    }

    fn flipped(&self, at: usize) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at] ^= 1;
        bytes
    }

    fn name(&self, at: usize) -> String {
        format!("{}.{} row {} byte {at}", self.table, self.column, self.row)
    }
}

/// A house with one proposal that was executed and one that waits.
async fn lived_in() -> (House, Agent, String) {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let done = agent.propose_mail("mara@practice.test", "Thursday").await;
    house.approve(&done).await;
    assert_eq!(agent.wait(&done).await["state"], "executed");
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    (house, agent, id)
}

async fn delivered(house: &House) -> usize {
    let practice = house.engine.practice().await.unwrap();
    practice.mailboxes.iter().map(|m| m.mails.len()).sum()
}

async fn is_sealed(house: &House) -> bool {
    let snapshot = house.engine.snapshot().await.unwrap();
    snapshot.notices.iter().any(|n| n.code == "sealed")
}

/// Starts the app on each of these changes: every start has to be sealed. And the last start, on
/// the bytes as they were, has not.
async fn each_seals(house: House, agent: Agent, id: &str, flips: Vec<(Cell, usize)>) {
    let database = house.database();
    let (mut home, mut passkey) = house.stop().await;
    for (cell, at) in flips {
        cell.write(&database, &cell.flipped(at));
        let house = House::at(home, Plan::default(), passkey).await;
        assert!(is_sealed(&house).await, "{} was not found", cell.name(at));
        assert!(
            house.engine.begin_approval(id).await.is_err(),
            "{}",
            cell.name(at)
        );
        let (status, _) = agent
            .at(&house)
            .post(
                "/v1/proposals",
                &serde_json::json!({
                    "action": ma_tests::house::mail("dana@practice.test", "x"), "reason": "r"
                }),
            )
            .await;
        assert_eq!(status, 503, "{}", cell.name(at));
        assert_eq!(delivered(&house).await, 1);
        (home, passkey) = house.stop().await;
        cell.write(&database, &cell.bytes);
    }
    let house = House::at(home, Plan::default(), passkey).await;
    assert!(!is_sealed(&house).await, "put back, all is well");
    house.approve(id).await;
    assert_eq!(agent.at(&house).wait(id).await["state"], "executed");
    assert_eq!(delivered(&house).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_a_stored_proposal_is_found() {
    let (house, agent, id) = lived_in().await;
    let database = house.database();
    let waiting: i64 = open(&database)
        .query_row("SELECT rowid FROM proposal WHERE id = ?1", [&id], |row| {
            row.get(0)
        })
        .unwrap();
    let mut flips = 0;
    for column in [
        "action",
        "display",
        "action_sha256",
        "display_sha256",
        "digest",
    ] {
        let cell = cells(&database, "proposal", column)
            .into_iter()
            .find(|c| c.row == waiting)
            .unwrap();
        for at in (0..cell.bytes.len()).step_by(5) {
            cell.write(&database, &cell.flipped(at));
            let refusal = house
                .engine
                .begin_approval(&id)
                .await
                .expect_err(&cell.name(at));
            assert_eq!(refusal.code, "changed_outside", "{}", cell.name(at));
            // Marked where it can be drawn at all.
            if let Ok(item) = house.engine.item(&id).await {
                assert!(item.broken.is_some(), "{}", cell.name(at));
            }
            assert!(house.engine.snapshot().await.unwrap().queue.len() == 1);
            flips += 1;
        }
        cell.write(&database, &cell.bytes);
    }
    assert!(flips > 150, "{flips}");
    assert_eq!(agent.state(&id).await, "pending");
    assert_eq!(delivered(&house).await, 1);
    house.approve(&id).await;
    assert_eq!(
        agent.wait(&id).await["state"],
        "executed",
        "put back, all is well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_any_log_entry_seals() {
    let (house, agent, id) = lived_in().await;
    let all = cells(&house.database(), "log", "entry");
    assert!(all.len() >= 7, "{}", all.len());
    // In each entry another place.
    let flips = all
        .into_iter()
        .enumerate()
        .map(|(n, cell)| {
            let at = (n * 37 + 11) % cell.bytes.len();
            (cell, at)
        })
        .collect();
    each_seals(house, agent, &id, flips).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_any_stored_hash_seals() {
    let (house, agent, id) = lived_in().await;
    let all = cells(&house.database(), "log_hash", "hash");
    assert!(all.len() >= 13, "{}", all.len());
    let flips = all
        .into_iter()
        .enumerate()
        .map(|(n, cell)| (cell, n % 32))
        .collect();
    each_seals(house, agent, &id, flips).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_the_checkpoint_seals() {
    let (house, agent, id) = lived_in().await;
    let length = cells(&house.database(), "checkpoint", "note")
        .pop()
        .unwrap()
        .bytes
        .len();
    let mut places: Vec<usize> = (0..length).step_by(19).collect();
    // The end of the signature, and the line breaks around the root.
    places.extend([length - 1, length - 2, length - 3, length - 4]);
    let flips = places
        .into_iter()
        .map(|at| {
            (
                cells(&house.database(), "checkpoint", "note")
                    .pop()
                    .unwrap(),
                at,
            )
        })
        .collect();
    each_seals(house, agent, &id, flips).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_an_additional_row_seals() {
    for sql in [
        "DELETE FROM log WHERE seq = 2",
        "DELETE FROM log_hash WHERE idx = 3",
        "DELETE FROM log_hash WHERE idx = (SELECT max(idx) FROM log_hash)",
        "INSERT INTO log_hash SELECT max(idx) + 1, zeroblob(32) FROM log_hash",
        "INSERT INTO log SELECT max(seq) + 1, NULL, entry FROM log",
        "UPDATE log SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM log)",
        "DELETE FROM checkpoint",
        "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
        "DELETE FROM log; DELETE FROM log_hash; DELETE FROM checkpoint",
    ] {
        let (house, agent, id) = lived_in().await;
        let database = house.database();
        let (home, passkey) = house.stop().await;
        open(&database).execute_batch(sql).unwrap();
        let house = House::at(home, Plan::default(), passkey).await;
        assert!(is_sealed(&house).await, "{sql}");
        assert!(house.engine.begin_approval(&id).await.is_err(), "{sql}");
        assert_eq!(agent.at(&house).state(&id).await, "pending", "{sql}");
        assert_eq!(delivered(&house).await, 1, "{sql}");
    }
}
