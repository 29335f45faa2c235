//! The tray's menu as a pure function of the summary.

use super::summary::{Summary, Waiting};
use crate::plain;
use ma_core::Millis;
use std::time::Duration;

const LINES: usize = 5;
const TITLE: usize = 40;
const ADDRESS: usize = 60;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Words that cannot be chosen.
    Words(String),
    /// Something to choose.
    Choice(String, Choice),
    /// A separator.
    Line,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Read a proposal, or a request to connect.
    Read(String),
    /// Settle what is in doubt.
    Settle(String),
    /// See the queue, with its notices.
    Queue,
    /// See the settings.
    Settings,
    /// Pause all agents.
    Pause,
    /// Resume them.
    Resume,
    /// End the app.
    Quit,
}

/// The whole menu.
pub fn menu(summary: &Summary) -> Vec<Entry> {
    let mut entries = vec![Entry::Words(head(summary)), Entry::Line];
    let before = entries.len();
    entries.extend(summary.alarms.iter().map(|title| {
        Entry::Choice(
            format!("!! {}", plain::short(title, ADDRESS)),
            Choice::Queue,
        )
    }));
    entries.extend(summary.doubts.iter().map(|row| {
        Entry::Choice(
            format!("! Did this leave? {}", aim(row)),
            Choice::Settle(row.id.clone()),
        )
    }));
    entries.extend(summary.pairings.iter().map(|asking| {
        Entry::Choice(
            format!(
                "{} asks to connect, code {}",
                plain::short(&asking.name, TITLE),
                asking.code
            ),
            Choice::Read(asking.id.clone()),
        )
    }));
    entries.extend(summary.waiting.iter().take(LINES).map(|row| {
        Entry::Choice(
            format!("{}, {}", aim(row), age(summary.now - row.proposed)),
            Choice::Read(row.id.clone()),
        )
    }));
    let rest = summary.waiting.len().saturating_sub(LINES);
    if rest > 0 {
        entries.push(Entry::Choice(
            format!("{rest} more in the queue"),
            Choice::Queue,
        ));
    }
    if entries.len() > before {
        entries.push(Entry::Line);
    }
    entries.push(if summary.paused {
        Entry::Choice("Resume agents".to_owned(), Choice::Resume)
    } else {
        Entry::Choice("Pause all agents".to_owned(), Choice::Pause)
    });
    entries.push(Entry::Choice("Open queue".to_owned(), Choice::Queue));
    entries.push(Entry::Choice("Settings".to_owned(), Choice::Settings));
    entries.push(Entry::Line);
    entries.push(Entry::Choice("Quit".to_owned(), Choice::Quit));
    entries
}

/// The words beside the icon.
pub fn tooltip(summary: &Summary) -> String {
    let state = if !summary.alarms.is_empty() {
        ", something is wrong"
    } else if !summary.doubts.is_empty() {
        ", something is in doubt"
    } else if summary.paused {
        ", paused"
    } else {
        ""
    };
    let count = match summary.count() {
        0 => String::new(),
        count => format!(", {count} waiting"),
    };
    format!("Mechanical Advantage{state}{count}")
}

/// How long until an age in the menu reads differently.
pub fn stays(summary: &Summary) -> Option<Duration> {
    summary
        .waiting
        .iter()
        .take(LINES)
        .map(|row| {
            let age = (summary.now - row.proposed).max(0);
            let unit = if age < HOUR {
                MINUTE
            } else if age < DAY {
                HOUR
            } else {
                DAY
            };
            Duration::from_millis((unit - age % unit).unsigned_abs())
        })
        .min()
}

fn head(summary: &Summary) -> String {
    let words = match summary.waiting.len() {
        0 if summary.pairings.is_empty() && summary.doubts.is_empty() => {
            "Nothing waits for you".to_owned()
        }
        0 => "No proposal waits for you".to_owned(),
        1 => "1 proposal waits for you".to_owned(),
        many => format!("{many} proposals wait for you"),
    };
    if summary.paused {
        format!("{words}. Agents are paused")
    } else {
        words
    }
}

fn aim(row: &Waiting) -> String {
    let Some(to) = &row.to else {
        return format!("{} {}", row.does, plain::short(&row.title, TITLE));
    };
    let to = plain::line(to);
    // An address that is cut could read as another one.
    let to = if to.chars().count() > ADDRESS {
        "a long address".to_owned()
    } else {
        to
    };
    let more = if row.more > 0 {
        format!(" +{}", row.more)
    } else {
        String::new()
    };
    format!("{} to {to}{more}", row.does)
}

fn age(age: Millis) -> String {
    match age.max(0) {
        age if age < MINUTE => "now".to_owned(),
        age if age < HOUR => format!("{} min", age / MINUTE),
        age if age < DAY => format!("{} h", age / HOUR),
        age if age < 2 * DAY => "1 day".to_owned(),
        age => format!("{} days", age / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::Asking;
    use super::*;

    fn send(n: i64, age: Millis) -> Waiting {
        Waiting {
            id: format!("p{n}"),
            does: "Send".to_owned(),
            to: Some(format!("mara{n}@practice.test")),
            more: u32::try_from(n).unwrap() % 3,
            title: "Friday".to_owned(),
            proposed: DAY * 100 - age,
        }
    }

    fn summary(waiting: Vec<Waiting>) -> Summary {
        Summary {
            now: DAY * 100,
            waiting,
            ..Summary::default()
        }
    }

    fn drawn(summary: &Summary) -> String {
        let mut lines: Vec<_> = menu(summary)
            .into_iter()
            .map(|entry| match entry {
                Entry::Words(text) => format!("  {text}"),
                Entry::Choice(text, choice) => format!("> {text}   -> {choice:?}"),
                Entry::Line => "  ---".to_owned(),
            })
            .collect();
        lines.push(format!("[{}]", tooltip(summary)));
        lines.join("\n")
    }

    #[test]
    fn with_nothing_to_decide() {
        insta::assert_snapshot!(drawn(&summary(vec![])));
    }

    #[test]
    fn with_one_proposal() {
        insta::assert_snapshot!(drawn(&summary(vec![send(2, 4 * MINUTE)])));
    }

    #[test]
    fn with_more_than_fit() {
        let ages = [0, 4 * MINUTE, 59 * MINUTE, 2 * HOUR, DAY, 3 * DAY, 4 * DAY];
        let rows = ages.iter().zip(0..).map(|(age, n)| send(n, *age)).collect();
        insta::assert_snapshot!(drawn(&summary(rows)));
    }

    #[test]
    fn while_agents_are_paused() {
        insta::assert_snapshot!(drawn(&Summary {
            paused: true,
            ..summary(vec![send(1, HOUR)])
        }));
    }

    #[test]
    fn with_an_alarm_a_doubt_and_an_agent_that_asks() {
        insta::assert_snapshot!(drawn(&Summary {
            alarms: vec!["The log does not match".to_owned()],
            doubts: vec![send(4, HOUR)],
            pairings: vec![Asking {
                id: "r1".to_owned(),
                name: "Claude".to_owned(),
                code: "4821".to_owned(),
            }],
            ..summary(vec![send(1, 0)])
        }));
    }

    #[test]
    fn an_agent_that_asks_to_connect_is_not_nothing() {
        let asking = Asking {
            id: "r1".to_owned(),
            name: "Claude".to_owned(),
            code: "4821".to_owned(),
        };
        insta::assert_snapshot!(drawn(&Summary {
            pairings: vec![asking],
            ..summary(vec![])
        }));
    }

    #[test]
    fn hostile_text_stays_one_short_line() {
        let long = "x".repeat(80);
        let rows = vec![
            Waiting {
                to: Some(format!("{long}@evil.test")),
                ..send(0, 0)
            },
            Waiting {
                to: None,
                title: format!("a\nQuit\u{202E}{long}"),
                ..send(0, 0)
            },
        ];
        insta::assert_snapshot!(drawn(&summary(rows)));
    }

    #[test]
    fn an_age_is_written_anew_exactly_when_it_reads_differently() {
        assert_eq!(stays(&summary(vec![])), None);
        for (age, stay) in [
            (0, MINUTE),
            (MINUTE - 1, 1),
            (59 * MINUTE + 1, MINUTE - 1),
            (HOUR, HOUR),
            (25 * HOUR, 23 * HOUR),
        ] {
            let stay = Duration::from_millis(stay.unsigned_abs());
            assert_eq!(stays(&summary(vec![send(1, age)])), Some(stay), "{age}");
        }
    }
}
