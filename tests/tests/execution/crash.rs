//! `kill -9` between each pair of entries in the log.

use crate::living::{Living, SOON, Site, reaches, tamper};
use ma_tests::house::Agent;
use ma_tests::sink::{Fault, SmtpSink};
use ma_tests::wait::eventually;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(600);
const FOR_EVER: Duration = Duration::from_secs(600);
const BOB: &str = "bob@example.org";

/// A site with a passkey, an agent and the account of a mail server.
async fn with_mail(site: &Site, hold: Duration) -> (Living<'_>, Agent, SmtpSink) {
    let sink = SmtpSink::start(Fault::None).await;
    let mut app = site.start(hold).await;
    let agent = app.settle_in().await;
    app.connect(&sink).await;
    (app, agent, sink)
}

/// Long enough for a mail that should not leave.
async fn a_while() {
    tokio::time::sleep(SHORT * 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_proposal_it_still_waits_and_leaves_only_once_approved() {
    let site = Site::new();
    let (app, agent, sink) = with_mail(&site, SHORT).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    app.kill().await;

    let mut app = site.start(SHORT).await;
    assert_eq!(agent.state(&id).await, "pending");
    a_while().await;
    assert_eq!(sink.messages(), []);
    app.approve(&id).await;
    reaches(&agent, &id, "executed").await;
    assert_eq!(
        app.story(&id).await,
        ["Proposed", "Approved", "Leaving", "Done"]
    );
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_page_is_open_its_answer_counts_for_nothing() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, SHORT).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    let page = app.page(&format!("approve {id}")).await;
    let answer = app.signed(&page);
    app.kill().await;

    let mut app = site.start(SHORT).await;
    let refused = app.finish(&answer).await;
    assert!((400..500).contains(&refused), "{refused}");
    a_while().await;
    assert_eq!(agent.state(&id).await, "pending");
    assert_eq!(app.story(&id).await, ["Proposed"]);
    assert_eq!(sink.messages(), []);
    app.approve(&id).await;
    reaches(&agent, &id, "executed").await;
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_the_hold_it_starts_anew_and_can_still_be_undone() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, LONG).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    let leaves = async |app: &mut Living<'_>| {
        let item = app.ask(&format!("item {id}")).await.unwrap();
        item["row"]["leaves"].as_i64().expect("when it leaves")
    };
    let before = leaves(&mut app).await;
    app.kill().await;

    let mut app = site.start(LONG).await;
    assert_eq!(agent.state(&id).await, "held");
    assert!(leaves(&mut app).await > before);
    app.ask(&format!("undo {id}")).await.unwrap();
    app.kill().await;

    let mut app = site.start(SHORT).await;
    a_while().await;
    assert_eq!(agent.state(&id).await, "pending");
    assert_eq!(sink.messages(), []);
    app.approve(&id).await;
    reaches(&agent, &id, "executed").await;
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_the_hold_it_leaves_once_after_the_next_start() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, LONG).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    app.kill().await;

    let app = site.start(SHORT).await;
    reaches(&agent, &id, "executed").await;
    app.kill().await;
    let mut app = site.start(SHORT).await;
    a_while().await;
    assert_eq!(
        app.story(&id).await,
        ["Proposed", "Approved", "Leaving", "Done"]
    );
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_while_the_app_was_dead_is_verified_again_and_never_leaves() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, LONG).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    app.kill().await;
    let swap = "UPDATE proposal SET prepared =
        CAST(replace(CAST(prepared AS TEXT), 'bob@', 'eve@') AS BLOB)";
    tamper(&site.database(), swap);

    let mut app = site.start(SHORT).await;
    reaches(&agent, &id, "failed").await;
    assert_eq!(sink.messages(), []);
    assert!(app.notices("stopped").await);
    let story = app.story(&id).await;
    assert_eq!(story, ["Proposed", "Approved", "Stopped, nothing left"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_start_and_before_the_body_it_is_in_doubt_and_not_sent_again() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, SHORT).await;
    sink.set(Fault::HangAtBanner(FOR_EVER));
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    reaches(&agent, &id, "executing").await;
    app.kill().await;
    sink.set(Fault::None);

    let mut app = site.start(SHORT).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "in_doubt", "{end}");
    a_while().await;
    assert_eq!(
        app.story(&id).await,
        ["Proposed", "Approved", "Leaving", "In doubt"]
    );
    app.kill().await;
    let _app = site.start(SHORT).await;
    a_while().await;
    assert_eq!(agent.state(&id).await, "in_doubt");
    assert_eq!(sink.messages(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_body_it_is_in_doubt_and_exactly_one_mail_is_there() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, SHORT).await;
    sink.set(Fault::HangAfterDot(FOR_EVER));
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    let taken = || (sink.messages().len() == 1).then_some(());
    eventually("the mail at the server", SOON, taken).await;
    assert_eq!(agent.state(&id).await, "executing");
    app.kill().await;
    sink.set(Fault::None);

    let app = site.start(SHORT).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "in_doubt", "{end}");
    let reference = end["outcome"]["reference"]
        .as_str()
        .expect("the Message-ID");
    assert!(sink.messages()[0].text().contains(reference));
    app.kill().await;
    let _app = site.start(SHORT).await;
    a_while().await;
    assert_eq!(agent.state(&id).await, "in_doubt");
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_end_it_stays_ended_and_its_receipt_holds() {
    let site = Site::new();
    let (mut app, agent, sink) = with_mail(&site, SHORT).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    app.approve(&id).await;
    reaches(&agent, &id, "executed").await;
    app.kill().await;

    let mut app = site.start(SHORT).await;
    a_while().await;
    assert_eq!(agent.state(&id).await, "executed");
    assert_eq!(sink.messages().len(), 1);
    let receipt = app.ask(&format!("receipt {id}")).await.unwrap();
    assert_eq!(receipt["valid"], true, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_was_answered_survives_the_kill() {
    let site = Site::new();
    let (mut app, agent, _sink) = with_mail(&site, SHORT).await;
    let id = agent.propose_mail(BOB, "Friday").await;
    let reject = format!("reject {id} Never promise a date");
    app.ask(&reject).await.unwrap();
    app.kill().await;

    let mut app = site.start(SHORT).await;
    let (_, body) = agent.read(&format!("/v1/proposals/{id}")).await;
    assert_eq!(body["rejection"]["reason"], "Never promise a date");
    assert_eq!(app.story(&id).await, ["Proposed", "Rejected"]);
    let refused = app.ask(&format!("approve {id}")).await.unwrap_err();
    assert_eq!(refused["code"], "wrong_state");
}
