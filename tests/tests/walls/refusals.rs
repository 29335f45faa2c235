//! What a person is told when something is refused: driven for real, then reviewed as text.

use ma_engine::view::{AccountForm, Refusal};
use ma_receipt::base64url;
use ma_tests::authenticator::{Knobs, SoftPasskey, flag};
use ma_tests::house::{Agent, House, Keychain, Plan};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How what is good is turned.
type Turn<T> = fn(&mut T);

#[derive(Default)]
struct Collected(String);

impl Collected {
    fn add<T: std::fmt::Debug>(&mut self, what: &str, result: Result<T, Refusal>) {
        let refusal = result.expect_err(what);
        self.text(what, &refusal.code, &refusal.message, &refusal.next);
    }

    fn page(&mut self, what: &str, answer: &(u16, Value)) {
        assert_eq!(answer.0, 403, "{what}: {answer:?}");
        let part = |name: &str| answer.1[name].as_str().unwrap().to_owned();
        self.text(what, &part("code"), &part("message"), &part("next"));
    }

    fn text(&mut self, what: &str, code: &str, message: &str, next: &str) {
        for sentence in [message, next] {
            assert!(sentence.ends_with('.'), "{what}: {sentence}");
            assert!(!sentence.contains(".."), "{what}: {sentence}");
            assert!(
                sentence.starts_with(char::is_uppercase),
                "{what}: {sentence}"
            );
        }
        assert!(
            code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
        writeln!(self.0, "{what}\n  {message} [{code}]\n  Next: {next}").unwrap();
    }
}

fn form() -> AccountForm {
    AccountForm {
        address: "alice@example.org".to_owned(),
        name: String::new(),
        host: "127.0.0.1".to_owned(),
        port: 1,
        user: String::new(),
        secret: "secret".to_owned(),
        certificate: String::new(),
    }
}

async fn executed(house: &House, agent: &Agent) -> String {
    let id = agent.propose_mail("mara@practice.test", "Thursday").await;
    house.approve(&id).await;
    assert_eq!(agent.wait(&id).await["state"], "executed");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_told_about_items() {
    let mut all = Collected::default();
    let house = House::ready().await;
    let engine = &house.engine;
    let agent = house.agent("Claude").await;
    let done = executed(&house, &agent).await;
    let waiting = agent.propose_mail("mara@practice.test", "Friday").await;
    let unknown = "p-0123456789abc";

    for (name, id) in [("unknown", unknown), ("not an id", "x'; --")] {
        all.add(&format!("item, {name}"), engine.item(id).await);
        all.add(&format!("approve, {name}"), engine.begin_approval(id).await);
        all.add(&format!("reject, {name}"), engine.reject(id, "no").await);
        all.add(&format!("undo, {name}"), engine.undo(id).await);
        all.add(&format!("settle, {name}"), engine.settle(id, true).await);
        all.add(&format!("receipt, {name}"), engine.receipt(id).await);
    }
    all.add("approve, too late", engine.begin_approval(&done).await);
    all.add("reject, too late", engine.reject(&done, "no").await);
    all.add("undo, too late", engine.undo(&done).await);
    all.add("settle, nothing in doubt", engine.settle(&done, true).await);
    all.add("undo, not approved", engine.undo(&waiting).await);
    all.add("receipt, not approved", engine.receipt(&waiting).await);
    for (name, reason) in [
        ("empty", String::new()),
        ("blank", " \n ".to_owned()),
        ("too long", "a".repeat(2001)),
        ("control character", "no\u{1b}[2J".to_owned()),
        ("hidden character", "no\u{202e}".to_owned()),
    ] {
        all.add(
            &format!("reject, the reason is {name}"),
            engine.reject(&waiting, &reason).await,
        );
    }
    let file = house.home.write("file", "");
    let written = engine.export_receipt(&done, &file).await.unwrap_err();
    assert_eq!(written.code, "not_written");
    assert_eq!(agent.state(&waiting).await, "pending");
    insta::assert_snapshot!(all.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_told_in_the_settings() {
    let mut all = Collected::default();
    let house = House::ready().await;
    let engine = &house.engine;
    for days in [0, 31, u32::MAX] {
        all.add(
            &format!("expiry, {days} days"),
            engine.set_expiry_days(days).await,
        );
    }
    for (name, label) in [
        ("empty", ""),
        ("blank", "  "),
        ("hidden", "a\u{200b}b"),
        ("too long", &"a".repeat(201)),
    ] {
        all.add(
            &format!("a passkey's name, {name}"),
            engine.begin_enrolment(label).await,
        );
    }
    let only = base64url(house.passkey.lock().unwrap().id());
    all.add(
        "revoke the last passkey",
        engine.begin_passkey_revocation(&only).await,
    );
    all.add(
        "revoke an unknown passkey",
        engine.begin_passkey_revocation("x").await,
    );
    all.add(
        "revoke an unknown agent",
        engine.revoke_agent("a-0123456789abc").await,
    );
    all.add(
        "connect an unknown agent",
        engine.begin_pairing("r-0123456789abc").await,
    );
    all.add(
        "an unknown default account",
        engine.set_default_account("elsewhere").await,
    );
    let turns: [(&str, Turn<AccountForm>); 6] = [
        ("no address", |f| f.address = String::new()),
        ("no domain", |f| f.address = "alice".to_owned()),
        ("a hidden name", |f| f.name = "A\u{202e}".to_owned()),
        ("no server", |f| f.host = String::new()),
        ("no port", |f| f.port = 0),
        ("a line break in the user", |f| f.user = "a\r\nb".to_owned()),
    ];
    for (name, turn) in turns {
        let mut wrong = form();
        turn(&mut wrong);
        all.add(
            &format!("an account, {name}"),
            engine.add_account(wrong).await,
        );
    }
    let weak = House::ready_with(Plan {
        keychain: Keychain::Absent,
        ..Plan::default()
    })
    .await;
    all.add(
        "an account without a keychain",
        weak.engine.add_account(form()).await,
    );
    let locked = House::with(Plan {
        keychain: Keychain::Locked,
        ..Plan::default()
    })
    .await;
    all.add(
        "anything while sealed",
        locked.engine.begin_enrolment("A").await,
    );
    insta::assert_snapshot!(all.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_told_on_the_approval_page() {
    let mut all = Collected::default();
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let honest = || Knobs::honest("http://localhost:28002");
    let turns: [(&str, Turn<Knobs>); 6] = [
        ("not verified", |k| k.flags = flag::UP),
        ("another origin", |k| {
            k.origin = "http://elsewhere.example".to_owned();
        }),
        ("in a frame", |k| k.cross_origin = Some(true)),
        ("another challenge", |k| k.challenge = Some("A".repeat(43))),
        ("an old counter", |k| k.counter = Some(1)),
        ("an unknown passkey", |k| {
            k.credential_id = Some(vec![7; 16]);
        }),
    ];
    for (name, turn) in turns {
        let page = house.approval_page(&id).await;
        let mut knobs = Knobs {
            origin: house.origin(),
            ..honest()
        };
        turn(&mut knobs);
        all.page(name, &house.gesture_with(&page, &knobs).await);
    }
    let page = house.approval_page(&id).await;
    all.page(
        "unreadable",
        &house.finish(&page["secret"], &json!({})).await,
    );
    all.page("the same page again", &house.gesture(&page).await);
    all.add(
        "a link that is not known",
        house.engine.open_page("x").await,
    );
    house.engine.begin_enrolment("Second finger").await.unwrap();
    let page = house.open(&house.opened()).await.unwrap();
    let knobs = Knobs {
        flags: flag::UP,
        origin: house.origin(),
        ..honest()
    };
    let made = SoftPasskey::new().create(&page["ask"]["options"], &knobs);
    all.page(
        "a passkey made without verification",
        &house.finish(&page["secret"], &made).await,
    );
    let page = house.approval_page(&id).await;
    house.engine.reject(&id, "no").await.unwrap();
    all.page("decided meanwhile", &house.gesture(&page).await);

    let id = agent.propose_mail("mara@practice.test", "Saturday").await;
    house.tamper("UPDATE proposal SET digest = zeroblob(32) WHERE state = 'pending'");
    all.add("changed outside", house.engine.begin_approval(&id).await);
    let empty = House::empty().await;
    let asked = empty.ask_to_pair("Claude").await;
    empty.engine.begin_pairing(&asked.pairing).await.unwrap();
    let url = empty.opened();
    let token = url.rsplit('/').next().unwrap();
    all.add("no passkey yet", empty.engine.open_page(token).await);
    insta::assert_snapshot!(all.0);
}
