//! Through a real mail server.

use ma_engine::view::{AccountForm, AccountTest};
use ma_tests::dovecot::Dovecot;
use ma_tests::house::{Agent, House};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn form(server: &Dovecot, certificate: &str) -> AccountForm {
    AccountForm {
        address: Dovecot::address("alice"),
        name: "Alice".to_owned(),
        host: "localhost".to_owned(),
        port: server.submission,
        user: String::new(),
        secret: Dovecot::PASSWORD.to_owned(),
        certificate: certificate.to_owned(),
    }
}

/// Connects alice's account and makes it the default.
async fn connected(house: &House, form: AccountForm) -> (Agent, AccountTest) {
    let agent = house.agent("Claude").await;
    let test = house.engine.add_account(form).await.unwrap();
    assert!(test.works, "{test:?}");
    let accounts = house.engine.settings().await.unwrap().accounts;
    let account = accounts
        .iter()
        .find(|account| account.kind == "smtp")
        .unwrap();
    house.engine.set_default_account(&account.id).await.unwrap();
    (agent, test)
}

async fn executed(house: &House, agent: &Agent) -> String {
    let id = agent
        .propose_mail(&Dovecot::address("bob"), "There and back")
        .await;
    house.approve(&id).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "executed", "{end}");
    end["outcome"]["reference"].as_str().unwrap().to_owned()
}

/// The server's own words about what it was asked until now: mail was handed in,
/// and nobody but this test looked into a mailbox.
fn assert_only_handed_in(server: &Dovecot) {
    let log = server.log();
    assert!(!log.contains("imap-login: Info: Login"), "{log}");
    for word in ["EXPUNGE", "\\DELETED", "STORE", "DELETE"] {
        assert!(!log.to_uppercase().contains(word), "{word}: {log}");
    }
    let commands = server.relay.commands();
    for line in &commands {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let known = [
            "EHLO", "HELO", "XCLIENT", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "NOOP",
        ];
        assert!(known.contains(&verb.as_str()), "{commands:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_mail_lands_in_a_real_inbox() {
    let server = Dovecot::start().await;
    let house = House::ready().await;
    let (agent, test) = connected(&house, form(&server, "")).await;
    assert!(test.steps[0].detail.contains("not encrypted"), "{test:?}");
    let reference = executed(&house, &agent).await;
    assert_only_handed_in(&server);
    let mail = String::from_utf8(server.first_mail("bob", SOON).await).unwrap();
    assert!(
        mail.contains(&format!("Message-ID: <{reference}>")),
        "{mail}"
    );
    assert!(
        mail.contains("Subject: There and back") && mail.contains("Does Friday at ten suit you?")
    );
    assert_eq!(server.inbox("bob").await.len(), 1);
    assert_eq!(server.inbox("alice").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_certificate_makes_the_way_to_a_server_of_this_computer_encrypted() {
    let server = Dovecot::start().await;
    let house = House::ready().await;
    let (agent, test) = connected(&house, form(&server, server.authority())).await;
    assert!(test.steps[0].detail.ends_with(", encrypted"), "{test:?}");
    executed(&house, &agent).await;
    assert_only_handed_in(&server);
    server.first_mail("bob", SOON).await;
    assert_eq!(server.inbox("bob").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_than_the_pinned_one_connects_nothing() {
    let (server, other) = (Dovecot::start().await, Dovecot::start().await);
    let house = House::ready().await;
    let test = house
        .engine
        .add_account(form(&server, other.authority()))
        .await
        .unwrap();
    assert!(!test.works && !test.steps[0].holds, "{test:?}");
    assert_eq!(house.engine.settings().await.unwrap().accounts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_the_server_does_not_know_fails_and_nobody_gets_it() {
    let server = Dovecot::start().await;
    let house = House::ready().await;
    let (agent, _) = connected(&house, form(&server, "")).await;
    let id = agent
        .propose_mail(&Dovecot::address("nobody"), "There and back")
        .await;
    house.approve(&id).await;
    let end = agent.wait(&id).await;
    assert_eq!(end["state"], "failed", "{end}");
    assert!(server.inbox("bob").await.is_empty());
}
