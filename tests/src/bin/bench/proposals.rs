//! How long a proposal takes until it is on the disk, and how many a second.

use crate::bare::{Server, Table};
use crate::client::Client;
use crate::report::{Report, Times};
use crate::{CLIENTS, house};
use ma_tests::folder::Folder;
use std::time::Instant;

const ROUNDS: usize = 10;
const EACH: usize = 50;
/// Proposals of each of the many clients.
const OF_MANY: usize = 48;

/// One client, one proposal after the other, beside the bare ones. The kinds
/// take turns: what slows the machine slows all of them. Gives the app's rate.
pub async fn one_client(report: &mut Report) -> f64 {
    let house = house().await;
    let agent = house.agent("Claude").await;
    let server = Server::each().await;
    let folder = Folder::new();
    let table = Table::open(&folder, "commit.sqlite3");
    let mut ours = Client::connect(house.agent_port, &agent.token).await;
    let mut bare = Client::connect(server.port, &server.token).await;
    let (mut app, mut beside, mut commit) = Default::default();
    timed(&mut ours, 0, &mut Times::default()).await;
    timed(&mut bare, 0, &mut Times::default()).await;
    for round in 1..=ROUNDS {
        timed(&mut ours, round, &mut app).await;
        timed(&mut bare, round, &mut beside).await;
        tokio::task::block_in_place(|| commits(&table, &mut commit));
    }
    for (name, percent) in [("p50", 50), ("p95", 95)] {
        let (a, b, c) = (
            app.part(percent),
            beside.part(percent),
            commit.part(percent),
        );
        report.plain(&format!("one client: propose, durable, {name}"), a, "ms");
        report.plain(
            &format!("one client: bare server and SQLite, {name}"),
            b,
            "ms",
        );
        report.plain(&format!("one client: bare SQLite commit, {name}"), c, "ms");
        let of_server = format!("one client: app / bare server, {name}");
        if percent == 50 {
            report.at_most(&of_server, a / b, "x", 1.5);
        } else {
            report.plain(&of_server, a / b, "x");
        }
        report.plain(
            &format!("one client: app / bare commit, {name}"),
            a / c,
            "x",
        );
    }
    app.rate()
}

async fn timed(client: &mut Client, round: usize, times: &mut Times) {
    for number in 0..EACH {
        let start = Instant::now();
        let (status, body) = client.propose(round * EACH + number).await;
        times.add(start.elapsed());
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&body));
    }
}

fn commits(table: &Table, times: &mut Times) {
    // As many bytes as one of the proposals has.
    let body = [b'x'; 200];
    for _ in 0..EACH {
        let start = Instant::now();
        table.insert("Claude", &body);
        times.add(start.elapsed());
    }
}

/// Many clients at once, each an agent of its own, beside the bare grouped commit.
pub async fn many_clients(report: &mut Report, one: f64) {
    let house = house().await;
    let mut keys = Vec::new();
    for number in 0..CLIENTS {
        keys.push(house.agent(&format!("Agent {number}")).await.token);
    }
    let (app, wrong) = rate(house.agent_port, &keys).await;
    let server = Server::grouped().await;
    let (bare, bare_wrong) = rate(server.port, &vec![server.token.clone(); CLIENTS]).await;
    assert_eq!(bare_wrong, 0);
    report.plain("one client: proposals", one, "/s");
    report.plain(&format!("{CLIENTS} clients: proposals"), app, "/s");
    report.plain(
        &format!("{CLIENTS} clients: bare server, grouped commit"),
        bare,
        "/s",
    );
    report.at_least(
        &format!("{CLIENTS} clients: app / one client"),
        app / one,
        "x",
        5.0,
    );
    report.plain(
        &format!("{CLIENTS} clients: app / bare grouped"),
        app / bare,
        "x",
    );
    report.at_most(&format!("{CLIENTS} clients: errors"), wrong as f64, "", 0.0);
}

/// Proposals in a second, and how many were refused.
async fn rate(port: u16, keys: &[String]) -> (f64, usize) {
    let mut clients = Vec::new();
    for key in keys {
        let mut client = Client::connect(port, key).await;
        // The first use of a key is written down.
        client.propose(0).await;
        clients.push(client);
    }
    let start = Instant::now();
    let running: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                let mut wrong = 0;
                for number in 1..=OF_MANY {
                    wrong += usize::from(client.propose(number).await.0 != 202);
                }
                wrong
            })
        })
        .collect();
    let mut wrong = 0;
    for client in running {
        wrong += client.await.unwrap();
    }
    let all = (keys.len() * OF_MANY) as f64;
    (all / start.elapsed().as_secs_f64(), wrong)
}
