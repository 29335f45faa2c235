//! Each way in which a mail server fails, and what is known after it.

use ma_tests::house::{Agent, House, Plan};
use ma_tests::sink::{Fault, SmtpSink};
use serde_json::{Value, json};
use std::time::Duration;

const BOB: &str = "bob@example.org";
const FOR_EVER: Duration = Duration::from_secs(600);
/// More than the plan's waits for a server, in milliseconds.
const LATER: i64 = 24 * 3600 * 1000;

struct Post {
    house: House,
    agent: Agent,
    sink: SmtpSink,
}

impl Post {
    /// A house whose account is at a sink, which fails from now on.
    async fn failing(fault: Fault) -> Self {
        let sink = SmtpSink::start(Fault::None).await;
        let house = House::ready_with(Plan {
            limits: ma_engine::Limits {
                smtp_step: Duration::from_millis(500),
                smtp_final: Duration::from_millis(500),
                ..ma_engine::Limits::default()
            },
            ..Plan::default()
        })
        .await;
        let agent = house.agent("Claude").await;
        let (user, secret) = (SmtpSink::USER, SmtpSink::PASSWORD);
        house.connect(user, sink.port, user, secret).await;
        sink.set(fault);
        Self { house, agent, sink }
    }

    /// Proposes, approves, and waits for the end.
    async fn send(&self) -> (String, Value) {
        let proposal = self.agent.propose(to_three()).await;
        let id = proposal["id"].as_str().unwrap().to_owned();
        self.house.approve(&id).await;
        let end = self.agent.wait(&id).await;
        (id, end)
    }

    /// Restarts, lets time pass, and lets the server work again: whatever would
    /// be sent by itself is sent now.
    async fn given_every_chance(self, id: &str) -> (Self, String) {
        self.sink.set(Fault::None);
        let house = self.house.restart().await;
        let agent = self.agent.at(&house);
        house.clock_forward(LATER);
        tokio::time::sleep(Duration::from_millis(600)).await;
        let state = agent.state(id).await;
        (
            Self {
                house,
                agent,
                ..self
            },
            state,
        )
    }

    async fn story(&self, id: &str) -> Vec<String> {
        let item = self.house.engine.item(id).await.unwrap();
        item.story.into_iter().map(|step| step.what).collect()
    }
}

fn to_three() -> Value {
    json!({
        "type": "email.send",
        "to": [{"address": BOB}],
        "cc": [{"address": "carol@example.org"}],
        "bcc": [{"address": "dora@example.org"}],
        "subject": "Friday",
        "text": "Does Friday at ten suit you?\n",
    })
}

/// It surely did not happen: it failed with this code, and stays so.
async fn fails(fault: Fault, code: &str) -> Vec<String> {
    let post = Post::failing(fault).await;
    let (id, end) = post.send().await;
    assert_eq!(end["state"], "failed", "{end}");
    assert_eq!(end["outcome"]["code"], code, "{end}");
    assert!(
        !end["outcome"]["next"].as_str().unwrap().is_empty(),
        "{end}"
    );
    let (post, state) = post.given_every_chance(&id).await;
    assert_eq!(state, "failed");
    assert_eq!(post.sink.messages(), []);
    assert_eq!(
        post.story(&id).await,
        ["Proposed", "Approved", "Leaving", "Not done"]
    );
    post.sink.commands()
}

/// Nobody knows: the human is asked, and nothing is sent a second time.
async fn doubts(fault: Fault, stored: usize) -> (Post, String) {
    let post = Post::failing(fault).await;
    let (id, end) = post.send().await;
    assert_eq!(end["state"], "in_doubt", "{end}");
    assert_eq!(end["outcome"]["result"], "unknown", "{end}");
    assert!(
        end["next"].as_str().unwrap().contains("o not resend"),
        "{end}"
    );
    assert!(end["next"].as_str().unwrap().contains("human"), "{end}");
    assert_eq!(post.sink.messages().len(), stored);
    let (post, state) = post.given_every_chance(&id).await;
    assert_eq!(state, "in_doubt");
    assert_eq!(post.sink.messages().len(), stored);
    let history = post.house.engine.history(None).await.unwrap();
    assert_eq!(history.to_settle.len(), 1);
    (post, id)
}

fn counted(commands: &[String], verb: &str) -> usize {
    commands
        .iter()
        .filter(|line| line.to_uppercase().starts_with(verb))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_accepted_is_executed_and_reaches_all_recipients_by_the_envelope() {
    let post = Post::failing(Fault::None).await;
    let (id, end) = post.send().await;
    assert_eq!(end["state"], "executed", "{end}");
    let message = &post.sink.messages()[0];
    assert_eq!(message.from, SmtpSink::USER);
    assert_eq!(
        message.recipients,
        [BOB, "carol@example.org", "dora@example.org"]
    );
    let text = message.text();
    assert!(
        !text.contains("dora") && !text.to_lowercase().contains("bcc"),
        "{text}"
    );
    assert!(
        text.contains(end["outcome"]["reference"].as_str().unwrap()),
        "{text}"
    );
    let (post, state) = post.given_every_chance(&id).await;
    assert_eq!(state, "executed");
    assert_eq!(post.sink.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_fails_and_sends_nothing() {
    let commands = fails(Fault::RefuseLogin, "login_refused").await;
    assert_eq!(counted(&commands, "MAIL"), 0, "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_recipient_fails_it_and_nobody_gets_it() {
    let refused = Fault::RefuseRecipient("dora@example.org".to_owned());
    let commands = fails(refused, "recipient_refused").await;
    assert_eq!(counted(&commands, "RCPT"), 3, "{commands:?}");
    assert_eq!(counted(&commands, "DATA"), 0, "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clear_refusal_after_the_body_fails_and_is_not_tried_again() {
    for (reply, code) in [
        (451, "server_refused"),
        (452, "server_refused"),
        (552, "mailbox_full"),
        (554, "server_refused"),
    ] {
        let commands = fails(Fault::ReplyAfterBody(reply), code).await;
        assert_eq!(counted(&commands, "DATA"), 1, "{reply}: {commands:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_421_after_the_body_is_in_doubt() {
    doubts(Fault::ReplyAfterBody(421), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_stored_without_an_answer_is_in_doubt_and_there_once() {
    doubts(Fault::DropAfterDot, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_the_mail_and_hangs_leaves_it_in_doubt_and_there_once() {
    doubts(Fault::HangAfterDot(FOR_EVER), 1).await;
}

/// What was written of a body and what the server made of it cannot be told
/// apart from here: any end without an answer after the body began is a doubt.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_inside_the_body_is_in_doubt() {
    doubts(Fault::DropInBody, 0).await;
}

/// No byte of the body was written: it surely did not happen.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_body_fails() {
    fails(Fault::DropAtData, "server_refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_greet_was_not_reached() {
    let commands = fails(Fault::HangAtBanner(FOR_EVER), "not_reached").await;
    assert_eq!(counted(&commands, "MAIL"), 0, "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_at_a_recipient_fails_and_does_not_hold_the_mail_for_ever() {
    fails(Fault::HangAtRecipient(FOR_EVER), "server_refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_was_not_reached_and_its_return_sends_nothing() {
    let Post { house, agent, sink } = Post::failing(Fault::None).await;
    let port = sink.port;
    drop(sink);
    let id = agent.propose_mail(BOB, "Friday").await;
    house.approve(&id).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "failed", "{end}");
    assert_eq!(end["outcome"]["code"], "not_reached", "{end}");
    let sink = SmtpSink::start_at(port, Fault::None).await;
    let again = Post { house, agent, sink };
    let (again, state) = again.given_every_chance(&id).await;
    assert_eq!(state, "failed");
    assert_eq!(again.sink.messages(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_found_out_ends_a_doubt_and_stands_in_the_log() {
    for (happened, state, told) in [
        (true, "executed", "You found out: it was sent"),
        (false, "failed", "You found out: it was not sent"),
    ] {
        let (post, id) = doubts(Fault::DropAfterDot, 1).await;
        post.house.engine.settle(&id, happened).await.unwrap();
        let (_, body) = post.agent.read(&format!("/v1/proposals/{id}")).await;
        assert_eq!(body["state"], state);
        let story = post.story(&id).await;
        assert_eq!(story, ["Proposed", "Approved", "Leaving", "In doubt", told]);
        let again = post.house.engine.settle(&id, !happened).await.unwrap_err();
        assert_eq!(again.code, "wrong_state");
        let receipt = post.house.engine.receipt(&id).await.unwrap();
        assert!(receipt.valid, "{:#?}", receipt.checks);
        let (post, after) = post.given_every_chance(&id).await;
        assert_eq!(after, state);
        assert_eq!(post.sink.messages().len(), 1, "settling sends nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_cannot_be_approved_or_undone_or_withdrawn() {
    let (post, id) = doubts(Fault::DropAfterDot, 1).await;
    let engine = &post.house.engine;
    assert_eq!(
        engine.begin_approval(&id).await.unwrap_err().code,
        "wrong_state"
    );
    assert_eq!(engine.undo(&id).await.unwrap_err().code, "wrong_state");
    assert_eq!(
        engine.reject(&id, "no").await.unwrap_err().code,
        "wrong_state"
    );
    let (status, _) = post
        .agent
        .post(&format!("/v1/proposals/{id}/withdraw"), &json!({}))
        .await;
    assert_eq!(status, 409);
    assert_eq!(post.agent.state(&id).await, "in_doubt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_names_the_step_that_failed_and_connects_nothing() {
    let sink = SmtpSink::start(Fault::None).await;
    let house = House::ready().await;
    let form = |secret: &str, port: u16| ma_engine::view::AccountForm {
        address: SmtpSink::USER.to_owned(),
        name: String::new(),
        host: "127.0.0.1".to_owned(),
        port,
        user: SmtpSink::USER.to_owned(),
        secret: secret.to_owned(),
        certificate: String::new(),
    };
    let test = house
        .engine
        .add_account(form("wrong", sink.port))
        .await
        .unwrap();
    assert!(!test.works);
    let steps: Vec<_> = test
        .steps
        .iter()
        .map(|s| (s.name.as_str(), s.holds))
        .collect();
    assert_eq!(steps, [("Reach the server", true), ("Log in", false)]);
    assert!(
        test.steps[1].detail.contains("wrong user or password"),
        "{test:?}"
    );
    assert!(test.next.is_some_and(|next| next.contains("password")));
    let nobody = ma_tests::wait::free_port();
    let test = house
        .engine
        .add_account(form(SmtpSink::PASSWORD, nobody))
        .await
        .unwrap();
    assert!(
        !test.works && test.steps.len() == 1 && !test.steps[0].holds,
        "{test:?}"
    );
    let accounts = house.engine.settings().await.unwrap().accounts;
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    assert_eq!(accounts[0].kind, "practice");
    assert_eq!(counted(&sink.commands(), "MAIL"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_led_elsewhere_from_outside_sends_nothing_and_gives_no_password() {
    let post = Post::failing(Fault::None).await;
    let stranger = SmtpSink::start(Fault::None).await;
    post.house.tamper(&format!(
        "UPDATE account SET port = {} WHERE kind = 'smtp'",
        stranger.port
    ));
    let (_, end) = post.send().await;
    assert_eq!(end["state"], "failed", "{end}");
    assert_eq!(end["outcome"]["code"], "account_changed", "{end}");
    assert!(stranger.commands().is_empty(), "{:?}", stranger.commands());
    assert!(post.sink.messages().is_empty());
    let notices = post.house.engine.snapshot().await.unwrap().notices;
    assert!(
        notices.iter().any(|n| n.code == "account_changed"),
        "{notices:?}"
    );
}
