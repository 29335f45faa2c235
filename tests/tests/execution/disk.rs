//! A disk that is full: nothing is half written, and the app stays.

use crate::living::{Living, SOON, Site, reaches};
use ma_tests::house::{Agent, mail};
use ma_tests::sink::{Fault, SmtpSink};
use ma_tests::wait::{eventually, eventually_async};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

const HOLD: Duration = Duration::from_millis(100);

/// A small disk of its own. It is taken away with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where the system does not permit to mount.
    fn mount(path: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&path).unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs"])
            .arg(&path)
            .output();
        match mount {
            Ok(done) if done.status.success() => Some(Self(path)),
            Ok(_) | Err(_) => None,
        }
    }

    /// Fills it to the last byte.
    fn fill(&self) -> Filler {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [64 << 10, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Filler(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
        drop(unmount);
    }
}

struct Filler(PathBuf);

impl Filler {
    fn remove(self) {
        std::fs::remove_file(self.0).unwrap();
    }
}

/// Starts the app so that a limit on its files is an error of a write, as a full
/// disk is, and not a signal.
async fn limitable(site: &Site) -> Living<'_> {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_house"))
        .args(site.arguments(HOLD));
    site.spawn(command).await
}

/// From now on each write of the app fails, or none does.
fn limit(app: &Living<'_>, size: &str) {
    let pid = app.id().to_string();
    let limit = format!("--fsize={size}:unlimited");
    let done = std::process::Command::new("prlimit")
        .args(["--pid", &pid, &limit])
        .status();
    assert!(done.unwrap().success());
}

fn with_file(number: u32) -> Value {
    with_file_of(number, 4000)
}

/// A proposal with a file that no other has.
fn with_file_of(number: u32, size: usize) -> Value {
    let mut action = mail("mara@practice.test", &format!("Friday {number}"));
    let content = format!("{number:08}").repeat(size / 8);
    action["attachments"] =
        json!([{"name": "a.txt", "media_type": "text/plain", "content": content}]);
    json!({"action": action, "reason": "you asked me to"})
}

/// Proposes until the disk takes no more. Gives what was taken.
async fn until_full(agent: &Agent) -> Vec<Value> {
    let mut taken = Vec::new();
    for number in 0..40 {
        let (status, body) = agent.post("/v1/proposals", &with_file(number)).await;
        if status == 202 {
            taken.push(body["id"].clone());
            continue;
        }
        assert_eq!(status, 507, "{body}");
        assert_eq!(body["code"], "storage_full", "{body}");
        return taken;
    }
    panic!("the disk is not full")
}

async fn listed(agent: &Agent) -> Vec<Value> {
    let (status, body) = agent.read("/v1/proposals?limit=200").await;
    assert_eq!(status, 200, "{body}");
    let mut ids: Vec<Value> = body["proposals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|proposal| proposal["id"].clone())
        .collect();
    ids.reverse();
    ids
}

fn rows(site: &Site, table: &str) -> i64 {
    site.query(&format!("SELECT count(*) FROM {table}"), |row| row.get(0))[0]
}

/// Nothing of what was refused is there; it goes on once there is room.
async fn goes_on(site: &Site, app: Living<'_>, agent: &Agent, taken: Vec<Value>) {
    let (status, body) = agent.post("/v1/proposals", &with_file(77)).await;
    assert_eq!(status, 202, "{body}");
    let taken = [taken, vec![body["id"].clone()]].concat();
    let count = i64::try_from(taken.len()).unwrap();
    assert_eq!(sorted(listed(agent).await), sorted(taken));
    assert_eq!((rows(site, "proposal"), rows(site, "blob")), (count, count));
    app.kill().await;
    let mut app = site.start(HOLD).await;
    let id = body["id"].as_str().unwrap();
    app.approve(id).await;
    reaches(agent, id, "executed").await;
    assert_eq!(site.delivered().len(), 1);
}

fn sorted(mut ids: Vec<Value>) -> Vec<Value> {
    ids.sort_by_key(ToString::to_string);
    ids
}

fn no_mount(path: &Path) {
    eprintln!(
        "not tested: the system does not permit to mount a disk at {}",
        path.display()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_new_proposals_whole_and_takes_them_once_there_is_room() {
    let site = Site::new();
    let Some(disk) = SmallDisk::mount(site.home()) else {
        return no_mount(&site.home());
    };
    let mut app = site.start(HOLD).await;
    let agent = app.settle_in().await;
    let before = agent.propose(with_file(99)["action"].clone()).await["id"].clone();
    let filler = disk.fill();
    let taken = until_full(&agent).await;
    assert_eq!(
        until_full(&agent).await,
        Vec::<Value>::new(),
        "it stays full"
    );
    let taken = [vec![before], taken].concat();
    assert_eq!(sorted(listed(&agent).await), sorted(taken.clone()));
    assert_eq!(
        app.ask("snapshot").await.unwrap()["queue"]
            .as_array()
            .unwrap()
            .len(),
        taken.len()
    );
    filler.remove();
    goes_on(&site, app, &agent, taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_byte_refuses_new_proposals_whole() {
    let site = Site::new();
    let mut app = limitable(&site).await;
    let agent = app.settle_in().await;
    let before = agent.propose(with_file(99)["action"].clone()).await["id"].clone();
    limit(&app, "0");
    assert_eq!(until_full(&agent).await, Vec::<Value>::new());
    assert_eq!(listed(&agent).await, std::slice::from_ref(&before));
    let refused = app
        .ask(&format!("reject {} no", before.as_str().unwrap()))
        .await
        .unwrap_err();
    assert_eq!(refused["code"], "disk_full", "{refused}");
    limit(&app, "unlimited");
    goes_on(&site, app, &agent, vec![before]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_on_a_full_disk_are_all_told_that_it_is_full() {
    let site = Site::new();
    let mut app = limitable(&site).await;
    let agent = app.settle_in().await;
    limit(&app, "0");
    // More than the database keeps in memory before it writes, and less.
    let sizes = [1 << 22, 4000].into_iter().cycle().take(16);
    let asking: Vec<_> = (0..)
        .zip(sizes)
        .map(|(number, size)| {
            let (agent, body) = (agent.clone(), with_file_of(number, size));
            tokio::spawn(async move { agent.post("/v1/proposals", &body).await })
        })
        .collect();
    for one in asking {
        let (status, body) = one.await.unwrap();
        assert_eq!(
            (status, &body["code"]),
            (507, &json!("storage_full")),
            "{body}"
        );
    }
    limit(&app, "unlimited");
    goes_on(&site, app, &agent, Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_waits_on_a_full_disk_and_leaves_once_after_the_next_start() {
    let site = Site::new();
    let sink = SmtpSink::start(Fault::None).await;
    let mut app = limitable(&site).await;
    let agent = app.settle_in().await;
    app.connect(&sink).await;
    app.ask("snapshot").await.unwrap();
    let id = agent.propose_mail("bob@example.org", "Friday").await;
    let page = app.page(&format!("approve {id}")).await;
    let answer = app.signed(&page);
    assert_eq!(app.finish(&answer).await, 200);
    limit(&app, "0");
    eventually_async("the notice", SOON, async || {
        app.notices("schedule").await.then_some(())
    })
    .await;
    assert_eq!(agent.state(&id).await, "held");
    assert_eq!(
        sink.messages(),
        [],
        "nothing leaves before its start is written down"
    );
    app.kill().await;
    let app = site.start(HOLD).await;
    reaches(&agent, &id, "executed").await;
    app.kill().await;
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_written_down_is_in_doubt_and_never_sent_again() {
    let site = Site::new();
    let sink = SmtpSink::start(Fault::None).await;
    let mut app = limitable(&site).await;
    let agent = app.settle_in().await;
    app.connect(&sink).await;
    sink.set(Fault::HangAfterDot(Duration::from_millis(1500)));
    let id = agent.propose_mail("bob@example.org", "Friday").await;
    app.approve(&id).await;
    let taken = || (sink.messages().len() == 1).then_some(());
    eventually("the mail at the server", SOON, taken).await;
    limit(&app, "0");
    eventually_async("the notice", SOON, async || {
        app.notices("outcome_lost").await.then_some(())
    })
    .await;
    assert_eq!(agent.state(&id).await, "executing");
    limit(&app, "unlimited");
    sink.set(Fault::None);
    app.kill().await;
    let _app = site.start(HOLD).await;
    reaches(&agent, &id, "in_doubt").await;
    tokio::time::sleep(HOLD * 5).await;
    assert_eq!(sink.messages().len(), 1);
}
