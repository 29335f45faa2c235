//! A decision is pushed to who waits for it; nobody asks again and again.

use ma_core::{AgentId, Inbox, ProposalId, State};
use ma_engine::Change;
use ma_tests::house::House;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn id_of(house: &House, proposal: &str) -> (AgentId, ProposalId) {
    let agents = house.engine.settings().await.unwrap().agents;
    (agents[0].id.parse().unwrap(), proposal.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_sleeps_until_the_decision_and_is_woken_by_it() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let mut changes = house.engine.changes();
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    // Its own news is told after the answer.
    while !matches!(changes.recv().await, Ok(Change::Proposed { .. })) {}
    let (who, which) = id_of(&house, &id).await;
    let wakes = Arc::new(Wakes::default());
    let bell = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&bell);
    let mut waiting = pin!(house.engine.ticket(who, which, Duration::from_secs(600)));
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    // Whoever looked again by itself would be woken in this time.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        wakes.0.load(Ordering::SeqCst),
        0,
        "nothing happened, nothing woke it"
    );
    house.engine.reject(&id, "No").await.unwrap();
    let woken = || (wakes.0.load(Ordering::SeqCst) > 0).then_some(());
    ma_tests::wait::eventually("the push", Duration::from_secs(20), woken).await;
    let Poll::Ready(ticket) = waiting.as_mut().poll(&mut context) else {
        panic!("woken, and nothing to say")
    };
    assert_eq!(ticket.unwrap().state, State::Rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_after_its_own_decision_and_not_with_another_one() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let mine = agent.propose_mail("mara@practice.test", "Mine").await;
    let other = agent.propose_mail("mara@practice.test", "Other").await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = TcpStream::connect(("127.0.0.1", house.agent_port))
        .await
        .unwrap();
    let head = format!(
        "GET /v1/proposals/{mine}?wait=60 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
         Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
        house.agent_port, agent.token
    );
    waiting.write_all(head.as_bytes()).await.unwrap();
    let answered = {
        let events = Arc::clone(&events);
        tokio::spawn(async move {
            let mut first = [0; 1];
            waiting.read_exact(&mut first).await.unwrap();
            events.lock().unwrap().push("answered");
            let mut rest = String::new();
            waiting.read_to_string(&mut rest).await.unwrap();
            rest
        })
    };
    // Another wait is answered in between, so the push of that one has passed.
    let beside = {
        let (agent, other) = (agent.clone(), other.clone());
        tokio::spawn(async move { agent.wait(&other).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    events.lock().unwrap().push("other decided");
    house.engine.reject(&other, "No").await.unwrap();
    assert_eq!(beside.await.unwrap()["state"], "rejected");
    events.lock().unwrap().push("mine decided");
    house
        .engine
        .reject(&mine, "Not this one either")
        .await
        .unwrap();
    let answer = answered.await.unwrap();
    assert!(answer.contains("Not this one either"), "{answer}");
    assert_eq!(
        *events.lock().unwrap(),
        ["other decided", "mine decided", "answered"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_for_one_decision_are_told() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (agent, id) = (agent.clone(), id.clone());
            tokio::spawn(async move { agent.wait(&id).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    house.approve(&id).await;
    for one in waiting {
        assert_eq!(one.await.unwrap()["state"], "executed");
    }
}
