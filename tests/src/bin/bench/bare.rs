//! The least that could do it: the same web framework, the same database with
//! the same durability, the same check of the key, and nothing else.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, Router, routing::post};
use ma_tests::folder::Folder;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// The most inserts of one transaction, as in the app.
const BATCH: usize = 128;

pub struct Table(Connection);

impl Table {
    pub fn open(folder: &Folder, name: &str) -> Self {
        let connection = Connection::open(folder.join(name)).unwrap();
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .unwrap();
        connection
            .pragma_update(None, "synchronous", "FULL")
            .unwrap();
        let table = "CREATE TABLE proposal (id INTEGER PRIMARY KEY, agent TEXT NOT NULL,
            body BLOB NOT NULL) STRICT";
        connection.execute_batch(table).unwrap();
        Self(connection)
    }

    /// One row; outside a transaction it is on the disk afterwards.
    pub fn insert(&self, agent: &str, body: &[u8]) -> i64 {
        let sql = "INSERT INTO proposal (agent, body) VALUES (?1, ?2)";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        statement.execute(params![agent, body]).unwrap();
        self.0.last_insert_rowid()
    }
}

type Row = (String, Vec<u8>, oneshot::Sender<i64>);

enum Rows {
    /// One commit for each request.
    Each(Mutex<Table>),
    /// What waits is committed together.
    Grouped(Mutex<mpsc::Sender<Row>>),
}

struct Door {
    keys: HashMap<[u8; 32], String>,
    rows: Rows,
}

pub struct Server {
    pub port: u16,
    pub token: String,
    _folder: Folder,
}

impl Server {
    pub async fn each() -> Self {
        Self::start(|table| Rows::Each(Mutex::new(table))).await
    }

    pub async fn grouped() -> Self {
        Self::start(|table| {
            let (sender, receiver) = mpsc::channel();
            std::thread::spawn(move || commit_together(&table, &receiver));
            Rows::Grouped(Mutex::new(sender))
        })
        .await
    }

    async fn start(rows: impl FnOnce(Table) -> Rows) -> Self {
        let folder = Folder::new();
        let token = "a-key-of-about-the-same-length-as-the-real-one-has-it".to_owned();
        let door = Arc::new(Door {
            keys: HashMap::from([(Sha256::digest(&token).into(), "Claude".to_owned())]),
            rows: rows(Table::open(&folder, "bare.sqlite3")),
        });
        let app = Router::new()
            .route("/v1/proposals", post(propose))
            .with_state(door);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            port,
            token,
            _folder: folder,
        }
    }
}

fn commit_together(table: &Table, receiver: &mpsc::Receiver<Row>) {
    while let Ok(first) = receiver.recv() {
        let rows: Vec<Row> = std::iter::once(first)
            .chain(receiver.try_iter().take(BATCH - 1))
            .collect();
        table.0.execute_batch("BEGIN IMMEDIATE").unwrap();
        let done: Vec<_> = rows
            .into_iter()
            .map(|(agent, body, reply)| (table.insert(&agent, &body), reply))
            .collect();
        table.0.execute_batch("COMMIT").unwrap();
        for (id, reply) in done {
            let _ = reply.send(id);
        }
    }
}

async fn propose(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let digest: [u8; 32] = Sha256::digest(key).into();
    let Some(agent) = door.keys.get(&digest) else {
        return (StatusCode::UNAUTHORIZED, Json(json!({})));
    };
    if serde_json::from_slice::<Value>(&body).is_err() {
        return (StatusCode::BAD_REQUEST, Json(json!({})));
    }
    let id = match &door.rows {
        Rows::Each(table) => {
            tokio::task::block_in_place(|| table.lock().unwrap().insert(agent, &body))
        }
        Rows::Grouped(sender) => {
            let (reply, answer) = oneshot::channel();
            let row = (agent.clone(), body.to_vec(), reply);
            sender.lock().unwrap().send(row).unwrap();
            answer.await.unwrap()
        }
    };
    (
        StatusCode::ACCEPTED,
        Json(json!({"id": id, "state": "pending"})),
    )
}
