//! From what happens to as few notifications as serve the person. No clock, no desktop.

use super::{Key, Order, Toast};
use crate::{plain, window::Place};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Proposals of one agent that come this close together are one notification.
const GATHER: Duration = Duration::from_secs(3);
/// So many of them are a burst.
const BURST: usize = 5;
/// After a burst, the agent is silent for so long.
const QUIET: Duration = Duration::from_mins(5);

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A proposal waits.
    Proposed {
        /// The proposal.
        id: String,
        /// The agent's name.
        agent: String,
        /// The verb in words.
        does: String,
        /// The first address.
        to: Option<String>,
        /// How many further ones.
        more: u32,
        /// Its head.
        title: String,
    },
    /// It waits no more.
    Decided(String),
    /// It may or may not have left.
    InDoubt(String),
    /// It was approved and surely did not leave.
    Failed(String),
    /// An agent asks to connect.
    PairingAsked {
        /// The request.
        id: String,
        /// What the agent calls itself.
        name: String,
        /// The code that its terminal shows too.
        code: String,
    },
    /// The person has to know this.
    Alarm {
        /// Its code.
        code: String,
        /// A few words.
        title: String,
        /// What happened.
        text: String,
    },
}

/// Turns happenings into orders.
#[derive(Debug, Default)]
pub struct Bundler {
    bursts: HashMap<String, Burst>,
    /// The proposal that an agent's notification shows alone.
    alone: HashMap<String, String>,
}

#[derive(Debug)]
struct Burst {
    /// Those that still wait.
    waiting: Vec<String>,
    /// Something came since the last notification.
    news: bool,
    until: Instant,
}

impl Bundler {
    /// One more thing happened.
    pub fn take(&mut self, happening: Happening, now: Instant) -> Vec<Order> {
        match happening {
            Happening::Proposed { id, agent, does, to, more, title } => {
                if let Some(burst) = self.bursts.get_mut(&agent) {
                    burst.waiting.push(id);
                    burst.news = true;
                    return Vec::new();
                }
                let burst =
                    Burst { waiting: vec![id.clone()], news: false, until: now + GATHER };
                self.bursts.insert(agent.clone(), burst);
                self.alone.insert(agent.clone(), id.clone());
                vec![Order::Show(proposed(&id, &agent, &does, to.as_deref(), more, &title))]
            }
            Happening::Decided(id) => self.decided(&id),
            Happening::InDoubt(id) => vec![Order::Show(Toast {
                key: Key::Outcome(id.clone()),
                title: "Did this mail leave?".to_owned(),
                body: "The other side did not answer. Find out, then settle it. It is not sent again by itself."
                    .to_owned(),
                place: Place::past(id),
                urgent: true,
            })],
            Happening::Failed(id) => vec![Order::Show(Toast {
                key: Key::Outcome(id.clone()),
                title: "This mail did not leave".to_owned(),
                body: "The other side took nothing. Open it to read why.".to_owned(),
                place: Place::past(id),
                urgent: false,
            })],
            Happening::PairingAsked { id, name, code } => vec![Order::Show(Toast {
                key: Key::Pairing(id.clone()),
                title: format!("{} asks to connect", plain::line(&name)),
                body: format!("Code {code}. Compare it with the terminal."),
                place: Place::item(id),
                urgent: false,
            })],
            Happening::Alarm { code, title, text } => vec![Order::Show(Toast {
                key: Key::Alarm(code),
                title: plain::line(&title),
                body: plain::line(&text),
                place: Place::default(),
                urgent: true,
            })],
        }
    }

    /// When [`Bundler::tick`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.bursts.values().map(|burst| burst.until).min()
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) -> Vec<Order> {
        let mut orders = Vec::new();
        for (agent, burst) in &mut self.bursts {
            if burst.until > now || !burst.news || burst.waiting.is_empty() {
                continue;
            }
            let many = burst.waiting.len();
            burst.news = false;
            burst.until = now + if many < BURST { GATHER } else { QUIET };
            self.alone.remove(agent);
            orders.push(Order::Show(bundled(agent, many)));
        }
        self.bursts.retain(|_, burst| burst.until > now);
        orders
    }

    fn decided(&mut self, id: &str) -> Vec<Order> {
        for burst in self.bursts.values_mut() {
            burst.waiting.retain(|other| other != id);
        }
        let agent = self
            .alone
            .iter()
            .find(|(_, alone)| *alone == id)
            .map(|(agent, _)| agent.clone());
        let Some(agent) = agent else {
            return Vec::new();
        };
        self.alone.remove(&agent);
        vec![Order::Withdraw(Key::Agent(agent))]
    }
}

fn proposed(id: &str, agent: &str, does: &str, to: Option<&str>, more: u32, title: &str) -> Toast {
    let more = if more > 0 {
        format!(" +{more}")
    } else {
        String::new()
    };
    let mut lines = Vec::new();
    lines.extend(to.map(|to| format!("to {}{more}", plain::line(to))));
    lines.push(plain::line(title));
    Toast {
        key: Key::Agent(agent.to_owned()),
        title: format!(
            "{} wants to {}",
            plain::line(agent),
            plain::line(does).to_lowercase()
        ),
        body: lines.join("\n"),
        place: Place::item(id),
        urgent: false,
    }
}

fn bundled(agent: &str, many: usize) -> Toast {
    let title = if many == 1 {
        format!("{} has 1 proposal", plain::line(agent))
    } else {
        format!("{} has {many} proposals", plain::line(agent))
    };
    let body = if many < BURST {
        "They wait in the queue.".to_owned()
    } else {
        format!(
            "They wait in the queue.\nNo more notices from it for {} minutes.",
            QUIET.as_secs() / 60
        )
    };
    Toast {
        key: Key::Agent(agent.to_owned()),
        title,
        body: if many == 1 {
            "It waits in the queue.".to_owned()
        } else {
            body
        },
        place: Place::default(),
        urgent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(agent: &str, id: &str) -> Happening {
        Happening::Proposed {
            id: id.to_owned(),
            agent: agent.to_owned(),
            does: "Send".to_owned(),
            to: Some("mara@practice.test".to_owned()),
            more: 2,
            title: "Friday".to_owned(),
        }
    }

    fn said(orders: &[Order]) -> Vec<String> {
        orders
            .iter()
            .map(|order| match order {
                Order::Show(toast) => format!("{} | {}", toast.title, toast.body),
                Order::Withdraw(key) => format!("withdraw {key:?}"),
            })
            .collect()
    }

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_proposal_is_told_at_once() {
        let now = Instant::now();
        let orders = Bundler::default().take(propose("Claude", "p1"), now);
        assert_eq!(
            said(&orders),
            ["Claude wants to send | to mara@practice.test +2\nFriday"]
        );
        let [Order::Show(toast)] = orders.as_slice() else {
            panic!("one notification")
        };
        assert_eq!(toast.place, Place::item("p1"));
    }

    #[test]
    fn a_burst_is_one_notification_with_its_count_and_then_silence() {
        let start = Instant::now();
        let mut bundler = Bundler::default();
        for n in 1..=14 {
            let orders = bundler.take(propose("invoice-bot", &format!("p{n}")), start);
            assert_eq!(orders.len(), usize::from(n == 1));
        }
        assert_eq!(bundler.due(), Some(at(start, 3)));
        assert_eq!(
            said(&bundler.tick(at(start, 3))),
            [
                "invoice-bot has 14 proposals | They wait in the queue.\nNo more notices from it for 5 minutes."
            ]
        );
        assert!(
            bundler
                .take(propose("invoice-bot", "p15"), at(start, 60))
                .is_empty()
        );
        assert!(bundler.tick(at(start, 61)).is_empty());
        assert!(said(&bundler.tick(at(start, 303)))[0].starts_with("invoice-bot has 15 proposals"));
        assert!(bundler.tick(at(start, 603)).is_empty());
        assert_eq!(bundler.due(), None);
    }

    #[test]
    fn after_a_pause_the_next_proposal_is_told_at_once_again() {
        let start = Instant::now();
        let mut bundler = Bundler::default();
        bundler.take(propose("Claude", "p1"), start);
        assert!(bundler.tick(at(start, 3)).is_empty());
        assert_eq!(bundler.take(propose("Claude", "p2"), at(start, 4)).len(), 1);
    }

    #[test]
    fn agents_do_not_silence_each_other() {
        let start = Instant::now();
        let mut bundler = Bundler::default();
        for n in 0..9 {
            bundler.take(propose("invoice-bot", &format!("p{n}")), start);
        }
        bundler.tick(at(start, 3));
        assert_eq!(
            bundler.take(propose("Claude", "q1"), at(start, 10)).len(),
            1
        );
    }

    #[test]
    fn a_notification_goes_when_its_proposal_was_decided() {
        let start = Instant::now();
        let mut bundler = Bundler::default();
        bundler.take(propose("Claude", "p1"), start);
        assert_eq!(
            bundler.take(Happening::Decided("p1".to_owned()), at(start, 60)),
            [Order::Withdraw(Key::Agent("Claude".to_owned()))]
        );
        assert!(
            bundler
                .take(Happening::Decided("p1".to_owned()), at(start, 61))
                .is_empty()
        );
    }

    #[test]
    fn what_was_decided_meanwhile_is_not_counted() {
        let start = Instant::now();
        let mut bundler = Bundler::default();
        for n in 1..=3 {
            bundler.take(propose("Claude", &format!("p{n}")), start);
        }
        bundler.take(Happening::Decided("p2".to_owned()), at(start, 1));
        assert_eq!(
            said(&bundler.tick(at(start, 3))),
            ["Claude has 2 proposals | They wait in the queue."]
        );
        bundler.take(propose("Claude", "p4"), at(start, 4));
        for id in ["p1", "p3", "p4"] {
            bundler.take(Happening::Decided(id.to_owned()), at(start, 5));
        }
        assert!(bundler.tick(at(start, 6)).is_empty());
    }

    #[test]
    fn pairing_doubt_failure_and_alarm_are_told_at_once() {
        let now = Instant::now();
        let mut bundler = Bundler::default();
        let happenings = [
            Happening::PairingAsked {
                id: "r1".to_owned(),
                name: "Claude".to_owned(),
                code: "4821".to_owned(),
            },
            Happening::InDoubt("p1".to_owned()),
            Happening::Failed("p2".to_owned()),
            Happening::Alarm {
                code: "link_opened_twice".to_owned(),
                title: "An approval link was opened twice".to_owned(),
                text: "It no longer works, and nothing was approved.".to_owned(),
            },
        ];
        let told: Vec<_> = happenings
            .into_iter()
            .flat_map(|h| said(&bundler.take(h, now)))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn an_agents_text_stays_on_its_line() {
        let orders = Bundler::default().take(
            Happening::Proposed {
                id: "p1".to_owned(),
                agent: "Cl\u{202E}aude".to_owned(),
                does: "Send".to_owned(),
                to: None,
                more: 0,
                title: "Friday\nto boss@practice.test".to_owned(),
            },
            Instant::now(),
        );
        assert_eq!(
            said(&orders),
            ["Claude wants to send | Friday to boss@practice.test"]
        );
    }
}
